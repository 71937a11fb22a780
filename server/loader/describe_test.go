package loader

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sort"
	"testing"

	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// sampled is how many elements of a value are looked up one by one.
const sampled = 40

// reader reads values with every operation their types have, and compares what these say with one another.
type reader struct {
	t    testing.TB
	what string // the value under test, for messages
	now  int64
}

func (r *reader) check(ok bool, format string, args ...any) {
	if !ok {
		r.t.Helper()
		r.t.Fatalf("%s: %s", r.what, fmt.Sprintf(format, args...))
	}
}

// each calls fn for some of the numbers below n, the first and the last among them.
func each(n int, fn func(i int)) {
	step := max(1, n/sampled)
	for i := 0; i < n; i += step {
		fn(i)
	}
	if n > 0 {
		fn(n - 1)
	}
}

// describe returns a text that two values have in common exactly if clients cannot tell them apart, their encodings
// aside.
func (r *reader) describe(c object.Cell) []byte {
	out := fmt.Appendf(nil, "%s\n", c.Type())
	if ms, ok := c.Deadline(); ok {
		out = fmt.Appendf(out, "expires %d\n", ms)
	}
	if c.Sticky() || c.MemcacheFlags() != 0 {
		out = fmt.Appendf(out, "sticky %v, memcache flags %d\n", c.Sticky(), c.MemcacheFlags())
	}
	if c.Type().Opaque() {
		return append(out, c.View()...)
	}
	switch c.Type() {
	case object.String:
		return append(out, r.text(c)...)
	case object.List:
		return join(out, r.list(c))
	case object.Set:
		return join(out, r.set(c))
	case object.Zset:
		return join(out, r.zset(c))
	case object.Hash:
		return join(out, r.hash(c))
	}
	return join(out, r.stream(c))
}

func join(out []byte, lines []string) []byte {
	for _, l := range lines {
		out = fmt.Appendf(out, "%q\n", l)
	}
	return out
}

func (r *reader) text(c object.Cell) []byte {
	v := c.View()
	_, isInt := number.ParseInt(v)
	r.check(isInt == (c.Encoding() == object.Int), "%q is encoded as %s", v, c.Encoding())
	return v
}

func (r *reader) list(c object.Cell) (elems []string) {
	it := list.From(c, 0)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		elems = append(elems, string(e.Append(nil)))
	}
	n := list.Len(c)
	r.check(n == len(elems) && n > 0, "a list of %d elements, %d met", n, len(elems))
	back := 0
	it = list.BackwardFrom(c, n-1)
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		back++
		r.check(back <= n && elems[n-back] == string(e.Append(nil)), "the list is another one backward")
	}
	r.check(back == n, "%d of %d elements backward", back, n)
	each(n, func(i int) {
		e, ok := list.Index(c, i)
		r.check(ok && string(e.Append(nil)) == elems[i], "element %d differs", i)
		e, ok = list.Index(c, i-n)
		r.check(ok && string(e.Append(nil)) == elems[i], "element %d differs", i-n)
	})
	_, ok := list.Index(c, n)
	r.check(!ok, "an element behind the last")
	return elems
}

func (r *reader) set(c object.Cell) (members []string) {
	var timed []string
	least := int64(math.MaxInt64)
	it := set.NewIter(c)
	for m, ok := it.Next(); ok; m, ok = it.Next() {
		members = append(members, string(m))
		deadline, found := set.Deadline(c, m)
		r.check(found && deadline == it.Deadline, "%q expires at %d and %d", m, deadline, it.Deadline)
		if it.Deadline != 0 {
			timed = append(timed, fmt.Sprintf("%s expires %d", m, it.Deadline))
			least = min(least, it.Deadline)
		}
	}
	sort.Strings(members)
	sort.Strings(timed)
	r.check(set.Timed(c) == len(timed) && c.HasFieldTTL() == (len(timed) > 0) && set.MinDeadline(c) <= least,
		"%d members with a deadline, %d met, the first at %d, not %d", set.Timed(c), len(timed), set.MinDeadline(c), least)
	n := set.Len(c)
	r.check(n == len(members) && n > 0, "a set of %d members, %d met", n, len(members))
	r.distinct(members)
	each(n, func(i int) { r.check(set.Contains(c, []byte(members[i])), "%q is no member", members[i]) })
	scanned := map[string]bool{}
	for cursor := uint64(0); ; {
		if cursor = set.Scan(c, cursor, 10, func(m []byte) { scanned[string(m)] = true }); cursor == 0 {
			break
		}
	}
	r.check(len(scanned) == n, "a scan met %d of %d members", len(scanned), n)
	var scratch set.Scratch
	r.check(scanned[string(set.Random(c, &scratch))], "a random member is none")
	drawn := 0
	set.Sample(c, n/2, func([]byte) { drawn++ })
	r.check(drawn == n/2, "%d members drawn, want %d", drawn, n/2)
	return append(members, timed...)
}

// distinct checks that sorted texts differ.
func (r *reader) distinct(texts []string) {
	for i := 1; i < len(texts); i++ {
		r.check(texts[i-1] != texts[i], "%q appears twice", texts[i])
	}
}

func (r *reader) zset(c object.Cell) (lines []string) {
	n := zset.Len(c)
	names, scores := make([]string, 0, n), make([]float64, 0, n)
	it := zset.IterAt(c, 0, false)
	for m, score, ok := it.Next(); ok; m, score, ok = it.Next() {
		i := len(names)
		r.check(score == score, "the score of %q is not a number", m)
		r.check(i == 0 || scores[i-1] < score || scores[i-1] == score && names[i-1] < string(m), "%q is out of order", m)
		names, scores = append(names, string(m)), append(scores, score)
		lines = append(lines, fmt.Sprint(string(m), " ", score+0))
	}
	r.check(n == len(names) && n > 0, "a sorted set of %d members, %d met", n, len(names))
	each(n, func(i int) {
		rank, score, ok := zset.Rank(c, []byte(names[i]))
		r.check(ok && rank == i && score == scores[i], "%q is at %d with %v, want %d and %v", names[i], rank, score, i, scores[i])
		score, ok = zset.Score(c, []byte(names[i]))
		r.check(ok && score == scores[i], "the score of %q is %v, want %v", names[i], score, scores[i])
		from, to := zset.RanksByScore(c, &zset.ScoreRange{Min: scores[i], Max: scores[i]})
		r.check(from <= i && i < to, "%v is at %d to %d, want %d", scores[i], from, to, i)
	})
	from, to := zset.RanksByScore(c, &zset.ScoreRange{Min: math.Inf(-1), Max: math.Inf(1)})
	r.check(from == 0 && to == n, "all scores: %d to %d of %d", from, to, n)
	zset.RanksByLex(c, &zset.LexRange{Min: zset.LexBound{Inf: -1}, Max: zset.LexBound{Inf: 1}})
	back := n
	it = zset.IterAt(c, n-1, true)
	for m, _, ok := it.Next(); ok; m, _, ok = it.Next() {
		back--
		r.check(back >= 0 && names[back] == string(m), "the set is another one backward")
	}
	r.check(back == 0, "%d members are missing backward", back)
	scanned := map[string]bool{}
	for cursor := uint64(0); ; {
		if cursor = zset.Scan(c, cursor, func(m []byte, _ float64) { scanned[string(m)] = true }); cursor == 0 {
			break
		}
	}
	r.check(len(scanned) == n, "a scan met %d of %d members", len(scanned), n)
	return lines
}

func (r *reader) hash(c object.Cell) (lines []string) {
	type field struct {
		name, value string
		ms          int64
	}
	var fields []field
	least, timed := int64(math.MaxInt64), 0
	it := hash.NewIter(c, 0)
	for name, value, ok := it.Next(); ok; name, value, ok = it.Next() {
		fields = append(fields, field{string(name), string(value), it.Deadline})
		if it.Deadline != 0 {
			least = min(least, it.Deadline)
			timed++
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		lines = append(lines, fmt.Sprint(f.name, "=", f.value, " ", f.ms))
	}
	n := hash.Len(c)
	r.check(n == len(fields) && n > 0, "a hash of %d fields, %d met", n, len(fields))
	r.distinct(names)
	r.check(hash.Timed(c) == timed, "%d fields with a deadline, %d met", hash.Timed(c), timed)
	r.check(timed == 0 || c.HasFieldTTL(), "fields expire and the entry does not say so")
	if timed > 0 {
		// It may be a bound only.
		r.check(hash.MinDeadline(c) <= least, "the least deadline is %d, %d met", hash.MinDeadline(c), least)
	}
	each(n, func(i int) {
		f := &fields[i]
		var scratch hash.Scratch
		value, ok := hash.Get(c, []byte(f.name), 0, &scratch)
		r.check(ok && string(value) == f.value, "field %q is %q, want %q", f.name, value, f.value)
		ms, ok := hash.Deadline(c, []byte(f.name), 0)
		r.check(ok && ms == f.ms, "field %q expires at %d, want %d", f.name, ms, f.ms)
	})
	scanned := map[string]bool{}
	for cursor := uint64(0); ; {
		if cursor = hash.Scan(c, cursor, 10, 0, func(name, _ []byte) { scanned[string(name)] = true }); cursor == 0 {
			break
		}
	}
	r.check(len(scanned) == n, "a scan met %d of %d fields", len(scanned), n)
	var a, b hash.Scratch
	name, _ := hash.Random(c, &a, &b)
	r.check(scanned[string(name)], "a random field is none")
	return lines
}

func (r *reader) stream(c object.Cell) (lines []string) {
	s := stream.Open(c)
	last := stream.ID{}
	var ids []stream.ID
	for it := s.Range(stream.ID{}, stream.MaxID); it.Next(); {
		r.check(last.Less(it.ID), "entry %v follows %v", it.ID, last)
		line := fmt.Sprint(it.ID)
		for name, value, ok := it.NextField(); ok; name, value, ok = it.NextField() {
			line += fmt.Sprintf(" %q=%q", name, value)
		}
		lines = append(lines, line)
		last = it.ID
		ids = append(ids, last)
	}
	n := s.Len()
	r.check(n == len(ids), "a stream of %d entries, %d met", n, len(ids))
	r.check(!s.LastID().Less(last), "the last ID is %v, an entry has %v", s.LastID(), last)
	if n > 0 {
		r.check(s.FirstID() == ids[0] && s.LastEntryID() == last, "%v to %v, want %v to %v", s.FirstID(), s.LastEntryID(), ids[0], last)
	}
	back := n
	for it := s.RevRange(stream.ID{}, stream.MaxID); it.Next(); {
		back--
		r.check(back >= 0 && ids[back] == it.ID, "the stream is another one backward")
	}
	r.check(back == 0, "%d entries are missing backward", back)
	each(n, func(i int) { r.check(s.Exists(ids[i]), "entry %v does not exist", ids[i]) })
	lines = append(lines, fmt.Sprint("last ", s.LastID(), " deleted ", s.MaxDeletedID(), " added ", s.Added()))
	for i := range s.Groups() {
		lines = r.group(s, s.GroupAt(i), lines)
	}
	return lines
}

func (r *reader) group(s stream.Stream, g stream.Group, lines []string) []string {
	r.check(s.Group(g.Name()).Ok(), "group %q is not found", g.Name())
	lag, known := s.Lag(g)
	lines = append(lines, fmt.Sprintf("group %q last %v read %d lag %d %v", g.Name(), g.LastID(), g.EntriesRead(), lag, known))
	pending, last := 0, stream.ID{}
	for it := g.PendingFrom(stream.ID{}); ; {
		p := it.Next()
		if p == nil {
			break
		}
		r.check(pending == 0 || last.Less(p.ID), "pending %v follows %v", p.ID, last)
		owner := g.Owner(p)
		r.check(owner.Ok() && g.Pending(p.ID) == p, "pending %v is not found, or has no owner", p.ID)
		lines = append(lines, fmt.Sprintf("pending %v %d %d %q", p.ID, p.DeliveredMs, p.Count, owner.Name()))
		last = p.ID
		pending++
	}
	r.check(pending == g.PendingLen(), "%d pending entries, %d met", g.PendingLen(), pending)
	owned := 0
	for i := range g.Consumers() {
		c := g.ConsumerAt(i)
		r.check(g.Consumer(c.Name()).Is(c), "consumer %q is not found", c.Name())
		lines = append(lines, fmt.Sprintf("consumer %q %d %d", c.Name(), c.SeenMs(), c.ActiveMs()))
		mine := 0
		for it := g.PendingOf(c, stream.ID{}); ; mine++ {
			p := it.Next()
			if p == nil {
				break
			}
			r.check(g.Owner(p).Is(c), "pending %v belongs to another than %q", p.ID, c.Name())
		}
		r.check(mine == c.PendingLen(), "%q has %d pending entries, %d met", c.Name(), c.PendingLen(), mine)
		owned += mine
	}
	r.check(owned == pending, "%d pending entries have an owner, of %d", owned, pending)
	return lines
}
