package reply

import "strconv"

// CloseScan puts the head of a SCAN reply at the mark: the next cursor, and the header of the n elements that were
// written since.
func (w *Writer) CloseScan(m Mark, cursor uint64, n int) {
	var head, digits [64]byte
	text := strconv.AppendUint(digits[:0], cursor, 10)
	h := append(head[:0], "*2\r\n$"...)
	h = strconv.AppendInt(h, int64(len(text)), 10)
	h = append(h, '\r', '\n')
	h = append(h, text...)
	h = append(h, "\r\n*"...)
	h = strconv.AppendInt(h, int64(n), 10)
	h = append(h, '\r', '\n')
	w.Buf = append(w.Buf, h...)
	copy(w.Buf[int(m)+len(h):], w.Buf[m:])
	copy(w.Buf[m:], h)
}
