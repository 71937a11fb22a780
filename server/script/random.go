package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// random is the generator of math.random: the 48-bit linear congruential one of lrand48, as Redis has it, so that a
// script which seeds it sees the numbers it is used to.
type random uint64

func (r *random) seed(n int32) { *r = random(uint64(uint32(n))<<16 | 0x330e) }

// next returns 31 random bits.
func (r *random) next() int64 {
	*r = (*r*0x5deece66d + 0xb) & (1<<48 - 1)
	return int64(*r >> 17)
}

// float returns a number from 0 up to, but not including, 1.
func (r *random) float() float64 { return float64(r.next()%math.MaxInt32) / math.MaxInt32 }

// openMath sets math.random and math.randomseed.
func (vm *VM) openMath(l *lua.LState) {
	t, ok := l.GetGlobal("math").(*lua.LTable)
	if !ok {
		return
	}
	t.RawSetString("random", l.NewFunction(vm.mathRandom))
	t.RawSetString("randomseed", l.NewFunction(vm.mathSeed))
}

func (vm *VM) mathRandom(l *lua.LState) int {
	f := vm.random.float()
	switch l.GetTop() {
	case 0:
		l.Push(lua.LNumber(f))
	case 1:
		high := checkInt(l, 1, "random")
		if high < 1 {
			argError(l, 1, "random", "interval is empty")
		}
		l.Push(lua.LNumber(math.Floor(f*float64(high)) + 1))
	case 2:
		low, high := checkInt(l, 1, "random"), checkInt(l, 2, "random")
		if low > high {
			argError(l, 2, "random", "interval is empty")
		}
		l.Push(lua.LNumber(math.Floor(f*float64(high-low+1)) + float64(low)))
	default:
		l.RaiseError("wrong number of arguments")
	}
	return 1
}

func (vm *VM) mathSeed(l *lua.LState) int {
	vm.random.seed(int32(checkInt(l, 1, "randomseed")))
	return 0
}

// checkInt returns an argument as C's int, which is what Lua makes of it here.
func checkInt(l *lua.LState, n int, name string) int {
	if f, ok := asNumber(l.Get(n)); ok {
		return int(int32(toInt64(f)))
	}
	got := l.Get(n).Type().String()
	if n > l.GetTop() {
		got = "no value"
	}
	argError(l, n, name, "number expected, got "+got)
	return 0
}

func argError(l *lua.LState, n int, name, what string) {
	l.RaiseError("bad argument #%d to '%s' (%s)", n, name, what)
}

// toInt64 converts a number as a processor of Redis does: what does not fit is the least integer.
func toInt64(f float64) int64 {
	if f >= -(1<<63) && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}
