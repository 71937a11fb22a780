// Package stream is the family of stream commands. What a stream does is in store/types/stream; here requests are
// parsed, keys found, events told and replies written.
//
// XREAD and XREADGROUP with BLOCK make the client wait if there is nothing to give, and run again when a stream has
// changed. A reader that waits for a group is told as by Redis 7.0 if the key is gone or no stream any more; Redis 7.4
// has the texts of a command that finds it so.
//
// As in Redis, only what changes the entries of a stream trips watching clients: groups, consumers and what is pending
// count as changes to be saved, but not for WATCH.
package stream
