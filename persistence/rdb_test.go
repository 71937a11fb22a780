package persistence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
	"dragonfly/store/types/zset"
)

// sample returns a store with values of several types and sizes in two databases.
func sample(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.New(store.Options{Shards: 5, Databases: 3, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for db := range 3 {
		v := s.View(db, 1000)
		lim := v.Limits()
		for i := range 1000 * (2 - db) {
			k := fmt.Appendf(nil, "string:%d", i)
			v.SetString(k, bytes.Repeat([]byte("x"), i%50), object.Embstr, int64(i%2)*9e12)
		}
		for _, n := range []int{1, 20, 9000} {
			name := func(kind string) []byte { return fmt.Appendf(nil, "%s:%d", kind, n) }
			l := v.Add(name("list"), object.Attrs{Type: object.List, Encoding: object.Listpack}, 0)
			list.Init(l)
			for i := range n {
				list.PushTail(v.Peek(name("list")), lim, fmt.Appendf(nil, "element:%d", i))
			}
			set.InitEmpty(v.Add(name("set"), object.Attrs{Type: object.Set}, 0))
			hash.Init(v.Add(name("hash"), object.Attrs{Type: object.Hash, Encoding: object.Listpack}, 0))
			for i := range n {
				m := fmt.Appendf(nil, "member:%d", i)
				set.Add(v.Peek(name("set")), m, lim)
				hash.Set(v.Peek(name("hash")), m, m, false, lim)
			}
			b := zset.NewBuilder(s.Shard(s.ShardOf(name("zset"))).A)
			for i := range n {
				b.Add(fmt.Appendf(nil, "member:%d", i), float64(i))
			}
			b.Finish(v.Add(name("zset"), object.Attrs{Type: object.Zset}, 0), lim)
		}
	}
	return s
}

// counter is a Sink that counts records and elements.
type counter struct{ keys, elements map[string]int }

func (c *counter) Aux(name, value []byte) error { return nil }
func (c *counter) Function(code []byte) error {
	c.keys["function "+string(code)]++
	return nil
}
func (c *counter) ModuleAux([]byte) error { return nil }
func (c *counter) DB(int) error           { return nil }
func (c *counter) ResizeHint(_, _ uint64) {}
func (c *counter) Put(r *rdbload.Record) error {
	name := fmt.Sprintf("%d/%s", r.DB, r.Key)
	c.keys[name]++
	if r.Elems != nil {
		for r.Elems.Next() {
			c.elements[name]++
		}
		return r.Elems.Err()
	}
	return nil
}

// TestSaveRDB: what is saved is read back, every key once; the same data gives the same number of bytes.
func TestSaveRDB(t *testing.T) {
	s := sample(t)
	meta := Meta{Carried: Carried{Functions: [][]byte{[]byte("#!lua name=f\nreturn 1")}}}
	for _, compression := range []Compression{NoCompression, LZF} {
		meta.Compression = compression
		dir := NewDir(vfs.OS{}, filepath.Join(t.TempDir(), "sub"))
		path := dir.Path("dump.rdb")
		var progress Progress
		res, err := SaveRDB(t.Context(), s, dir, "dump.rdb", meta, &progress)
		if err != nil {
			t.Fatal(err)
		}
		const want = 2000 + 1000 + 3*3*4
		if res.Keys != want || progress.Keys.Load() != want || progress.Total.Load() != want || res.Version != 10 {
			t.Fatalf("%+v, progress %d of %d", res, progress.Keys.Load(), progress.Total.Load())
		}
		data, err := os.ReadFile(path)
		if err != nil || int64(len(data)) != res.Bytes {
			t.Fatalf("%d bytes, %v, want %d", len(data), err, res.Bytes)
		}
		c := &counter{map[string]int{}, map[string]int{}}
		if _, err := rdbload.Load(bytes.NewReader(data), rdbload.Options{}, c); err != nil {
			t.Fatal(err)
		}
		if len(c.keys) != want+1 || c.elements["0/zset:9000"] != 9000 || c.elements["1/set:9000"] != 9000 || c.elements["2/hash:9000"] != 9000 {
			t.Fatalf("%d keys, elements %v", len(c.keys), c.elements)
		}
		for name, n := range c.keys {
			if n != 1 {
				t.Errorf("%s was written %d times", name, n)
			}
		}
		if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
			t.Errorf("files: %v", left)
		}
	}
}

// TestSaveRDBEqual: the same data gives the same bytes, however many goroutines have written them.
func TestSaveRDBEqual(t *testing.T) {
	s := newEvery(t, 5)
	dir := NewDir(vfs.OS{}, t.TempDir())
	save := func() []byte {
		if _, err := SaveRDB(t.Context(), s.Store, dir, "dump.rdb", Meta{Now: time.Unix(1, 0)}, &Progress{}); err != nil {
			t.Fatal(err)
		}
		return read(t, dir, "dump.rdb")
	}
	want := save()
	for range 3 {
		if !bytes.Equal(save(), want) {
			t.Error("other bytes from the same data")
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(save(), want) {
		t.Error("other bytes from one goroutine")
	}
}

// TestAccess: idle times and frequencies are written, also before a big value.
func TestAccess(t *testing.T) {
	s := newStore(t, 1)
	e := &every{s, s.View(0, 1000)}
	e.timedHash("big", 5000, 0)
	e.bytes("small", []byte("v"), object.Attrs{Type: object.String, Encoding: object.Raw, DeadlineMs: farMs, Sticky: true})
	e.cell("big").SetClock(77)
	e.cell("small").SetClock(77)
	dir := NewDir(vfs.OS{}, t.TempDir())
	for access, want := range map[snapshot.Access]string{snapshot.NoAccess: "idle -1, freq -1", snapshot.Idle: "idle 23, freq -1", snapshot.Freq: "idle -1, freq 77"} {
		m := Meta{Access: access, Now: time.Unix(100, 0), MaxChunk: 1000, TaggedChunks: true}
		if _, err := SaveRDB(t.Context(), s, dir, "dump.rdb", m, &Progress{}); err != nil {
			t.Fatal(err)
		}
		res, err := SaveDFS(t.Context(), s, dir, "dump", m, &Progress{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*contents{readRDB(t, dir, "dump.rdb"), readDFS(t, dir, res)} {
			for name, value := range c.keys {
				if !strings.Contains(value, want) {
					t.Errorf("%s: %s, want %s", name, value, want)
				}
			}
		}
	}
}

// TestSaveRDBFails: a save that is ended or cannot write leaves the file of before and nothing else, and the next works.
func TestSaveRDBFails(t *testing.T) {
	s := sample(t)
	dir := NewDir(vfs.OS{}, t.TempDir())
	path := dir.Path("dump.rdb")
	if err := os.WriteFile(path, []byte("previous"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := SaveRDB(ctx, s, dir, "dump.rdb", Meta{Pause: cancel}, &Progress{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("an ended save: %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "previous" {
		t.Fatalf("the file of before is gone: %q", data)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Fatalf("files: %v", left)
	}
	if _, err := SaveRDB(t.Context(), s, NewDir(vfs.OS{}, path), "x.rdb", Meta{}, &Progress{}); err == nil {
		t.Fatal("a file in the place of the directory")
	}
	if _, err := SaveRDB(t.Context(), s, dir, "dump.rdb", Meta{}, &Progress{}); err != nil {
		t.Fatal(err)
	}
}
