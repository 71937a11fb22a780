// Package number turns numbers into text and text into numbers exactly as
// Redis 7.4 does, where the standard library's rules differ. Clients compare
// these texts, DEBUG DIGEST hashes them, and a stored "012" must not become 12.
//
// # Integers
//
// ParseInt accepts canonical decimal int64 text only: what AppendInt prints.
// This makes the pair a bijection, which is what allows a value to be kept as
// an integer and given back as the text the client sent.
//
// # Doubles
//
// ParseFloat accepts what C's strtod accepts when it consumes every byte:
// decimal, hexadecimal ("0x10", "0x1.8p3") and infinities, but no spaces, no
// NaN, and no text that overflows to infinity or underflows to zero.
//
// There are three ways out:
//
//	AppendScore   what replies show: integers as integers, else AppendFpconv
//	AppendFpconv  Grisu2 digits laid out as Redis's fpconv does
//	AppendG17     C's %.17g, for AOF-like and older texts
//
// Grisu2 is not always shortest, and of two equally near texts it may take the
// other: 171422365113461.125 is ….13 where strconv says ….12. So the algorithm
// itself is part of the format, and is implemented here rather than replaced
// by a shortest printer.
//
// # Long doubles
//
// INCRBYFLOAT and HINCRBYFLOAT compute in the x87 80-bit format: 64 bits of
// mantissa, 15 of exponent. LongDouble is that arithmetic in integers. Values
// below 2^-16382 keep more precision than the hardware's denormals would; they
// print as 0 either way.
//
// Nothing here allocates, except appending past a buffer's capacity, texts
// longer than a small buffer, and long doubles outside the everyday range,
// which go through math/big.
package number
