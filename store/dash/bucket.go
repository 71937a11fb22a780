package dash

import (
	"math/bits"
	"unsafe"

	"dragonfly/store/arena"
)

const bucketSlots = 24

// Bucket is a group of entries. Its version is the snapshot epoch in which it was last brought up to date;
// the table itself only carries it along.
type Bucket struct {
	fps      [bucketSlots]uint8
	refs     [bucketSlots]arena.Ref
	Version  uint32
	overflow uint16 // entries of this home bucket that are in the stash
	_        uint16
}

var _ [0]struct{} = [unsafe.Sizeof(Bucket{}) - 128]struct{}{}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// zeroBytes marks the zero bytes of w in their high bits. Bytes above the lowest zero byte may be marked
// wrongly; callers compare keys anyway, or take the lowest only.
func zeroBytes(w uint64) uint64 { return (w - lowBits) &^ w & highBits }

func (b *Bucket) word(i int) uint64 {
	return *(*uint64)(unsafe.Pointer(&b.fps[i*8]))
}

// find returns the place of the entry with this key, or -1.
func (b *Bucket) find(t *Table, fp uint8, key []byte) int {
	pattern := uint64(fp) * lowBits
	for i := range bucketSlots / 8 {
		for m := zeroBytes(b.word(i) ^ pattern); m != 0; m &= m - 1 {
			j := i*8 + bits.TrailingZeros64(m)>>3
			if b.fps[j] == fp && string(t.KeyOf(t.A, b.refs[j])) == string(key) {
				return j
			}
		}
	}
	return -1
}

// room returns a free place, or -1.
func (b *Bucket) room() int {
	for i := range bucketSlots / 8 {
		if m := zeroBytes(b.word(i)); m != 0 {
			return i*8 + bits.TrailingZeros64(m)>>3
		}
	}
	return -1
}

func (b *Bucket) put(i int, fp uint8, r arena.Ref) {
	b.fps[i], b.refs[i] = fp, r
}

func (b *Bucket) clear(i int) { b.fps[i], b.refs[i] = 0, arena.Nil }

// Each calls fn for the slot of every entry in the bucket.
func (b *Bucket) Each(fn func(slot *arena.Ref)) {
	for i := range bucketSlots {
		if b.fps[i] != 0 {
			fn(&b.refs[i])
		}
	}
}
