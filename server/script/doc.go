// Package script runs the Lua of EVAL and of function libraries as Redis 7 does: its globals, its redis table, its
// conversions between Lua and RESP, its error texts. The language itself is in package lualib; this package is the machine
// around it.
//
// A Script is source that was compiled once, a Cache holds the scripts of the server by their SHA1, and a VM runs them,
// one at a time. What a script asks of the server goes through the Host, which the owner of the VM implements:
//
//	EVAL → Cache.Eval → *Script ─┐
//	FCALL → *Library ────────────┴→ VM.Run → redis.call → Host.Call
//	                                  │
//	                                  └ every few instructions → Host.Tick
//
// # What keeps a script in its place
//
// Every table a script could use to reach the next one is read-only: the globals, the libraries in them, the metatable of
// strings. Lua has no such tables, so a script sees an empty table in front of each (see guard.go).
//
// Every instruction passes through a pulse. Every few dozen of them it looks at the clock, and about once in a
// millisecond it calls Host.Tick, which may end the script, and looks at the memory of the process. A script that is ended
// so, or takes more memory than Options.Memory, ends whatever it has caught: it cannot go on in a pcall. What one library
// function may take is bounded in lualib.
//
// A panic in the host is no error of the script: it is raised again when Lua has unwound.
//
// # Differences
//
// From Redis: a script may not use more than Options.Memory. What a library keeps in its local variables belongs to one VM,
// so another loop has another copy, and it is lost when a function takes too much memory. redis.set_repl checks its argument and does
// nothing else. redis.breakpoint and redis.debug do nothing, as there is no debugger. The language has differences of its own,
// see lualib.
package script
