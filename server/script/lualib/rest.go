package lualib

import lua "github.com/yuin/gopher-lua"

// The libraries that gopher-lua brings. Whoever writes one of our own takes its function out of this file.

func (s *library) openString(L *lua.LState)   { open(L, "string", lua.OpenString) }
func (s *library) openTable(L *lua.LState)    { open(L, "table", lua.OpenTable) }
func openMath(L *lua.LState)                  { open(L, "math", lua.OpenMath) }
func openOS(L *lua.LState)                    {}
func openBit(L *lua.LState)                   {}
func (s *library) openStruct(L *lua.LState)   {}
func (s *library) openCJSON(L *lua.LState)    {}
func (s *library) openCMsgpack(L *lua.LState) {}

func open(L *lua.LState, name string, fn lua.LGFunction) {
	globals, registry := L.G.Global, L.G.Registry
	L.G.Registry = L.CreateTable(0, 0)
	fn(L)
	L.G.Global, L.G.Registry = globals, registry
	L.SetTop(0)
}
