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
//	| 2    | server/coordinator.go        | lookup, arity, auth, loading, OOM, MULTI: each check once, for all      |
//	| 3    | server/tx                    | the shards of the command's keys are locked                             |
//	| 4    | server/family/str            | the handler parses its options and changes the store through a View     |
//	| 5    | store/view.go → store/dash   | expire check, change hook (snapshot), insert, memory accounting         |
//	| 6    | server/reply                 | +OK is appended to the loop's buffer; one write at the end of the batch |
//
// Keys are locked before the handler runs, from the key spec in the command table, rather than by the handler: so
// a handler is straight code, MULTI and scripts run the same handlers under the union of their locks, and
// consecutive commands of a pipeline on one shard share one lock visit.
package server
