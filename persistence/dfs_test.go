package persistence

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
	"dragonfly/store/object"
)

var carried = Carried{
	Functions: [][]byte{[]byte("#!lua name=f\nreturn 1"), []byte("#!lua name=g\nreturn 2")},
	Aux:       [][2]string{{"lua", "return 1"}, {"lua", "return 2"}, {"search-index", "idx ON HASH SCHEMA a TEXT"}, {"search-synonyms", "idx g a b"}},
	ModuleAux: [][]byte{append(rdbfmt.AppendLen(nil, 0x3016e5a289bef804), 2, 2, rdbfmt.ModuleEOF), append(rdbfmt.AppendLen(nil, 0x3016e5a289bef804), 2, 1, 5, 1, 'x', rdbfmt.ModuleEOF)},
}

// TestSaveRDBEvery: an RDB file holds everything, whichever way strings are written.
func TestSaveRDBEvery(t *testing.T) {
	s := newEvery(t, 3)
	dir := NewDir(vfs.OS{}, t.TempDir())
	var want *contents
	for _, compression := range []Compression{NoCompression, LZF, LZ4} {
		res, err := SaveRDB(t.Context(), s.Store, dir, "dump.rdb", Meta{Carried: carried, Compression: compression}, &Progress{})
		if err != nil {
			t.Fatal(err)
		}
		c := readRDB(t, dir, "dump.rdb")
		if want == nil {
			want = c
			checkKeys(t, s, c)
		}
		c.same(t, want)
		if res.Version != 12 || res.Keys != len(c.keys) || res.Path != dir.Path("dump.rdb") || res.Dropped != nil {
			t.Errorf("%+v", res)
		}
		if len(c.functions) != 2 || len(c.modules) != 2 || c.modules[1] != string(carried.ModuleAux[0]) {
			t.Errorf("%q, %q", c.functions, c.modules)
		}
		for _, field := range carried.Aux {
			if !slices.Contains(c.aux, field) {
				t.Errorf("no %q", field)
			}
		}
	}
}

// checkKeys looks at some of the values read, where what is expected can be told from how they were made.
func checkKeys(t *testing.T, s *every, c *contents) {
	t.Helper()
	n := 0
	for shard := range s.NumShards() {
		for db := range 3 {
			n += s.Shard(shard).Len(db)
		}
	}
	if len(c.keys) != n {
		t.Errorf("%d keys, want %d", len(c.keys), n)
	}
	for key, want := range map[string]string{
		"0/both":           "sticky true, flags 7",
		"0/flags":          "deadline 4000000000000, idle -1, freq -1, sticky false, flags 3735928559",
		"0/string:":        "string, deadline 4000000000123",
		"0/set:timed:5000": "5000 items",
		"0/hash:ms:5000":   "5000 items",
		"0/zset:5000":      "5000 items",
		"0/list:5000":      "10000 items",
		"2/hash:ms:5000":   "5000 items",
		"0/module":         "module, ",
		"0/json:big":       "ReJSON-RL, ",
		"0/cuckoo":         "MBbloomCF, ",
	} {
		if !strings.Contains(c.keys[key], want) {
			t.Errorf("%s: %s, want %s", key, c.keys[key], want)
		}
	}
}

// TestSaveDFS: a DFS set holds what an RDB file does, for all ways to compress and to split.
func TestSaveDFS(t *testing.T) {
	dir := NewDir(vfs.OS{}, t.TempDir())
	both := []Meta{
		{Compression: LZ4, CompressionLevel: 2, MaxChunk: 64 << 10, TaggedChunks: true},
		{Compression: Zstd, CompressionLevel: 3, MaxChunk: 1000, TaggedChunks: true},
		{Compression: LZ4, CompressionLevel: 9, MaxChunk: 64 << 10},
		{Compression: LZF, MaxChunk: 300_000, TaggedChunks: true},
		{TaggedChunks: true},
	}
	for shards, ways := range map[int][]Meta{1: both[:1], 2: both, 16: both[:1]} {
		s := newEvery(t, shards)
		if _, err := SaveRDB(t.Context(), s.Store, dir, "dump.rdb", Meta{}, &Progress{}); err != nil {
			t.Fatal(err)
		}
		want := readRDB(t, dir, "dump.rdb")
		for _, m := range ways {
			m.Carried, m.RedisVersion, m.Version = carried, "7.4.0", "df-test"
			var progress Progress
			res, err := SaveDFS(t.Context(), s.Store, dir, "dump", m, &progress)
			if err != nil {
				t.Fatal(err)
			}
			got := readDFS(t, dir, res)
			got.same(t, want)
			if len(got.modules) != 2 {
				t.Errorf("data of modules %q", got.modules)
			}
			if res.Keys != len(want.keys) || int(progress.Keys.Load()) != res.Keys || len(res.Files) != shards+1 ||
				res.Path != dir.Path("dump-summary.dfs") || res.Version != 9 || res.FieldTTLMs != 3 || res.Dropped != nil {
				t.Errorf("%+v", res)
			}
			checkFiles(t, dir, res, m)
		}
	}
}

// checkFiles looks at the bytes of the files of a DFS set.
func checkFiles(t *testing.T, dir *Dir, res Result, m Meta) {
	t.Helper()
	size := int64(0)
	for i, name := range res.Files {
		data := read(t, dir, name)
		size += int64(len(data))
		sum := len(data) - 8
		if !bytes.HasPrefix(data, []byte("REDIS0009\xfa\x0bsnapshot-id\x20"+res.SnapshotID+"\xfa\x09redis-ver")) ||
			binary.LittleEndian.Uint64(data[sum:]) != rdbfmt.CRC64(0, data[:sum]) {
			t.Errorf("%s: %q", name, data[:80])
		}
		h, err := rdbload.ReadHeader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, field := range h.Aux {
			names = append(names, field[0])
		}
		front := "snapshot-id redis-ver df-ver redis-bits ctime used-mem aof-preamble "
		want := front + "search-index shard-id"
		if i == len(res.Files)-1 {
			want = front + "lua lua search-index search-synonyms function function shard-count table-mem"
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	if size != res.Bytes {
		t.Errorf("%d bytes, want %d", size, res.Bytes)
	}
	if left, _ := filepath.Glob(dir.Path("*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestChunks: big values are split into chunks of about the size wanted, each value under its own number, or not at all.
func TestChunks(t *testing.T) {
	s := newEvery(t, 1)
	dir := NewDir(vfs.OS{}, t.TempDir())
	f := func(m Meta, most int) (tags map[uint32]int) {
		t.Helper()
		res, err := SaveDFS(t.Context(), s.Store, dir, "dump", m, &Progress{})
		if err != nil {
			t.Fatal(err)
		}
		data := read(t, dir, res.Files[0])
		tags = map[uint32]int{}
		// Payloads may look like a header by chance: a header is believed if another item follows its payload.
		for i := 0; i+11 < len(data); i++ {
			if data[i] != rdbfmt.OpSelectDB || data[i+1] > 2 || data[i+2] != rdbfmt.OpDFTaggedChunk {
				continue
			}
			tag, size := binary.LittleEndian.Uint32(data[i+3:]), int(binary.LittleEndian.Uint32(data[i+7:]))
			if end := i + 11 + size; size <= 1<<20 && end < len(data) && data[end] >= rdbfmt.OpEOF-1 {
				tags[tag]++
				if size > most && tag != 0 {
					t.Errorf("a chunk of %d bytes", size)
				}
				i = end - 1
			}
		}
		return tags
	}
	// The end of a stream, with what is pending, cannot be split.
	tags := f(Meta{MaxChunk: 64 << 10, TaggedChunks: true}, 210_000)
	if len(tags) < 5 {
		t.Errorf("chunks of values: %v", tags)
	}
	for tag := range tags {
		if tag == 0 || int(tag) > len(tags) || tags[tag] < 2 {
			t.Errorf("tag %d: %d chunks", tag, tags[tag])
		}
	}
	if more := f(Meta{MaxChunk: 2000, TaggedChunks: true}, 130_000); len(more) <= len(tags) {
		t.Errorf("smaller chunks split %d values, larger ones %d", len(more), len(tags))
	}
	if tags := f(Meta{MaxChunk: 64 << 10}, 0); len(tags) > 0 {
		t.Errorf("tags although not wanted: %v", tags)
	}
	if tags := f(Meta{TaggedChunks: true}, 0); len(tags) > 0 {
		t.Errorf("values are split although not wanted: %v", tags)
	}
}

// TestStreamTail: a stream with so much pending that it is not split, since all that is in one chunk.
func TestStreamTail(t *testing.T) {
	s := newStore(t, 1)
	e := &every{s, s.View(0, 1000)}
	e.stream("stream", 2500, 20_010)
	dir := NewDir(vfs.OS{}, t.TempDir())
	if _, err := SaveRDB(t.Context(), s, dir, "dump.rdb", Meta{}, &Progress{}); err != nil {
		t.Fatal(err)
	}
	res, err := SaveDFS(t.Context(), s, dir, "dump", Meta{MaxChunk: 64 << 10, TaggedChunks: true}, &Progress{})
	if err != nil {
		t.Fatal(err)
	}
	readDFS(t, dir, res).same(t, readRDB(t, dir, "dump.rdb"))
	if data := read(t, dir, res.Files[0]); bytes.Contains(data, []byte{rdbfmt.OpSelectDB, 0, rdbfmt.OpDFTaggedChunk, 1, 0, 0, 0}) {
		t.Error("it is split")
	}
}

// TestSaveDFSWhileChanging: values that commands change while they are being written, in pieces or not, are written as
// they were.
func TestSaveDFSWhileChanging(t *testing.T) {
	for _, tagged := range []bool{false, true} {
		s := newEvery(t, 2)
		dir := NewDir(vfs.OS{}, t.TempDir())
		if _, err := SaveRDB(t.Context(), s.Store, dir, "dump.rdb", Meta{}, &Progress{}); err != nil {
			t.Fatal(err)
		}
		want := readRDB(t, dir, "dump.rdb")
		var keys [][]byte
		for name := range want.keys {
			keys = append(keys, []byte(name))
		}
		i := 0
		change := func() {
			for range 3 {
				if i == len(keys) {
					return
				}
				name := keys[i]
				i++
				v := s.View(int(name[0]-'0'), 1000)
				sh := s.Shard(s.ShardOf(name[2:]))
				sh.Lock()
				if i%2 == 0 {
					v.Delete(name[2:])
				} else {
					v.SetString(name[2:], []byte("changed"), 0, 0)
				}
				sh.Unlock()
				added := fmt.Append(nil, "new:", i)
				sh = s.Shard(s.ShardOf(added))
				sh.Lock()
				v.SetString(added, []byte("new"), 0, 0)
				sh.Unlock()
			}
		}
		var mu sync.Mutex // both walkers call
		m := Meta{Compression: LZ4, MaxChunk: 4 << 10, TaggedChunks: tagged, Alone: true, Pause: func() {
			mu.Lock()
			change()
			mu.Unlock()
		}}
		res, err := SaveDFS(t.Context(), s.Store, dir, "dump", m, &Progress{})
		if err != nil {
			t.Fatal(err)
		}
		readDFS(t, dir, res).same(t, want)
		if i == 0 {
			t.Error("nothing was changed")
		}
	}
}

// failing is a Storage that fails at the n-th call that writes or completes, and keeps count.
type failing struct {
	*Dir
	left int
}

var errFault = errors.New("fault")

func (f *failing) step() error {
	if f.left--; f.left == 0 {
		return errFault
	}
	return nil
}

func (f *failing) Create(ctx context.Context, name string) (Pending, error) {
	if err := f.step(); err != nil {
		return nil, err
	}
	p, err := f.Dir.Create(ctx, name)
	return &failingFile{p, f}, err
}

func (f *failing) Commit(ctx context.Context, files []Pending) error {
	if err := f.step(); err != nil {
		return err
	}
	for i, p := range files {
		files[i] = p.(*failingFile).Pending
	}
	return f.Dir.Commit(ctx, files)
}

type failingFile struct {
	Pending
	f *failing
}

func (p *failingFile) Write(b []byte) (int, error) {
	if err := p.f.step(); err != nil {
		return len(b) / 2, err
	}
	return p.Pending.Write(b)
}

func (p *failingFile) WriteAt(b []byte, off int64) (int, error) {
	if err := p.f.step(); err != nil {
		return 0, err
	}
	return p.Pending.WriteAt(b, off)
}

func (p *failingFile) Finish() error {
	if err := p.f.step(); err != nil {
		return err
	}
	return p.Pending.Finish()
}

var _ io.Writer = (*failingFile)(nil)

// TestSaveFails: whichever call fails, the save tells it, leaves the snapshot of before and nothing else, and the next
// one works.
func TestSaveFails(t *testing.T) {
	s := newEvery(t, 1) // one walker: the calls are always the same
	dir := NewDir(vfs.OS{}, t.TempDir())
	saves := map[string]func(Storage) error{
		"dump.rdb": func(storage Storage) error {
			_, err := SaveRDB(t.Context(), s.Store, storage, "dump.rdb", Meta{}, &Progress{})
			return err
		},
		"dump-summary.dfs": func(storage Storage) error {
			_, err := SaveDFS(t.Context(), s.Store, storage, "dump", Meta{Compression: LZ4}, &Progress{})
			return err
		},
	}
	for name, save := range saves {
		if err := save(dir); err != nil {
			t.Fatal(err)
		}
		before := read(t, dir, name)
		calls := 0
		for n := 1; ; n++ {
			if n > 40 {
				n += 37
			}
			f := &failing{Dir: dir, left: n}
			err := save(f)
			calls = n - f.left
			if err == nil {
				break
			}
			if !errors.Is(err, errFault) || !strings.Contains(err.Error(), "dump") {
				t.Fatalf("call %d: %v", n, err)
			}
			if !bytes.Equal(read(t, dir, name), before) {
				t.Fatalf("call %d: the file of before is gone", n)
			}
			if left, _ := filepath.Glob(dir.Path("*.tmp")); len(left) > 0 {
				t.Fatalf("call %d: left behind: %v", n, left)
			}
		}
		if calls < 20 {
			t.Errorf("%s: only %d calls", name, calls)
		}
	}
}

// TestChunker: numbers of values never become 0, and an empty chunk is none.
func TestChunker(t *testing.T) {
	c := chunker{tag: math.MaxUint32 - 1}
	for _, want := range []string{"\xfe\x40\x64\xe0\xff\xff\xff\xff\x02\x00\x00\x00ab", "\xfe\x40\x64\xe0\x01\x00\x00\x00\x02\x00\x00\x00ab"} {
		c.add([]byte("a"))
		c.add([]byte("b"))
		if got := c.next(100, false); string(got) != want || c.size() != 0 {
			t.Errorf("%q, want %q", got, want)
		}
		c.add(nil)
		if got := c.next(100, true); len(got) != 0 {
			t.Errorf("an empty last chunk: %q", got)
		}
	}
	c.add(make([]byte, 2*keepChunk))
	if got := c.next(0, true); len(got) != 2*keepChunk+2 || got[0] != rdbfmt.OpSelectDB {
		t.Errorf("one chunk: %d bytes", len(got))
	}
	if c.add([]byte("x")); cap(c.buf) > keepChunk {
		t.Errorf("a buffer of %d bytes is kept", cap(c.buf))
	}
}

// TestBlob: what is too short, too long or not compressible is not compressed.
func TestBlob(t *testing.T) {
	noise := make([]byte, maxBlob+1)
	rand.Read(noise)
	for kind := NoCompression; kind <= LZ4; kind++ {
		for _, level := range []int{-5, 0, 2, 3, 9, 12, 22} {
			c, err := newCompressor(kind, level)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			for size, want := range map[int]bool{0: false, minBlob - 1: false, minBlob: true, 100_000: true, maxBlob: true, maxBlob + 1: false} {
				if blob, ok := c.blob(make([]byte, size)); ok != (want && kind >= Zstd) || ok && blob[0] != rdbfmt.OpDFZstdBlob+byte(kind-Zstd) {
					t.Errorf("kind %d, level %d, %d zeros: %v", kind, level, size, ok)
				}
				if _, ok := c.blob(noise[:size]); ok {
					t.Errorf("kind %d, level %d: %d random bytes are compressed", kind, level, size)
				}
			}
		}
	}
}

// TestEgressLimit: the limit holds, however much is written at once.
func TestEgressLimit(t *testing.T) {
	s := newStore(t, 2)
	v := s.View(0, 1000)
	for i := range 2000 {
		v.SetString(item(i), bytes.Repeat([]byte("x"), 100), object.Raw, 0)
	}
	for name, save := range map[string]func(m Meta) error{
		"RDB": func(m Meta) error {
			_, err := SaveRDB(t.Context(), s, NewDir(vfs.OS{}, t.TempDir()), "dump.rdb", m, &Progress{})
			return err
		},
		"DFS": func(m Meta) error {
			m.EgressLimit /= int64(m.walkers(2))
			_, err := SaveDFS(t.Context(), s, NewDir(vfs.OS{}, t.TempDir()), "dump", m, &Progress{})
			return err
		},
	} {
		start := time.Now()
		if err := save(Meta{EgressLimit: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		// About 220 KB. The last part of each is not waited for.
		if took := time.Since(start); took < 50*time.Millisecond {
			t.Errorf("%s took %s", name, took)
		}
	}
}

// TestSaveDFSCancelled: a save that is ended leaves nothing.
func TestSaveDFSCancelled(t *testing.T) {
	s := newEvery(t, 3)
	dir := NewDir(vfs.OS{}, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := SaveDFS(ctx, s.Store, dir, "dump", Meta{Pause: cancel}, &Progress{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	// At this rate it would take hours: the limit must not keep it from ending.
	if _, err := SaveDFS(ctx, s.Store, dir, "dump", Meta{EgressLimit: 10_000, Pause: cancel}, &Progress{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dir.Path("*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := SaveDFS(t.Context(), s.Store, dir, "dump", Meta{Target: snapshot.Target{Version: 9}}, &Progress{}); err == nil {
		t.Error("a DFS set for an RDB version")
	}
}
