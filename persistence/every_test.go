package persistence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
	"dragonfly/store/types/zset"
)

// farMs is a deadline in whole seconds that tests do not live to see.
const farMs = 4_000_000_000_000

// newStore returns an empty store.
func newStore(t *testing.T, shards int) *store.Store {
	t.Helper()
	s, err := store.New(store.Options{Shards: shards, Databases: 3, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// every is a store with values of all types, in all encodings, small and too big to be written at once.
type every struct {
	*store.Store
	v store.View
}

func (e *every) add(key string, at object.Attrs, n int) object.Cell {
	return e.v.Add([]byte(key), at, n)
}

func (e *every) cell(key string) object.Cell { return e.v.Peek([]byte(key)) }

// bytes adds a value that is bytes.
func (e *every) bytes(key string, b []byte, at object.Attrs) {
	copy(e.add(key, at, len(b)).View(), b)
}

func item(i int) []byte { return fmt.Appendf(nil, "item:%d", i) }

// redisTypes adds what Redis knows. Fields have deadlines if timed.
func (e *every) redisTypes(timed bool) {
	lim := e.v.Limits()
	long := bytes.Repeat([]byte("long "), 4000)
	e.bytes("string:int", []byte("-1234567"), object.Attrs{Type: object.String, Encoding: object.Int})
	e.bytes("string:", []byte("short"), object.Attrs{Type: object.String, Encoding: object.Embstr, DeadlineMs: farMs + 123})
	e.bytes("string:lzf", long, object.Attrs{Type: object.String, Encoding: object.Raw})
	e.bytes("string:big", bytes.Repeat([]byte("0123456789"), 110_000), object.Attrs{Type: object.String, Encoding: object.Raw})
	e.bytes("", []byte("empty key"), object.Attrs{Type: object.String, Encoding: object.Embstr})
	e.bytes("string:"+strings.Repeat("k", 300), nil, object.Attrs{Type: object.String, Encoding: object.Embstr})
	for _, n := range []int{3, 300, 5000} {
		l, s, h, z := fmt.Sprintf("list:%d", n), fmt.Sprintf("set:%d", n), fmt.Sprintf("hash:%d", n), fmt.Sprintf("zset:%d", n)
		list.Init(e.add(l, object.Attrs{Type: object.List, Encoding: object.Listpack}, 0))
		set.InitEmpty(e.add(s, object.Attrs{Type: object.Set}, 0))
		set.InitEmpty(e.add("ints:"+s, object.Attrs{Type: object.Set}, 0))
		hash.Init(e.add(h, object.Attrs{Type: object.Hash, Encoding: object.Listpack, DeadlineMs: farMs}, 0))
		b := zset.NewBuilder(e.Shard(e.ShardOf([]byte(z))).A)
		for i := range n {
			list.PushTail(e.cell(l), lim, item(i))
			list.PushTail(e.cell(l), lim, fmt.Append(nil, i*i*i))
			set.Add(e.cell(s), item(i), lim)
			set.Add(e.cell("ints:"+s), fmt.Append(nil, i*1000), lim)
			hash.Set(e.cell(h), item(i), fmt.Append(nil, i), false, lim)
			b.Add(item(i), float64(i)/8)
		}
		b.Finish(e.add(z, object.Attrs{Type: object.Zset}, 0), lim)
	}
	list.Init(e.add("list:plain", object.Attrs{Type: object.List, Encoding: object.Listpack}, 0))
	for i := range 40 {
		list.PushTail(e.cell("list:plain"), lim, bytes.Repeat(item(i), 3000))
	}
	hash.Init(e.add("hash:large", object.Attrs{Type: object.Hash, Encoding: object.Listpack}, 0))
	hash.Prepare(e.cell("hash:large"), [][]byte{long}, lim)
	for i := range 50 {
		hash.Set(e.cell("hash:large"), item(i), long, false, lim)
	}
	if timed {
		for _, n := range []int{5, 5000} {
			e.timedHash(fmt.Sprintf("hash:seconds:%d", n), n, 0)
			e.timedHash(fmt.Sprintf("hash:ms:%d", n), n, 1)
		}
	}
	for _, n := range []int{0, 3, 5000} {
		e.stream(fmt.Sprintf("stream:%d", n), n, n/3)
	}
}

// timedHash adds a hash of which most fields have a deadline, one of them so many ms behind a whole second.
func (e *every) timedHash(key string, n int, ms int64) {
	hash.Init(e.add(key, object.Attrs{Type: object.Hash, Encoding: object.Listpack}, 0))
	for i := range n {
		hash.Set(e.cell(key), item(i), item(-i), false, e.v.Limits())
	}
	hash.AllowTTL(e.cell(key))
	for i := range n {
		if i%5 == 0 {
			continue
		}
		deadline := int64(farMs + i*1000)
		if i == n-1 {
			deadline += ms
		}
		hash.SetDeadline(e.cell(key), item(i), deadline, 1000, hash.Always)
	}
	e.v.NoteFieldDeadline([]byte(key), hash.MinDeadline(e.cell(key)))
}

// stream adds a stream of n entries with a group and so many pending ones.
func (e *every) stream(key string, n, pending int) {
	lim := e.v.Limits()
	s := stream.New(e.add(key, object.Attrs{Type: object.Stream, Encoding: object.StreamTree}, stream.ValueBytes))
	for i := range n {
		s.Append(stream.ID{Ms: uint64(i + 1), Seq: uint64(i % 2)}, [][]byte{[]byte("field"), item(i), []byte("n"), fmt.Append(nil, i)}, lim)
	}
	if n > 2 {
		s.Delete(stream.ID{Ms: 2, Seq: 1})
	}
	g, _ := s.CreateGroup([]byte("group"), stream.ID{Ms: 1}, 1)
	s.CreateGroup([]byte("other"), stream.ID{}, stream.UnknownRead)
	c, _ := g.CreateConsumer([]byte("consumer"), 1_700_000_000_000)
	c.SetActiveMs(1_700_000_000_001)
	g.CreateConsumer([]byte("idler"), 1_700_000_000_002)
	for i := range pending {
		g.Force(c, stream.ID{Ms: uint64(i + 1), Seq: uint64(i % 2)}, 1_700_000_000_000)
	}
}

// dragonflyTypes adds what only Dragonfly knows.
func (e *every) dragonflyTypes() {
	e.bytes("sticky", []byte("x"), object.Attrs{Type: object.String, Encoding: object.Embstr, Sticky: true})
	e.bytes("flags", []byte("x"), object.Attrs{Type: object.String, Encoding: object.Embstr, MemcacheFlags: 0xdeadbeef, DeadlineMs: farMs})
	e.bytes("both", []byte("x"), object.Attrs{Type: object.String, Encoding: object.Embstr, Sticky: true, MemcacheFlags: 7})
	for _, n := range []int{3, 5000} {
		key := fmt.Sprintf("set:timed:%d", n)
		set.InitEmpty(e.add(key, object.Attrs{Type: object.Set, Sticky: n == 3}, 0))
		for i := range n {
			set.Add(e.cell(key), item(i), e.v.Limits())
			if i%3 > 0 {
				set.SetDeadline(e.cell(key), item(i), int64(farMs+i*1000))
			}
		}
		e.v.NoteFieldDeadline([]byte(key), set.MinDeadline(e.cell(key)))
	}
	opaque := func(typ object.Type) object.Attrs { return object.Attrs{Type: typ, Encoding: object.Raw} }
	e.bytes("json", []byte(`{"a":[1,2,"three"],"b":null}`), opaque(object.JSON))
	e.bytes("json:int", []byte(`12`), opaque(object.JSON))
	e.bytes("json:big", []byte(`["`+strings.Repeat("json ", 250_000)+`"]`), opaque(object.JSON))
	e.bytes("bloom", bloom(1<<10), opaque(object.Bloom))
	e.bytes("bloom:big", bloom(1<<20), opaque(object.Bloom))
	cms := []byte{3, 2, 5}
	for i := range 6 {
		cms = binary.LittleEndian.AppendUint64(cms, uint64(i))
	}
	e.bytes("cms", cms, opaque(object.CMS))
	topK := append([]byte{0, 2, 4, 1}, rdbfmt.AppendDouble(nil, 0.9)...)
	topK = rdbfmt.AppendPlain(append(topK, 1, 1, 'x', 3), make([]byte, 4*4))
	e.bytes("topk", topK, opaque(object.TopK))
	e.bytes("cuckoo", []byte{2, 20, 1, 4, 1, 0, 1, 8, 8, 0, 0, 1, 0, 0, 0, 0, 0}, opaque(object.Cuckoo))
	module := rdbfmt.AppendLen(nil, 0x3016e5a289bef804)
	e.bytes("module", append(module, rdbfmt.ModuleUint, 5, rdbfmt.ModuleString, 2, 'h', 'i', rdbfmt.ModuleEOF), opaque(object.Module))
}

// bloom returns a Bloom filter in its RDB form, with so many bytes of bits.
func bloom(n int) []byte {
	b := []byte{0}
	b = rdbfmt.AppendDouble(b, 2)
	b = rdbfmt.AppendDouble(b, 0.01)
	b = append(b, 0, 1, 5, 1, 4)
	b = rdbfmt.AppendLen(b, uint64(n))
	b = rdbfmt.AppendLen(b, uint64(n))
	bits := bytes.Repeat([]byte{0, 0x5a, 0xff, 1}, n/4)
	return append(b, bits...)
}

// newEvery returns a store with everything, in two databases.
func newEvery(t *testing.T, shards int) *every {
	s := newStore(t, shards)
	e := &every{s, s.View(0, 1000)}
	e.redisTypes(true)
	e.dragonflyTypes()
	other := &every{s, s.View(2, 1000)}
	other.timedHash("hash:ms:5000", 5000, 1)
	other.stream("stream:3", 3, 3)
	for _, v := range []*store.View{&e.v, &other.v} {
		for i := range 1000 {
			v.SetString(fmt.Appendf(nil, "filler:%d", i), bytes.Repeat(item(i), i%20), object.Raw, int64(i%2)*farMs)
		}
	}
	return e
}
