package rdbload

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

var (
	mutants  = flag.Int("mutants", 50_000, "number of mutated files to load")
	prefixes = flag.Bool("prefixes", false, "load every prefix of every file")
	seed     = flag.Uint64("seed", 1, "seed of the mutations")
)

// handmade returns small files of the types that no fixture has, and of some
// that have many parts.
func handmade() [][]byte {
	return [][]byte{
		file(15, []byte{rdbfmt.OpHashTemplate}, num(7, 2), strs("a", "b"),
			rec(30, "t", blob("7", "1", "2")), rec(32, "u", num(7), strs("1", "2")),
			rec(27, "s", streamValue(5)), rec(7, "m", moduleValue()),
			rec(22, "h", num(1), num(5), strs("a", "1")), rec(23, "i", blob("a", "1", "5"))),
		file(9, rec(31, "h", num(1), strs("a", "b", "3")), rec(32, "s", num(1), strs("a", "3")),
			[]byte{rdbfmt.OpDFMask}, u32(3), u32(9), rec(15, "t", streamValue(1)),
			rec(14, "q", num(2), str(ziplistOf("x")), str(ziplistOf("y", "12"))),
			rec(9, "z", str(zipmapOf("a", "1"))), rec(11, "i", str(intsetOf(1, 2)))),
		file(12, []byte{rdbfmt.OpFunctionPreGA}, strs("lib", "LUA"), num(1), strs("described", "code"),
			[]byte{rdbfmt.OpExpireTimeMs}, i64(5), []byte{rdbfmt.OpIdle}, num(500), rec(24, "h", i64(4), num(1, 2), strs("a", "1")),
			[]byte{rdbfmt.OpKeyMeta}, num(1), u32(1), num(rdbfmt.ModuleUint, 5, rdbfmt.ModuleEOF), rec(18, "l", num(1, 1), str("x")),
			[]byte{rdbfmt.OpModuleAux}, num(0x3016e5a289bef804, 2, 1), num(rdbfmt.ModuleString), str("x"), num(rdbfmt.ModuleEOF)),
		complete(append([]byte("VALKEY080"), join([]byte{rdbfmt.OpSlotImport}, str("job"), num(1, 0, 5),
			rec(22, "h", num(1), strs("a", "1"), i64(5)))...)),
		file(9, auxField("snapshot-id", "abc"), graphs(true),
			rec(30, "json", str(`{"a":[1,"x",null]}`)), rec(34, "bloom", bloomValue(join(num(5), chunksOf(100, strings.Repeat("01234567", 32))))),
			rec(33, "old", bloomValue(join(num(5), str("01234567")))), rec(35, "cms", cmsValue()), rec(36, "topk", topKValue()), rec(37, "cuckoo", cuckooValue()),
			lz4Blob(selectDB(1), chunk(3, rec(2, "tagged", num(3)), str("a")), rec(0, "k", str("v"))),
			chunk(4, []byte{rdbfmt.OpDFMask}, u32(1), rec(34, "filter")),
			zstdBlob(selectDB(2), rec(4, "hash", num(1), strs("field", "value")), chunk(3, strs("b", "c"))),
			chunk(4, bloomValue(join(num(5), chunksOf(8, "01234567")))),
			join([]byte{rdbfmt.OpDFJournalBlob}, num(1), str("\x06\x01\x0d"), []byte{rdbfmt.OpDFJournalOffset}, i64(5))),
		splitFile(rand.New(rand.NewPCG(1, 1)), 60, rec(2, "set", num(4), strs("a", "b", "c", "d")), rec(21, "s", streamValue(3)),
			rec(37, "cuckoo", cuckooValue()), rec(18, "l", num(2, 2), blob("x", "y"), num(1), str("z"))),
	}
}

// A file that ends early is an error, wherever it ends. A file takes one load
// per byte, so the large ones are cut at a sample of places that moves with the
// seed, unless all are asked for.
func TestEveryPrefixIsAnError(t *testing.T) {
	cut := func(name string, data []byte, from, step int) {
		if _, err := Load(bytes.NewReader(data), Options{}, new(discard)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for n := from; n < len(data); n += step {
			_, err := Load(bytes.NewReader(data[:n]), Options{}, new(discard))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
	for i, data := range handmade() {
		cut(fmt.Sprint("handmade ", i), data, 1, 1)
	}
	for i, s := range dfsSnapshots {
		for j, name := range s {
			data := readDFS(t, name)
			sum, err := Load(bytes.NewReader(data), Options{}, new(discard))
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/30)
			if j == 0 && strings.HasSuffix(name, "summary.dfs") {
				step = 1
			}
			cut(name, data[:sum.Bytes], 1+(17*i+int(*seed))%step, step)
		}
	}
	for i, f := range fixtures {
		step := 211
		if *prefixes {
			step = 1
		}
		cut(f.name, readFixture(t, f.name), 1+(17*i+int(*seed))%step, step)
	}
}

// mutate returns a damaged copy of data.
func mutate(rng *rand.Rand, data, other []byte) []byte {
	b := bytes.Clone(data)
	for range 1 + rng.IntN(3) {
		if len(b) < 32 {
			break
		}
		at := 9 + rng.IntN(len(b)-20)
		switch rng.IntN(9) {
		case 0:
			b[at] ^= 1 << rng.IntN(8)
		case 1:
			b[at] = byte(rng.Uint32())
		case 2: // a length becomes huge
			huge := []uint64{1 << 6, 1 << 14, 1 << 32, 1 << 63, 1<<31 - 1, 1 << 20}[rng.IntN(6)]
			b = append(b[:at:at], append(rdbfmt.AppendLen(nil, huge), b[at+1:]...)...)
		case 3: // cut out
			b = append(b[:at:at], b[min(len(b), at+1+rng.IntN(64)):]...)
		case 4: // repeat
			end := min(len(b), at+1+rng.IntN(64))
			b = append(b[:end:end], b[at:]...)
		case 5: // from another file
			from := rng.IntN(len(other))
			piece := other[from:min(len(other), from+1+rng.IntN(200))]
			b = append(b[:at:at], append(bytes.Clone(piece), b[at:]...)...)
		case 6: // a type or an opcode
			b[at] = []byte{0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
				26, 27, 30, 31, 32, 33, 34, 35, 36, 37, 201, 202, 210, 220, 222, 223, 224, 242, 243, 244, 245, 246, 247,
				248, 249, 250, 251, 252, 253, 254, 255}[rng.IntN(55)]
		case 7: // a 32-bit header field
			binary.LittleEndian.PutUint32(b[at:], []uint32{0, 1, 0xFFFF, 0xFFFFFF, 1 << 31, 0xFFFFFFFF}[rng.IntN(6)])
		case 8: // another version
			copy(b, []string{"REDIS0001", "REDIS0009", "REDIS0012", "REDIS0015", "VALKEY080"}[rng.IntN(5)])
		}
	}
	if rng.IntN(10) > 0 {
		restamp(b)
	}
	return b
}

func TestMutants(t *testing.T) {
	start := time.Now()
	rng := rand.New(rand.NewPCG(*seed, 0))
	files := make([][]byte, len(fixtures))
	for i, f := range fixtures {
		files[i] = readFixture(t, f.name)
	}
	files = append(files, handmade()...)
	for _, s := range dfsSnapshots {
		if name := s[0]; strings.HasSuffix(name, "summary.dfs") {
			files = append(files, readDFS(t, name))
		}
	}

	loaded, done := 0, 0
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	most, last := uint64(0), uint64(0)
	goroutines := runtime.NumGoroutine()
	for ; done < *mutants; done++ {
		if done%1000 == 0 && time.Since(start) > 10*time.Second {
			t.Logf("out of time")
			break
		}
		data := mutate(rng, files[rng.IntN(len(files))], files[rng.IntN(len(files))])
		metrics.Read(allocated)
		last = allocated[0].Value.Uint64()
		began := time.Now()
		s := &budget{}
		_, err := Load(bytes.NewReader(data), Options{NowMs: 1.7e12}, s)
		var e *Error
		switch {
		case err == nil:
			loaded++
		case !errors.As(err, &e):
			t.Fatalf("seed %d, mutant %d: %v is no *Error", *seed, done, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("seed %d, mutant %d took %v", *seed, done, took)
		}
		metrics.Read(allocated)
		if n := allocated[0].Value.Uint64() - last; n > most {
			most = n
			if n > maxMutantAlloc {
				t.Fatalf("seed %d, mutant %d of %d bytes: %d bytes allocated", *seed, done, len(data), n)
			}
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	t.Logf("%d mutants, %d load, at most %d bytes allocated for one, %v", done, loaded, most, time.Since(start))
}

// Damage inside compressed blobs and tagged chunks, whose frames are whole.
func TestMutantsInChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seed, 1))
	goroutines := runtime.NumGoroutine()
	start, done, loaded := time.Now(), 0, 0
	for ; done < *mutants/20 && time.Since(start) < 3*time.Second; done++ {
		records := chunkedRecords()
		for range 1 + rng.IntN(2) {
			i := rng.IntN(len(records))
			// mutate leaves the start and the end alone, where a file has its magic and checksum.
			padded := join(make([]byte, 9), records[i], make([]byte, 11))
			if b := mutate(rng, padded, records[rng.IntN(len(records))]); len(b) > 20 {
				records[i] = b[9 : len(b)-11]
			}
		}
		if rng.IntN(4) > 0 {
			records = records[:1+rng.IntN(len(records))]
		}
		data := splitFile(rng, []int{50, 500, 5000}[rng.IntN(3)], records...)
		_, err := Load(bytes.NewReader(data), Options{NowMs: 1.7e12}, &budget{})
		var e *Error
		switch {
		case err == nil:
			loaded++
		case !errors.As(err, &e):
			t.Fatalf("seed %d, mutant %d: %v is no *Error", *seed, done, err)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Fatalf("seed %d, mutant %d: %d goroutines, %d before; %v", *seed, done, n, goroutines, err)
		}
	}
	t.Logf("%d mutants, %d load, %v", done, loaded, time.Since(start))
}

// maxMutantAlloc is what reading a file of about 30 KB may allocate in all: room
// for the largest blocks and windows that decoders are allowed, and for one
// string that compresses well.
const maxMutantAlloc = 16 << 20

// budget is a Sink that walks everything as a real one would, so that a value
// wrongly found good panics here, and that keeps nothing.
type budget struct {
	discard
	sum int
}

func (b *budget) Put(rec *Record) error {
	b.sum += len(rec.Key)
	switch rec.Packing {
	case Plain, Opaque:
		b.touch(rec.Bytes)
	case Intset:
		for i := range intset.Len(rec.Bytes) {
			b.sum += int(intset.At(rec.Bytes, i))
		}
	case Listpack, ListpackTTL:
		b.walk(rec.Bytes)
	case Elementwise:
		for rec.Elems.Next() {
			switch e := &rec.Elems.Elem; e.Kind {
			case ElemListNode, ElemStreamNode:
				b.walk(e.Data)
			default:
				b.touch(e.Data)
				b.touch(e.Value)
			}
		}
		return rec.Elems.Err()
	}
	return nil
}

func (b *budget) touch(s []byte) {
	if len(s) > 0 {
		b.sum += int(s[0]) + int(s[len(s)-1])
	}
}

func (b *budget) walk(lp []byte) {
	for p := listpack.First(lp); p >= 0; {
		s, n, _, next := listpack.GetNext(lp, p)
		b.touch(s)
		b.sum += int(n)
		p = next
	}
	for p := listpack.Last(lp); p >= 0; p = listpack.Prev(lp, p) {
		b.sum++
	}
}

// A small input may not ask for much memory, whatever sizes it announces.
func TestBombs(t *testing.T) {
	const huge = 1 << 40
	f := func(name string, data []byte) {
		t.Helper()
		if len(data) > 1024 {
			t.Fatalf("%s: %d bytes are no small input", name, len(data))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = Load(bytes.NewReader(data), Options{}, new(discard))
		_ = LoadValue(rdbfmt.AppendFooter(bytes.Clone(data), 0, rdbfmt.Version), new(discard))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
	bomb := func(version int, typ byte, val ...[]byte) []byte { return file(version, rec(typ, "k", val...)) }
	lzf := func(clen, ulen uint64, data []byte) []byte {
		return join([]byte{0xC3}, num(clen, ulen), data)
	}
	copies := append([]byte{0, 'a'}, bytes.Repeat([]byte{0xE0, 0xFF, 0}, 300)...)

	f("string", bomb(12, 0, num(huge)))
	f("string of 2^62", bomb(12, 0, num(1<<62)))
	f("key", file(12, []byte{0}, num(huge)))
	f("aux", file(12, []byte{rdbfmt.OpAux}, num(huge)))
	f("skipped string", file(12, rec(7, "k", num(1, rdbfmt.ModuleString, huge))))
	f("LZF, announced size", bomb(12, 0, lzf(uint64(len(copies)), 128*uint64(len(copies)), copies)))
	f("LZF, real size", bomb(12, 0, lzf(uint64(len(copies)), 1+300*264, copies)))
	f("LZF, announced input", bomb(12, 0, lzf(huge, huge, copies)))
	for typ := byte(1); typ <= 5; typ++ {
		f("collection", bomb(12, typ, num(huge)))
	}
	f("nodes", bomb(12, 14, num(huge)))
	f("nodes 2", bomb(12, 18, num(huge)))
	f("stream nodes", bomb(12, 15, num(huge)))
	f("stream pending", bomb(12, 15, num(0, 0, 0, 0, 1), str("g"), num(0, 0, huge)))
	f("stream consumers", bomb(12, 15, num(0, 0, 0, 0, 1), str("g"), num(0, 0, 0, huge)))
	f("stream groups", bomb(12, 15, num(0, 0, 0, 0, huge)))
	f("stream producers", bomb(14, 26, num(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), num(0, 0, huge)))
	f("template", file(15, []byte{rdbfmt.OpHashTemplate}, num(1, huge)))
	f("slot import", complete(append([]byte("VALKEY080"), join([]byte{rdbfmt.OpSlotImport}, str("j"), num(huge))...)))
	f("resize", file(12, []byte{rdbfmt.OpResizeDB}, num(huge, huge)))
	f("intset", bomb(12, 11, str("\x08\x00\x00\x00\xff\xff\xff\xff")))
	f("listpack", bomb(12, 16, str("\xff\xff\xff\xff\xff\xff\xff")))
	f("module string", bomb(12, 7, num(1<<10, rdbfmt.ModuleString, 1<<30)))
	f("Bloom filter", bomb(12, 34, num(0), f64(1), f64(0.1), num(0, 0, 0, huge, 1, 1<<30, 1<<30)))
	f("count-min sketch", bomb(12, 35, num(1<<13, 1<<13, 0)))
	f("top-k", bomb(12, 36, num(0, 1<<31, 1<<13, 1<<13), f64(1), num(1<<31)))
	f("cuckoo filter", bomb(12, 37, num(1, 1, 1, 1<<30, 0, 0, huge, 1<<30, 1<<30)))
	f("JSON", bomb(12, 30, num(1<<31-1)))
	f("deep JSON", bomb(12, 30, str(strings.Repeat("[", 900))))
	f("chunk", file(9, []byte{rdbfmt.OpDFTaggedChunk}, u32(1), u32(math.MaxUint32), rec(2, "k", num(huge))))
	f("journal", file(9, []byte{rdbfmt.OpDFJournalBlob}, num(1, 1<<31)))
	f("vector index", file(9, []byte{rdbfmt.OpDFVectorIndex}, str("i"), num(0, huge), u32(0), i64(0), u32(math.MaxUint32), u32(math.MaxUint32)))
	f("ziplist", bomb(12, 13, str("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")))

	// A listpack that unpacks from little, of equal members.
	small := join([]byte{0xE0, 0xFF, 1})
	n := 2 + 150*264
	set := append([]byte{1, 5, 1}, bytes.Repeat(small, 150)...)
	f("listpack in LZF", bomb(12, 20, lzf(uint64(len(set)), uint64(n), set)))
}

func FuzzLoad(f *testing.F) {
	f.Add(smallStrings(3))
	f.Add(smallZsets(2))
	for _, data := range handmade() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = Load(bytes.NewReader(restamp(bytes.Clone(data))), Options{}, &budget{})
	})
}

func FuzzLoadValue(f *testing.F) {
	f.Add(byte(16), blob("a", "1", "b", "two"))
	f.Add(byte(17), blob("a", "1", "b", "2.5"))
	f.Add(byte(25), join(i64(5), blob("a", "1", "5")))
	f.Add(byte(21), streamValue(3))
	f.Add(byte(13), []byte(str(ziplistOf("a", "1"))))
	f.Add(byte(9), []byte(str(zipmapOf("a", "1"))))
	f.Add(byte(34), bloomValue(join(num(5), chunksOf(4, "01234567"))))
	f.Add(byte(35), cmsValue())
	f.Add(byte(36), topKValue())
	f.Add(byte(37), cuckooValue())
	f.Add(byte(30), str(`{"a":[1]}`))
	f.Add(byte(7), moduleValue())
	f.Add(byte(18), join(num(2, 1), str("x"), num(2), blob("y", "12")))
	f.Fuzz(func(t *testing.T, typ byte, val []byte) {
		_ = LoadValue(dumped(typ, val), &keep{})
	})
}
