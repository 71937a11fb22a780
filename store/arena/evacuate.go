package arena

// Evacuation makes slabs empty that are in use for a few blocks only. Slabs are chosen and nothing is taken from them any
// more; the owner of the blocks moves those that Leaves tells it of; a slab whose last block is gone goes back to the
// system. Blocks that nobody moved stay where they are, and Settle makes their slabs slabs like others again.

// leaving stands for the next slab in a slab that is in no list because it is evacuated.
const leaving = ^uint32(0)

// binCount is into how many groups slabs are divided by how full they are.
const binCount = 16

// Waste returns the bytes that slabs take beyond those of their blocks.
func (a *Arena) Waste() int64 { return a.resident - a.used }

// ClassUse says how much of a class of blocks there is.
type ClassUse struct {
	Size          int // bytes of a block
	Blocks, Slabs int // in use
}

// Uses adds what there is of each class to uses, which is nil or what it returned for another arena.
func (a *Arena) Uses(uses []ClassUse) []ClassUse {
	if uses == nil {
		uses = make([]ClassUse, classCount)
		for c := range uses {
			uses[c].Size = classSize(c)
		}
	}
	for i := range a.slabs[:a.next] {
		if m := &a.slabs[i]; m.class < classCount && m.live > 0 {
			uses[m.class].Blocks += int(m.live)
			uses[m.class].Slabs++
		}
	}
	return uses
}

// Classes returns the number of classes of blocks.
func (a *Arena) Classes() int { return classCount }

// Evacuate chooses slabs of a class that are less full than below, a share, the emptiest first, as far as the others have
// room for their blocks. It returns how many it chose.
func (a *Arena) Evacuate(class int, below float64) (slabs int) {
	per := int(a.perSlab[class])
	var count, blocks [binCount]int
	room := 0
	for s := a.partial[class]; s != 0; s = a.slabs[s].next {
		live := int(a.slabs[s].live)
		bin := live * binCount / per
		count[bin]++
		blocks[bin] += live
		room += per - live
	}
	// Take whole bins while what is behind them has room, and what fits of the one that is too much.
	last, most := 0, int(below*binCount)
	moved := 0
	for ; last < most && moved+blocks[last] <= room-count[last]*per+blocks[last]; last++ {
		moved += blocks[last]
		room -= count[last]*per - blocks[last]
	}
	for s := a.partial[class]; s != 0; {
		m := &a.slabs[s]
		next := m.next
		live := int(m.live)
		bin := live * binCount / per
		fits := bin == last && last < most && moved+live <= room-(per-live)
		if fits {
			moved += live
			room -= per - live
		}
		if bin < last || fits {
			a.unlink(class, s)
			m.next = leaving
			a.leave = append(a.leave, s)
			slabs++
		}
		s = next
	}
	return slabs
}

// Leaves tells whether the block should be moved: it is in a slab that was chosen.
func (a *Arena) Leaves(r Ref) bool {
	m := &a.slabs[uint32(r)>>slabShift]
	return m.next == leaving && m.class < classCount
}

// Move gives a block another place and returns it.
func (a *Arena) Move(r Ref) Ref {
	n := a.Cap(r)
	to := a.Alloc(n)
	copy(a.Bytes(to, n), a.Bytes(r, n))
	a.Free(r)
	return to
}

// Settle ends the evacuation and returns how many of the slabs that were chosen have not become empty.
func (a *Arena) Settle() (left int) {
	for _, s := range a.leave {
		if m := &a.slabs[s]; m.next == leaving && m.class < classCount {
			m.next = 0
			a.link(int(m.class), s)
			left++
		}
	}
	a.leave = a.leave[:0]
	return left
}
