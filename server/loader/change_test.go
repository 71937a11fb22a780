package loader

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/listpack"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// change writes to a value until its encoding has changed, removes some of it, and checks its length at every step.
func (b *bench) change(v *store.View, key []byte) {
	c := v.Edit(key)
	switch c.Type() {
	case object.String:
		n := c.Len()
		old := bytes.Clone(c.View())
		copy(c.Resize(n + 1000)[n:], bytes.Repeat([]byte("x"), 1000))
		c.SetEncoding(object.Raw)
		b.read.check(bytes.HasPrefix(c.View(), old) && c.Len() == n+1000, "the value is lost as it grows")
	case object.List:
		b.changeList(c)
	case object.Set:
		b.changeSet(c)
	case object.Zset:
		b.changeZset(c)
	case object.Hash:
		b.changeHash(v, key, c)
	case object.Stream:
		b.changeStream(c)
	}
}

// counter checks the length of a value after each change.
func (b *bench) counter(n func() int) func(delta int, what string) {
	want := n()
	return func(delta int, what string) {
		b.read.t.Helper()
		want += delta
		b.read.check(n() == want, "%s: %d elements, want %d", what, n(), want)
	}
}

func flagOf(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

func (b *bench) changeList(c object.Cell) {
	lim := &b.st.Limits
	count := b.counter(func() int { return list.Len(c) })
	pivot, _ := list.Index(c, list.Len(c)/2)
	text := pivot.Append(nil)
	count(flagOf(list.Insert(c, lim, text, []byte("before"), false)), "insert")
	count(flagOf(list.Insert(c, lim, text, bytes.Repeat([]byte("after"), 300), true)), "insert")
	b.read.check(list.Set(c, lim, 0, bytes.Repeat([]byte("set"), 4000)), "no element 0")
	count(0, "set")
	for i := range 60 {
		list.PushHead(c, lim, fmt.Appendf(nil, "%d", i), bytes.Repeat([]byte("h"), 5*i))
		list.PushTail(c, lim, fmt.Appendf(nil, "tail %d", i))
		count(3, "push")
	}
	b.read.list(c)
	count(-list.Remove(c, 0, []byte("before")), "remove")
	count(-list.Remove(c, -1, []byte("7")), "remove")
	half := list.Len(c) / 2
	list.Delete(c, 1, half)
	count(-half, "delete")
	list.TryShrink(c, lim)
	count(0, "shrink")
}

func (b *bench) changeSet(c object.Cell) {
	lim := &b.st.Limits
	count := b.counter(func() int { return set.Len(c) })
	for i := range 20 {
		count(flagOf(set.Add(c, fmt.Appendf(nil, "%d", i<<(2*i)), lim)), "add")
	}
	b.read.set(c)
	for i := range 150 {
		count(flagOf(set.Add(c, fmt.Appendf(nil, "member %d", i), lim)), "add")
	}
	b.read.set(c)
	for i := range 100 {
		count(-flagOf(set.Remove(c, fmt.Appendf(nil, "member %d", i))), "remove")
		set.Pop(c, nil)
		count(-1, "pop")
		if set.Len(c) == 1 {
			break
		}
	}
	set.Repack(c, lim)
	count(0, "repack")
}

func (b *bench) changeZset(c object.Cell) {
	lim := &b.st.Limits
	count := b.counter(func() int { return zset.Len(c) })
	add := func(score float64, name string) {
		_, outcome := zset.Add(c, lim, score, []byte(name), 0)
		count(flagOf(outcome == zset.Added), "add")
	}
	for i, score := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 1e300, 1e-300} {
		add(score, fmt.Sprint("special ", i))
	}
	b.read.zset(c)
	for i := range 150 {
		add(float64(i%7), fmt.Sprint("member ", i))
	}
	b.read.zset(c)
	for i := range 100 {
		add(float64(-i), fmt.Sprint("member ", i))
		count(-flagOf(zset.Remove(c, fmt.Appendf(nil, "member %d", 3*i))), "remove")
	}
	n := zset.Len(c)
	zset.RemoveRange(c, n/4, n/2)
	count(n/4-n/2, "remove a range")
}

func (b *bench) changeHash(v *store.View, key []byte, c object.Cell) {
	lim := &b.st.Limits
	count := b.counter(func() int { return hash.Len(c) })
	b.read.check(hash.Expired(c, nowMs) <= hash.Len(c), "more fields expired than there are")
	removed := 0
	for hash.ExpireFields(c, nowMs, 10, func([]byte) { removed++ }) {
	}
	count(-removed, "expire")
	for i := range 40 {
		count(flagOf(hash.Set(c, fmt.Appendf(nil, "%d", i), fmt.Appendf(nil, "%d", i*i), i%2 == 0, lim)), "set")
	}
	hash.AllowTTL(c)
	for i := range 10 {
		field := fmt.Appendf(nil, "%d", i)
		hash.SetDeadline(c, field, nowMs+int64(1000*(10-i)), nowMs, hash.Always)
		v.NoteFieldDeadline(key, hash.MinDeadline(c))
	}
	hash.Persist(c, []byte("3"), nowMs)
	count(0, "deadlines")
	b.read.hash(c)
	hash.Set(c, []byte("long"), bytes.Repeat([]byte("x"), 100), false, lim)
	count(1, "convert")
	b.read.hash(c)
	for i := range 600 {
		count(flagOf(hash.Set(c, fmt.Appendf(nil, "field %d", i), nil, false, lim)), "set")
	}
	b.read.hash(c)
	for i := range 620 {
		count(-flagOf(hash.Remove(c, fmt.Appendf(nil, "field %d", i))), "remove")
	}
	hash.ExpireFields(c, nowMs+5000, 1000, func([]byte) { removed++ })
}

func (b *bench) changeStream(c object.Cell) {
	lim := &b.st.Limits
	s := stream.Open(c)
	count := b.counter(func() int { return s.Len() })
	pairs := [][]byte{[]byte("field"), []byte("value"), []byte("other"), nil}
	for i := range 250 {
		id, err := s.NextID(stream.NewID{Auto: true}, nowMs)
		if err != nil {
			break // no larger ID
		}
		if i == 0 {
			b.read.check(s.LastID().Less(id), "%v follows %v", id, s.LastID())
		}
		if err := s.Append(id, pairs[:2+i%3/2*2], lim); err != nil {
			b.read.check(false, "append %v: %v", id, err)
		}
		count(1, "append")
	}
	b.read.stream(c)
	var ids []stream.ID
	for it := s.Range(stream.ID{}, stream.MaxID); it.Next() && len(ids) < 200; {
		ids = append(ids, it.ID)
	}
	for i := 0; i < len(ids); i += 3 {
		b.read.check(s.Delete(ids[i]), "entry %v is not there", ids[i])
		count(-1, "delete")
	}
	s.CreateGroup([]byte("new group"), stream.ID{}, stream.UnknownRead)
	for i := range s.Groups() {
		g := s.GroupAt(i)
		g.CreateConsumer([]byte("new consumer"), nowMs)
		to := g.Consumer([]byte("new consumer"))
		for j, id := range ids {
			switch p := g.Pending(id); {
			case p != nil && j%2 == 0:
				g.Claim(to, id, nowMs, nowMs, -1)
			case p != nil:
				b.read.check(g.Ack(id), "%v is not acknowledged", id)
			case j%5 == 0:
				g.Force(to, id, nowMs)
			}
		}
	}
	b.read.stream(c)
	n := int64(s.Len())
	count(int(-s.Trim(stream.Trim{MaxLen: n / 2})), "trim")
	b.read.check(int64(s.Len()) == n/2, "%d entries of %d are left, want half", s.Len(), n)
	for i := s.Groups() - 1; i >= 0; i-- {
		g := s.GroupAt(i)
		left := g.PendingLen()
		if g.Consumers() > 0 {
			n, _ := g.DeleteConsumer(bytes.Clone(g.ConsumerAt(0).Name()))
			left -= n
		}
		b.read.check(g.PendingLen() == left, "%d pending entries, want %d", g.PendingLen(), left)
		if i%2 == 1 {
			b.read.check(s.DestroyGroup(bytes.Clone(g.Name())), "the group is not there")
		}
	}
}

// handmade returns the bodies of payloads, type byte first, that are wrong or rare in ways that random changes
// hardly reach.
func handmade() (list [][]byte) {
	add := func(typ byte, parts ...[]byte) {
		list = append(list, append([]byte{typ}, bytes.Join(parts, nil)...))
	}
	packed := func(texts ...string) []byte {
		lp := listpack.New(nil)
		for _, s := range texts {
			lp = listpack.Append(lp, []byte(s))
		}
		return rdbfmt.AppendPlain(nil, lp)
	}
	text := func(s string) []byte { return rdbfmt.AppendPlain(nil, []byte(s)) }
	num := func(n uint64) []byte { return rdbfmt.AppendLen(nil, n) }
	double := func(f float64) []byte { return rdbfmt.AppendDouble(nil, f) }
	i64 := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	intset := func(width uint32, n uint32, b ...byte) []byte {
		head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, width), n)
		return rdbfmt.AppendPlain(nil, append(head, b...))
	}
	add(rdbfmt.TypeHashListpack, packed("a", "1", "a", "2"))
	add(rdbfmt.TypeHashListpack, packed("1", "1", "01", "2", "1", "3"))
	add(rdbfmt.TypeHashListpack, packed("a", "1", "b"))
	add(rdbfmt.TypeSetListpack, packed("a", "b", "a"))
	add(rdbfmt.TypeSetListpack, packed("1", "2", "3"))
	add(rdbfmt.TypeZsetListpack, packed("b", "2", "a", "1"))
	add(rdbfmt.TypeZsetListpack, packed("b", "1", "a", "1"))
	add(rdbfmt.TypeZsetListpack, packed("a", "nan", "b", "1"))
	add(rdbfmt.TypeZsetListpack, packed("a", "-0", "b", "0"))
	add(rdbfmt.TypeZsetListpack, packed("b", "0", "a", "-0"))
	add(rdbfmt.TypeZsetListpack, packed("a", "-inf", "b", "inf", "c", "inf"))
	add(rdbfmt.TypeZset2, num(2), text("a"), double(math.NaN()), text("b"), double(1))
	add(rdbfmt.TypeZset2, num(3), text("a"), double(math.Copysign(0, -1)), text("b"), double(0), text("c"), double(math.Inf(-1)))
	add(rdbfmt.TypeZset2, num(2), text("a"), double(1), text("a"), double(2))
	add(rdbfmt.TypeSet, num(2), text("a"), text("a"))
	add(rdbfmt.TypeSet, num(3), text("1"), text("01"), text("+1"))
	add(rdbfmt.TypeHash, num(2), text("a"), text("1"), text("a"), text("2"))
	add(rdbfmt.TypeHashMeta, i64(nowMs), num(3), num(1), text("a"), text("1"), num(0), text("b"), nil, text(""), num(5), text("c"), text("3"))
	add(rdbfmt.TypeHashMeta, i64(math.MaxInt64), num(1), num(5), text("a"), text("1"))
	add(rdbfmt.TypeHashMeta, i64(5), num(2), num(1), text("a"), text("1"), num(1), text("a"), text("2"))
	add(rdbfmt.TypeHashListpackEx, i64(5), packed("a", "1", "9", "b", "2", "5"))
	add(rdbfmt.TypeHashListpackEx, i64(5), packed("a", "1", "0", "b", "2", "5"))
	add(rdbfmt.TypeHashListpackEx, i64(77), packed("a", "1", "5", "b", "2", "1800000000000", "c", "3", "0"))
	add(rdbfmt.TypeHashListpackEx, i64(0), packed("a", "1", "0", "b", "2", "0"))
	add(rdbfmt.TypeHashListpackEx, i64(5), packed("a", "1", "-5"))
	add(rdbfmt.TypeHashListpackEx, i64(5), packed("a", "1", "5", "a", "2", "6"))
	add(rdbfmt.TypeSetIntset, intset(2, 2, 2, 0, 1, 0))
	add(rdbfmt.TypeSetIntset, intset(2, 2, 1, 0, 1, 0))
	add(rdbfmt.TypeSetIntset, intset(2, 3, 1, 0, 2, 0))
	add(rdbfmt.TypeSetIntset, intset(8, 1, 1, 0, 0, 0, 0, 0, 0, 0))
	add(rdbfmt.TypeListQuicklist2, num(2), num(2), packed(), num(2), packed("a"))
	add(rdbfmt.TypeListQuicklist2, num(3), num(1), text("plain"), num(2), packed("a", "7"), num(1), text("5"))
	add(rdbfmt.TypeListQuicklist2, num(1), num(1), text(string(bytes.Repeat([]byte("p"), 9000))))
	return list
}
