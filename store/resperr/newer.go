package resperr

// Commands that Redis has since version 8, and those of Dragonfly.
const (
	DelexNotString Error = "ERR Key should be of string type if conditions are specified"
	DelexCondition Error = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"
	DigestLength   Error = "ERR must be exactly 16 hexadecimal characters"
	MsetexNumKeys  Error = "ERR invalid numkeys value"
	MsetexPairs    Error = "ERR wrong number of key-value pairs"
	ZeroRate       Error = "ERR zero rates are not supported"

	FieldsTwice       Error = "ERR FIELDS keyword specified multiple times"
	FieldsNone        Error = "ERR missing FIELDS argument"
	FieldsNumber      Error = "ERR invalid number of fields"
	FieldsFew         Error = "ERR wrong number of arguments"
	ExpireTimeMissing Error = "ERR missing expire time"
	HgetexOneExpiry   Error = "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified"
	HsetexOneExpiry   Error = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
	HsetexOneExists   Error = "ERR Only one of FXX or FNX arguments can be specified"

	ShrinkType Error = "ERR WRONGTYPE Key is not a set or hash with DenseSet encoding"
)

// UnknownArgument names an argument that HGETEX or HSETEX does not know.
func UnknownArgument(arg []byte) Error { return New("unknown argument: " + clip(string(arg), 128)) }
