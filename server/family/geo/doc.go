// Package geo is the family of commands on positions. A set of positions is a
// sorted set whose scores are geohashes.
//
// # Geohash
//
// The earth between the latitudes ±85.05112878, as in web maps, is a grid of
// 2^26 by 2^26 cells. A position is the cell it lies in, its two numbers
// interleaved to 52 bits, which a score holds exactly:
//
//	| lon 25 | lat 25 | lon 24 | lat 24 | … | lon 0 | lat 0 |
//
// A coarser cell of step s, 2^s by 2^s of which cover the earth, is a prefix of
// 2s bits, so its members are one range of scores. A search picks the step at
// which nine cells, the one of the centre and its neighbours, cover the shape,
// and looks at each position in them.
//
// GEOHASH answers in the public form of 11 characters, which divides the
// latitudes ±90.
//
// # Floating point
//
// The order of results and the cells that are looked at follow from floating
// point, so the formulas are those that Redis's results follow from, term by
// term. Products are converted to float64 where they are added to something: it
// keeps compilers from fusing the two.
//
// # Differences from Redis
//
// Of positions at equal distance the one found first comes first; Redis leaves
// their order to qsort.
package geo
