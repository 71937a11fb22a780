// Package lualib is the Lua 5.1 of Redis scripts on gopher-lua: the standard libraries, cjson, cmsgpack, struct and bit,
// a compiler front with Lua's own error texts, and protected calls.
//
// Gopher-lua differs from Lua 5.1 in number formatting, in coercion of strings to numbers, in error texts and in what a
// caught error does to the variables of closures. A script that is compiled with Compile, runs in a state prepared by Open
// and is entered through Call sees none of these differences.
package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// Options bound what a script may ask of one library call.
type Options struct {
	// MaxString is the longest string a library function or a concatenation makes. Zero means 512 MiB.
	MaxString int
}

// Open sets the standard libraries, cjson, cmsgpack, struct and bit in the globals of L. It sets no random functions, no
// redis table and nothing that reaches outside the process except os.clock.
func Open(L *lua.LState, opt Options) {
}

// Compile compiles source, which errors name as chunk, to a prototype that any number of states may share. The error's text is that
// of Lua 5.1: "chunk:line: what near 'token'".
func Compile(source, chunk string) (*lua.FunctionProto, error) {
	return nil, nil
}

// Fault is an error that ended a protected call.
type Fault struct {
	Value  lua.LValue // what was thrown: a string, a table, anything
	Source string     // the chunk that was running when it was thrown, "" when it was no Lua function
	Line   int        // the line in it, 0 when not known
}

// Error is the text of the value.
func (f *Fault) Error() string { return f.Value.String() }

// Call calls fn with args in L and gives its results, or the Fault that ended it. Errors that the virtual machine itself throws have
// the texts of Lua 5.1.
func Call(L *lua.LState, fn *lua.LFunction, args ...lua.LValue) ([]lua.LValue, *Fault) {
	return nil, nil
}
