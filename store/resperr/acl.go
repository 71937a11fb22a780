package resperr

import "strings"

// Rules of users. They are parts of other texts, without a code.
const (
	ACLSyntax           Error = "Syntax error"
	ACLUnknownCommand   Error = "Unknown command or category name in ACL"
	ACLFirstArgOfSub    Error = "Allowing first-arg of a subcommand is not supported"
	ACLKeysAfterAll     Error = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
	ACLChannelsAfterAll Error = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
	ACLHash             Error = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
	ACLNoSuchPassword   Error = "The password you are trying to remove from the user does not exist"
	ACLFileLine         Error = "should start with user keyword followed by the username"
)

// Users and what they may do. Where the texts of Redis 7.0 and 7.4 differ, those about keys and channels are of 7.0, since
// tests of clients look for them, and those about commands of 7.4, which name the user.
const (
	ACLUserName      Error = "ERR Usernames can't contain spaces or null characters"
	ACLDeleteDefault Error = "ERR The 'default' user cannot be removed"
	ACLGenPass       Error = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"
	ACLNoFile        Error = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
	ACLSaveFailed    Error = "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
	NoPermKey        Error = "NOPERM this user has no permissions to access one of the keys used as arguments"
	NoPermChannel    Error = "NOPERM this user has no permissions to access one of the channels used as arguments"
	SortByDenied     Error = "ERR BY option of SORT denied due to insufficient ACL permissions."
	SortGetDenied    Error = "ERR GET option of SORT denied due to insufficient ACL permissions."
)

// NoPermCommand refuses a command, named in full, to a user.
func NoPermCommand(user, cmd string) Error {
	return Error("NOPERM User " + clip(user, 128) + " has no permissions to run the '" + cmd + "' command")
}

// NoPermInScript refuses a command to a script, for a reason that begins with NOPERM.
func NoPermInScript(why error) Error {
	return Error("NOPERM ACL failure in script: " + strings.TrimPrefix(why.Error(), "NOPERM "))
}

// NoPermInExec refuses a command that was allowed when it was queued.
func NoPermInExec(why string) Error {
	return Error("NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: " + why)
}

// ACLRule refuses a rule of ACL SETUSER.
func ACLRule(rule string, why error) Error {
	return New("Error in ACL SETUSER modifier '" + rule + "': " + why.Error())
}

// ACLUnmatched names a selector that is not closed.
func ACLUnmatched(rule string) Error {
	return New("Unmatched parenthesis in acl selector starting at '" + rule + "'.")
}

// ACLFileName, ACLFileDuplicate and ACLFileRule are what may be wrong with a line of an ACL file.
func ACLFileName(name string) Error {
	return Error("username '" + name + "' contains invalid characters")
}

// ACLFileDuplicate names a user that an ACL file has twice.
func ACLFileDuplicate(name string) Error { return Error("Duplicate user '" + name + "' found") }

// ACLFileRule names a rule of an ACL file that is refused.
func ACLFileRule(rule string, why error) Error {
	return Error("Error in applying operation '" + rule + "': " + why.Error())
}

// NoSuchUser and NoSuchCommand are answers of ACL DRYRUN.
func NoSuchUser(name string) Error { return New("User '" + name + "' not found") }

// NoSuchCommand names a command that does not exist.
func NoSuchCommand(name string) Error { return New("Command '" + name + "' not found") }

// ACLCategory names a category that does not exist.
func ACLCategory(name string) Error { return New("Unknown category '" + name + "'") }

// ACLNotLoaded says why an ACL file was not loaded.
func ACLNotLoaded(why string) Error {
	return New(why + ". WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
}
