package resperr

// Lists.
const (
	ListRankZero     Error = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
	CountNegative    Error = "ERR COUNT can't be negative"
	MaxLenNegative   Error = "ERR MAXLEN can't be negative"
	NumKeysZero      Error = "ERR numkeys should be greater than 0"
	CountZero        Error = "ERR count should be greater than 0"
	RangeOutOfBounds Error = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
)

// Strings and bitmaps.
const (
	LCSNotStrings      Error = "ERR The specified keys must contain string values"
	LCSLenAndIdx       Error = "ERR If you want both the length and indexes, please just use IDX."
	LCSMemory          Error = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
	BitArgument        Error = "ERR The bit argument must be 1 or 0."
	BitopNot           Error = "ERR BITOP NOT must be called with a single source key."
	BitfieldType       Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	BitfieldOverflow   Error = "ERR Invalid OVERFLOW type specified"
	BitfieldROOnlyGets Error = "ERR BITFIELD_RO only supports the GET subcommand"
)

// HyperLogLogs.
const (
	HLLInvalid   Error = "WRONGTYPE Key is not a valid HyperLogLog string value."
	HLLCorrupted Error = "INVALIDOBJ Corrupted HLL object detected"
	HLLNoKey     Error = "ERR The specified key does not exist"
	HLLNotSparse Error = "ERR HLL encoding is not sparse"
	HLLSelfTest  Error = "TESTFAILED HyperLogLog self test failed"
)

// HLLUnknownSub names a subcommand that PFDEBUG lacks.
func HLLUnknownSub(sub []byte) Error { return New("Unknown PFDEBUG subcommand '" + string(sub) + "'") }
