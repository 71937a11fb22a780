package rdbload

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"dragonfly/persistence/rdbfmt"
)

// lz4Frame returns items as a frame; size is what it tells of itself, -1 for nothing.
func lz4Frame(items []byte, size int) []byte {
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb)); err != nil {
		panic(err)
	}
	if size >= 0 {
		if err := w.Apply(lz4.SizeOption(uint64(size))); err != nil {
			panic(err)
		}
	}
	if _, err := w.Write(items); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func lz4Blob(items ...[]byte) []byte {
	all := join(items...)
	return append([]byte{rdbfmt.OpDFLZ4Blob}, str(string(lz4Frame(all, len(all))))...)
}

// zstdEncoder is one for all: it is slow to make.
var zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err)
	}
	return w
})

func zstdFrame(items []byte) []byte { return zstdEncoder().EncodeAll(items, nil) }

func zstdBlob(items ...[]byte) []byte {
	return append([]byte{rdbfmt.OpDFZstdBlob}, str(string(zstdFrame(join(items...))))...)
}

func selectDB(n uint64) []byte { return append([]byte{rdbfmt.OpSelectDB}, num(n)...) }

func TestBlobs(t *testing.T) {
	long := strings.Repeat("0123456789", 100_000)
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for name, blob := range map[string]func(...[]byte) []byte{"LZ4": lz4Blob, "ZSTD": zstdBlob} {
		data := file(9, rec(0, "before", str("v")),
			blob(selectDB(1), rec(0, "a", str("1")), []byte{rdbfmt.OpExpireTimeMs}, i64(77), rec(2, "set", num(2), strs("x", "y"))),
			blob(selectDB(1), rec(0, "long", str(long))),
			rec(0, "between", str("v")),
			blob(selectDB(2), rec(0, "noise", str(string(noise)))),
			blob(selectDB(0), rec(0, "last", str("v"))))
		for _, r := range []func() (*collector, Summary, error){
			func() (*collector, Summary, error) { return load(data, Options{}) },
			func() (*collector, Summary, error) {
				c := newCollector()
				sum, err := Load(iotest.OneByteReader(bytes.NewReader(data)), Options{}, c)
				return c, sum, err
			},
		} {
			c, sum, err := r()
			if err != nil || sum.Bytes != int64(len(data)) || sum.Trailing != 0 || sum.Keys != 7 {
				t.Fatalf("%s: %+v, %v", name, sum, err)
			}
			if c.dbs[1]["long"].items[0].name != long || c.dbs[2]["noise"].items[0].name != string(noise) {
				t.Errorf("%s: changed values", name)
			}
			if v := c.dbs[1]["set"]; v.deadlineMs != 77 || len(v.items) != 2 || len(c.dbs[0]) != 2 || len(c.dbs[1]) != 4 {
				t.Errorf("%s: %s", name, c.dump())
			}
		}
	}
}

// The checksum is that of the file, not of what is unpacked.
func TestChecksumOverBlobs(t *testing.T) {
	data := file(9, lz4Blob(rec(0, "k", str("v"))), rec(0, "l", str("v")))
	data[len(data)-1] ^= 1
	checkRefused(t, data, "checksum mismatch")
}

func TestRefusedBlobs(t *testing.T) {
	f := func(want string, items ...[]byte) {
		t.Helper()
		checkRefused(t, file(9, items...), want)
	}
	lz4Op, zstdOp := []byte{rdbfmt.OpDFLZ4Blob}, []byte{rdbfmt.OpDFZstdBlob}
	record := rec(0, "k", str("value"))

	f("offset 11: Dragonfly LZ4 blob: content of impossible size", lz4Op, str("\x04\x22\x4D\x18\x68\x70\xFF\xFF\xFF\xFF\x00\x00\x00\x00"))
	f("Dragonfly LZ4 blob: not a frame that tells the size of its content", lz4Op, str("x"))
	f("Dragonfly LZ4 blob: not a frame that tells the size of its content", lz4Op, str(string(make([]byte, 20))))
	f("Dragonfly LZ4 blob: not a frame that tells the size of its content", lz4Op, str(string(lz4Frame(record, -1))))
	f("Dragonfly ZSTD blob: not a frame that tells the size of its content", zstdOp, str("x"))
	f("Dragonfly ZSTD blob: not a frame that tells the size of its content", zstdOp, str(""))
	f("Dragonfly ZSTD blob: not a frame that tells the size of its content", zstdOp, str("\x50\x2A\x4D\x18\x00\x00\x00\x00"))
	f("Dragonfly ZSTD blob: content of impossible size", zstdOp, str("\x28\xB5\x2F\xFD\xE0\x00\x00\x00\x00\x01\x00\x00\x00"))
	f("content of another size than its frame tells", zstdOp, str(string(zstdFrame(record))+string(zstdFrame(record))))
	f("offset 9, at 9 of its blob: ", zstdOp, str(string(zstdFrame(record))+"tail"))
	f("offset 9, at 9 of its blob: ", lz4Op, str(string(lz4Frame(record, len(record)))+"tail"))

	broken := lz4Blob(record)
	broken[len(broken)-12] ^= 1
	f("offset 9, at 9 of its blob: lz4: invalid frame checksum", broken)

	f(`offset 9, at 4 of its blob: key "k": type 0 (string): the compressed blob ends inside an item`, lz4Blob(rec(0, "k", num(9), []byte("short"))))
	f(`at 1 of its blob: EOF: inside a compressed blob`, lz4Blob([]byte{rdbfmt.OpEOF}))
	f(`AUX: inside a compressed blob`, zstdBlob([]byte{rdbfmt.OpAux}, strs("a", "b")))
	f(`Dragonfly ZSTD blob: inside a compressed blob`, lz4Blob(zstdBlob(record)))
	f(`the compressed blob ends inside an item`, lz4Blob([]byte{rdbfmt.OpExpireTimeMs}, i64(77)))
	f(`between the attributes of a record and the record`, []byte{rdbfmt.OpExpireTimeMs}, i64(77), lz4Blob(record))
	f(`offset 9, at 1 of its blob: opcode 199: unknown`, lz4Blob([]byte{199}))
	f("Dragonfly COMPRESSED_BLOB_END: never stands in a file", []byte{rdbfmt.OpDFBlobEnd})
}

// However well a blob is compressed, its size is not believed, and what unpacks
// from it is not kept.
func TestBlobBombs(t *testing.T) {
	f := func(name string, limit uint64, data []byte) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := Load(bytes.NewReader(data), Options{SkipChecksum: true}, new(discard))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > limit {
			t.Errorf("%s: %d bytes allocated, %v", name, n, err)
		}
	}
	zeros := make([]byte, 64<<20)
	for _, size := range []int{1 << 20, 2 << 20, 64 << 20} {
		value := rec(0, "k", num(uint64(size)), zeros[:size-16])
		f(fmt.Sprint("ZSTD of ", size), 24<<20, file(9, zstdBlob(value)))
		f(fmt.Sprint("LZ4 of ", size), 24<<20+3*uint64(len(value))*255/200, file(9, lz4Blob(value)))
	}
	// Frames that tell the largest content and window and hold nothing.
	f("ZSTD window", 24<<20, file(9, []byte{rdbfmt.OpDFZstdBlob}, str("\x28\xB5\x2F\xFD\x80\xF8\x00\x00\x10\x00\x01\x00\x00")))
	f("ZSTD size", 24<<20, file(9, []byte{rdbfmt.OpDFZstdBlob}, str("\x28\xB5\x2F\xFD\xA0\x00\x00\x10\x00\x01\x00\x00")))
	f("LZ4 size", 24<<20, file(9, []byte{rdbfmt.OpDFLZ4Blob}, str("\x04\x22\x4D\x18\x68\x70\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")))
	f("blob size", 1<<20, file(9, []byte{rdbfmt.OpDFLZ4Blob}, num(1<<40), []byte("\x04\x22\x4D\x18\x68\x70\x00\x00\x20")))
}

// A reader's own error comes out of a blob as it went in.
func TestReaderErrorInBlob(t *testing.T) {
	broken := errors.New("disk on fire")
	data := file(9, lz4Blob(rec(0, "k", str(strings.Repeat("x", 1000)))))
	for n := range data {
		_, err := Load(&failingReader{data[:n], broken}, Options{}, new(discard))
		if !errors.Is(err, broken) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

type failingReader struct {
	data []byte
	err  error
}

func (r *failingReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, r.err
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}

func TestNoAllocationPerBlob(t *testing.T) {
	items := join(selectDB(0), bytes.Repeat(rec(0, "key", str("value")), 1000))
	for name, limit := range map[string]float64{"LZ4": 1, "ZSTD": 1} {
		blob := lz4Blob(items)
		if name == "ZSTD" {
			blob = zstdBlob(items)
		}
		run := func(n int) float64 {
			data := file(9, bytes.Repeat(blob, n))
			return testing.AllocsPerRun(5, func() {
				if _, err := Load(bytes.NewReader(data), Options{}, new(discard)); err != nil {
					t.Fatal(err)
				}
			})
		}
		few, many := run(10), run(110)
		if perBlob := (many - few) / 100; perBlob > limit {
			t.Errorf("%s: %v allocations per blob", name, perBlob)
		} else {
			t.Logf("%s: %v allocations per blob", name, perBlob)
		}
	}
}
