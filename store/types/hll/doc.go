// Package hll is the HyperLogLog: an estimate, within about 0.81 %, of how many different elements were added, in
// at most 12 KiB. The bytes, the hash and the estimator are Redis's, so values move between servers and count
// the same on both.
//
// # How it works
//
// An element's hash chooses one of 16384 registers, and the number of zero bits that follow says how rare the
// hash is; a register keeps the rarest it has seen. The number of elements follows from how the values of the
// registers are distributed (Ertl, "New cardinality estimation algorithms for HyperLogLog sketches").
//
// # Layout
//
//	| "HYLL" | encoding u8 | 3 unused | cached count u64le | registers |
//
//	encoding:      0 dense, 1 sparse
//	cached count:  not valid if its top bit is set
//
// Dense registers are 6 bits each, the first in the low bits of the first byte. Sparse ones are runs:
//
//	00xxxxxx            ZERO   1..64 registers are 0
//	01xxxxxx yyyyyyyy   XZERO  1..16384 registers are 0
//	1vvvvvxx            VAL    1..4 registers are v+1, 1..32
//
// All run lengths are stored less one. A value becomes dense when it would outgrow the limit for sparse ones, or
// needs a register above 32. Frozen: these bytes are on disk and on the wire.
//
// # What it guarantees
//
// The bytes come from clients, who may have written anything with SETRANGE. Valid looks at the header; whatever
// follows it, no function here reads out of bounds, and all of them report runs that do not make 16384 registers.
package hll
