package rdbfmt

import "encoding/binary"

// LZF is a sequence of
//
//	000nnnnn, n+1 bytes             literal run of 1..32 bytes
//	lllooooo oooooooo               copy l+2 bytes (l 1..6) from offset o+1 back
//	111ooooo llllllll oooooooo      copy l+9 bytes (9..264) from offset o+1 back
//
// A copy may overlap its own output, which repeats it.
const (
	lzfMaxLiteral = 32
	lzfMaxOffset  = 1 << 13
	lzfMinCopy    = 3
	lzfMaxCopy    = 2 + 7 + 255
	// lzfMinSaving is what compression must save to be worth unpacking later.
	lzfMinSaving = 4
)

// LZFError says how compressed bytes are wrong.
type LZFError string

// Error returns the reason.
func (e LZFError) Error() string { return string(e) }

// What may be wrong with compressed bytes.
const (
	ErrLZFInput  LZFError = "LZF data ends inside an instruction"
	ErrLZFOutput LZFError = "LZF data does not have the announced size"
	ErrLZFOffset LZFError = "LZF copy from before the start"
)

const lzfHashBits = 13

// lzfSmall is up to which size an input gets by with a table of 2^lzfSmallBits entries: clearing the large one would
// cost more than the search.
const (
	lzfSmall     = 256
	lzfSmallBits = 8
)

func lzfHash(b uint32, bits uint) uint32 { return b << 8 * 2654435761 >> (32 - bits) }

// Compress appends src in LZF form to dst. Not ok, with dst unchanged in
// content, if that would not save a few bytes.
func Compress(dst, src []byte) ([]byte, bool) {
	switch {
	case len(src) < lzfMinSaving+2:
		return dst, false
	case len(src) <= lzfSmall:
		if !repeats(src) {
			return dst, false
		}
		var table [1 << lzfSmallBits]uint16
		return compress(dst, src, table[:], lzfSmallBits)
	default:
		var table [1 << lzfHashBits]uint16
		return compress(dst, src, table[:], lzfHashBits)
	}
}

// repeats tells whether compress would find anything to copy in a short src, by the same search. Most short strings
// are not compressible, and are done with here in half the time.
func repeats(src []byte) bool {
	var table [1 << lzfSmallBits]uint8
	for i := 0; i+4 <= len(src); i++ {
		head := binary.LittleEndian.Uint32(src[i:])
		slot := &table[uint8(lzfHash(head, lzfSmallBits))]
		at := int(*slot)
		*slot = uint8(i)
		if at < i && (binary.LittleEndian.Uint32(src[at:])^head)<<8 == 0 {
			return true
		}
	}
	return false
}

// compress is Compress with a table of 2^bits zeros.
//
// The table has the last position of each hash, modulo 65536. An entry is only a hint: the distance and the bytes
// are checked, so neither wrap-around nor the zeros at the start can mislead.
func compress(dst, src []byte, table []uint16, bits uint) ([]byte, bool) {
	start, limit := len(dst), len(dst)+len(src)-lzfMinSaving
	literal, i := 0, 0 // src[literal:i] waits to be written
	for i+4 <= len(src) {
		head := binary.LittleEndian.Uint32(src[i:])
		slot := &table[lzfHash(head, bits)]
		back := int(uint16(i) - *slot)
		*slot = uint16(i)
		if back == 0 || back > lzfMaxOffset || back > i ||
			(binary.LittleEndian.Uint32(src[i-back:])^head)<<8 != 0 {
			i++
			continue
		}
		n := matchLen(src, i-back, i)
		dst = appendLiterals(dst, src[literal:i])
		dst = appendCopy(dst, back, n)
		if len(dst) > limit {
			return dst[:start], false
		}
		// Positions inside the copy are remembered at its end only: good ratio
		// where data repeats, and speed where it repeats a lot.
		i += n
		if i+2 <= len(src) {
			table[lzfHash(binary.LittleEndian.Uint32(src[i-2:]), bits)] = uint16(i - 2)
		}
		literal = i
	}
	dst = appendLiterals(dst, src[literal:])
	if len(dst) > limit {
		return dst[:start], false
	}
	return dst, true
}

// matchLen returns how many bytes at b repeat those at a; at least lzfMinCopy do.
func matchLen(src []byte, a, b int) int {
	end := min(len(src), b+lzfMaxCopy)
	n := lzfMinCopy
	for b+n < end && src[a+n] == src[b+n] {
		n++
	}
	return n
}

func appendLiterals(dst, s []byte) []byte {
	for len(s) > 0 {
		n := min(len(s), lzfMaxLiteral)
		dst = append(append(dst, byte(n-1)), s[:n]...)
		s = s[n:]
	}
	return dst
}

func appendCopy(dst []byte, back, n int) []byte {
	o, l := back-1, n-2
	if l < 7 {
		return append(dst, byte(l<<5|o>>8), byte(o))
	}
	return append(dst, byte(7<<5|o>>8), byte(l-7), byte(o))
}

// DecompressedSize returns the size that src unpacks to, without unpacking it:
// what a reader asks before it believes an announced size with memory.
func DecompressedSize(src []byte) (int, error) {
	size := 0
	for i := 0; i < len(src); {
		c := int(src[i])
		switch {
		case c < lzfMaxLiteral:
			i += 2 + c
			size += 1 + c
		case c>>5 < 7:
			i += 2
			size += c>>5 + 2
		default:
			if i+1 >= len(src) {
				return 0, ErrLZFInput
			}
			size += int(src[i+1]) + 9
			i += 3
		}
		if i > len(src) {
			return 0, ErrLZFInput
		}
	}
	return size, nil
}

// Decompress unpacks src into dst, which it must fill exactly.
func Decompress(dst, src []byte) error {
	i, o := 0, 0
	for i < len(src) {
		c := int(src[i])
		i++
		if c < lzfMaxLiteral {
			n := c + 1
			if n > len(src)-i {
				return ErrLZFInput
			}
			if n > len(dst)-o {
				return ErrLZFOutput
			}
			copy(dst[o:o+n], src[i:])
			i += n
			o += n
			continue
		}
		n := c>>5 + 2
		if n == 9 {
			if i >= len(src) {
				return ErrLZFInput
			}
			n += int(src[i])
			i++
		}
		if i >= len(src) {
			return ErrLZFInput
		}
		back := (c&31)<<8 + int(src[i]) + 1
		i++
		if back > o {
			return ErrLZFOffset
		}
		if n > len(dst)-o {
			return ErrLZFOutput
		}
		repeat(dst, o, back, n)
		o += n
	}
	if o != len(dst) {
		return ErrLZFOutput
	}
	return nil
}

// repeat copies n bytes to dst[o:] from back bytes before. What is already
// written repeats with period back, so each round may copy twice as much.
func repeat(dst []byte, o, back, n int) {
	from := o - back
	for n > 0 {
		k := copy(dst[o:o+n], dst[from:o])
		o += k
		n -= k
	}
}
