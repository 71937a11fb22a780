package generic

import (
	"bytes"
	"cmp"
	"slices"

	"dragonfly/server/command"
	"dragonfly/store"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/zset"
)

// SORT holds all shards: patterns lead to keys that no one can name before the elements are read.

func sortStore(c *command.Ctx) { sortAny(c, false) }
func sortRO(c *command.Ctx)    { sortAny(c, true) }

func sortAny(c *command.Ctx, readOnly bool) {
	a, err := parseSort(c.Args[2:], readOnly, c.Limited)
	if err != nil {
		c.Fail(err)
		return
	}
	s := sorter{c: c, args: &a}
	if err := s.read(c.Args[1]); err != nil {
		c.Fail(err)
		return
	}
	if c.Relocated {
		return
	}
	if err := s.sort(); err != nil {
		c.Fail(err)
		return
	}
	if a.store {
		s.store()
		return
	}
	s.answer()
}

// sorter does one SORT. Elements and weights are copied out of the store first, because a lookup of another key
// may move them.
type sorter struct {
	c     *command.Ctx
	args  *sortArgs
	text  []byte // of all elements and weights
	elems []sortElem
	name  []byte // of the key a pattern leads to, reused
	num   hash.Scratch
}

// span is a part of sorter.text.
type span struct{ from, to int }

type sortElem struct {
	elem   span
	score  float64 // numeric sort
	weight span    // ALPHA with BY
	absent bool    // there is no such weight
}

func (s *sorter) at(p span) []byte { return s.text[p.from:p.to] }

// add copies an element.
func (s *sorter) add(elem []byte) {
	s.c.Breathe()
	from := len(s.text)
	s.text = append(s.text, elem...)
	s.elems = append(s.elems, sortElem{elem: span{from, len(s.text)}})
}

// read copies the elements of the source. If they are not to be sorted it copies only those within LIMIT, which
// then holds no more.
func (s *sorter) read(key []byte) error {
	a := s.args
	cell := s.c.DB.Find(key)
	if !cell.Ok() {
		return nil
	}
	size := 0
	switch cell.Type() {
	case object.List:
		size = list.Len(cell)
	case object.Set:
		size = set.Len(cell)
	case object.Zset:
		size = zset.Len(cell)
		if cell.Encoding() == object.Listpack {
			// Clients see in OBJECT ENCODING that Redis does this.
			cell = s.c.DB.Edit(key)
			zset.ToTree(cell)
		}
	default:
		return resperr.WrongType
	}
	if s.c.Long(size) {
		return nil
	}
	if a.asIs && (a.store || s.c.InScript) && cell.Type() == object.Set {
		// A set has no order of its own. What is stored, or seen by a script, must not depend on chance.
		a.asIs, a.alpha, a.by = false, true, nil
	}
	from, to := 0, size
	if a.asIs && cell.Type() != object.Set {
		from, to = a.limits(size)
		a.start, a.count = 0, -1
	}
	s.elems = make([]sortElem, 0, to-from)
	switch cell.Type() {
	case object.List:
		s.readList(cell, from, to, size)
	case object.Set:
		s.readSet(cell)
	case object.Zset:
		s.readZset(cell, from, to, size)
	}
	return nil
}

func (s *sorter) readList(cell object.Cell, from, to, size int) {
	if from == to {
		return
	}
	it := list.From(cell, from)
	if s.args.asIs && s.args.desc {
		it = list.BackwardFrom(cell, size-1-from)
	}
	for range to - from {
		e, ok := it.Next()
		if !ok {
			break
		}
		s.c.Breathe()
		start := len(s.text)
		s.text = e.Append(s.text)
		s.elems = append(s.elems, sortElem{elem: span{start, len(s.text)}})
	}
}

func (s *sorter) readSet(cell object.Cell) {
	it := set.NewIter(cell)
	for member, ok := it.Next(); ok; member, ok = it.Next() {
		s.add(member)
	}
}

func (s *sorter) readZset(cell object.Cell, from, to, size int) {
	if from == to {
		return
	}
	it := zset.IterAt(cell, from, false)
	if s.args.asIs && s.args.desc {
		it = zset.IterAt(cell, size-1-from, true)
	}
	for range to - from {
		member, _, ok := it.Next()
		if !ok {
			break
		}
		s.add(member)
	}
}

// limits returns the part of n elements that LIMIT leaves.
func (a *sortArgs) limits(n int) (from, to int) {
	size := int64(n)
	start := min(max(a.start, 0), size)
	count := min(a.count, size)
	if count < 0 {
		return int(start), n
	}
	return int(start), int(min(start+count, size))
}

// sort finds the weights, sorts, and leaves the elements that LIMIT asks for.
func (s *sorter) sort() error {
	a := s.args
	if !a.asIs {
		if err := s.weigh(); err != nil {
			return err
		}
		slices.SortFunc(s.elems, s.compare)
	}
	from, to := a.limits(len(s.elems))
	s.elems = s.elems[from:to]
	return nil
}

// weigh finds what each element is compared by.
func (s *sorter) weigh() error {
	a := s.args
	failed := false
	for i := range s.elems {
		s.c.Breathe()
		e := &s.elems[i]
		weight := s.at(e.elem)
		if a.by != nil {
			var ok bool
			if weight, ok = s.lookup(a.by, weight); !ok {
				e.absent = true // and its score is 0
				continue
			}
		}
		if !a.alpha {
			score, ok := scoreOf(weight)
			failed = failed || !ok
			e.score = score
			continue
		}
		if a.by != nil {
			from := len(s.text)
			s.text = append(s.text, weight...)
			e.weight = span{from, len(s.text)}
		}
	}
	if failed {
		return resperr.SortScores
	}
	return nil
}

// scoreOf parses a weight as C's strtod does: after blanks, and nothing at all is 0.
func scoreOf(text []byte) (score float64, ok bool) {
	if len(text) == 0 || text[0] == 0 {
		return 0, true
	}
	if i := bytes.IndexByte(text, 0); i > 0 {
		text = text[:i] // strings end there in C
	}
	return number.ParseFloat(bytes.TrimLeft(text, " \t\n\v\f\r"))
}

func (s *sorter) compare(x, y sortElem) int {
	s.c.Breathe()
	n := 0
	switch a := s.args; {
	case !a.alpha:
		if n = cmp.Compare(x.score, y.score); n == 0 {
			// So that the result is defined.
			n = bytes.Compare(s.at(x.elem), s.at(y.elem))
		}
	case a.by == nil:
		n = bytes.Compare(s.at(x.elem), s.at(y.elem))
	case x.absent || y.absent:
		switch {
		case !y.absent:
			n = -1
		case !x.absent:
			n = 1
		}
	default:
		n = bytes.Compare(s.at(x.weight), s.at(y.weight))
	}
	switch {
	case n == 0:
		return cmp.Compare(x.elem.from, y.elem.from) // as they were stored
	case s.args.desc:
		return -n
	}
	return n
}

// lookup returns what a pattern finds for an element. It is valid until the next change or lookup.
func (s *sorter) lookup(p *pattern, elem []byte) (value []byte, ok bool) {
	switch {
	case p.self:
		return elem, true
	case p.constant:
		return nil, false
	}
	s.name = append(s.name[:0], p.prefix...)
	s.name = append(s.name, elem...)
	s.name = append(s.name, p.suffix...)
	cell := s.c.DB.Find(s.name)
	switch {
	case !cell.Ok():
		return nil, false
	case p.field != nil && cell.Type() == object.Hash:
		return hash.Get(cell, p.field, s.c.DB.ExpiryMs(), &s.num)
	case p.field == nil && cell.Type() == object.String:
		return cell.View(), true
	}
	return nil, false
}

// each calls fn for the values of the result in order: the elements, or what GET finds for each of them.
func (s *sorter) each(fn func(value []byte, ok bool)) {
	for _, e := range s.elems {
		s.c.Breathe()
		elem := s.at(e.elem)
		if len(s.args.get) == 0 {
			fn(elem, true)
		}
		for i := range s.args.get {
			fn(s.lookup(&s.args.get[i], elem))
		}
	}
}

// size returns the number of values of the result.
func (s *sorter) size() int { return len(s.elems) * max(1, len(s.args.get)) }

func (s *sorter) answer() {
	w := s.c.Reply
	w.Array(s.size())
	s.each(func(value []byte, ok bool) {
		if ok {
			w.Bulk(value)
		} else {
			w.Null()
		}
	})
}

// store makes the target a list of the result; values that were not found are empty strings.
func (s *sorter) store() {
	db, target, n := &s.c.DB, s.args.target, s.size()
	if n == 0 {
		if db.Delete(target) {
			db.Changed(target, store.EventGeneric, "del")
		}
		s.c.Reply.Int(0)
		return
	}
	// All is read before the target is written: a pattern may lead to it.
	var spans []span
	s.each(func(value []byte, ok bool) {
		from := len(s.text)
		s.text = append(s.text, value...)
		spans = append(spans, span{from, len(s.text)})
	})
	var b list.Builder
	cell := db.Replace(target, object.List, object.Listpack, 0)
	b.Begin(cell, db.Limits())
	for _, p := range spans {
		b.Push(s.at(p))
	}
	b.End()
	db.Changed(target, store.EventList, "sortstore")
	db.Store().AddDirty(int64(n) - 1)
	s.c.Reply.Int(int64(n))
}
