// Package stream is the family of stream commands. What a stream does is in store/types/stream; here requests are
// parsed, keys found, events told and replies written.
//
// XREAD and XREADGROUP check BLOCK and answer what there is at once; with nothing to give they answer as Redis does
// when the time is up.
//
// As in Redis, only what changes the entries of a stream trips watching clients: groups, consumers and what is pending
// count as changes to be saved, but not for WATCH.
package stream
