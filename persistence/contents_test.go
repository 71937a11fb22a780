package persistence

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dragonfly/rdbload"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// contents is a Sink that notes in words what a file holds, however it is packed: two files with equal notes hold the
// same.
type contents struct {
	keys      map[string]string // by database and key
	aux       [][2]string
	functions []string
	modules   []string
	twice     []string
}

func newContents() *contents { return &contents{keys: map[string]string{}} }

func (c *contents) Aux(name, value []byte) error {
	c.aux = append(c.aux, [2]string{string(name), string(value)})
	return nil
}

func (c *contents) Function(code []byte) error {
	c.functions = append(c.functions, string(code))
	return nil
}

func (c *contents) ModuleAux(raw []byte) error {
	c.modules = append(c.modules, string(raw))
	return nil
}

func (c *contents) DB(int) error           { return nil }
func (c *contents) ResizeHint(_, _ uint64) {}

func (c *contents) Put(r *rdbload.Record) error {
	name := fmt.Sprintf("%d/%s", r.DB, r.Key)
	if _, ok := c.keys[name]; ok {
		c.twice = append(c.twice, name)
	}
	items, ordered, err := itemsOf(r)
	if err != nil {
		return err
	}
	if !ordered {
		slices.Sort(items)
	}
	sum := fnv.New128a()
	for _, s := range items {
		fmt.Fprintf(sum, "%d:%s", len(s), s)
	}
	c.keys[name] = fmt.Sprintf("%s, deadline %d, idle %d, freq %d, sticky %v, flags %d, %d items %s",
		r.Type, r.DeadlineMs, r.Idle, r.Freq, r.Sticky, r.MemcacheFlags, len(items), hex.EncodeToString(sum.Sum(nil)))
	return nil
}

// itemsOf returns the elements of a value as texts, and whether their order matters.
func itemsOf(r *rdbload.Record) (items []string, ordered bool, err error) {
	switch r.Packing {
	case rdbload.Plain, rdbload.Opaque:
		return []string{string(r.Bytes)}, true, nil
	case rdbload.Intset:
		for i := range intset.Len(r.Bytes) {
			items = append(items, fmt.Sprintf("%d until 0", intset.At(r.Bytes, i)))
		}
		return items, false, nil
	case rdbload.Listpack, rdbload.ListpackTTL:
		items, ordered = packedItems(r)
		return items, ordered, nil
	}
	for r.Elems.Next() {
		e := &r.Elems.Elem
		switch e.Kind {
		case rdbload.ElemListNode:
			items, ordered = append(items, texts(e.Data)...), true
		case rdbload.ElemListPlain:
			items, ordered = append(items, string(e.Data)), true
		case rdbload.ElemMember:
			items = append(items, fmt.Sprintf("%s until %d", e.Data, e.DeadlineMs))
		case rdbload.ElemScored:
			items = append(items, fmt.Sprintf("%s scores %v", e.Data, e.Score))
		case rdbload.ElemField:
			items = append(items, fmt.Sprintf("%s = %s until %d", e.Data, e.Value, e.DeadlineMs))
		default:
			items = append(items, fmt.Sprint(e.Kind, string(e.Data), e.ID.Ms, e.ID.Seq, e.Stream, e.EntriesRead, e.SeenMs, e.ActiveMs, e.DeliveredMs, e.Deliveries))
			ordered = true
		}
	}
	return items, ordered, r.Elems.Err()
}

func packedItems(r *rdbload.Record) (items []string, ordered bool) {
	elems := texts(r.Bytes)
	switch {
	case r.Type == rdbload.List:
		return elems, true
	case r.Type == rdbload.Set:
		for _, m := range elems {
			items = append(items, m+" until 0")
		}
	case r.Type == rdbload.Zset:
		for i := 0; i < len(elems); i += 2 {
			score, _ := strconv.ParseFloat(elems[i+1], 64)
			items = append(items, fmt.Sprintf("%s scores %v", elems[i], score))
		}
	case r.Packing == rdbload.ListpackTTL:
		for i := 0; i < len(elems); i += 3 {
			items = append(items, fmt.Sprintf("%s = %s until %s", elems[i], elems[i+1], elems[i+2]))
		}
	default:
		for i := 0; i < len(elems); i += 2 {
			items = append(items, fmt.Sprintf("%s = %s until 0", elems[i], elems[i+1]))
		}
	}
	return items, false
}

func texts(lp []byte) (out []string) {
	for p := listpack.First(lp); p >= 0; p = listpack.Next(lp, p) {
		out = append(out, string(listpack.AppendElem(nil, lp, p)))
	}
	return out
}

// load reads a file into c.
func (c *contents) load(t *testing.T, data []byte, opt rdbload.Options) {
	t.Helper()
	if _, err := rdbload.Load(bytes.NewReader(data), opt, c); err != nil {
		t.Fatal(err)
	}
	if len(c.twice) > 0 {
		t.Fatalf("written twice: %v", c.twice)
	}
}

// same compares the keys of two files, but for those that except names.
func (c *contents) same(t *testing.T, want *contents, except ...string) {
	t.Helper()
	if len(c.keys) != len(want.keys)-len(except) {
		t.Errorf("%d keys, want %d", len(c.keys), len(want.keys)-len(except))
	}
	for name, w := range want.keys {
		got, ok := c.keys[name]
		if slices.Contains(except, name) != !ok {
			t.Errorf("%.60s is there: %v", name, ok)
		}
		if ok && got != w {
			t.Errorf("%.60s:\n%s, want\n%s", name, got, w)
		}
	}
}

// read returns the content of a file.
func read(t *testing.T, storage Storage, name string) []byte {
	t.Helper()
	f, _, err := storage.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readRDB returns the contents of an RDB file.
func readRDB(t *testing.T, storage Storage, name string) *contents {
	t.Helper()
	c := newContents()
	c.load(t, read(t, storage, name), rdbload.Options{})
	return c
}

// readDFS returns the contents of the files of a DFS set.
func readDFS(t *testing.T, storage Storage, res Result) *contents {
	t.Helper()
	c := newContents()
	for i, name := range slices.Backward(res.Files) {
		if (i == len(res.Files)-1) != strings.HasSuffix(name, "-summary.dfs") {
			t.Fatalf("files %v", res.Files)
		}
		c.load(t, read(t, storage, name), rdbload.Options{SnapshotID: res.SnapshotID})
	}
	return c
}
