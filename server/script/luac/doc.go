// Package luac reads Lua 5.1 and compiles it for gopher-lua.
//
// Gopher-lua has a parser of its own, but what it refuses it refuses in its own words, it takes no care of how deep its
// input nests, reads 010 as 8, knows goto, and lets the function in "local f = function" see f. This one is a
// recursive descent like Lua's, with Lua's limits and Lua's error texts. It makes gopher-lua's syntax tree and leaves the
// code generation to gopher-lua.
//
// # What is compiled differently
//
// Some operators cannot be left to gopher-lua's virtual machine, since it formats, converts or measures differently
// from Lua: "..", "#" and the bounds of a numeric for. They become calls of the functions in Hooks, which are constants of
// the prototypes: no name leads to them and no script can replace them. A constructor that is too long for
// gopher-lua's code becomes several, put together by a hook.
//
// # Names for error texts
//
// Lua says "attempt to index field 'x' (a nil value)", gopher-lua does not know the name. The parser does. It gives every
// expression that may fail a number, kept in the upper half of its line, and when the code exists the numbers are taken
// out of the table of lines again, and in the place of DbgLocals, which gopher-lua only uses for its debug library,
// the prototype gets the names of the operands of each instruction. Names reads them.
package luac
