// Package aof reads the append-only log of a Redis, as it lies on disk.
//
// # Terms
//
// A log is what a server with `appendonly yes` starts from. Since Redis 7 it is a directory of several files, named by
// a manifest:
//
//	appendonly.aof.manifest       file appendonly.aof.2.base.rdb seq 2 type b
//	                              file appendonly.aof.2.incr.aof seq 2 type i
//	                              file appendonly.aof.3.incr.aof seq 3 type i
//	appendonly.aof.2.base.rdb     the data set when the log was last rewritten
//	appendonly.aof.2.incr.aof     what was written since, in order
//	appendonly.aof.3.incr.aof
//
// There is one base at most; files of type h are history, to be deleted, and not read. Up to Redis 6 the log is one
// file. A base, and the one file of old, begins with an RDB preamble unless the server was told otherwise
// (aof-use-rdb-preamble): the data set as an RDB file has it, commands following right behind its checksum.
//
// # Commands
//
//	file:        | RDB file, if it begins with "REDIS" or "VALKEY" | command or annotation … |
//	command:     | "*" count CRLF | argument … |      count ≥ 1
//	argument:    | "$" length CRLF | bytes | CRLF |
//	annotation:  | "#" text LF |                      as "#TS:1700000000" CRLF
//
// Numbers are plain decimals.
//
// # What is promised
//
// A log is whole, or cut short at its very end, where the machine has stopped: then the command that is cut, and a
// MULTI without its EXEC, are left out and their bytes are told (see Reader.Ignored). Redis does the same unless it
// runs with `aof-load-truncated no`. Any other flaw is an *Error that names the file and the offset. In every file but the
// last one a cut end is such a flaw too.
//
// Nothing in a file makes the reader panic, and no length in it is believed: memory follows the bytes that arrive.
//
// # Differences from Redis
//
// The line ends behind counts, lengths and arguments are looked at, as redis-check-aof does and redis-server does not.
// A file may not be named twice in a manifest, and a manifest that names nothing to load is an error.
package aof
