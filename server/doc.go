// Package server wires everything: listeners, dispatch, the lifetime of connections, INFO and CONFIG, loading and
// saving. It is also the Go API for running a server inside a process:
//
//	cfg := config.Default()
//	cfg.Port = -1 // any free port; 0 for none
//	srv, err := server.New(&cfg, nil)
//	…
//	err = srv.Listen()
//	…
//	conn, err := srv.Dial(ctx) // or connect to srv.Addr()
//	…
//	srv.Close()
//
// # Follow SET k v
//
//	| step | where                        | what happens                                                            |
//	| 1    | server/reactor → server/resp | the loop reads; the parser yields commands as slices into the buffer    |
//	|      | server/ahead.go              | up to 16 commands of a pipeline: lookup, hash, memory of keys fetched   |
//	| 2    | server/coordinator.go        | arity, auth, ACL, OOM, loading, MULTI: each check once, for all         |
//	| 3    | server/tx                    | the shards of the command's keys are locked                             |
//	| 4    | server/family/str            | the handler parses its options and changes the store through a View     |
//	| 5    | store/view.go → store/dash   | expire check, change hook (snapshot), insert, memory accounting         |
//	| 6    | server/reply                 | +OK is appended to the loop's buffer; one write at the end of the batch |
//
// Keys are locked before the handler runs, from the key spec in the command table, rather than by the handler: so
// a handler is straight code, MULTI and scripts run the same handlers under the union of their locks, and
// consecutive commands of a pipeline on one shard share one lock visit.
//
// # Differences
//
// From Redis, in what this package answers:
//
//   - CONFIG knows every parameter of Redis 7.4 and the settings of the command line. Parameters that mean nothing here
//     are kept and shown; those that would promise what is not done are refused (appendonly yes) or shown as they are.
//   - INFO has Dragonfly's fields beside Redis's. used_memory is the data and a fixed part for the process.
//   - Quick commands are timed one by one only while the slow log or the latency monitor asks for it; LATENCY HISTOGRAM
//     and usec in INFO leave the others out.
//   - Of a script the keys count as read, for CLIENT TRACKING, that it declares and those that it reads: the former as
//     in Redis 7.0, the latter as in 7.4.
//   - LATENCY tells of no expiry: what is big is freed in the background, and holds nobody up.
//   - CLIENT LIST shows the input buffer as of the last request of a client.
//   - FLUSHALL SYNC and ASYNC are the same: the keys are gone at once, their memory soon after.
//   - DEBUG is allowed by default; what crashes the server on purpose does not exist. DEBUG SLEEP lets one connection
//     wait, not the server.
//   - HELP texts are our own.
package server
