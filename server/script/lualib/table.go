package lualib

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

func (s *library) openTable(L *lua.LState) {
	module(L, "table", map[string]lua.LGFunction{
		"concat": tableConcat, "foreach": forEach, "foreachi": forEachIndex, "getn": getN, "insert": tableInsert, "maxn": maxN,
		"remove": tableRemove, "setn": setN, "sort": tableSort,
	})
}

func tableConcat(L *lua.LState) int {
	t := checkTable(L, 1)
	separator := optString(L, 2, "")
	i := optInt(L, 3, 1)
	last := 0
	if absent(L, 4) {
		last = tableLength(t)
	} else {
		last = checkInt(L, 4)
	}
	var out []byte
	for ; i <= last; i++ {
		v := t.RawGet(lua.LNumber(i))
		if !isString(v) {
			raise(L, "invalid value ("+v.Type().String()+") at index "+strconv.Itoa(i)+" in table for 'concat'")
		}
		out = appendString(out, v)
		if i < last {
			out = append(out, separator...)
		}
		checkSize(L, len(out))
	}
	L.Push(lua.LString(out))
	return 1
}

func getN(L *lua.LState) int {
	L.Push(lua.LNumber(tableLength(checkTable(L, 1))))
	return 1
}

func setN(L *lua.LState) int {
	checkTable(L, 1)
	raise(L, "'setn' is obsolete")
	return 0
}

func maxN(L *lua.LState) int {
	t := checkTable(L, 1)
	most := lua.LNumber(t.MaxN())
	t.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); ok && n > most {
			most = n
		}
	})
	L.Push(most)
	return 1
}

func tableInsert(L *lua.LState) int {
	t := checkTable(L, 1)
	end := tableLength(t) + 1
	switch L.GetTop() {
	case 2:
		setElement(t, end, L.Get(2))
		return 0
	case 3:
	default:
		raise(L, "wrong number of arguments to 'insert'")
	}
	pos := checkInt(L, 2)
	for i := max(end, pos); i > pos; i-- {
		setElement(t, i, t.RawGet(lua.LNumber(i-1)))
		tickEvery(L, i)
	}
	setElement(t, pos, L.Get(3))
	return 0
}

// tickEvery ticks now and then in a loop over i.
func tickEvery(L *lua.LState, i int) {
	if i%stepsPerTick == 0 {
		tick(L)
	}
}

func tableRemove(L *lua.LState) int {
	t := checkTable(L, 1)
	end := tableLength(t)
	pos := optInt(L, 2, end)
	if pos < 1 || pos > end {
		return 0
	}
	L.Push(element(t, pos))
	for ; pos < end; pos++ {
		setElement(t, pos, element(t, pos+1))
		tickEvery(L, pos)
	}
	setElement(t, end, lua.LNil)
	return 1
}

func forEach(L *lua.LState) int {
	t, fn := checkTable(L, 1), checkFunction(L, 2)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if result := call(L, fn, k, v); result != lua.LNil {
			L.Push(result)
			return 1
		}
	}
	return 0
}

func forEachIndex(L *lua.LState) int {
	t, fn := checkTable(L, 1), checkFunction(L, 2)
	for i, n := 1, tableLength(t); i <= n; i++ {
		if result := call(L, fn, lua.LNumber(i), element(t, i)); result != lua.LNil {
			L.Push(result)
			return 1
		}
	}
	return 0
}
