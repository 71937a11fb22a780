// Package inspect reports what a snapshot holds and whether it would load, without serving it: what it reads it reads
// with the reader of the server, and every record becomes the value that a load would make of it, is measured, and is
// freed again. So the report knows encodings and memory as they would be here, and takes the memory of one value,
// however large the file is.
//
// One thing it cannot see with that: that a key comes twice, which no server writes.
//
// # The report
//
// Report is a JSON object for programs, and WriteText makes a text of it for people. The names in the object stay as they
// are; more may be added. Bytes and milliseconds are numbers, times are Unix seconds. Lists are never null.
//
//	path                 as it was given, or what was found in the directory given
//	format               "rdb", "dfs" (a summary with its shard files), "dfs-shard" (one of these alone),
//	                     "aof" (an append-only log), "unknown" if nothing could be read
//	size_bytes           of all files
//	files                every file read: path, size_bytes, data_bytes (up to the end of the data), keys; of a shard
//	                     file also shard
//	rdb_version, producer, created_unix (0 if not told), used_mem_bytes (of the producer when it wrote, 0 if not told)
//	snapshot_id, shard_count
//	                     what the files of a DFS snapshot have in common
//	aux                  the metadata fields by name, without those that have a place of their own
//	loads                whether the server would load it; if not, all that follows is what came before the problem
//	problems             why it would not: message, and as far as they are known file, offset, key, type
//	keys, elements       of collections; a string has no elements
//	expired_keys, empty_keys
//	                     dropped by a load, and counted nowhere else
//	value_bytes          the keys with their values, as MEMORY USAGE would say
//	memory_bytes         an estimate of used_memory: value_bytes, and the tables
//	databases            by index: index, keys, elements, bytes, with_ttl, and types, a list of type, keys, elements, bytes,
//	                     with_ttl
//	encodings            type, encoding, keys, bytes: as OBJECT ENCODING would say
//	ttl                  of keys: keys (that have one), min_ms, max_ms (remaining), and how many expire when: expired, under_1h,
//	                     under_1d, under_1w, under_30d, later, none
//	field_ttl            hashes with fields that expire, and sets with members that do: hashes, fields, sets, members
//	sticky_keys, memcache_flag_keys
//	                     keys with these marks of Dragonfly
//	biggest_by_memory, biggest_by_elements
//	                     at most --top keys: key, db, type, encoding, bytes, elements, ttl_ms (-1 for none)
//	functions            libraries: name, engine, bytes
//	scripts              of Lua: sha1, bytes
//	search_indexes       of Dragonfly: name, definition
//	search_synonyms      how many groups
//	modules              by type of value: type, keys, bytes, first_key, aux_pieces (of global data). They are kept
//	                     and saved again, without commands
//	without_commands     other types that are kept so: type, keys, bytes
//	commands, command_count
//	                     of an append-only log, by name and in all. They are counted and not run: keys, memory and expiry
//	                     are those of the base of the log
//	digest               what DEBUG DIGEST would answer after the load, empty if it does not load, or has commands
//	warnings             what does not hinder the load: text, count, first_key, and lost: whether a load
//	                     loses something by it
//
// A key is an object: text, its bytes with what is no UTF-8 replaced; base64, its bytes, only if something was; and length,
// only if the key is longer than the 256 bytes shown.
package inspect
