// Package rdbfmt holds the vocabulary of the RDB format: opcodes, type bytes,
// AUX names, the length, string and number encodings, LZF, CRC64 and the footer
// of a DUMP payload. The reader (rdbload) and the writers (persistence, DUMP)
// share it, so a byte has one name.
//
// A file is
//
//	magic (9) { opcode record | key record }* 0xFF [crc64 (8), if version >= 5]
//
// where the magic is "REDIS" and four digits, or "VALKEY" and three. A key record is
//
//	[expire] [idle | freq] [key meta] type (1) key (string) value (by type)
//
// Integers are little-endian except inside lengths and stream IDs.
//
// The package knows how bytes are spelled, not what they mean: nothing here
// builds a value, and nothing but ScanAux, for those who choose files by what
// their first fields say, reads a stream.
package rdbfmt
