package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Kind is the syntax of a setting's value.
type Kind uint8

const (
	Bool        Kind = iota // true, false, t, f, yes, no, y, n, 1, 0 in any case
	Int32                   // decimal, or hexadecimal after 0x
	Int64                   // likewise
	Uint16                  // likewise
	Uint32                  // likewise
	Uint64                  // likewise, up to 2^63-1
	Float                   // decimal number
	String                  // anything
	List                    // words separated by commas
	Memory                  // see ParseMemory
	Octal                   // permissions, 0 to 0777; empty means none are set
	Compression             // a CompressionMode by number or name
)

// String returns the name of the kind as help texts show it.
func (k Kind) String() string {
	return [...]string{"bool", "int32", "int64", "uint16", "uint32", "uint64", "number", "string", "list", "memory", "octal", "mode"}[k]
}

// CompressionMode says how the strings and blobs of a snapshot are compressed.
type CompressionMode uint8

const (
	CompressNone           CompressionMode = iota // not at all
	CompressSingleEntry                           // LZF, string by string: what an RDB file can hold
	CompressMultiEntryZstd                        // ZSTD over blobs of entries, DFS only
	CompressMultiEntryLZ4                         // LZ4 over blobs of entries, DFS only
)

// String returns the name an operator may write for the mode.
func (m CompressionMode) String() string {
	return [...]string{"NONE", "SINGLE_ENTRY", "MULTI_ENTRY_ZSTD", "MULTI_ENTRY_LZ4"}[m]
}

// errSyntax is returned for text that is simply not of the kind: there is no more to say about it.
var errSyntax = errors.New("")

// parse reads a value: a bool for Bool, a float64 for Float, a string for String and List, an int64 for the rest.
func (k Kind) parse(text string) (any, error) {
	switch k {
	case Bool:
		return ParseBool(text)
	case Int32:
		return parseInt(text, math.MinInt32, math.MaxInt32)
	case Int64:
		return parseInt(text, math.MinInt64, math.MaxInt64)
	case Uint16:
		return parseInt(text, 0, math.MaxUint16)
	case Uint32:
		return parseInt(text, 0, math.MaxUint32)
	case Uint64:
		return parseInt(text, 0, math.MaxInt64)
	case Float:
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(f) {
			return nil, errSyntax
		}
		return f, nil
	case Memory:
		return ParseMemory(text)
	case Octal:
		return parseOctal(text)
	case Compression:
		return parseCompression(text)
	}
	return text, nil
}

// format prints what parse returned.
func (k Kind) format(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		switch {
		case k == Octal && v == 0:
			return ""
		case k == Octal:
			return strconv.FormatInt(v, 8)
		}
		return strconv.FormatInt(v, 10)
	}
	return v.(string)
}

// Show prints text, a value of the kind, as help does: memory in units, modes with their names, strings in quotes.
func (k Kind) Show(text string) string {
	v, err := k.parse(text)
	switch {
	case err != nil:
		return text
	case k == Memory:
		return FormatMemory(v.(int64))
	case k == Compression:
		return k.format(v) + " (" + CompressionMode(v.(int64)).String() + ")"
	case k == String || k == List || k == Octal:
		return strconv.Quote(text)
	}
	return k.format(v)
}

// ParseBool reads a value of the kind Bool.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "t", "yes", "y", "1":
		return true, nil
	case "false", "f", "no", "n", "0":
		return false, nil
	}
	return false, errSyntax
}

func parseInt(text string, low, high int64) (any, error) {
	digits, base := strings.TrimSpace(text), 10
	if bare := strings.TrimLeft(digits, "+-"); len(bare) > 1 && bare[0] == '0' && bare[1]|0x20 == 'x' {
		base = 0 // lets strconv read the prefix; a plain leading zero stays decimal
	}
	n, err := strconv.ParseInt(digits, base, 64)
	if err != nil || n < low || n > high {
		return nil, errSyntax
	}
	return n, nil
}

func parseOctal(text string) (any, error) {
	if text == "" {
		return int64(0), nil
	}
	n, err := strconv.ParseInt(text, 8, 64)
	if err != nil || n < 0 || n > 0o777 {
		return nil, errors.New("permissions are octal, from 0 to 0777")
	}
	return n, nil
}

func parseCompression(text string) (any, error) {
	for m := CompressNone; m <= CompressMultiEntryLZ4; m++ {
		if strings.EqualFold(text, m.String()) || text == strconv.Itoa(int(m)) {
			return int64(m), nil
		}
	}
	return nil, errors.New("the modes are 0 or NONE, 1 or SINGLE_ENTRY, 2 or MULTI_ENTRY_ZSTD, 3 or MULTI_ENTRY_LZ4")
}
