// Package glog writes the log of the server the way glog does: as an slog.Handler whose lines, files and flags an
// operator of Dragonfly, and the tools that read its logs, already know.
//
// One event is one line:
//
//	I20260131 12:00:00.123456    12 server.go:1495] Load finished keys=5 file=/data/dump.rdb
//	│└ date   └ local time     └ process id, file and line, then the message and its attributes
//	└ severity: I, W, E or F
//
// Whatever a message or an attribute holds, the line stays one line: control characters and bytes that are not UTF-8 are
// written as escapes, and the value of an attribute is quoted where it would be ambiguous.
//
// Lines go to stderr or stdout, or to one file per severity:
//
//	<dir>/dragonfly.<host>.<user>.log.<SEVERITY>.<YYYYMMDD-HHMMSS>.<pid>.log
//	<dir>/dragonfly.<SEVERITY>    a link to the current one
//
// A line is also written to the files of all lower severities, so the INFO file holds everything. A file is made when its
// first line comes. Where no file can be made the line goes to stderr instead: a log line is never lost silently.
//
// Differences from glog: the column behind the time is the process id, because goroutines wander between threads;
// buffered lines reach the file after logbufsecs even if nothing more is logged; a message at LevelFatal does not end the
// process (its caller does).
package glog
