// Package tracking remembers which clients have read which keys, to tell them when a key changes: the server's part of
// client side caching. It knows neither commands nor the protocol; whoever makes a Table says how clients are told.
//
// # Two modes
//
//	default    a key that the client reads is entered in the table with the number of the client. When the key changes,
//	           all clients of its entry are told, and the entry is gone until somebody reads the key again.
//	broadcast  nothing is entered. The client is told of every changed key that begins with one of its prefixes. The
//	           changes of a moment are collected by prefix, and told as one list.
//
// As in Redis, a key has one entry whatever the database: a client that reads k in database 0 is told of a change of
// k in database 1. And an entry may name clients that do not track any more: they are looked up when they are told.
//
// # Guarantees
//
// Read and Changed of a key are called with the shard of the key locked. So a client that reads a value and whoever
// changes it are in order: either the reader sees the new value, or it is in the entry, and told. Since what a client is
// told is queued behind the replies being written on its loop, it never arrives before the value that it is about.
//
// The table has at most as many keys as SetLimit says. Beyond that, keys taken at random are treated as changed.
//
// # Locks
//
//	shard → registry → broadcast, or stripe → nothing
//
// No lock of a Table is held while a client is told.
package tracking
