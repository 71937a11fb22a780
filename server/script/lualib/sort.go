package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// sorter sorts a table as Lua does: with a quicksort around the median of three, of which the order of the comparisons can be seen by the
// function that compares, and which may find out that this function is no order.
type sorter struct {
	L    *lua.LState
	t    *lua.LTable
	less lua.LValue // nil for the order of "<"
	n    int        // comparisons
}

func tableSort(L *lua.LState) int {
	s := sorter{L: L, t: checkTable(L, 1)}
	n := tableLength(s.t)
	if !absent(L, 2) {
		s.less = checkFunction(L, 2)
	}
	L.SetTop(2)
	s.sort(1, n)
	return 0
}

func (s *sorter) get(i int) lua.LValue { return element(s.t, i) }

func (s *sorter) swap(i, j int, a, b lua.LValue) {
	setElement(s.t, i, b)
	setElement(s.t, j, a)
}

// before tells whether a belongs before b.
func (s *sorter) before(a, b lua.LValue) bool {
	s.n++
	tickEvery(s.L, s.n)
	if s.less != nil {
		return lua.LVAsBool(call(s.L, s.less, a, b))
	}
	return lessThan(s.L, a, b)
}

// lessThan is "<".
func lessThan(L *lua.LState, a, b lua.LValue) bool {
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			return x < y
		}
	default:
		fn := L.GetMetaField(a, "__lt")
		if a.Type() == b.Type() && fn != lua.LNil && L.RawEqual(fn, L.GetMetaField(b, "__lt")) {
			return lua.LVAsBool(call(L, fn, a, b))
		}
	}
	throw(L, lua.LString(cannotCompare(a.Type().String(), b.Type().String())))
	return false
}

// sort sorts the elements from low to high.
func (s *sorter) sort(low, high int) {
	for low < high {
		if a, b := s.get(low), s.get(high); s.before(b, a) {
			s.swap(low, high, a, b)
		}
		if high-low == 1 {
			return
		}
		mid := low + (high-low)/2
		if a, b := s.get(mid), s.get(low); s.before(a, b) {
			s.swap(mid, low, a, b)
		} else if b := s.get(high); s.before(b, a) {
			s.swap(mid, high, a, b)
		}
		if high-low == 2 {
			return
		}
		pivot := s.get(mid)
		s.swap(mid, high-1, pivot, s.get(high-1))
		i := s.split(low, high, pivot)
		// The smaller part first, so that the recursion stays flat.
		if i-low < high-i {
			s.sort(low, i-1)
			low = i + 1
		} else {
			s.sort(i+1, high)
			high = i - 1
		}
	}
}

// split moves what belongs before the pivot, which is at high-1, to the front. It returns the place of the pivot between both parts.
func (s *sorter) split(low, high int, pivot lua.LValue) int {
	i, j := low, high-1
	for {
		var a, b lua.LValue
		for i++; ; i++ {
			if a = s.get(i); !s.before(a, pivot) {
				break
			}
			if i > high {
				raise(s.L, "invalid order function for sorting")
			}
		}
		for j--; ; j-- {
			if b = s.get(j); !s.before(pivot, b) {
				break
			}
			if j < low {
				raise(s.L, "invalid order function for sorting")
			}
		}
		if j < i {
			break
		}
		s.swap(i, j, a, b)
	}
	s.swap(high-1, i, s.get(high-1), s.get(i))
	return i
}
