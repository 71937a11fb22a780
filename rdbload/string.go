package rdbload

import (
	"encoding/binary"
	"math"
	"strconv"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/number"
)

const (
	// maxLZFRatio is above what LZF can reach: 264 bytes from 3.
	maxLZFRatio = 128
	// scratchKeep is the size above which scratch memory is given up after the record.
	scratchKeep = 1 << 20
	// maxString is the longest string that is taken. Entries and listpacks count their bytes in 32 bits; no server
	// makes a longer string unless it is told to.
	maxString = 1 << 31
)

const errStringLength unsupported = "a string of more than 2 GiB"

// string reads a string, good until the next one is read.
func (l *loader) string() ([]byte, error) {
	n, encoded, err := l.in.stringHead()
	if err != nil {
		return nil, err
	}
	if encoded {
		return l.encodedString(n)
	}
	if n > maxString && n < 1<<62 { // from there on it is no length
		return nil, errStringLength
	}
	return l.in.take(n)
}

// stringInto reads a string into *buf, where it stays.
func (l *loader) stringInto(buf *[]byte) ([]byte, error) {
	s, err := l.string()
	if err != nil {
		return nil, err
	}
	*buf = append((*buf)[:0], s...)
	return *buf, nil
}

// encodedString reads a string of encoding enc.
func (l *loader) encodedString(enc uint64) ([]byte, error) {
	var n int64
	switch enc {
	case rdbfmt.EncInt8:
		b, err := l.in.take(1)
		if err != nil {
			return nil, err
		}
		n = int64(int8(b[0]))
	case rdbfmt.EncInt16:
		b, err := l.in.take(2)
		if err != nil {
			return nil, err
		}
		n = int64(int16(binary.LittleEndian.Uint16(b)))
	case rdbfmt.EncInt32:
		b, err := l.in.take(4)
		if err != nil {
			return nil, err
		}
		n = int64(int32(binary.LittleEndian.Uint32(b)))
	case rdbfmt.EncLZF:
		return l.compressedString()
	default:
		return nil, corrupt("unknown string encoding " + strconv.FormatUint(enc, 10))
	}
	return strconv.AppendInt(l.text[:0], n, 10), nil
}

// compressedString reads sizes and LZF data. The announced size is believed
// when the scratch memory holds it anyway or the data proves to have it.
func (l *loader) compressedString() ([]byte, error) {
	packed, err := l.in.length()
	if err != nil {
		return nil, err
	}
	size, err := l.in.length()
	if err != nil {
		return nil, err
	}
	src, err := l.in.take(packed)
	if err != nil {
		return nil, err
	}
	switch {
	case size/maxLZFRatio > packed:
		return nil, rdbfmt.ErrLZFOutput
	case size > maxString:
		return nil, errStringLength
	}
	if size > uint64(cap(l.lzf)) {
		proven, err := rdbfmt.DecompressedSize(src)
		if err != nil {
			return nil, err
		}
		if uint64(proven) != size {
			return nil, rdbfmt.ErrLZFOutput
		}
		l.lzf = make([]byte, size)
	}
	l.lzf = l.lzf[:size]
	return l.lzf, rdbfmt.Decompress(l.lzf, src)
}

// skipString passes over a string.
func (l *loader) skipString() error {
	n, encoded, err := l.in.stringHead()
	if err != nil {
		return err
	}
	if encoded && n != rdbfmt.EncLZF {
		_, err = l.encodedString(n)
		return err
	}
	if encoded {
		if n, err = l.in.length(); err != nil {
			return err
		}
		if _, err = l.in.length(); err != nil {
			return err
		}
	}
	if !l.in.copyRoom(n) {
		return errOpaqueSize
	}
	return l.in.skip(n)
}

// textDouble reads a score as old versions wrote it.
func (l *loader) textDouble() (float64, error) {
	n, err := l.in.next()
	if err != nil {
		return 0, err
	}
	switch n {
	case rdbfmt.TextNaN:
		return 0, errScoreNaN
	case rdbfmt.TextPosInf:
		return math.Inf(1), nil
	case rdbfmt.TextNegInf:
		return math.Inf(-1), nil
	}
	s, err := l.in.take(uint64(n))
	if err != nil {
		return 0, err
	}
	return parseScore(s)
}

// binaryDouble reads a score in 8 bytes.
func (l *loader) binaryDouble() (float64, error) {
	b, err := l.in.take(8)
	if err != nil {
		return 0, err
	}
	f := rdbfmt.Double(b)
	if f != f {
		return 0, errScoreNaN
	}
	return f, nil
}

const (
	errScoreNaN  corrupt = "score is not a number"
	errScoreText corrupt = "score does not parse"
)

// parseScore reads the text of a score.
func parseScore(s []byte) (float64, error) {
	f, ok := number.ParseFloat(s)
	if !ok {
		return 0, errScoreText
	}
	if f != f {
		return 0, errScoreNaN
	}
	return f, nil
}

// trim gives up scratch memory that one large value made large.
func (l *loader) trim() {
	l.in.trim()
	for _, buf := range []*[]byte{&l.key, &l.member, &l.second, &l.lzf, &l.packed, &l.opaque} {
		if cap(*buf) > scratchKeep {
			*buf = nil
		}
	}
	l.dup.trim()
}
