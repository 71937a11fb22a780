package lualib

import (
	"fmt"
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// openBit sets the library bit: operations on the low 32 bits of numbers.
func openBit(L *lua.LState) {
	module(L, "bit", map[string]lua.LGFunction{
		"tobit":   bitwise(func(x uint32) uint32 { return x }),
		"bnot":    bitwise(func(x uint32) uint32 { return ^x }),
		"bswap":   bitwise(bits.ReverseBytes32),
		"band":    folded(func(x, y uint32) uint32 { return x & y }),
		"bor":     folded(func(x, y uint32) uint32 { return x | y }),
		"bxor":    folded(func(x, y uint32) uint32 { return x ^ y }),
		"lshift":  shifted(func(x uint32, n int) uint32 { return x << n }),
		"rshift":  shifted(func(x uint32, n int) uint32 { return x >> n }),
		"arshift": shifted(func(x uint32, n int) uint32 { return uint32(int32(x) >> n) }),
		"rol":     shifted(bits.RotateLeft32),
		"ror":     shifted(func(x uint32, n int) uint32 { return bits.RotateLeft32(x, -n) }),
		"tohex":   toHex,
	})
}

// checkBits returns the low 32 bits of an argument, rounded to an integer. Adding 2^52+2^51 moves them to the end of the
// mantissa; of numbers from 2^51 on, other bits are there, and the library has always taken those.
func checkBits(L *lua.LState, n int) uint32 {
	return uint32(math.Float64bits(checkNumber(L, n) + (1<<52 + 1<<51)))
}

func pushBits(L *lua.LState, x uint32) int {
	L.Push(lua.LNumber(int32(x)))
	return 1
}

func bitwise(fn func(uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int { return pushBits(L, fn(checkBits(L, 1))) }
}

// folded makes a function of any number of arguments.
func folded(fn func(x, y uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkBits(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			x = fn(x, checkBits(L, i))
		}
		return pushBits(L, x)
	}
}

// shifted makes a function that shifts by the low five bits of its second argument.
func shifted(fn func(x uint32, n int) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkBits(L, 1)
		return pushBits(L, fn(x, int(checkBits(L, 2)&31)))
	}
}

// toHex shows the last digits of a number: eight, or as many as the second argument says, in upper case if that is negative.
func toHex(L *lua.LState) int {
	x := checkBits(L, 1)
	n, form := int32(8), "%08x"
	if !absent(L, 2) {
		n = int32(checkBits(L, 2))
	}
	if n < 0 {
		n, form = -n, "%08X"
	}
	if n < 0 || n > 8 {
		n = 8
	}
	text := fmt.Sprintf(form, x)
	L.Push(lua.LString(text[len(text)-int(n):]))
	return 1
}
