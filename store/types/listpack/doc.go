// Package listpack reads and edits listpacks: short sequences of byte strings
// and integers packed into one blob, in Redis's own bytes. Small hashes,
// lists, sets and sorted sets and the nodes of lists and streams are listpacks
// in memory, on disk and on the wire alike, so loading and saving is a copy.
//
// # Layout
//
//	Listpack:  | total bytes u32le | count u16le | entry … | 0xFF |
//	Entry:     | encoding + data (1..n) | backlen (1..5, read right to left) |
//
// count 65535 means "unknown: walk". Frozen: these bytes are on disk and on
// the wire.
//
// Encodings, by the first byte; multi-byte integers are little endian except
// for the two that share bits with the encoding byte:
//
//	0xxxxxxx                 integer 0..127
//	10xxxxxx …               string of 0..63 bytes
//	110xxxxx xxxxxxxx        integer -4096..4095, two's complement in 13 bits
//	1110xxxx xxxxxxxx …      string of 64..4095 bytes
//	F0 u32 …                 longer string
//	F1 F2 F3 F4 + 2 3 4 8    signed integer of 16, 24, 32, 64 bits
//	FF                       end of the listpack
//
// backlen is the size of encoding and data, 7 bits a byte, the most
// significant first; every byte but the first has its top bit set, so that a
// reader coming from the right knows where to stop. Its own size follows from
// the value: 1 byte up to 127, 2 below 16383, 3 below 2097151, 4 below
// 268435455, else 5. The strict bounds leave the largest value of each size
// unused; Redis does so, and files depend on it.
//
// A text that is the canonical decimal of an int64 is always stored as an
// integer, in the smallest encoding, and is given back as the same text.
//
// # Use
//
// A listpack is a plain []byte whose length is the header's total. An entry is
// named by its offset; -1 is "none". Offsets after an edited place become
// stale, those before it stay good.
//
// Functions that edit do so in place if cap(lp) suffices, so the bytes may
// live outside the Go heap; reserve room with EncodedSize and EntrySize. Else
// they return a new slice, grown as append does. The text of an element never
// may share memory with the listpack being edited.
//
// Bytes from outside go through Validate first: after a deep Validate no
// function here reads out of bounds. Without it they may panic, but Validate
// itself never does.
//
// # Differences from Redis
//
// Len does not write a known count back into a header that says "unknown":
// reading must not change shared bytes. Sizes are limited by SafeToAdd, which
// the caller asks, not by the editing functions.
package listpack
