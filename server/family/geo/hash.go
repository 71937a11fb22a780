package geo

const (
	lonMax = 180.0
	latMax = 85.05112878
	// fullStep is the step of the cells that scores name.
	fullStep = 26
)

// position is a longitude and a latitude in degrees.
type position struct{ lon, lat float64 }

func (p position) valid() bool {
	return p.lon >= -lonMax && p.lon <= lonMax && p.lat >= -latMax && p.lat <= latMax
}

// gridCell is a cell of the grid with 2^step columns and rows. The zero
// gridCell is none.
type gridCell struct {
	bits uint64 // column and row, interleaved
	step uint
}

// area is what a cell covers.
type area struct{ lonMin, lonMax, latMin, latMax float64 }

// cellOf returns the cell of a step in which a position lies, in a grid that
// divides the latitudes ±latLimit.
func cellOf(p position, step uint, latLimit float64) gridCell {
	n := float64(uint64(1) << step)
	col := (p.lon + lonMax) / (2 * lonMax) * n
	row := (p.lat + latLimit) / (2 * latLimit) * n
	return gridCell{interleave(uint32(row), uint32(col)), step}
}

// scoreOf returns the score of a position.
func scoreOf(p position) float64 { return float64(cellOf(p, fullStep, latMax).bits) }

// area returns what the cell covers.
func (c gridCell) area() area {
	row, col := deinterleave(c.bits)
	n := float64(uint64(1) << c.step)
	edge := func(i uint32, more, limit float64) float64 {
		return -limit + float64((float64(i)+more)/n*(2*limit))
	}
	return area{edge(col, 0, lonMax), edge(col, 1, lonMax), edge(row, 0, latMax), edge(row, 1, latMax)}
}

// positionOf returns the centre of the cell that a score names.
func positionOf(score float64) position {
	a := gridCell{uint64(score), fullStep}.area()
	lon, lat := (a.lonMin+a.lonMax)/2, (a.latMin+a.latMax)/2
	return position{min(max(lon, -lonMax), lonMax), min(max(lat, -latMax), latMax)}
}

// neighbour returns the cell some columns east and rows north, around the
// edges of the map. The very edge in the east or north lies in a column or row
// beyond the last, which is left only by going west or east, south or north.
func (c gridCell) neighbour(east, north int) gridCell {
	row, col := deinterleave(c.bits)
	mask := uint32(1)<<c.step - 1
	if north != 0 {
		row = (row + uint32(north)) & mask
	}
	if east != 0 {
		col = (col + uint32(east)) & mask
	}
	return gridCell{interleave(row, col), c.step}
}

// scores returns the range of scores in the cell, from ≤ score < to.
func (c gridCell) scores() (from, to float64) {
	shift := 2 * (fullStep - c.step)
	return float64(c.bits << shift), float64((c.bits + 1) << shift)
}

// interleave spreads even over the even bits and odd over the odd ones.
func interleave(even, odd uint32) uint64 { return spread(even) | spread(odd)<<1 }

// deinterleave is the inverse of interleave.
func deinterleave(bits uint64) (even, odd uint32) { return gather(bits), gather(bits >> 1) }

// spread puts a zero bit before each bit of v.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// gather collects the even bits of x.
func gather(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// appendGeohash appends the public geohash: 52 bits in groups of five. The last
// character, for which two bits are left, is always the first of the alphabet.
func appendGeohash(dst []byte, p position) []byte {
	bits := cellOf(p, fullStep, 90).bits
	for shift := 47; shift > 0; shift -= 5 {
		dst = append(dst, alphabet[bits>>shift&31])
	}
	return append(dst, alphabet[0])
}
