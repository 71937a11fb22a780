// Package resp parses the requests of RESP clients: multibulk commands and inline lines.
//
// A Parser is offered the unread bytes of one connection and yields commands whose arguments are slices into those bytes. It keeps no copy
// of anything: between two calls it remembers a few offsets, so that a command arriving in pieces is scanned once, whatever the pieces are.
//
//	Multibulk: | '*' count CRLF | '$' length CRLF bytes CRLF | … count times |
//	Inline:    | word blank word … LF |   (the line does not start with '*'; CR before LF is dropped)
//
// # Guarantees
//
//   - No input panics, recurses or makes the parser reserve memory: a count or length is believed only when its bytes are there.
//   - A command is yielded only when it is complete; what precedes a malformed command is yielded first.
//   - A multibulk command, or an inline line without quotes, costs no allocation as long as the caller's argument slice has room.
//
// # Limits
//
// They are those of Redis 7, as are the texts of the errors: a line (inline, count or length) of 64 KiB, an argument of
// proto-max-bulk-len, 10 arguments of 16 KiB before authentication.
//
// # Differences from Redis
//
//   - A NUL byte in a line is a byte like any other. Redis stops looking for the end of the line there and lets the client wait.
//   - The 64 KiB limit of a line does not depend on how it was cut by the network: a line with its end beyond it is always refused.
package resp
