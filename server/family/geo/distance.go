package geo

import (
	"math"
	"strconv"
)

const (
	earthRadius = 6372797.560856         // metres
	radian      = float64(math.Pi) / 180 // per degree
	// mapHalf is half the width of the map at the equator, in metres.
	mapHalf = 20037726.37
)

// distance returns the metres between two positions, on a sphere, by the
// haversine formula.
func distance(a, b position) float64 {
	lat1, lat2 := a.lat*radian, b.lat*radian
	v := math.Sin((b.lon*radian - float64(a.lon*radian)) / 2)
	if v == 0 {
		return latDistance(a.lat, b.lat)
	}
	u := math.Sin((lat2 - lat1) / 2)
	h := float64(u*u) + float64(math.Cos(lat1)*math.Cos(lat2)*v*v)
	return 2 * earthRadius * math.Asin(math.Sqrt(h))
}

// latDistance returns the metres between two latitudes.
func latDistance(a, b float64) float64 {
	return earthRadius * math.Abs(float64(b*radian)-float64(a*radian))
}

// shape is what a search looks within: a circle or a box around a centre.
type shape struct {
	center        position
	unit          float64 // metres
	box           bool
	radius        float64 // in units, of a circle
	width, height float64 // in units, of a box
}

// distanceTo returns the metres from the centre to a position; ok is false if
// it lies outside.
func (s *shape) distanceTo(p position) (metres float64, ok bool) {
	if !s.box {
		metres = distance(s.center, p)
		return metres, metres <= s.radius*s.unit
	}
	if latDistance(p.lat, s.center.lat) > s.height*s.unit/2 {
		return 0, false
	}
	if distance(p, position{s.center.lon, p.lat}) > s.width*s.unit/2 {
		return 0, false
	}
	return distance(s.center, p), true
}

// bounds returns an area that the shape lies in. Meridians draw together
// towards the poles, so the side nearer to one decides the longitudes.
func (s *shape) bounds() area {
	height, width := s.unit*s.radius, s.unit*s.radius
	if s.box {
		height, width = s.unit*(s.height/2), s.unit*(s.width/2)
	}
	lat, lon := s.center.lat, s.center.lon
	dLat := height / earthRadius / radian
	polar := lat + dLat
	if lat < 0 {
		polar = lat - dLat
	}
	dLon := width / earthRadius / math.Cos(polar*radian) / radian
	return area{lon - dLon, lon + dLon, lat - dLat, lat + dLat}
}

// stepFor returns the step whose cells are about as large as the shape.
func (s *shape) stepFor() uint {
	reach := s.radius
	if s.box {
		w, h := s.width/2, s.height/2
		reach = math.Sqrt(float64(w*w) + float64(h*h))
	}
	reach *= s.unit
	if reach == 0 {
		return fullStep
	}
	step := 1
	for reach < mapHalf {
		reach *= 2
		step++
	}
	step -= 2 // so that nine cells cover the shape in most cases
	if math.Abs(s.center.lat) > 66 {
		step-- // cells are narrower there
	}
	if math.Abs(s.center.lat) > 80 {
		step--
	}
	return uint(min(max(step, 1), fullStep))
}

// cells returns the cells to look at, in the order in which their members are
// reported: the centre, then N, S, E, W, NE, NW, SE, SW. Those that the shape
// does not reach are left zero.
func (s *shape) cells() (list [9]gridCell) {
	bounds := s.bounds()
	step := s.stepFor()
	center := cellOf(s.center, step, latMax)
	if step > 1 && !center.covers(bounds) {
		step--
		center = cellOf(s.center, step, latMax)
	}
	here := center.area()
	for i, d := range [9][2]int{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
		east, north := d[0], d[1]
		useless := north < 0 && here.latMin < bounds.latMin || north > 0 && here.latMax > bounds.latMax ||
			east < 0 && here.lonMin < bounds.lonMin || east > 0 && here.lonMax > bounds.lonMax
		if step < 2 || !useless {
			list[i] = center.neighbour(east, north)
		}
	}
	return list
}

// covers tells whether the cell and its neighbours reach as far as an area.
func (c gridCell) covers(a area) bool {
	return c.neighbour(0, 1).area().latMax >= a.latMax && c.neighbour(0, -1).area().latMin <= a.latMin &&
		c.neighbour(1, 0).area().lonMax >= a.lonMax && c.neighbour(-1, 0).area().lonMin <= a.lonMin
}

// appendDistance appends a distance with four decimals, rounded as Redis does:
// after scaling, halves to even.
func appendDistance(dst []byte, d float64) []byte {
	n := math.RoundToEven(d * 10000)
	if !(n < 1<<63) {
		return strconv.AppendFloat(dst, d, 'f', 4, 64)
	}
	dst = strconv.AppendUint(dst, uint64(n)/10000, 10)
	dst = append(dst, '.')
	rest := uint64(n) % 10000
	for div := uint64(1000); div > 0; div /= 10 {
		dst = append(dst, byte('0'+rest/div%10))
	}
	return dst
}

// appendCoordinate appends degrees as the C library prints them with seventeen
// decimals, without zeros at the end.
func appendCoordinate(dst []byte, f float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', 17, 64)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if string(dst[start:]) == "-0" {
		return append(dst[:start], '0')
	}
	return dst
}
