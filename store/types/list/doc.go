// Package list implements the list type: a sequence of byte strings, cheap at both ends.
//
// # Encodings
//
// A small list is one listpack, which is the value of its entry. A list beyond the limit is a quicklist: a
// sequence of nodes, each a listpack of about the limit's size, or one plain element that is too large for a
// listpack. The limit is Limits.ListMaxListpackSize: so many elements, or so many bytes, a node.
//
// # Quicklist layout
//
//	Value of the entry:  | directory Ref u32le |
//	Directory:           | root | node × capacity |
//	Block of a node:     | gap | listpack or plain element | spare |
//
// The directory is one arena block. Its nodes stand in list order, with free room before the first and after
// the last, so that nodes come and go cheaply at both ends, and finding the node of an index is a walk over
// their counts in neighbouring memory, 16 bytes for each 8 KiB of the list. The gap before the data makes
// pushing and popping at the head as cheap as at the tail: the listpack's header moves, its elements do not.
//
// # When encodings change
//
// Exactly as in Redis 7.4, where OBJECT ENCODING and node boundaries can be observed: a listpack becomes a
// quicklist before a change that could bring it above the limit; a quicklist becomes a listpack when TryShrink
// finds it to be one node of at most half the limit. Nodes split and merge where Redis splits and merges them.
//
// # What it does not do
//
// Nodes are never compressed. A quicklist follows changes of the limits at once; in Redis it keeps those it
// was made with.
package list
