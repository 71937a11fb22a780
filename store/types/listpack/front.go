package listpack

import "encoding/binary"

// The functions here work at the head of a listpack that has free room before it in its buffer: they move its
// header, not its entries, so a queue costs the same at either end.

// PrependLeft adds elem at the head of the listpack buf[off:] by moving its header to the left. It returns the
// new offset; ok is false, and nothing changed, if the room before off does not suffice.
func PrependLeft(buf []byte, off int, elem []byte) (_ int, ok bool) {
	e := textElement(elem)
	to := off - e.total
	if to < 0 {
		return off, false
	}
	copy(buf[to:], buf[off:off+headerSize])
	e.put(buf[to+headerSize:])
	resizeLeft(buf[to:], 1)
	return to, true
}

// DeleteLeft removes up to count entries at the head of the listpack buf[off:] by moving its header to the
// right. It returns the new offset.
func DeleteLeft(buf []byte, off, count int) int {
	end, n := skip(buf[off:], headerSize, count)
	to := off + end - headerSize
	copy(buf[to:to+headerSize], buf[off:])
	resizeLeft(buf[to:], -n)
	return to
}

// resizeLeft brings the header of lp, just moved, up to date.
func resizeLeft(lp []byte, countDelta int) {
	binary.LittleEndian.PutUint32(lp, uint32(len(lp)))
	addCount(lp, countDelta)
}
