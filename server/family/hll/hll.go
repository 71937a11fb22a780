package hll

import (
	"unsafe"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hll"
)

// check returns the error for an entry, which may be missing, that is not a HyperLogLog.
func check(cell object.Cell) error {
	switch {
	case !cell.Ok():
		return nil
	case cell.Type() != object.String:
		return resperr.WrongType
	case !hll.Valid(cell.View()):
		return resperr.HLLInvalid
	}
	return nil
}

// edit returns the HyperLogLog at a key for changing it, creating it if missing. It is a raw string from then on.
func edit(c *command.Ctx, key []byte) (cell object.Cell, created bool, err error) {
	cell = c.DB.Edit(key)
	if err := check(cell); err != nil {
		return cell, false, err
	}
	if !cell.Ok() {
		var scratch [32]byte
		b := hll.New(scratch[:0])
		cell = c.DB.Add(key, object.Attrs{Type: object.String, Encoding: object.Raw}, len(b))
		copy(cell.View(), b)
		created = true
	}
	cell.SetEncoding(object.Raw)
	return cell, created, nil
}

// put makes b, which may have begun as a view of the value with spare capacity, the value.
func put(cell object.Cell, b []byte) {
	if unsafe.SliceData(b) == unsafe.SliceData(cell.Value()) {
		cell.SetLen(len(b))
	} else {
		cell.Set(b)
	}
}

func pfadd(c *command.Ctx) {
	key := c.Args[1]
	cell, changed, err := edit(c, key)
	if err != nil {
		c.Fail(err)
		return
	}
	for _, elem := range c.Args[2:] {
		b, raised, ok := hll.Add(cell.Reserve(cell.Len()+hll.MaxGrowth), elem, c.DB.Limits().HLLSparseMaxBytes)
		if !ok {
			c.Fail(resperr.HLLCorrupted)
			return
		}
		if raised {
			put(cell, b)
			changed = true
		}
	}
	if changed {
		hll.Invalidate(cell.Value())
		c.DB.Changed(key, store.EventString, "pfadd")
	}
	c.Reply.Flag(changed)
}

func pfcount(c *command.Ctx) {
	if len(c.Args) > 2 {
		var u hll.Registers
		if _, err := union(c, &u, c.Args[1:]); err != nil {
			c.Fail(err)
			return
		}
		c.Reply.Int(int64(u.Count()))
		return
	}
	key := c.Args[1]
	cell := c.DB.Find(key)
	if err := check(cell); err != nil {
		c.Fail(err)
		return
	}
	if !cell.Ok() {
		c.Reply.Int(0)
		return
	}
	n, ok := hll.Cached(cell.View())
	if !ok {
		if n, ok = hll.Count(cell.View()); !ok {
			c.Fail(resperr.HLLCorrupted)
			return
		}
		cell = c.DB.Edit(key)
		cell.SetEncoding(object.Raw)
		hll.SetCached(cell.Value(), n)
		c.DB.Changed(key, store.EventString, "")
	}
	c.Reply.Int(int64(n))
}

// union merges the values of keys. anyDense tells whether one of them is dense.
func union(c *command.Ctx, u *hll.Registers, keys [][]byte) (anyDense bool, err error) {
	for _, key := range keys {
		cell := c.DB.Find(key)
		if err := check(cell); err != nil {
			return false, err
		}
		if !cell.Ok() {
			continue
		}
		b := cell.View()
		anyDense = anyDense || !hll.IsSparse(b)
		if !u.Merge(b) {
			return false, resperr.HLLCorrupted
		}
	}
	return anyDense, nil
}

func pfmerge(c *command.Ctx) {
	var u hll.Registers
	target := c.Args[1]
	toDense, err := union(c, &u, c.Args[1:])
	if err != nil {
		c.Fail(err)
		return
	}
	cell, _, err := edit(c, target)
	if err != nil {
		c.Fail(err)
		return
	}
	// The work is done beside the entry, which would move with every few bytes of growth.
	b, ok := append(make([]byte, 0, hll.DenseSize), cell.View()...), true
	if toDense {
		b, ok = hll.ToDense(b)
	}
	if ok {
		b, ok = u.Store(b, c.DB.Limits().HLLSparseMaxBytes)
	}
	if !ok {
		c.Fail(resperr.HLLCorrupted)
		return
	}
	cell.Set(b)
	c.DB.Changed(target, store.EventString, "pfadd")
	c.Reply.OK()
}

func pfdebug(c *command.Ctx) {
	sub, key := c.Args[1], c.Args[2]
	cell := c.DB.Edit(key)
	if !cell.Ok() {
		c.Fail(resperr.HLLNoKey)
		return
	}
	if err := check(cell); err != nil {
		c.Fail(err)
		return
	}
	cell.SetEncoding(object.Raw)
	sparse := hll.IsSparse(cell.View())
	switch {
	case command.Is(sub, "getreg"):
		if toDense(c, key, cell) {
			getreg(c, cell.View())
		}
	case command.Is(sub, "decode"):
		decode(c, cell.View())
	case command.Is(sub, "encoding"):
		if sparse {
			c.Reply.Simple("sparse")
		} else {
			c.Reply.Simple("dense")
		}
	case command.Is(sub, "todense"):
		if toDense(c, key, cell) {
			c.Reply.Flag(sparse)
		}
	default:
		c.Fail(resperr.HLLUnknownSub(sub))
	}
}

// toDense makes the value dense. It reports false, having replied the error, if it is corrupted.
func toDense(c *command.Ctx, key []byte, cell object.Cell) bool {
	b := cell.View()
	if !hll.IsSparse(b) {
		return true
	}
	b, ok := hll.ToDense(b)
	if !ok {
		c.Fail(resperr.HLLCorrupted)
		return false
	}
	cell.Set(b)
	c.DB.Changed(key, store.EventString, "")
	return true
}

func getreg(c *command.Ctx, b []byte) {
	var u hll.Registers
	u.Merge(b)
	c.Reply.Array(len(u))
	for _, rank := range u {
		c.Reply.Int(int64(rank))
	}
}

func decode(c *command.Ctx, b []byte) {
	if !hll.IsSparse(b) {
		c.Fail(resperr.HLLNotSparse)
		return
	}
	text, _ := hll.AppendRuns(nil, b) // a corrupted one as far as it goes
	c.Reply.Bulk(text)
}

func pfselftest(c *command.Ctx) {
	if !hll.SelfTest() {
		c.Fail(resperr.HLLSelfTest)
		return
	}
	c.Reply.OK()
}
