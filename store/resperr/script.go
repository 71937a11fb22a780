package resperr

// Scripts and functions.
const (
	BusyScript   Error = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	BusyFunction Error = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	NotBusy      Error = "NOTBUSY No scripts in execution right now."
	Unkillable   Error = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	ScriptKilled Error = "ERR Script killed by user with SCRIPT KILL..."

	ScriptUnknownCommand Error = "ERR Unknown Redis command called from script"
	ScriptWrongArgs      Error = "ERR Wrong number of args calling Redis command from script"
	NotFromScript        Error = "ERR This Redis command is not allowed from script"
	WriteFromReadOnly    Error = "ERR Write commands are not allowed from read-only scripts."
	ScriptWritesReadOnly Error = "ERR Can not execute a script with write flag using *_ro command."
	ScriptOOM            Error = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
	InvalidCommand       Error = "ERR Invalid command passed to redis.acl_check_cmd()"
	UndeclaredKey        Error = "ERR script tried accessing undeclared key"
)

// Scripts that do not compile, and their first lines.
const (
	ScriptShebang Error = "ERR Invalid script shebang"
	NoScript      Error = "NOSCRIPT No matching script. Please use EVAL."
	ScriptMemory  Error = "ERR not enough memory"

	NumKeysNegative   Error = "ERR Number of keys can't be negative"
	ScriptFlushOption Error = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
	ScriptDebugSyntax Error = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
	ScriptNoDebugger  Error = "ERR There is no debugger for scripts"
)

// BlockFromScript refuses the option BLOCK of a command.
func BlockFromScript(name string) Error {
	return New(name + " command is not allowed with BLOCK option from scripts")
}

// ScriptCompile says why a script does not compile.
func ScriptCompile(err error) Error {
	return New("Error compiling script (new function): " + err.Error())
}

// ScriptEngine refuses a first line that names something else than Lua.
func ScriptEngine(word string) Error { return New("Unexpected engine in script shebang: " + word) }

// ScriptOption refuses an unknown option in the first line.
func ScriptOption(word string) Error { return New("Unknown lua shebang option: " + word) }

// ScriptFlag refuses an unknown flag in the first line.
func ScriptFlag(name string) Error { return New("Unexpected flag in script shebang: " + name) }

// ScriptDragonflyFlag refuses an unknown flag of Dragonfly's.
func ScriptDragonflyFlag(name string) Error { return New("Invalid config format: " + name) }

// Function libraries that do not load.
const (
	NoFunctions      Error = "ERR No functions registered"
	FunctionTimeout  Error = "ERR FUNCTION LOAD timeout"
	FunctionNotFound Error = "ERR Function not found"
	LibraryNoName    Error = "ERR Library name was not given"
	LibraryTwoNames  Error = "ERR Invalid metadata value, name argument was given multiple times"
	LibraryBadName   Error = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
	LibraryNoHeader  Error = "ERR Missing library metadata"
	LibraryHeader    Error = "ERR Invalid library metadata"
)

// FunctionCompile says why a library does not compile.
func FunctionCompile(err error) Error { return New("Error compiling function: " + err.Error()) }

// FunctionRegister says what ended the body of a library.
func FunctionRegister(text string) Error { return New("Error registering functions: " + text) }

// LibraryEngine refuses a library in another language.
func LibraryEngine(name string) Error { return New("Engine '" + name + "' not found") }

// LibraryMetadata refuses an unknown word in the first line of a library.
func LibraryMetadata(word string) Error { return New("Invalid metadata value given: " + word) }

// Function libraries and their commands.
const (
	LibraryNotFound       Error = "ERR Library not found"
	LibraryNameMissing    Error = "ERR library name argument was not given"
	FunctionNumKeys       Error = "ERR Bad number of keys provided"
	FunctionFlushOption   Error = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
	FunctionRestorePolicy Error = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
	FunctionPayload       Error = "ERR DUMP payload version or checksum are wrong"
	FunctionPayloadFailed Error = "ERR failed loading functions payload"
)

// FunctionBroken is FunctionNotFound where a library seems to have the function, but came with a snapshot and cannot be run here.
func FunctionBroken(library string) Error {
	return FunctionNotFound + Error("; library '"+library+"' of the snapshot cannot be run here")
}

// LibraryExists refuses a second library of a name.
func LibraryExists(name string) Error { return New("Library '" + name + "' already exists") }

// LibraryThere is LibraryExists as FUNCTION RESTORE puts it.
func LibraryThere(name string) Error { return New("Library " + name + " already exists") }

// FunctionExists refuses a second function of a name.
func FunctionExists(name string) Error { return New("Function " + name + " already exists") }

// FunctionLoadOption refuses an unknown option of FUNCTION LOAD.
func FunctionLoadOption(word string) Error { return New("Unknown option given: " + word) }

// FunctionListOption refuses an unknown option of FUNCTION LIST.
func FunctionListOption(word string) Error { return New("Unknown argument " + word) }
