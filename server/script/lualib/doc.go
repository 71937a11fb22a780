// Package lualib is the Lua 5.1 of Redis scripts on gopher-lua: the standard libraries, cjson, cmsgpack, struct and bit, a
// compiler with Lua's own error texts, and protected calls.
//
// Gopher-lua differs from Lua 5.1 in how it writes and reads numbers, in what "#" says of a table with holes, in nearly all error
// texts, and in what a caught error does to the variables that closures share. A script that is compiled with Compile, runs
// in a state prepared by Open and is entered through Call sees none of this.
//
// # Protected calls
//
// When gopher-lua throws an error it cuts every closure of every active function off the variables it shares with that
// function, also of the functions that go on behind the pcall. So each protected call gets a thread of its own, with a stack of its
// own: only what is thrown away is cut off. The threads are kept for the next call. A panic of gopher-lua itself becomes an error
// there too, and its error texts become Lua's: fault.go looks up what the instruction that failed was about.
//
// # Bounds
//
// No function makes a string longer than Options.MaxString; what it makes is measured before it is allocated. What
// takes time in proportion to what a script chose looks at the context of the state as the machine does for every
// instruction, so a script that is ended does not have to be waited for.
//
// # Differences from Lua 5.1
//
// The remainder a%b is that of C's fmod with the sign of b, where Lua calculates a-floor(a/b)*b: the results differ where a/b has no
// exact floor, and for an infinite b. A zero that arithmetic yields has no sign. The order in which pairs visits fields is that of their insertion. A function needs
// registers for its locals and temporary values, and has 200 where Lua has 250. The collector is Go's: collectgarbage
// measures and does nothing else. What "#" says of a table with
// holes is one of the places before them, not always the one that Lua names.
package lualib
