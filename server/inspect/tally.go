package inspect

import (
	"maps"
	"slices"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/digest"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
)

// tableBytesPerKey is what the table of a database takes for a key: 6 bytes when its segments are full and 12 when
// they have just been split, which they do at different times. Small tables take more.
const tableBytesPerKey = 8

// numEncodings is the number of encodings.
const numEncodings = int(object.StreamTree) + 1

// measures are what is known of one key.
type measures struct {
	bytes, elements int64
	ttlMs           int64 // remaining, -1 for none
}

// tally counts keys as they come.
type tally struct {
	nowMs int64

	dbs       map[int]*[object.NumTypes]Totals
	encodings [object.NumTypes][numEncodings]Totals
	modules   map[string]*Module

	ttl              TTL
	fields           FieldTTL
	sticky, memcache int64

	byMemory, byElements biggest
	digest               digest.DataSet
}

func newTally(top int, nowMs int64) *tally {
	return &tally{
		nowMs: nowMs, dbs: map[int]*[object.NumTypes]Totals{}, modules: map[string]*Module{},
		byMemory: biggest{limit: top}, byElements: biggest{limit: top},
	}
}

// typeName returns what TYPE says of a value.
func typeName(c object.Cell) string {
	if c.Type() == object.Module {
		return moduleName(c.View())
	}
	return c.Type().String()
}

// elements returns the number of elements of a collection, 0 of anything else.
func elements(c object.Cell) int64 {
	if c.Type() == object.String || c.Type().Opaque() {
		return 0
	}
	return int64(store.Elements(c))
}

// add counts a key of a database.
func (t *tally) add(db int, c object.Cell) {
	m := measures{bytes: int64(store.MemUsage(c)), elements: elements(c), ttlMs: -1}
	types := t.dbs[db]
	if types == nil {
		types = new([object.NumTypes]Totals)
		t.dbs[db] = types
	}
	deadline, expires := c.Deadline()
	if expires {
		m.ttlMs = max(0, deadline-t.nowMs)
		t.expires(m.ttlMs)
	} else {
		t.ttl.None++
	}
	types[c.Type()].add(m)
	t.encodings[c.Type()][c.Encoding()].add(m)
	if c.Type() == object.Module {
		mod := t.module(moduleName(c.View()))
		if mod.Keys == 0 {
			key := newKey(c.Key())
			mod.FirstKey = &key
		}
		mod.Keys++
		mod.Bytes += m.bytes
	}
	if c.HasFieldTTL() {
		t.countFields(c)
	}
	if c.Sticky() {
		t.sticky++
	}
	if c.MemcacheFlags() != 0 {
		t.memcache++
	}
	t.byMemory.offer(m.bytes, db, c, m)
	t.byElements.offer(m.elements, db, c, m)
	t.digest.Add(db, c)
}

func (n *Totals) add(m measures) {
	n.Keys++
	n.Elements += m.elements
	n.Bytes += m.bytes
	if m.ttlMs >= 0 {
		n.WithTTL++
	}
}

func (n *Totals) sum(m Totals) {
	n.Keys += m.Keys
	n.Elements += m.Elements
	n.Bytes += m.Bytes
	n.WithTTL += m.WithTTL
}

// merge adds what was counted in another file.
func (t *tally) merge(part *tally) {
	for db, types := range part.dbs {
		if t.dbs[db] == nil {
			t.dbs[db] = new([object.NumTypes]Totals)
		}
		for typ := range types {
			t.dbs[db][typ].sum(types[typ])
		}
	}
	for typ := range part.encodings {
		for enc, n := range part.encodings[typ] {
			t.encodings[typ][enc].sum(n)
		}
	}
	for name, m := range part.modules {
		to := t.module(name)
		if to.FirstKey == nil {
			to.FirstKey = m.FirstKey
		}
		to.Keys += m.Keys
		to.Bytes += m.Bytes
		to.AuxPieces += m.AuxPieces
	}
	t.ttl.sum(&part.ttl)
	t.fields.Hashes += part.fields.Hashes
	t.fields.Fields += part.fields.Fields
	t.fields.Sets += part.fields.Sets
	t.fields.Members += part.fields.Members
	t.sticky += part.sticky
	t.memcache += part.memcache
	t.byMemory.merge(&part.byMemory)
	t.byElements.merge(&part.byElements)
	t.digest.Merge(&part.digest)
}

func (e *TTL) sum(part *TTL) {
	if part.Keys > 0 {
		if e.Keys == 0 {
			e.MinMs = part.MinMs
		}
		e.MinMs, e.MaxMs = min(e.MinMs, part.MinMs), max(e.MaxMs, part.MaxMs)
	}
	e.Keys += part.Keys
	e.Expired += part.Expired
	e.Under1h += part.Under1h
	e.Under1d += part.Under1d
	e.Under1w += part.Under1w
	e.Under30d += part.Under30d
	e.Later += part.Later
	e.None += part.None
}

// expires counts the remaining time of a key.
func (t *tally) expires(ms int64) {
	const hour = 3600 * 1000
	if ms == 0 {
		t.ttl.Expired++ // and kept: commands follow that know of it
		return
	}
	if t.ttl.Keys == 0 {
		t.ttl.MinMs = ms
	}
	t.ttl.Keys++
	t.ttl.MinMs, t.ttl.MaxMs = min(t.ttl.MinMs, ms), max(t.ttl.MaxMs, ms)
	switch {
	case ms < hour:
		t.ttl.Under1h++
	case ms < 24*hour:
		t.ttl.Under1d++
	case ms < 7*24*hour:
		t.ttl.Under1w++
	case ms < 30*24*hour:
		t.ttl.Under30d++
	default:
		t.ttl.Later++
	}
}

// countFields counts what expires within a value.
func (t *tally) countFields(c object.Cell) {
	if c.Type() == object.Set {
		t.fields.Sets++
		t.fields.Members += int64(set.Timed(c))
		return
	}
	t.fields.Hashes++
	it := hash.NewIter(c, 0)
	for _, _, ok := it.Next(); ok; _, _, ok = it.Next() {
		if it.Deadline != 0 {
			t.fields.Fields++
		}
	}
}

// module returns the count of a type of modules.
func (t *tally) module(name string) *Module {
	m := t.modules[name]
	if m == nil {
		m = &Module{Type: name}
		t.modules[name] = m
	}
	return m
}

// moduleName returns the name of the type whose id is in front of a value or of a piece of global data.
func moduleName(raw []byte) string {
	id, _, _ := rdbfmt.ParseLen(raw)
	name, _ := rdbfmt.ModuleName(id)
	return name
}

// fill writes the counts into a report.
func (t *tally) fill(r *Report) {
	r.Databases, r.Encodings, r.WithoutCommands = []Database{}, []Encoding{}, []Opaque{}
	var opaque [object.NumTypes]Totals
	for _, index := range slices.Sorted(maps.Keys(t.dbs)) {
		db := Database{Index: index, Types: []TypeTotals{}}
		for typ, n := range t.dbs[index] {
			if n.Keys == 0 {
				continue
			}
			db.Types = append(db.Types, TypeTotals{object.Type(typ).String(), n})
			db.sum(n)
			opaque[typ].sum(n)
		}
		r.Databases = append(r.Databases, db)
		r.Keys += db.Keys
		r.Elements += db.Elements
		r.ValueBytes += db.Bytes
	}
	r.MemoryBytes = r.ValueBytes + r.Keys*tableBytesPerKey
	for typ := range t.encodings {
		for enc, n := range t.encodings[typ] {
			if n.Keys > 0 {
				r.Encodings = append(r.Encodings, Encoding{object.Type(typ).String(), object.Encoding(enc).String(), n.Keys, n.Bytes})
			}
		}
		if n := opaque[typ]; n.Keys > 0 && object.Type(typ).Opaque() && object.Type(typ) != object.Module {
			r.WithoutCommands = append(r.WithoutCommands, Opaque{object.Type(typ).String(), n.Keys, n.Bytes})
		}
	}
	r.Modules = []Module{}
	for _, name := range slices.Sorted(maps.Keys(t.modules)) {
		r.Modules = append(r.Modules, *t.modules[name])
	}
	r.TTL, r.FieldTTL = t.ttl, t.fields
	r.TTL.Expired += r.ExpiredKeys
	r.StickyKeys, r.MemcacheFlagKeys = t.sticky, t.memcache
	r.BiggestByMemory, r.BiggestByElements = t.byMemory.list(), t.byElements.list()
	if r.Loads && r.CommandCount == 0 {
		r.Digest = t.digest.Digest().String()
	}
}
