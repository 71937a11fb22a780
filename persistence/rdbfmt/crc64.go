package rdbfmt

import "encoding/binary"

// The checksum is the Jones CRC64: polynomial 0xad93d23594c935a9, reflected in
// and out, start and final xor zero. crcPoly is that polynomial bit-reversed.
const crcPoly = 0x95ac9329ac4bc9b5

// crcTables[k][b] is the effect of byte b when k more bytes follow it, so that
// sixteen input bytes cost sixteen independent look-ups (slicing by 16).
// Read-only after construction.
var crcTables = makeCRCTables()

func makeCRCTables() *[16][256]uint64 {
	t := new([16][256]uint64)
	for i := range t[0] {
		c := uint64(i)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ crcPoly
			} else {
				c >>= 1
			}
		}
		t[0][i] = c
	}
	for k := 1; k < len(t); k++ {
		for i := range t[k] {
			c := t[k-1][i]
			t[k][i] = t[0][byte(c)] ^ c>>8
		}
	}
	return t
}

// CRC64 returns the checksum of what crc covers followed by p; it starts at 0.
func CRC64(crc uint64, p []byte) uint64 {
	t := crcTables
	for len(p) >= 16 {
		a := binary.LittleEndian.Uint64(p) ^ crc
		b := binary.LittleEndian.Uint64(p[8:])
		crc = t[15][byte(a)] ^ t[14][byte(a>>8)] ^ t[13][byte(a>>16)] ^ t[12][byte(a>>24)] ^
			t[11][byte(a>>32)] ^ t[10][byte(a>>40)] ^ t[9][byte(a>>48)] ^ t[8][a>>56] ^
			t[7][byte(b)] ^ t[6][byte(b>>8)] ^ t[5][byte(b>>16)] ^ t[4][byte(b>>24)] ^
			t[3][byte(b>>32)] ^ t[2][byte(b>>40)] ^ t[1][byte(b>>48)] ^ t[0][b>>56]
		p = p[16:]
	}
	for _, c := range p {
		crc = t[0][byte(crc)^c] ^ crc>>8
	}
	return crc
}
