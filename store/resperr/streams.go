package resperr

// Streams.
const (
	StreamIDInvalid       Error = "ERR Invalid stream ID specified as stream command argument"
	StreamIDTooSmall      Error = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	StreamIDZero          Error = "ERR The ID specified in XADD must be greater than 0-0"
	StreamExhausted       Error = "ERR The stream has exhausted the last possible ID, unable to add more items"
	StreamTooLarge        Error = "ERR Elements are too large to be stored"
	StreamRangeStart      Error = "ERR invalid start ID for the interval"
	StreamRangeEnd        Error = "ERR invalid end ID for the interval"
	StreamTwoTrims        Error = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	StreamMaxLen          Error = "ERR The MAXLEN argument must be >= 0."
	StreamLimit           Error = "ERR The LIMIT argument must be >= 0."
	StreamLimitAlone      Error = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	StreamLimitExact      Error = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	StreamNoTrim          Error = "ERR syntax error, XTRIM must be called with a trimming strategy"
	StreamXreadGroup      Error = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	StreamXreadNoAck      Error = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	StreamXreadNew        Error = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
	StreamNoGroupOption   Error = "ERR Missing GROUP option for XREADGROUP"
	StreamGroupDollar     Error = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
	StreamGroupPlus       Error = "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set."
	StreamGroupExists     Error = "BUSYGROUP Consumer Group name already exists"
	StreamGroupNeedsKey   Error = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	StreamEntriesRead     Error = "ERR value for ENTRIESREAD must be positive or -1"
	StreamEntriesAdded    Error = "ERR entries_added must be positive"
	StreamSetIDTop        Error = "ERR The ID specified in XSETID is smaller than the target stream top item"
	StreamSetIDLength     Error = "ERR The entries_added specified in XSETID is smaller than the target stream length"
	StreamSetIDDeleted    Error = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
	StreamSetIDOwnDeleted Error = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
	StreamClaimMinIdle    Error = "ERR Invalid min-idle-time argument for XCLAIM"
	StreamClaimIdle       Error = "ERR Invalid IDLE option argument for XCLAIM"
	StreamClaimTime       Error = "ERR Invalid TIME option argument for XCLAIM"
	StreamClaimRetry      Error = "ERR Invalid RETRYCOUNT option argument for XCLAIM"
	StreamAutoclaimIdle   Error = "ERR Invalid min-idle-time argument for XAUTOCLAIM"
	StreamAutoclaimCount  Error = "ERR COUNT must be > 0"
)

// StreamUnbalanced refuses a list of streams without an ID for each key; cmd is the lower-case command name and
// symbol the special ID it could have had.
func StreamUnbalanced(cmd, symbol string) Error {
	return New("Unbalanced '" + cmd + "' list of streams: for each stream key an ID or '" + symbol + "' must be specified.")
}

// StreamNoGroup says that a key or its consumer group does not exist.
func StreamNoGroup(key, group []byte) Error {
	return Error("NOGROUP No such key '" + string(key) + "' or consumer group '" + string(group) + "'")
}

// StreamNoGroupToRead is what XREADGROUP says of a key or group that does not exist.
func StreamNoGroupToRead(key, group []byte) Error {
	return StreamNoGroup(key, group) + " in XREADGROUP with GROUP option"
}

// StreamNoGroupOfKey says that a key that exists has no such consumer group.
func StreamNoGroupOfKey(key, group []byte) Error {
	return Error("NOGROUP No such consumer group '" + string(group) + "' for key name '" + string(key) + "'")
}

// StreamClaimOption names an option that XCLAIM does not know.
func StreamClaimOption(option []byte) Error {
	return New("Unrecognized XCLAIM option '" + string(option) + "'")
}

// SubcommandSyntax refuses the arguments of a subcommand that is named as in the request; container is in upper case.
func SubcommandSyntax(sub []byte, container string) Error {
	return New("unknown subcommand or wrong number of arguments for '" + clip(string(sub), 128) + "'. Try " + container + " HELP.")
}
