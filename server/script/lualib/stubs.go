package lualib

import lua "github.com/yuin/gopher-lua"

func (s *library) openStruct(L *lua.LState)   {}
func (s *library) openCJSON(L *lua.LState)    {}
func (s *library) openCMsgpack(L *lua.LState) {}
