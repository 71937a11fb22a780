package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// maxArray is up to where an index belongs to the array of a table. Gopher-lua grows the array to any index below it, empty or not, so that
// by default t[6e7]=1 takes a gigabyte. What is beyond is kept like a string, and costs what a string costs.
const maxArray = 1 << 20

// element reads t[i].
func element(t *lua.LTable, i int) lua.LValue {
	if i < maxArray {
		return t.RawGetInt(i)
	}
	return t.RawGet(lua.LNumber(i))
}

// setElement sets t[i].
func setElement(t *lua.LTable, i int, v lua.LValue) { t.RawSetInt(i, v) }

// nearby is how far behind a border "#" looks for more elements.
const nearby = 8

// tableLength is "#" of a table. Where there are holes, Lua answers one of the places before them, and which one depends on how the
// table came to be; mostly it is the last one. So if there is something behind the first border that is found, we let
// gopher-lua look for the last. It walks from the end of its array, which takes long after many elements were removed there.
func tableLength(t *lua.LTable) int {
	low, high := 0, 1
	for element(t, high) != lua.LNil {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; element(t, mid) == lua.LNil {
			high = mid
		} else {
			low = mid
		}
	}
	for i := high + 1; i < high+nearby; i++ {
		if element(t, i) != lua.LNil {
			return max(low, t.Len())
		}
	}
	return low
}
