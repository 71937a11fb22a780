package stream

import (
	"bytes"
	"unsafe"

	"dragonfly/store/arena"
)

// named is the front of a block that has a name at its end.
type named struct {
	at  uint32 // where the name begins
	len uint32
}

// newNamed allocates a block of fixed bytes, which are zero, and the name behind them.
func newNamed(a *arena.Arena, fixed int, name []byte) arena.Ref {
	r := a.Alloc(fixed + len(name))
	b := a.Bytes(r, fixed+len(name))
	clear(b[:fixed])
	copy(b[fixed:], name)
	*(*named)(a.Ptr(r)) = named{uint32(fixed), uint32(len(name))}
	return r
}

func nameOf(a *arena.Arena, r arena.Ref) []byte {
	p := a.Ptr(r)
	n := (*named)(p)
	return unsafe.Slice((*byte)(unsafe.Add(p, n.at)), n.len)
}

// names is a list of named blocks in the order of their names, which is also that of Redis's radix trees.
type names struct {
	list arena.Ref
	n    uint32
}

func (l *names) refs(a *arena.Arena) []arena.Ref {
	if l.n == 0 {
		return nil
	}
	return unsafe.Slice((*arena.Ref)(a.Ptr(l.list)), l.n)
}

// find returns the index of a name, or where it belongs.
func (l *names) find(a *arena.Arena, name []byte) (i int, ok bool) {
	refs := l.refs(a)
	lo, hi := 0, len(refs)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		switch c := bytes.Compare(nameOf(a, refs[m]), name); {
		case c < 0:
			lo = m + 1
		case c > 0:
			hi = m
		default:
			return m, true
		}
	}
	return lo, false
}

// insert puts a block at index i.
func (l *names) insert(a *arena.Arena, i int, r arena.Ref) {
	size := int(l.n) * 4
	if l.n == 0 {
		l.list = a.Alloc(4)
	} else if size+4 > a.Cap(l.list) {
		l.list = a.Realloc(l.list, size, size+size/2+4)
	}
	l.n++
	refs := l.refs(a)
	copy(refs[i+1:], refs[i:])
	refs[i] = r
	a.SetUsed(l.list, int(l.n)*4)
}

// remove takes the block at index i out of the list.
func (l *names) remove(a *arena.Arena, i int) {
	refs := l.refs(a)
	copy(refs[i:], refs[i+1:])
	l.n--
	switch size := int(l.n) * 4; {
	case size == 0:
		a.Free(l.list)
		l.list = arena.Nil
	case arena.Round(size)*2 < a.Size(l.list):
		l.list = a.Realloc(l.list, size, size)
	}
}
