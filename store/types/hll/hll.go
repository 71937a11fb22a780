package hll

import (
	"encoding/binary"
	"math/bits"
)

const (
	indexBits = 14
	registers = 1 << indexBits
	rankMax   = 64 - indexBits + 1 // largest value of a register

	headerSize = 16
	// DenseSize is the size of a dense value.
	DenseSize = headerSize + registers*6/8
	// MaxGrowth is how many bytes Add adds at most to a value that stays sparse.
	MaxGrowth = 3

	magic     = "HYLL"
	dense     = 0
	sparse    = 1
	encodedAt = 4 // offset of the encoding
	countAt   = 8 // offset of the cached count
	staleBit  = 1 << 63
)

// New returns a sparse value without elements in dst's memory.
func New(dst []byte) []byte {
	dst = append(dst[:0], magic...)
	dst = append(dst, sparse, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return appendZeros(dst, registers)
}

// Valid reports whether b has the header, and if dense the size, of a HyperLogLog.
func Valid(b []byte) bool {
	return len(b) >= headerSize && string(b[:len(magic)]) == magic && b[encodedAt] <= sparse &&
		(b[encodedAt] == sparse || len(b) == DenseSize)
}

// IsSparse reports whether a valid value is sparse.
func IsSparse(b []byte) bool { return b[encodedAt] == sparse }

// Cached returns the count that was stored with SetCached, if it is still right.
func Cached(b []byte) (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(b[countAt:])
	return n, n&staleBit == 0
}

// SetCached stores the count.
func SetCached(b []byte, n uint64) { binary.LittleEndian.PutUint64(b[countAt:], n) }

// Invalidate says that the stored count is no longer right.
func Invalidate(b []byte) { b[countAt+7] |= staleBit >> 56 }

// Add adds an element. It works in place if cap(b) suffices, see MaxGrowth and DenseSize. A value that is to
// become longer than maxSparse bytes becomes dense. changed tells whether a register was; ok is false if the
// value is corrupted.
func Add(b, elem []byte, maxSparse int) (_ []byte, changed, ok bool) {
	index, rank := place(elem)
	return raise(b, index, rank, maxSparse)
}

// raise makes the register at least rank.
func raise(b []byte, index int, rank uint8, maxSparse int) (_ []byte, changed, ok bool) {
	if IsSparse(b) {
		return raiseSparse(b, index, rank, maxSparse)
	}
	return b, raiseDense(b[headerSize:], index, rank), true
}

// place returns the register of an element and the value it calls for.
func place(elem []byte) (index int, rank uint8) {
	h := hash(elem)
	// The added bit ends the count of zeros at the largest value.
	rest := h>>indexBits | 1<<(rankMax-1)
	return int(h & (registers - 1)), uint8(bits.TrailingZeros64(rest) + 1)
}

// hash is MurmurHash2, the variant for 64 bits, with the seed that Redis uses.
func hash(data []byte) uint64 {
	const (
		seed = 0xadc83b19
		m    = 0xc6a4a7935bd1e995
		r    = 47
	)
	h := seed ^ uint64(len(data))*m
	for ; len(data) >= 8; data = data[8:] {
		k := binary.LittleEndian.Uint64(data) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(data) > 0 {
		for i, x := range data {
			h ^= uint64(x) << (8 * i)
		}
		h *= m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}

// getDense returns a register.
func getDense(regs []byte, i int) uint8 {
	at, shift := i*6/8, i*6%8
	v := uint16(regs[at])
	if shift > 2 { // so there is a next byte
		v |= uint16(regs[at+1]) << 8
	}
	return uint8(v>>shift) & 63
}

// setDense sets a register.
func setDense(regs []byte, i int, rank uint8) {
	at, shift := i*6/8, i*6%8
	mask, v := uint16(63)<<shift, uint16(rank)<<shift
	regs[at] = regs[at]&^byte(mask) | byte(v)
	if shift > 2 {
		regs[at+1] = regs[at+1]&^byte(mask>>8) | byte(v>>8)
	}
}

func raiseDense(regs []byte, i int, rank uint8) (changed bool) {
	if getDense(regs, i) >= rank {
		return false
	}
	setDense(regs, i, rank)
	return true
}

// ToDense makes a value dense. ok is false if it is corrupted.
func ToDense(b []byte) (_ []byte, ok bool) {
	if !IsSparse(b) {
		return b, true
	}
	d := make([]byte, DenseSize)
	copy(d, b[:headerSize])
	d[encodedAt] = dense
	r := runs(b)
	for r.next() {
		for i := r.first; r.rank > 0 && i < r.first+r.length; i++ {
			setDense(d[headerSize:], i, r.rank)
		}
	}
	return d, r.complete()
}
