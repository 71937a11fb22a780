package listpack

import (
	"encoding/binary"
	"strconv"
)

// CorruptError says what is wrong with bytes that should be a listpack.
type CorruptError struct {
	Offset int    // from the start of the listpack
	Reason string // in words
}

func (e *CorruptError) Error() string {
	return "listpack: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Validate checks bytes from outside. Shallow, it looks at header and end byte
// only. Deep, it walks all entries: each must lie within bounds and end in its
// own backlen, and the count must be right or unknown. After a deep Validate
// every function of the package is safe to use.
//
// As in Redis, an element need not be in its smallest encoding.
func Validate(lp []byte, deep bool) error {
	if len(lp) < EmptySize {
		return &CorruptError{0, "shorter than an empty listpack"}
	}
	if uint64(binary.LittleEndian.Uint32(lp)) != uint64(len(lp)) {
		return &CorruptError{0, "total bytes differ from the length"}
	}
	if lp[len(lp)-1] != endByte {
		return &CorruptError{len(lp) - 1, "no end byte"}
	}
	if !deep {
		return nil
	}
	n, err := validateEntries(lp)
	if err != nil {
		return err
	}
	if count := headerCount(lp); count != unknownCount && count != n {
		return &CorruptError{4, "count differs from the number of entries"}
	}
	return nil
}

// validateEntries walks up to the end byte and returns the number of entries.
func validateEntries(lp []byte) (n int, err error) {
	end := len(lp) - 1
	for p := headerSize; p < end; n++ {
		left := end - p
		size := safeBodySize(lp[p:end])
		if size == 0 {
			return n, &CorruptError{p, "invalid encoding"}
		}
		if size > left || size+backlenSize(size) > left {
			return n, &CorruptError{p, "entry reaches past the end"}
		}
		p += size
		if size <= 127 { // nearly all; the loop below says the same
			if int(lp[p]) != size {
				return n, &CorruptError{p, "backlen differs from the entry's size"}
			}
			p++
			continue
		}
		var want [5]byte
		backlen := backlenSize(size)
		putBacklen(want[:], size, backlen)
		if string(lp[p:p+backlen]) != string(want[:backlen]) {
			return n, &CorruptError{p, "backlen differs from the entry's size"}
		}
		p += backlen
	}
	return n, nil
}

// safeBodySize is bodySize for bytes that may be anything: 0 if the encoding
// byte is invalid, more than len(entry) if the entry is cut short.
func safeBodySize(entry []byte) int {
	b := entry[0]
	if b > encInt64 {
		return 0
	}
	if b >= encStr12 && b < encStr32 && len(entry) < 2 {
		return 2
	}
	if b == encStr32 {
		if len(entry) < 5 {
			return 5
		}
		if size := binary.LittleEndian.Uint32(entry[1:]); uint64(size) > uint64(len(entry)) {
			return len(entry) + 1 // do not add: it may not fit an int
		}
	}
	return bodySize(entry, 0)
}
