package rdbload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"dragonfly/persistence/rdbfmt"
)

// chunk returns a piece of a stream.
func chunk(id uint32, payload ...[]byte) []byte {
	p := join(payload...)
	return join([]byte{rdbfmt.OpDFTaggedChunk}, u32(id), u32(uint32(len(p))), p)
}

// splitFile returns a file of records whose bytes come in interleaved pieces,
// cut as rng will have it, some of them in blobs.
func splitFile(rng *rand.Rand, most int, records ...[]byte) []byte {
	var items [][]byte
	rest := slices.Clone(records)
	for left := len(rest); left > 0; {
		i := rng.IntN(len(rest))
		if len(rest[i]) == 0 {
			continue
		}
		n := min(1+rng.IntN(most), len(rest[i]))
		items = append(items, chunk(uint32(i+1), rest[i][:n]))
		if rest[i] = rest[i][n:]; len(rest[i]) == 0 {
			left--
		}
	}
	data := append(header(9), selectDB(0)...)
	for len(items) > 0 {
		n := min(1+rng.IntN(1+len(items)/10), len(items))
		switch rng.IntN(3) {
		case 0:
			data = append(data, lz4Blob(items[:n]...)...)
		case 1:
			data = append(data, zstdBlob(items[:n]...)...)
		default:
			data = append(data, join(items[:n]...)...)
		}
		items = items[n:]
	}
	return complete(data)
}

// chunkedRecords are of every form that a writer splits, and some that it does not.
func chunkedRecords() [][]byte {
	var set, hash, zset, list []byte
	for i := range 300 {
		set = append(set, str(fmt.Sprintf("member:%d", i))...)
		hash = append(hash, strs(fmt.Sprintf("field:%d", i), fmt.Sprintf("value:%d", i))...)
		zset = append(zset, join(str(fmt.Sprintf("member:%d", i)), f64(float64(i)))...)
		list = append(list, join(num(2), blob(fmt.Sprint(i), "x"))...)
	}
	ttl := join([]byte{rdbfmt.OpExpireTimeMs}, i64(1_900_000_000_000), []byte{rdbfmt.OpDFMask}, u32(3), u32(42))
	return [][]byte{
		rec(2, "set", num(300), set),
		append(ttl, rec(4, "hash", num(300), hash)...),
		rec(5, "zset", num(300), zset),
		rec(18, "list", num(300), list),
		rec(21, "stream", streamValue(3)),
		rec(34, "bloom", bloomValue(join(num(5), chunksOf(100, strings.Repeat("01234567", 1024))))),
		rec(37, "cuckoo", cuckooValue()),
		rec(32, "ttl", num(2), str("a"), rdbfmt.AppendInt(nil, 100), str("b"), rdbfmt.AppendInt(nil, -1)),
		rec(0, "string", str(strings.Repeat("string", 10_000))),
		rec(16, "packed", blob("a", "1")),
	}
}

// However values are cut and mixed, they come out as they went in.
func TestTaggedChunks(t *testing.T) {
	records := chunkedRecords()
	whole, _, err := load(file(9, records...), Options{})
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 0))
		data := splitFile(rng, []int{5, 50, 500, 5000, 50_000}[seed%5], records...)
		c := newCollector()
		r := []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))}[seed%2]
		sum, err := Load(r, Options{}, c)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, want := c.dump(), whole.dump(); got != want || sum.Keys != uint64(len(records)) {
			t.Fatalf("seed %d: %s", seed, firstDifference(got, want))
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines { // one of an earlier test may have ended meanwhile
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
}

// Records come between the pieces of a value, in other databases too, and the
// stream of a complete value may begin another one.
func TestRecordsBetweenChunks(t *testing.T) {
	empty := join(num(0), f64(1), f64(0), num(0, 0, 0, 0)) // a Bloom filter
	data := file(9, selectDB(1),
		chunk(7, rec(2, "set", num(2)), str("a")),
		selectDB(2), rec(0, "k", str("v")),
		chunk(8, rec(34, "bloom")),
		selectDB(3), rec(0, "l", str("v")),
		chunk(7, str("b")),
		chunk(7, rec(2, "again", num(1), strs("c"))),
		chunk(8, empty[:5]),
		selectDB(4),
		chunk(8, empty[5:]))
	c, _, err := load(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `db 1: 1 keys
"set" set of 2
  "a"
  "b"
db 2: 2 keys
"bloom" MBbloom-- "`
	if got := c.dump(); !strings.HasPrefix(got, want) || !strings.Contains(got, "db 3: 2 keys\n\"again\" set of 1\n  \"c\"\n\"l\" string") {
		t.Errorf("got\n%s", got)
	}
}

func TestRefusedChunks(t *testing.T) {
	f := func(want string, items ...[]byte) {
		t.Helper()
		goroutines := runtime.NumGoroutine()
		checkRefused(t, file(9, items...), want)
		if n := runtime.NumGoroutine(); n > goroutines { // one of an earlier test may have ended meanwhile
			t.Errorf("%d goroutines, %d before", n, goroutines)
		}
	}
	open := chunk(1, rec(2, "set", num(2)), str("a"))
	f(`offset 27: key "set": type 2 (set): the data ends before the value does (written by RDB version 9)`, open)
	f(`the data ends before the value does`, chunk(1, []byte{2}))
	f(`key "z"`, chunk(3, rec(2, "x", num(2)), str("a")), chunk(2, rec(2, "z", num(2)), str("a")))
	f("offset 18: Dragonfly TAGGED_CHUNK: stream 0", chunk(0, []byte{2}))
	f("Dragonfly TAGGED_CHUNK: empty piece", chunk(1))
	f(`offset 37: key "set": type 2 (set): bytes follow the value`, open, chunk(1, str("b"), []byte{0}))
	f(`key "set": type 2 (set): string encoding where`, chunk(1, rec(2, "set", []byte{0xC0})))
	f(`key "z": type 5 (zset, binary scores): score is not a number`, chunk(1, rec(5, "z", num(2), str("a"), f64(1))), chunk(1, str("b"), f64(math.NaN())))
	f(`EOF: no attribute of a record`, chunk(1, []byte{rdbfmt.OpEOF}))
	f(`SELECTDB: no attribute of a record`, chunk(1, selectDB(0)))
	f(`Dragonfly TAGGED_CHUNK: no attribute of a record`, chunk(1, chunk(2, rec(0, "k", str("v")))))
	f(`type byte 38 has no meaning`, chunk(1, []byte{38}))
	f(`DF_MASK: unknown flags`, chunk(1, []byte{rdbfmt.OpDFMask}, u32(8)))
	f(`between the attributes of a record and the record`, []byte{rdbfmt.OpExpireTimeMs}, i64(5), open)
	f(`at 15 of its blob: key "set": type 2 (set): the compressed blob ends inside an item`, lz4Blob(join([]byte{rdbfmt.OpDFTaggedChunk}, u32(1), u32(100), rec(2, "set", num(2)))))
	f(`opcode 130: unknown`, open, []byte{130}) // another value is under way

	var many []byte
	for i := range uint32(maxStreams) {
		many = append(many, chunk(i+1, rec(2, "set", num(2)), str("a"))...)
	}
	f("a file with more than 1024 values under way is not supported", many, chunk(maxStreams+1, []byte{2}))
	f(`key "set"`, many)
}

// An error elsewhere ends the values under way: the Sink is let go.
func TestStoppedChunks(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	var seen []string
	note := func(format string, args ...any) { seen = append(seen, fmt.Sprintf(format, args...)) }
	sink := putFunc(func(rec *Record) error {
		name := string(rec.Key)
		if !rec.Interleaved {
			note("put %s", name)
			return errDuplicateKey
		}
		e := rec.Elems
		e.OnPause = func() { note("pause %s", name) }
		e.OnResume = func() { note("resume %s", name) }
		for e.Next() {
			note("%s has %s", name, e.Elem.Data)
		}
		note("end of %s: %v", name, e.Err())
		return e.Err()
	})
	data := file(9,
		chunk(1, rec(2, "s", num(3)), str("a")),
		chunk(2, rec(2, "t", num(2)), str("x")),
		chunk(1, str("b")),
		chunk(2, str("y")),
		rec(0, "k", str("v")))
	_, err := Load(bytes.NewReader(data), Options{}, sink)
	if !errors.Is(err, errDuplicateKey) || !strings.Contains(err.Error(), `key "k"`) {
		t.Error(err)
	}
	want := []string{"s has a", "pause s", "t has x", "pause t", "resume s", "s has b", "pause s",
		"resume t", "t has y", "end of t: <nil>", "put k", "resume s", "end of s: the load has ended"}
	if !slices.Equal(seen, want) {
		t.Errorf("got  %q\nwant %q", seen, want)
	}
	if n := runtime.NumGoroutine(); n > goroutines { // one of an earlier test may have ended meanwhile
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
}

// A Sink that does not read a value to its end, or has none of it, does not keep
// the loader from doing so.
func TestChunksLeftUnread(t *testing.T) {
	data := file(9,
		chunk(1, rec(2, "s", num(3)), str("a")), rec(0, "k", str("v")), chunk(1, str("b")), chunk(1, str("c")),
		chunk(2, []byte{rdbfmt.OpExpireTimeMs}, i64(1), rec(2, "gone", num(2)), str("a")), chunk(2, str("b")))
	paused := false
	puts := 0
	sum, err := Load(bytes.NewReader(data), Options{NowMs: 1000}, putFunc(func(rec *Record) error {
		puts++
		if rec.Elems != nil {
			rec.Elems.OnPause = func() { paused = true }
		}
		return nil
	}))
	if err != nil || sum.Keys != 2 || sum.Expired != 1 || puts != 2 || paused {
		t.Errorf("%+v, %v, %d puts, paused %v", sum, err, puts, paused)
	}
}

// A refusal by the Sink of a value under way names its key.
func TestSinkErrorInChunk(t *testing.T) {
	refusal := errors.New("refused")
	data := file(9, chunk(1, rec(2, "s", num(3)), str("a")), rec(0, "k", str("v")), chunk(1, str("b")))
	_, err := Load(bytes.NewReader(data), Options{}, putFunc(func(rec *Record) error {
		if rec.Elems == nil {
			return nil
		}
		rec.Elems.Next()
		rec.Elems.Next()
		return refusal
	}))
	if !errors.Is(err, refusal) || !strings.Contains(err.Error(), `key "s": type 2 (set): refused`) {
		t.Error(err)
	}
}

// A Sink's panic comes out of Load, wherever it was.
func TestSinkPanicInChunk(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	data := file(9, chunk(1, rec(2, "s", num(3)), str("a")), chunk(2, rec(2, "t", num(1)), str("b")))
	func() {
		defer func() {
			if r := recover(); r != "sink" {
				t.Errorf("recovered %v", r)
			}
		}()
		_, _ = Load(bytes.NewReader(data), Options{}, putFunc(func(rec *Record) error {
			for rec.Elems.Next() {
				if string(rec.Key) == "t" {
					panic("sink")
				}
			}
			return rec.Elems.Err()
		}))
	}()
	if n := runtime.NumGoroutine(); n > goroutines { // one of an earlier test may have ended meanwhile
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
}

// Many values under way take little memory while they wait.
func TestMemoryOfStreams(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 4096)
	data := append(header(9), selectDB(0)...)
	for i := range uint32(maxStreams) {
		data = append(data, chunk(i+1, rec(4, fmt.Sprint("hash", i), num(2)), rdbfmt.AppendString(nil, []byte(large), true), rdbfmt.AppendString(nil, []byte(large), true))...)
	}
	sink := &heapSink{t: t}
	runtime.GC()
	runtime.ReadMemStats(&sink.before)
	_, err := Load(bytes.NewReader(data), Options{}, sink)
	if !errors.Is(err, errUnfinished) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if sink.elems != maxStreams {
		t.Errorf("%d elements", sink.elems)
	}
}

// heapSink looks at the memory in use when every value has had its first element.
type heapSink struct {
	discard
	t      *testing.T
	before runtime.MemStats
}

func (s *heapSink) Put(rec *Record) error {
	rec.Elems.OnPause = func() {
		if s.elems < maxStreams {
			return
		}
		var now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&now)
		if n := int64(now.HeapAlloc - s.before.HeapAlloc); n > 32<<20 {
			s.t.Errorf("%d values take %d bytes", maxStreams, n)
		}
	}
	return s.discard.Put(rec)
}
