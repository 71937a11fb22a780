package hll

import "strconv"

const (
	zeroMax  = 64 // registers of a ZERO
	valMax   = 4  // registers of a VAL
	rankVal  = 32 // largest value of a VAL
	kindMask = 0xC0
	kindX    = 0x40
	valBit   = 0x80
)

func isVal(b byte) bool { return b&valBit != 0 }

func isXZero(b byte) bool { return b&kindMask == kindX }

func val(rank uint8, length int) byte { return valBit | (rank-1)<<2 | byte(length-1) }

func valRank(b byte) uint8 { return b>>2&0x1F + 1 }

func valLen(b byte) int { return int(b&3) + 1 }

// appendZeros appends a ZERO or an XZERO.
func appendZeros(dst []byte, length int) []byte {
	if length > zeroMax {
		return append(dst, kindX|byte((length-1)>>8), byte(length-1))
	}
	return append(dst, byte(length-1))
}

// run is a position in the runs of a sparse value: next goes to the run after the present one.
type run struct {
	b      []byte // the value
	at     int    // offset of the run
	size   int    // bytes of the run
	first  int    // first register
	length int    // registers
	rank   uint8  // their value
}

func runs(b []byte) run { return run{b: b, at: headerSize} }

// next goes to the next run, or the first. It returns false at the end, or where the runs are corrupted.
func (r *run) next() bool {
	r.at += r.size
	r.first += r.length
	r.size, r.length, r.rank = 0, 0, 0
	if r.at >= len(r.b) {
		return false
	}
	x := r.b[r.at]
	size, length := 1, int(x)+1
	switch {
	case isVal(x):
		length, r.rank = valLen(x), valRank(x)
	case isXZero(x):
		if r.at+1 == len(r.b) {
			return false
		}
		size, length = 2, int(x&^kindMask)<<8|int(r.b[r.at+1])+1
	}
	if r.first+length > registers {
		return false
	}
	r.size, r.length = size, length
	return true
}

// complete reports, at the end, whether the runs made up all registers.
func (r *run) complete() bool { return r.at == len(r.b) && r.first == registers }

// raiseSparse is raise for a sparse value. The steps, and so the resulting bytes, are those of Redis.
func raiseSparse(b []byte, index int, rank uint8, maxSparse int) (_ []byte, changed, ok bool) {
	if rank > rankVal {
		return promote(b, index, rank)
	}
	prev := headerSize // the run before that of the register, for the merging
	r := runs(b)
	for {
		if !r.next() {
			return b, false, false
		}
		if index < r.first+r.length {
			break
		}
		prev = r.at
	}
	if r.rank >= rank {
		return b, false, true
	}
	if r.length == 1 && r.size == 1 {
		b[r.at] = val(rank, 1)
	} else {
		var seq [5]byte
		parts := r.cut(seq[:0], index, rank)
		if len(parts) > r.size && len(b)+len(parts)-r.size > maxSparse {
			return promote(b, index, rank)
		}
		b = replace(b, r.at, r.size, parts)
	}
	b = mergeVals(b, prev)
	Invalidate(b)
	return b, true, true
}

// promote makes a value dense to raise a register, which will change.
func promote(b []byte, index int, rank uint8) (_ []byte, changed, ok bool) {
	d, ok := ToDense(b)
	if !ok {
		return b, false, false
	}
	b = append(b[:0], d...)
	return b, raiseDense(b[headerSize:], index, rank), true
}

// cut appends the runs that the present one becomes when one of its registers gets another value.
func (r *run) cut(dst []byte, index int, rank uint8) []byte {
	before, after := index-r.first, r.first+r.length-1-index
	part := func(length int) {
		switch {
		case length == 0:
		case r.rank > 0:
			dst = append(dst, val(r.rank, length))
		default:
			dst = appendZeros(dst, length)
		}
	}
	part(before)
	dst = append(dst, val(rank, 1))
	part(after)
	return dst
}

// replace puts parts in the place of size bytes at an offset.
func replace(b []byte, at, size int, parts []byte) []byte {
	n, grow := len(b), len(parts)-size
	if grow > 0 {
		b = append(b, parts[:grow]...)
	}
	copy(b[at+len(parts):], b[at+size:n])
	copy(b[at:], parts)
	return b[:n+grow]
}

// mergeVals joins neighbouring runs of equal values around a change, which began after the run at an offset.
func mergeVals(b []byte, at int) []byte {
	for steps := 0; steps < 5 && at < len(b); steps++ {
		x := b[at]
		switch {
		case isXZero(x):
			at += 2
			continue
		case isVal(x) && at+1 < len(b) && isVal(b[at+1]) && valRank(x) == valRank(b[at+1]):
			if n := valLen(x) + valLen(b[at+1]); n <= valMax {
				b = replace(b, at, 2, []byte{val(valRank(x), n)})
				continue // the result may join its next one too
			}
		}
		at++
	}
	return b
}

// AppendRuns appends the runs of a sparse value as text: "z:3 Z:1000 v:5,1". ok is false if it is corrupted.
func AppendRuns(dst, b []byte) (_ []byte, ok bool) {
	r := runs(b)
	for r.next() {
		if r.first > 0 {
			dst = append(dst, ' ')
		}
		switch {
		case r.rank > 0:
			dst = append(dst, "v:"...)
			dst = strconv.AppendInt(dst, int64(r.rank), 10)
			dst = append(dst, ',')
		case r.size == 2:
			dst = append(dst, "Z:"...)
		default:
			dst = append(dst, "z:"...)
		}
		dst = strconv.AppendInt(dst, int64(r.length), 10)
	}
	return dst, r.complete()
}
