package resperr

// Commands that wait.
const (
	TimeoutNotInteger Error = "ERR timeout is not an integer or out of range"
	TimeoutNotFloat   Error = "ERR timeout is not a float or out of range"
	TimeoutNegative   Error = "ERR timeout is negative"
	TimeoutRange      Error = "ERR timeout is out of range"
	Unblocked         Error = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
	StreamKeyGone     Error = "UNBLOCKED the stream key no longer exists"
	WaitLocal         Error = "ERR value is out of range, value must between 0 and 1"
	WaitNoAOF         Error = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
)
