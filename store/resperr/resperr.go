// Package resperr is the one place of error texts that a client can read, spelled as Redis spells them.
// An Error begins with its code (ERR, WRONGTYPE …) and goes to the wire as it is.
package resperr

import "strings"

// Error is a reply error: code, blank, text. Constants of it are comparable and cost nothing.
type Error string

// Error returns the text as it goes to the wire, without the leading '-'.
func (e Error) Error() string { return string(e) }

// Values and arguments.
const (
	WrongType       Error = "WRONGTYPE Operation against a key holding the wrong kind of value"
	NoSuchKey       Error = "ERR no such key"
	Syntax          Error = "ERR syntax error"
	IndexRange      Error = "ERR index out of range"
	SameObject      Error = "ERR source and destination objects are the same"
	NotInteger      Error = "ERR value is not an integer or out of range"
	NotFloat        Error = "ERR value is not a valid float"
	NotPositive     Error = "ERR value is out of range, must be positive"
	ValueRange      Error = "ERR value is out of range"
	MinMaxNotFloat  Error = "ERR min or max is not a float"
	MinMaxNotString Error = "ERR min or max not valid string range item"
	IncrOverflow    Error = "ERR increment or decrement would overflow"
	DecrOverflow    Error = "ERR decrement would overflow"
	IncrNaN         Error = "ERR increment would produce NaN or Infinity"
	ScoreNaN        Error = "ERR resulting score is not a number (NaN)"
	HashNotInteger  Error = "ERR hash value is not an integer"
	HashNotFloat    Error = "ERR hash value is not a float"
	StringTooLong   Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	OffsetRange     Error = "ERR offset is out of range"
	BitOffset       Error = "ERR bit offset is not an integer or out of range"
	BitValue        Error = "ERR bit is not an integer or out of range"
	DBIndex         Error = "ERR DB index is out of range"
	InvalidDBIndex  Error = "ERR invalid DB index"
	InvalidCursor   Error = "ERR invalid cursor"
	BusyKey         Error = "BUSYKEY Target key name already exists."
	BadPayload      Error = "ERR DUMP payload version or checksum are wrong"
	BadDataFormat   Error = "ERR Bad data format"
	InvalidTTL      Error = "ERR Invalid TTL value, must be >= 0"
	InvalidIdle     Error = "ERR Invalid IDLETIME value, must be >= 0"
	InvalidFreq     Error = "ERR Invalid FREQ value, must be >= 0 and <= 255"
	NoFreq          Error = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	NoIdle          Error = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	ExpireNXOther   Error = "ERR NX and XX, GT or LT options at the same time are not compatible"
	ExpireGTLT      Error = "ERR GT and LT options at the same time are not compatible"
)

// State of the server or the connection.
const (
	Loading        Error = "LOADING Redis is loading the dataset in memory"
	OOM            Error = "OOM command not allowed when used memory > 'maxmemory'."
	NoAuth         Error = "NOAUTH Authentication required."
	WrongPass      Error = "WRONGPASS invalid username-password pair or user is disabled."
	NoPasswordSet  Error = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	NoProto        Error = "NOPROTO unsupported protocol version"
	MaxClients     Error = "ERR max number of clients reached"
	NestedMulti    Error = "ERR MULTI calls can not be nested"
	ExecNoMulti    Error = "ERR EXEC without MULTI"
	DiscardNoMulti Error = "ERR DISCARD without MULTI"
	WatchInMulti   Error = "ERR WATCH inside MULTI is not allowed"
	ExecAbort      Error = "EXECABORT Transaction discarded because of previous errors."
	NotInMulti     Error = "ERR Command not allowed inside a transaction"
	ShuttingDown   Error = "ERR Errors trying to SHUTDOWN. Check logs."
	Misconf        Error = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
)

// New makes an error of code ERR.
func New(text string) Error { return Error("ERR " + text) }

// ExecRefused is the answer to an EXEC that is refused before it runs.
func ExecRefused(err error) Error {
	return Error("EXECABORT Transaction discarded because of: " + strings.TrimPrefix(err.Error(), "ERR "))
}

// WrongArgs is the arity error; cmd is the full lower-case name, as in config|get.
func WrongArgs(cmd string) Error {
	return Error("ERR wrong number of arguments for '" + cmd + "' command")
}

// UnknownSubcommand names a subcommand that container (lower case) lacks.
func UnknownSubcommand(sub, container string) Error {
	return Error("ERR unknown subcommand '" + clip(sub, 128) + "'. Try " + strings.ToUpper(container) + " HELP.")
}

// UnknownCommand names an unknown command and the beginning of its arguments.
func UnknownCommand(name string, args [][]byte) Error {
	var b strings.Builder
	b.WriteString("ERR unknown command '")
	b.WriteString(clip(name, 128))
	b.WriteString("', with args beginning with: ")
	start := b.Len()
	for _, a := range args {
		if b.Len()-start >= 128 {
			break
		}
		b.WriteByte('\'')
		b.WriteString(clip(string(a), 128-(b.Len()-start-1)))
		b.WriteString("' ")
	}
	return Error(b.String())
}

// InvalidExpire refuses an expire time; cmd is the lower-case command name.
func InvalidExpire(cmd string) Error {
	return Error("ERR invalid expire time in '" + cmd + "' command")
}

// UnsupportedOption names an option that EXPIRE and its kin do not know.
func UnsupportedOption(option string) Error { return Error("ERR Unsupported option " + option) }

func clip(s string, n int) string {
	if n < 0 {
		n = 0
	}
	if len(s) > n {
		return s[:n]
	}
	return s
}

// OnlySubscriptions refuses a command, given by its full lower-case name, on a RESP2 connection that listens to channels.
func OnlySubscriptions(cmd string) Error {
	return New("Can't execute '" + cmd + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
}
