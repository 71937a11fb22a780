package command

import "dragonfly/store/number"

// Access says what a command does to the keys of a spec, in Redis's words.
type Access uint8

// The accesses of key specs.
const (
	RO Access = iota + 1 // reads
	RW                   // reads and writes
	OW                   // overwrites
	RM                   // removes
)

// KeySpec says where the keys of a command are. The zero KeySpec is "no keys".
type KeySpec struct {
	First, Last, Step int // as COMMAND reports; Last negative counts from the end
	// Find returns the indices of the keys in args (name included) where First/Last/Step cannot say it.
	// It appends to dst. It returns nil for arguments the command will refuse.
	Find func(dst []int, args [][]byte) []int
	// NumKeys is the index of a numkeys argument that the keys follow, for COMMAND's key specs; 0 = none.
	NumKeys int
	// Access, if not 0, overrides what follows from the command's flags.
	Access Access
}

// Key is the spec of a single key at index i.
func Key(i int) KeySpec { return KeySpec{First: i, Last: i, Step: 1} }

// Keys is the spec of keys from first to last (negative: from the end), each step arguments.
func Keys(first, last, step int) KeySpec { return KeySpec{First: first, Last: last, Step: step} }

// NumKeys is the spec of keys that follow a count at index i, as in ZUNION numkeys key….
func NumKeys(i int) KeySpec {
	return KeySpec{NumKeys: i, Find: func(dst []int, args [][]byte) []int { return FindNumKeys(dst, args, i) }}
}

// KeyAndNumKeys is the spec of a destination key at index 1 and keys that follow a count at index i.
func KeyAndNumKeys(i int) KeySpec {
	return KeySpec{First: 1, Last: 1, Step: 1, NumKeys: i, Find: func(dst []int, args [][]byte) []int {
		if all := FindNumKeys(append(dst, 1), args, i); len(all) > len(dst)+1 {
			return all
		}
		return dst
	}}
}

// FindNumKeys appends the indices of the keys that follow the count at index i, or nothing if it is not a count.
func FindNumKeys(dst []int, args [][]byte, i int) []int {
	if i >= len(args) {
		return dst
	}
	n, ok := number.ParseInt(args[i])
	if !ok || n < 1 || n > int64(len(args)-i-1) {
		return dst
	}
	for k := range int(n) {
		dst = append(dst, i+1+k)
	}
	return dst
}

// Has tells whether the command has keys at all.
func (k *KeySpec) Has() bool { return k.First != 0 || k.Find != nil }

// Append appends the indices of the keys in args.
func (k *KeySpec) Append(dst []int, args [][]byte) []int {
	if k.Find != nil {
		return k.Find(dst, args)
	}
	return appendRange(dst, k.First, k.Last, k.Step, len(args))
}

// appendRange appends the indices from first to last of n arguments; last negative counts from the end. first 0 is none.
func appendRange(dst []int, first, last, step, n int) []int {
	if first == 0 {
		return dst
	}
	if last < 0 {
		last += n
	}
	last = min(last, n-1)
	for i := first; i <= last; i += step {
		dst = append(dst, i)
	}
	return dst
}

// Channels says which arguments of a command name channels of publish and subscribe. The zero Channels is "none".
type Channels struct {
	First, Last int  // as in KeySpec
	Patterns    bool // they are patterns of channels
	Shard       bool // they are shard channels, which COMMAND shows like keys
	Leaves      bool // the command ends subscriptions: anybody may
}

// Append appends the indices of the channels in args.
func (ch *Channels) Append(dst []int, args [][]byte) []int {
	return appendRange(dst, ch.First, ch.Last, 1, len(args))
}
