// Package object is the vocabulary of values: types, encodings, and the entry, the one block of arena memory
// that holds a key, its attributes and its value (or the root of a value that is too big for one block).
//
// # Entry layout
//
//	| kind u8 | attr u8 | clock u24le | keyLen | valLen | [deadline i64le] | [memcache flags u32le] | key | value | spare |
//
//	kind:   low 4 bits Type, high 4 bits Encoding
//	attr:   bit 0 has a deadline, bit 1 wide lengths, bit 2 sticky, bit 3 fields or members with TTL, bit 4 snapshot
//	        pending, bit 5 has memcache flags
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
	Module // of an unknown module, kept as it was read: the value is the RDB form, module id first
	Stream

	// The types from here on are opaque: they have no commands yet, are kept as they were read and saved back. The
	// value of JSON is its text, that of the others the RDB form behind the type byte.

	JSON
	Bloom
	Cuckoo
	CMS
	TopK
)

// NumTypes is the number of types.
const NumTypes = int(TopK) + 1

var typeNames = [NumTypes]string{
	"string", "list", "set", "zset", "hash", "module", "stream",
	"ReJSON-RL", "MBbloom--", "MBbloomCF", "CMSk-TYPE", "TopK-TYPE",
}

// String returns the name that TYPE answers, for a Module that is up to its id.
func (t Type) String() string { return typeNames[t] }

// Opaque tells whether values of the type are kept without being understood.
func (t Type) Opaque() bool { return t == Module || t >= JSON }

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
