package script

// Host is the server, as a script sees it. All methods are called on the goroutine of VM.Run.
type Host interface {
	// Call runs one command of the script and appends its reply to dst, in RESP2 or RESP3 as proto says. A command that
	// is refused is answered with an error, which the host has counted. The arguments are good until Call returns.
	Call(dst []byte, args [][]byte, proto int) []byte
	// CheckCommand tells whether the user of the script may run a command. It fails if there is no such command.
	CheckCommand(args [][]byte) (allowed bool, err error)
	// Log writes a line of the script to the log; level is one of Redis's, LogDebug to LogWarning.
	Log(level int, text string)
	// Tick is called about every millisecond while the script runs, and may take long. An error ends the script, and is
	// the reply.
	Tick() error
}

// The levels of redis.log.
const (
	LogDebug = iota
	LogVerbose
	LogNotice
	LogWarning
)

// Options are what the server decides for all scripts.
type Options struct {
	// Memory is by how many bytes the heap of the process may grow while a script runs; 0 for DefaultMemory.
	Memory int64
	// Deprecated adds getfenv, setfenv and newproxy to the globals: lua-enable-deprecated-api.
	Deprecated bool
	// Version is the server's, as in redis.REDIS_VERSION: "7.4.1".
	Version string
}

// DefaultMemory is Options.Memory where nothing is given.
const DefaultMemory = 256 << 20

// Run is one run of a script or of a function.
type Run struct {
	Script *Script // what EVAL runs; nil for a function
	// Library and Function say what FCALL runs. The VM runs the body of the library first if it does not know it yet.
	Library  *Library
	Function string

	Keys, Args [][]byte // only read before the first Tick
}

// Outcome says how a run ended, for statistics.
type Outcome uint8

// The ends of a run.
const (
	Done    Outcome = iota
	Failed          // the reply is an error
	Counted         // the reply is the error of a command of the script, which the host has counted before
)
