package resp

// Error is a protocol error, in the words Redis tells it to the client (behind "-ERR "). The connection is closed after it.
type Error string

// Error returns the text for the client.
func (e Error) Error() string { return string(e) }

const (
	errBigInline    Error = "Protocol error: too big inline request"
	errQuotes       Error = "Protocol error: unbalanced quotes in request"
	errBigCount     Error = "Protocol error: too big mbulk count string"
	errCount        Error = "Protocol error: invalid multibulk length"
	errUnauthCount  Error = "Protocol error: unauthenticated multibulk length"
	errBigLength    Error = "Protocol error: too big bulk count string"
	errLength       Error = "Protocol error: invalid bulk length"
	errUnauthLength Error = "Protocol error: unauthenticated bulk length"
)

// errExpectedBulk is the answer to an argument that starts with got. A line end inside an error reply would end the reply, so it shows as a blank.
func errExpectedBulk(got byte) Error {
	if got == '\r' || got == '\n' {
		got = ' '
	}
	return Error("Protocol error: expected '$', got '" + string([]byte{got}) + "'")
}
