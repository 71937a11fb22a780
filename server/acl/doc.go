// Package acl says who may do what: users, the rules that describe them, the check of a command, and the log of what
// was refused. It follows the rules of Redis 7.4 and knows commands, keys and channels only as it is told about them: a
// Table at the start, a Call for each check.
//
// # Terms
//
// A user has passwords and one or more selectors. A selector is a set of commands, of patterns of keys with an access to
// each, and of patterns of channels. A call is allowed if one selector alone allows all of it: permissions of different
// selectors do not add up. The first selector is the one that rules outside of parentheses change.
//
// A rule is one word of ACL SETUSER or of a line in an ACL file, such as on, >password, ~key:*, +get, -@write or
// (+get ~other:*). Rules apply from left to right.
//
// # Sharing
//
// What rules make of a user is a Rules, which never changes: another one takes its place. Any goroutine may read it,
// and sees the user before a change or after it, never half of it. A *User stays the same as long as the user exists,
// so a connection keeps it; it says at any time what is allowed now. A user who is deleted is allowed nothing from that
// moment, also where a connection still has it.
//
// # Descriptions
//
// The text of a user (ACL LIST, ACL GETUSER, ACL SAVE) gives the same user when it is read again. Rules about commands are
// kept in the order in which they were given, without those that a later one replaces, behind +@all or -@all.
//
// # Differences
//
// From Redis 7.4:
//
//   - sanitize-payload is shown of a user only where it was said: so did 7.0, and so its tests have it;
//   - to allow a command where all are allowed leaves no rule behind;
//   - a default user that an ACL file does not mention has the password of the settings, and not none;
//   - what ACL LOG shows of a key, a channel or a name is cut at 4096 bytes.
//
// Of Dragonfly's own rules $all is understood, the others ($1, namespace:name) are mistakes.
package acl
