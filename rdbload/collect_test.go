package rdbload

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"dragonfly/store/number"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// collector is a Sink that keeps everything in plain Go values, as a person
// would write them down: what a value was packed as leaves no trace.
type collector struct {
	dbs       map[int]map[string]*value
	db        int
	aux       map[string]string
	modules   []string
	functions []string
	hints     []string
}

// value is one key's value with all that belongs to it.
type value struct {
	typ         ValueType
	deadlineMs  int64
	hasDeadline bool
	attributes  string
	items       []item
	meta        *StreamMeta
	groups      []*group
}

// item is a list element, a set member, a scored member, a hash field or a stream entry.
type item struct {
	name, value string
	score       float64
	deadlineMs  int64
	pairs       []string // of a stream entry
}

type group struct {
	name      string
	last      StreamID
	read      int64
	consumers []*consumer
}

type consumer struct {
	name         string
	seen, active int64
	pending      []string
}

func newCollector() *collector {
	return &collector{dbs: map[int]map[string]*value{}, aux: map[string]string{}}
}

func (c *collector) Aux(name, val []byte) error {
	c.aux[string(name)] = string(val)
	return nil
}

func (c *collector) Function(code []byte) error {
	c.functions = append(c.functions, string(code))
	return nil
}

func (c *collector) ModuleAux(raw []byte) error {
	c.modules = append(c.modules, string(raw))
	return nil
}

func (c *collector) DB(index int) error { c.db = index; return nil }

func (c *collector) ResizeHint(keys, expires uint64) {
	c.hints = append(c.hints, fmt.Sprint(keys, expires))
}

var errDuplicateKey = errors.New("duplicate key")

func (c *collector) Put(rec *Record) error {
	if rec.DB != c.db && !rec.Interleaved {
		return fmt.Errorf("record of db %d while db %d is announced", rec.DB, c.db)
	}
	db := c.dbs[rec.DB]
	if db == nil {
		db = map[string]*value{}
		c.dbs[rec.DB] = db
	}
	if db[string(rec.Key)] != nil {
		return errDuplicateKey
	}
	v, err := collect(rec)
	if err != nil {
		return err
	}
	db[string(rec.Key)] = v
	return nil
}

func collect(rec *Record) (*value, error) {
	v := &value{typ: rec.Type, hasDeadline: rec.HasDeadline, deadlineMs: rec.DeadlineMs}
	if rec.Idle >= 0 {
		v.attributes += fmt.Sprintf(" idle=%d", rec.Idle)
	}
	if rec.Freq >= 0 {
		v.attributes += fmt.Sprintf(" freq=%d", rec.Freq)
	}
	if rec.Sticky {
		v.attributes += " sticky"
	}
	if rec.HasMemcacheFlags {
		v.attributes += fmt.Sprintf(" flags=%d", rec.MemcacheFlags)
	}
	if (rec.Packing == Elementwise) != (rec.Elems != nil) {
		return nil, errors.New("packing and cursor disagree")
	}
	switch rec.Packing {
	case Plain, Opaque:
		v.items = []item{{name: string(rec.Bytes)}}
		return v, nil
	case Intset:
		for i := range intset.Len(rec.Bytes) {
			v.items = append(v.items, item{name: strconv.FormatInt(intset.At(rec.Bytes, i), 10)})
		}
	case Listpack, ListpackTTL:
		v.items = packedItems(rec)
	default:
		return v, v.collectElems(rec.Elems)
	}
	if uint64(len(v.items)) != rec.Len {
		return nil, fmt.Errorf("%d members, but Len is %d", len(v.items), rec.Len)
	}
	return v, nil
}

func packedItems(rec *Record) (items []item) {
	texts := listpackTexts(rec.Bytes)
	for len(texts) > 0 {
		it := item{name: texts[0]}
		switch {
		case rec.Packing == ListpackTTL:
			it.value = texts[1]
			it.deadlineMs, _ = strconv.ParseInt(texts[2], 10, 64)
			texts = texts[3:]
		case rec.Type == Hash:
			it.value = texts[1]
			texts = texts[2:]
		case rec.Type == Zset:
			it.score, _ = number.ParseFloat([]byte(texts[1]))
			texts = texts[2:]
		default:
			texts = texts[1:]
		}
		items = append(items, it)
	}
	return items
}

func listpackTexts(lp []byte) (texts []string) {
	for p := listpack.First(lp); p >= 0; p = listpack.Next(lp, p) {
		texts = append(texts, string(listpack.AppendElem(nil, lp, p)))
	}
	return texts
}

func (v *value) collectElems(elems *Elems) error {
	seen := map[string]bool{}
	for elems.Next() {
		e := &elems.Elem
		switch e.Kind {
		case ElemListNode:
			for _, s := range listpackTexts(e.Data) {
				v.items = append(v.items, item{name: s})
			}
		case ElemListPlain:
			v.items = append(v.items, item{name: string(e.Data)})
		case ElemMember, ElemScored, ElemField:
			if seen[string(e.Data)] {
				return errDuplicateKey
			}
			seen[string(e.Data)] = true
			it := item{name: string(e.Data), deadlineMs: e.DeadlineMs, score: e.Score}
			if e.Kind == ElemField {
				it.value = string(e.Value)
			}
			v.items = append(v.items, it)
		case ElemStreamNode:
			v.collectStreamNode(e.ID, listpackTexts(e.Data))
		case ElemStream:
			meta := e.Stream
			v.meta = &meta
		case ElemGroup:
			v.groups = append(v.groups, &group{name: string(e.Data), last: e.ID, read: e.EntriesRead})
		case ElemConsumer:
			g := v.groups[len(v.groups)-1]
			g.consumers = append(g.consumers, &consumer{name: string(e.Data), seen: e.SeenMs, active: e.ActiveMs})
		case ElemPending:
			g := v.groups[len(v.groups)-1]
			c := g.consumers[len(g.consumers)-1]
			c.pending = append(c.pending, fmt.Sprintf("%d-%d at %d, %d times", e.ID.Ms, e.ID.Seq, e.DeliveredMs, e.Deliveries))
		default:
			return fmt.Errorf("element of kind %d", e.Kind)
		}
	}
	return elems.Err()
}

func (v *value) collectStreamNode(master StreamID, t []string) {
	num := func() int64 {
		n, _ := strconv.ParseInt(t[0], 10, 64)
		t = t[1:]
		return n
	}
	num()
	num()
	fields := t[1:]
	n := num()
	fields = fields[:n]
	t = t[n+1:]
	for len(t) > 0 {
		flags := num()
		id := StreamID{master.Ms + uint64(num()), master.Seq + uint64(num())}
		var pairs []string
		if flags&streamSameFields != 0 {
			for i, f := range fields {
				pairs = append(pairs, f, t[i])
			}
			t = t[len(fields):]
		} else {
			n := num()
			pairs = t[:2*n]
			t = t[2*n:]
		}
		num()
		if flags&streamDeleted == 0 {
			v.items = append(v.items, item{name: fmt.Sprintf("%d.%d", id.Ms, id.Seq), pairs: pairs})
		}
	}
}

// dump returns everything as text, sorted where order means nothing.
func (c *collector) dump() string {
	var b strings.Builder
	for _, f := range c.functions {
		fmt.Fprintf(&b, "function %q\n", f)
	}
	for _, db := range sortedKeys(c.dbs) {
		fmt.Fprintf(&b, "db %d: %d keys\n", db, len(c.dbs[db]))
		for _, key := range sortedKeys(c.dbs[db]) {
			fmt.Fprintf(&b, "%s %s", short(key), c.dbs[db][key].dump())
		}
	}
	return b.String()
}

func (v *value) dump() string {
	var b strings.Builder
	b.WriteString(v.typ.String())
	if v.hasDeadline {
		fmt.Fprintf(&b, " deadline=%d", v.deadlineMs)
	}
	b.WriteString(v.attributes)
	if v.typ == String || v.typ >= Module {
		return b.String() + " " + short(v.items[0].name) + "\n"
	}
	fmt.Fprintf(&b, " of %d", len(v.items))
	if v.meta != nil {
		fmt.Fprintf(&b, " %+v", *v.meta)
	}
	b.WriteByte('\n')
	var lines []string
	for _, it := range v.items {
		line := "  " + short(it.name)
		switch v.typ {
		case Zset:
			line += " " + strconv.FormatFloat(it.score, 'g', -1, 64)
		case Hash:
			line += " = " + short(it.value)
		case Stream:
			for _, p := range it.pairs {
				line += " " + short(p)
			}
		}
		if it.deadlineMs != 0 {
			line += " until " + strconv.FormatInt(it.deadlineMs, 10)
		}
		lines = append(lines, line)
	}
	if v.typ == Set || v.typ == Hash || v.typ == Zset {
		sort.Strings(lines)
	}
	if len(lines) > 12 {
		sum := sha1.Sum([]byte(strings.Join(lines, "\n")))
		lines = append(lines[:6:6], fmt.Sprintf("  … sha1 of all %x", sum))
	}
	for _, g := range v.groups {
		lines = append(lines, fmt.Sprintf("  group %s at %v read %d", short(g.name), g.last, g.read))
		for _, c := range g.consumers {
			lines = append(lines, fmt.Sprintf("    consumer %s seen %d active %d", short(c.name), c.seen, c.active))
			for _, p := range c.pending {
				lines = append(lines, "      "+p)
			}
		}
	}
	if len(lines) > 0 {
		b.WriteString(strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// short quotes s, abridged if long.
func short(s string) string {
	if len(s) <= 80 {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q… (%d bytes, sha1 %x)", s[:40], len(s), sha1.Sum([]byte(s)))
}

func sortedKeys[K int | string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// digest computes what DEBUG DIGEST answers of this data on Redis 7.4: keys are
// added without order, lists and stream entries in order.
func (c *collector) digest() string {
	var final [20]byte
	for _, db := range sortedKeys(c.dbs) {
		if len(c.dbs[db]) == 0 {
			continue
		}
		final = digestMix(final, binary.BigEndian.AppendUint32(nil, uint32(db)))
		for key, v := range c.dbs[db] {
			var d [20]byte
			d = digestMix(d, []byte(key))
			d = v.digest(d)
			final = digestXor(final, d[:])
		}
	}
	return fmt.Sprintf("%x", final)
}

func (v *value) digest(d [20]byte) [20]byte {
	// Module values have number 5, between hash and stream.
	number := map[ValueType]uint32{String: 0, List: 1, Set: 2, Zset: 3, Hash: 4, Stream: 6}[v.typ]
	d = digestMix(d, binary.BigEndian.AppendUint32(nil, number))
	for _, it := range v.items {
		var e [20]byte
		switch v.typ {
		case String, List:
			d = digestMix(d, []byte(it.name))
		case Set:
			d = digestXor(d, []byte(it.name))
		case Zset:
			e = digestMix(e, []byte(it.name))
			e = digestMix(e, scoreText(it.score))
			d = digestXor(d, e[:])
		case Hash:
			e = digestMix(e, []byte(it.name))
			e = digestMix(e, []byte(it.value))
			if it.deadlineMs != 0 {
				e = digestXor(e, []byte("!!hexpire!!"))
			}
			d = digestXor(d, e[:])
		case Stream:
			d = digestMix(d, []byte(it.name))
			for _, p := range it.pairs {
				d = digestMix(d, []byte(p))
			}
		}
	}
	if v.hasDeadline {
		d = digestXor(d, []byte("!!expire!!"))
	}
	return d
}

func scoreText(f float64) []byte {
	if math.IsInf(f, 0) || f == 0 {
		return number.AppendScore(nil, f)
	}
	return number.AppendFpconv(nil, f)
}

func digestXor(d [20]byte, p []byte) [20]byte {
	for i, b := range sha1.Sum(p) {
		d[i] ^= b
	}
	return d
}

func digestMix(d [20]byte, p []byte) [20]byte {
	d = digestXor(d, p)
	return sha1.Sum(d[:])
}

// load loads data into a new collector.
func load(data []byte, opts Options) (*collector, Summary, error) {
	c := newCollector()
	sum, err := Load(bytes.NewReader(data), opts, c)
	return c, sum, err
}
