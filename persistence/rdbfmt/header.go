package rdbfmt

import (
	"bufio"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
)

// maxField is the size up to which ScanAux keeps the name or value of a field.
const maxField = 64 << 10

// HeaderError says why the start of a file is not that of an RDB file. Other errors of ScanAux are those of its reader.
type HeaderError string

// Error returns the reason.
func (e HeaderError) Error() string { return string(e) }

// What may be wrong with a header.
const (
	ErrMagic       HeaderError = "it does not start with the magic of an RDB file"
	ErrHeaderShort HeaderError = "it ends within its header"
	ErrHeaderBytes HeaderError = "its header is damaged"
)

// ScanAux reads the magic and then the AUX fields at the start of a file, and calls field for each until it returns false
// or something else than an AUX field follows. Names and values that are compressed or longer than 64 KiB are skipped
// and passed as empty: no field that tells what a file is looks like that, but sources of scripts among them may.
//
// It is for those who choose files. Who reads their data uses a package that does.
func ScanAux(r io.Reader, field func(name, value string) bool) error {
	b := bufio.NewReader(r)
	var magic [MagicSize]byte
	if _, err := io.ReadFull(b, magic[:]); err != nil {
		return scanError(err)
	}
	if !isMagic(string(magic[:])) {
		return ErrMagic
	}
	for {
		op, err := b.ReadByte()
		if err == io.EOF || err == nil && op != OpAux {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := scanString(b)
		if err != nil {
			return scanError(err)
		}
		value, err := scanString(b)
		if err != nil {
			return scanError(err)
		}
		if !field(name, value) {
			return nil
		}
	}
}

// scanError makes of the end of the file within a header an error that says so.
func scanError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrHeaderShort
	}
	return err
}

func isMagic(s string) bool {
	digits, ok := strings.CutPrefix(s, MagicRedis)
	if !ok {
		digits, ok = strings.CutPrefix(s, MagicValkey)
	}
	return ok && strings.Trim(digits, "0123456789") == ""
}

// scanString reads a string, or skips it and returns an empty one.
func scanString(b *bufio.Reader) (string, error) {
	n, encoding, err := scanLen(b)
	if err != nil {
		return "", err
	}
	var text [4]byte
	switch encoding {
	case -1:
		if n > maxField {
			return "", skip(b, n)
		}
		p := make([]byte, n)
		_, err = io.ReadFull(b, p)
		return string(p), err
	case EncInt8:
		_, err = io.ReadFull(b, text[:1])
		return strconv.Itoa(int(int8(text[0]))), err
	case EncInt16:
		_, err = io.ReadFull(b, text[:2])
		return strconv.Itoa(int(int16(binary.LittleEndian.Uint16(text[:])))), err
	case EncInt32:
		_, err = io.ReadFull(b, text[:4])
		return strconv.Itoa(int(int32(binary.LittleEndian.Uint32(text[:])))), err
	case EncLZF:
		n, encoding, err := scanLen(b)
		if err != nil {
			return "", err
		}
		if _, plain, err := scanLen(b); err != nil {
			return "", err
		} else if encoding != -1 || plain != -1 {
			return "", ErrHeaderBytes
		}
		return "", skip(b, n)
	}
	return "", ErrHeaderBytes
}

// scanLen reads a length. encoding is -1, or the form of an encoded string.
func scanLen(b *bufio.Reader) (n uint64, encoding int, err error) {
	// Peek returns what there is also if that is less.
	p, err := b.Peek(MaxLenSize)
	n, encoded, size := ParseLen(p)
	switch {
	case size == 0 && err != nil:
		return 0, 0, err
	case size <= 0:
		return 0, 0, ErrHeaderBytes
	}
	if _, err := b.Discard(size); err != nil {
		return 0, 0, err
	}
	if encoded {
		return 0, int(n), nil
	}
	return n, -1, nil
}

// skip reads past n bytes.
func skip(b *bufio.Reader, n uint64) error {
	const most = 1 << 62
	if n > most {
		return io.ErrUnexpectedEOF
	}
	_, err := io.CopyN(io.Discard, b, int64(n))
	return err
}
