package lualib

import (
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// openMath sets the math library, without random and randomseed: those belong to the owner of the state.
func openMath(L *lua.LState) {
	functions := map[string]lua.LGFunction{
		"abs": of1(math.Abs), "acos": of1(math.Acos), "asin": of1(math.Asin), "atan": of1(math.Atan), "ceil": of1(math.Ceil),
		"cos": of1(math.Cos), "cosh": of1(math.Cosh), "exp": of1(math.Exp), "floor": of1(math.Floor), "log": of1(math.Log),
		"log10": of1(math.Log10), "sin": of1(math.Sin), "sinh": of1(math.Sinh), "sqrt": of1(math.Sqrt), "tan": of1(math.Tan),
		"tanh": of1(math.Tanh), "atan2": of2(math.Atan2), "fmod": of2(math.Mod), "pow": of2(math.Pow),
		"deg":   of1(func(f float64) float64 { return f / (math.Pi / 180) }),
		"rad":   of1(func(f float64) float64 { return f * (math.Pi / 180) }),
		"frexp": frexp, "ldexp": ldexp, "max": mathMax, "min": mathMin, "modf": modf,
	}
	t := module(L, "math", functions)
	t.RawSetString("mod", t.RawGetString("fmod"))
	t.RawSetString("pi", lua.LNumber(math.Pi))
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
}

// invalid gives what is not a number, and does not come from something that was none, the sign that it has on Intel's processors:
// scripts see it in tostring.
func invalid(f float64, from ...float64) float64 {
	if f == f {
		return f
	}
	for _, x := range from {
		if x != x {
			return x
		}
	}
	return math.Copysign(math.NaN(), -1)
}

// of1 makes a function of a number.
func of1(fn func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkNumber(L, 1)
		L.Push(lua.LNumber(invalid(fn(x), x)))
		return 1
	}
}

// of2 makes a function of two numbers.
func of2(fn func(x, y float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x, y := checkNumber(L, 1), checkNumber(L, 2)
		L.Push(lua.LNumber(invalid(fn(x, y), x, y)))
		return 1
	}
}

func frexp(L *lua.LState) int {
	fraction, exponent := math.Frexp(checkNumber(L, 1))
	L.Push(lua.LNumber(fraction))
	L.Push(lua.LNumber(exponent))
	return 2
}

func ldexp(L *lua.LState) int {
	x := checkNumber(L, 1)
	L.Push(lua.LNumber(math.Ldexp(x, checkInt(L, 2))))
	return 1
}

func modf(L *lua.LState) int {
	x := checkNumber(L, 1)
	whole := math.Trunc(x)
	fraction := math.Copysign(x-whole, x)
	if math.IsInf(x, 0) {
		fraction = math.Copysign(0, x)
	}
	if x != x {
		whole, fraction = x, x
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(fraction))
	return 2
}

func mathMax(L *lua.LState) int { return extreme(L, func(x, best float64) bool { return x > best }) }

func mathMin(L *lua.LState) int { return extreme(L, func(x, best float64) bool { return x < best }) }

func extreme(L *lua.LState, better func(x, best float64) bool) int {
	best := checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if x := checkNumber(L, i); better(x, best) {
			best = x
		}
	}
	L.Push(lua.LNumber(best))
	return 1
}

// openOS sets os.clock, the only function of that library that scripts have.
func openOS(L *lua.LState) {
	began := time.Now()
	module(L, "os", map[string]lua.LGFunction{"clock": func(L *lua.LState) int {
		L.Push(lua.LNumber(time.Since(began).Seconds()))
		return 1
	}})
}
