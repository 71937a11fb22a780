// Package reactor serves byte streams: it accepts connections, reads, writes, and tells a Handler. It knows no command and no protocol.
//
// # Terminology
//
// A Group is a number of Loops. A Loop is one goroutine that owns connections: every method of the Handler, for a connection, runs on the
// goroutine of its loop, so a handler needs no lock for what belongs to a connection or to a loop. A transport is what moves the bytes:
//
//	socket  a non-blocking descriptor in the loop's epoll set (Linux; TCP and Unix sockets)
//	pipe    any net.Conn, with one goroutine that reads and one that writes (TLS, in-process connections, systems without epoll)
//
// Both behave alike towards the handler; only the socket is fast. The build tag noepoll leaves the socket out on Linux too, so that the tests
// can be run on what other systems get.
//
// # How a loop turns
//
//	wait for descriptors or the queue → run the queue → read and Data, write → write what the queue produced → tick, ten times a second
//
// Other goroutines reach a connection through the queue of its loop only (Post, Push, PushAll, Resume, Kill); a loop that sleeps is woken
// through an eventfd, a loop that is awake is not. What the queue produced is written to some connections each turn, so that a message to a
// thousand of them does not keep the others waiting; what comes for them meanwhile goes out in the same write.
//
// Listening sockets are watched by one loop each, which hands every new connection to the loop that has the fewest. A listener per loop with
// SO_REUSEPORT would spread by hash, so unevenly (50 clients on two loops may well be 30 and 20), loses the connections in the backlog of a
// loop that goes away, and does not exist for Unix sockets.
//
// Before it sleeps, a loop yields the processor once and looks again; see pollAfterYield.
//
// # Buffers
//
// The read buffer and the reply buffer belong to the loop and are lent to a connection for the time of a call. A connection has memory of its
// own only while it has unfinished input or unsent output. An idle one costs its Conn and its table entry: well under 1 KiB.
//
// # Guarantees
//
//   - Commands that arrived before the peer shut down its side are offered, and their replies written, before the connection is closed.
//   - A connection is forgotten by its loop before its descriptor is closed, since the kernel gives the number away at once.
//   - A write that would block waits for writability; a loop never waits for one peer.
//   - Unsent output is bounded by SetOutputLimits, unread input by Options.InputLimit; the connection that exceeds one is closed. What PushAll
//     sends to many is held once, however many of them are slow.
//   - Running out of descriptors stops accepting until the next tick; it does not spin.
//
// It does not limit the number of connections, close idle ones, or authenticate anybody: that is the handler's.
package reactor
