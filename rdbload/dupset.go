package rdbload

import (
	"bytes"
	"hash/maphash"

	"dragonfly/store/number"
	"dragonfly/store/types/listpack"
)

const (
	dupMinSlots = 32
	// dupStartSlots is the most that is made on the word of a listpack.
	dupStartSlots = 1024
	// dupKeepSlots is the size above which the table is given up after the record.
	dupKeepSlots = 1 << 16
)

// dupSet finds equal members in one listpack. It is an open-addressed table of
//
//	offset in the listpack (32 bits) | upper half of the member's hash (32 bits)
//
// where 0 is a free slot: no entry has offset 0. It grows with the members that
// are in it, so a listpack that unpacked from little to much, and whose members
// can only be equal, is found out before the table is large. The hash is seeded:
// no input can be made to collide.
type dupSet struct {
	seed  maphash.Seed
	ready bool // seed is made
	slots []uint64
	// Invariant: len and cap of slots are powers of two, used <= len(slots)/2.
	used int
	text [number.MaxIntLen]byte
}

// reset empties the set for a listpack of n members.
func (d *dupSet) reset(n int) {
	if !d.ready {
		d.seed, d.ready = maphash.MakeSeed(), true
	}
	want, limit := dupMinSlots, max(dupStartSlots, cap(d.slots))
	for want < 2*n && want < limit {
		want *= 2
	}
	if want > cap(d.slots) {
		d.slots = make([]uint64, want)
	}
	d.slots = d.slots[:want]
	clear(d.slots)
	d.used = 0
}

// trim gives up a large table.
func (d *dupSet) trim() {
	if cap(d.slots) > dupKeepSlots {
		d.slots = nil
	}
}

// add puts the member at p, whose text is s, into the set. It reports false if
// an equal one is there.
func (d *dupSet) add(lp []byte, p int, s []byte) bool {
	if 2*d.used >= len(d.slots) {
		d.grow()
	}
	tag := maphash.Bytes(d.seed, s) >> 32
	mask := uint64(len(d.slots) - 1)
	for i := tag & mask; ; i = (i + 1) & mask {
		slot := d.slots[i]
		if slot == 0 {
			d.slots[i] = uint64(p)<<32 | tag
			d.used++
			return true
		}
		if slot&(1<<32-1) == tag && bytes.Equal(s, listpack.GetText(lp, int(slot>>32), &d.text)) {
			return false
		}
	}
}

func (d *dupSet) grow() {
	old := d.slots
	d.slots = make([]uint64, 2*len(old))
	mask := uint64(len(d.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := slot & (1<<32 - 1) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = slot
	}
}
