package resperr

// Scripts and functions.
const (
	BusyScript   Error = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	BusyFunction Error = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	NotBusy      Error = "NOTBUSY No scripts in execution right now."
	Unkillable   Error = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	ScriptKilled Error = "ERR Error running script: Script killed by user with SCRIPT KILL."
)
