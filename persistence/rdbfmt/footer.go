package rdbfmt

import "encoding/binary"

// A DUMP payload is
//
//	type (1) | value | version u16 | crc64 of all before it
//
// with neither key nor deadline.

// FooterSize is the size of the version and checksum that end a DUMP payload.
const FooterSize = 2 + 8

// FooterError says why a DUMP payload is refused before its value is looked at.
type FooterError string

// Error returns the reason.
func (e FooterError) Error() string { return string(e) }

// What may be wrong with a footer.
const (
	ErrFooterShort    FooterError = "payload too short"
	ErrFooterVersion  FooterError = "payload version too new"
	ErrFooterChecksum FooterError = "payload checksum mismatch"
)

// AppendFooter completes the DUMP payload that starts at dst[start] with a
// version and the checksum. The version should be the first that knows the type:
// a server refuses payloads that claim to be newer than itself.
func AppendFooter(dst []byte, start, version int) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(version))
	return binary.LittleEndian.AppendUint64(dst, CRC64(0, dst[start:]))
}

// CheckFooter verifies the end of a DUMP payload and returns what stands before
// it, type byte and value, with the version it was written in. A version above
// ours and a checksum of zero are refused: a payload crosses a network, where
// "no checksum" is no promise.
func CheckFooter(payload []byte) (body []byte, version int, err error) {
	end := len(payload) - FooterSize
	if end < 0 {
		return nil, 0, ErrFooterShort
	}
	version = int(binary.LittleEndian.Uint16(payload[end:]))
	if version > Version {
		return nil, version, ErrFooterVersion
	}
	sum := binary.LittleEndian.Uint64(payload[end+2:])
	if sum == 0 || sum != CRC64(0, payload[:end+2]) {
		return nil, version, ErrFooterChecksum
	}
	return payload[:end], version, nil
}
