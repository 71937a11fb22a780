package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrMemorySyntax is what a user reads who writes a memory size that ParseMemory does not understand.
const ErrMemorySyntax Error = "Use human-readable format, eg.: 500MB, 1G, 1TB"

// ParseMemory reads an amount of memory as an operator writes it and returns bytes.
//
//	size   = number [unit] ["i"] ["b"], in any case, without blanks
//	number = digits ["." digits]
//	unit   = "k" | "m" | "g" | "t" | "p" | "e", powers of 1024
//
// So 4gb, 4GiB and 4G are the same. Parts of a byte are dropped.
func ParseMemory(text string) (int64, error) {
	rest := strings.ToLower(text)
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
	number, unit := rest[:digits], rest[digits:]
	unit = strings.TrimSuffix(unit, "b")
	unit = strings.TrimSuffix(unit, "i")
	shift := 0
	if unit != "" {
		power := strings.IndexByte("kmgtpe", unit[0])
		if power < 0 || len(unit) > 1 {
			return 0, ErrMemorySyntax
		}
		shift = 10 * (power + 1)
	}
	return scaleMemory(number, shift)
}

// scaleMemory multiplies a decimal number by 2^shift.
func scaleMemory(number string, shift int) (int64, error) {
	whole, fraction, dotted := strings.Cut(number, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > math.MaxInt64>>shift || (dotted && fraction == "") {
		return 0, ErrMemorySyntax
	}
	n <<= shift
	if !dotted {
		return n, nil
	}
	part, err := strconv.ParseFloat("0."+fraction, 64)
	if err != nil {
		return 0, ErrMemorySyntax
	}
	// The fraction adds less than one unit; only at the very top can the sum leave the range.
	add := int64(math.Ldexp(part, shift))
	if n > math.MaxInt64-add {
		return 0, ErrMemorySyntax
	}
	return n + add, nil
}

// FormatMemory prints bytes as logs and help do: 0B, 512.0KiB, 1.50MiB, 4.00GiB.
func FormatMemory(bytes int64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return strconv.FormatInt(bytes, 10) + "B"
	}
	size, unit := float64(bytes)/1024, 0
	for size >= 1024 && unit < len(units)-1 {
		size /= 1024
		unit++
	}
	decimals := 2
	if unit == 0 {
		decimals = 1
	}
	return fmt.Sprintf("%.*f%ciB", decimals, size, units[unit])
}
