// Package object is the vocabulary of values: types, encodings, and the entry, the one block of arena memory
// that holds a key, its attributes and its value (or the root of a value that is too big for one block).
//
// # Entry layout
//
//	| kind u8 | attr u8 | clock u24le | keyLen | valLen | [deadline i64le] | key | value | spare |
//
//	kind:   low 4 bits Type, high 4 bits Encoding
//	attr:   bit 0 has a deadline, bit 1 wide lengths, bit 2 sticky, bit 3 fields with TTL, bit 4 snapshot pending
//	clock:  access clock, for OBJECT IDLETIME (seconds, modulo 2^24) or FREQ
//	keyLen, valLen: u8 each, or u32le each if wide
//
// A string's value is its bytes, integers as their decimal text. A small collection's value is its listpack or
// intset, in Redis's own bytes. A big collection's value is a small root structure that its package under
// store/types defines.
//
// An entry is referenced from one place only, the slot of the table that holds it, so it may move: whoever
// changes its size goes through a Cell, which knows the slot.
package object

// Type is what the TYPE command says. The numbers are those of DEBUG DIGEST.
type Type uint8

// The types of values.
const (
	String Type = iota
	List
	Set
	Zset
	Hash
	Module
	Stream
)

var typeNames = [...]string{"string", "list", "set", "zset", "hash", "module", "stream"}

// String returns the name that TYPE answers.
func (t Type) String() string { return typeNames[t] }

// Encoding is what OBJECT ENCODING says.
type Encoding uint8

// The encodings of values.
const (
	Raw Encoding = iota
	Int
	Embstr
	Listpack
	Intset
	Quicklist
	Hashtable
	ListpackEx // hash listpack of (field, value, deadline) triples
	Skiplist   // a B+ tree here; clients know it by this name
	StreamTree
)

var encodingNames = [...]string{
	"raw", "int", "embstr", "listpack", "intset", "quicklist", "hashtable", "listpackex", "skiplist", "stream",
}

// String returns the name that OBJECT ENCODING answers.
func (e Encoding) String() string { return encodingNames[e] }

// EmbstrMax is the longest string that OBJECT ENCODING calls embstr.
const EmbstrMax = 44
