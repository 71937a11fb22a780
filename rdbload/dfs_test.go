package rdbload

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"dragonfly/store/number"
)

// dfsDir has snapshots of one data set, written by Dragonfly in every format,
// and the truth about it as JSON: see its README.
const dfsDir = "../testdata/dfs"

// dfsSnapshots are the files of each snapshot.
var dfsSnapshots = [][]string{
	{"uncompressed-2-shards/out-summary.dfs", "uncompressed-2-shards/out-0000.dfs", "uncompressed-2-shards/out-0001.dfs"},
	{"lz4-2-shards/out-summary.dfs", "lz4-2-shards/out-0000.dfs", "lz4-2-shards/out-0001.dfs"},
	{"one-shard/out-summary.dfs", "one-shard/out-0000.dfs"},
	{"uncompressed.rdb"},
	{"lzf.rdb"},
}

func readDFS(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dfsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// dfsKey is what Dragonfly answered about a key.
type dfsKey struct {
	Type        string
	Value       any
	Info        []any
	PexpireTime int64
	HasFieldTTL map[string]bool `json:"has_field_ttl"`
	HasMemTTL   map[string]bool `json:"has_member_ttl"`
}

// dfsTruth reads what Dragonfly answered about the data set, by database and key.
// Strings are bytes as Latin-1 text.
func dfsTruth(t *testing.T) map[int]map[string]dfsKey {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(readDFS(t, "contents.json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		DBs map[string]struct{ Keys map[string]dfsKey }
	}
	if err := json.NewDecoder(packed).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	truth := map[int]map[string]dfsKey{}
	for db, d := range doc.DBs {
		n, err := strconv.Atoi(db)
		if err != nil {
			t.Fatal(err)
		}
		truth[n] = map[string]dfsKey{}
		for key, k := range d.Keys {
			truth[n][latin1(key)] = k
		}
	}
	return truth
}

// latin1 returns the bytes that s stands for.
func latin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// texts returns the strings of a JSON array.
func texts(v any) (s []string) {
	for _, e := range v.([]any) {
		s = append(s, latin1(fmt.Sprint(e)))
	}
	return s
}

// check compares a value with what Dragonfly says of it.
func (k dfsKey) check(v *value) error {
	if k.Type != v.typ.String() {
		return fmt.Errorf("type %v, want %v", v.typ, k.Type)
	}
	if v.hasDeadline != (k.PexpireTime >= 0) || v.hasDeadline && v.deadlineMs != k.PexpireTime {
		return fmt.Errorf("deadline %d, want %d", v.deadlineMs, k.PexpireTime)
	}
	var got, want any
	switch v.typ {
	case String, JSON:
		got, want = v.items[0].name, latin1(k.Value.(string))
	case List, Set:
		var names []string
		for _, it := range v.items {
			names = append(names, it.name)
			if (it.deadlineMs != 0) != k.HasMemTTL[it.name] {
				return fmt.Errorf("member %q has deadline %d", it.name, it.deadlineMs)
			}
		}
		if v.typ == Set {
			slices.Sort(names)
		}
		got, want = names, texts(k.Value)
	case Zset:
		scores, truth := map[string]float64{}, map[string]float64{}
		for _, it := range v.items {
			scores[it.name] = it.score
		}
		for pairs := texts(k.Value); len(pairs) > 0; pairs = pairs[2:] {
			truth[pairs[0]], _ = number.ParseFloat([]byte(pairs[1]))
		}
		got, want = scores, truth
	case Hash:
		fields := map[string]string{}
		for _, it := range v.items {
			fields[it.name] = it.value
			if (it.deadlineMs != 0) != k.HasFieldTTL[it.name] {
				return fmt.Errorf("field %q has deadline %d", it.name, it.deadlineMs)
			}
		}
		truth := map[string]string{}
		for f, v := range k.Value.(map[string]any) {
			truth[latin1(f)] = latin1(v.(string))
		}
		got, want = fields, truth
	case Stream:
		var entries []string
		for _, it := range v.items {
			entries = append(entries, strings.Replace(it.name, ".", "-", 1)+" "+strings.Join(it.pairs, " "))
		}
		var truth []string
		for _, e := range k.Value.([]any) {
			e := e.([]any)
			truth = append(truth, e[0].(string)+" "+strings.Join(texts(e[1]), " "))
		}
		got, want = entries, truth
	default:
		return k.checkSketch(v)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("value %s, want %s", abridged(got), abridged(want))
	}
	return nil
}

func abridged(v any) string { return fmt.Sprintf("%.200s", fmt.Sprintf("%q", v)) }

// checkSketch compares the numbers in the head of a sketch with what INFO says.
func (k dfsKey) checkSketch(v *value) error {
	in := window{buf: []byte(v.items[0].name), w: len(v.items[0].name)}
	n := func() uint64 {
		n, err := in.length()
		if err != nil {
			panic(err)
		}
		return n
	}
	info := map[string]float64{}
	for i := 0; i+1 < len(k.Info); i += 2 {
		info[k.Info[i].(string)], _ = k.Info[i+1].(float64)
	}
	want := func(name string, got uint64) error {
		if w, ok := info[name]; !ok || w != float64(got) {
			return fmt.Errorf("%s %d, want %v of %v", name, got, w, info)
		}
		return nil
	}
	switch v.typ {
	case Bloom:
		n()
		_, _ = in.take(16)
		items := n() + n()
		n()
		_ = items // of the full filters Dragonfly counts the capacity
		return want("Number of filters", n())
	case CMS:
		for _, name := range []string{"width", "depth", "count"} {
			if err := want(name, n()); err != nil {
				return err
			}
		}
	case TopK:
		n()
		for _, name := range []string{"k", "width", "depth"} {
			if err := want(name, n()); err != nil {
				return err
			}
		}
	case Cuckoo:
		for _, name := range []string{"Bucket size", "Max iterations", "Expansion rate", "Number of buckets",
			"Number of items inserted", "Number of items deleted", "Number of filters"} {
			if err := want(name, n()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Every snapshot of Dragonfly loads, with all its keys and values.
func TestDragonflySnapshots(t *testing.T) {
	for _, s := range dfsSnapshots {
		t.Run(s[0], func(t *testing.T) {
			c := newCollector()
			keys := 0
			for _, name := range s {
				data := readDFS(t, name)
				sum, err := Load(bytes.NewReader(data), Options{SnapshotID: snapshotID(t, data)}, c)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				keys += int(sum.Keys)
				if len(sum.Warnings) > 0 || len(sum.Modules) > 0 || sum.Empty > 0 || sum.Expired > 0 || sum.Bytes+sum.Trailing != int64(len(data)) {
					t.Errorf("%s: %+v", name, sum)
				}
			}
			for db, want := range map[int]int{0: 311, 1: 5, 3: 100, 15: 4} {
				if got := len(c.dbs[db]); got != want {
					t.Errorf("%d keys in database %d, want %d", got, db, want)
				}
			}
			if keys != 420 {
				t.Errorf("%d keys in all", keys)
			}
			for key, want := range map[string]string{"sticky:str": " sticky", "sticky:list": " sticky", "sticky:exp": " sticky", "mc:noflag": "",
				"mc:flag5": " flags=5", "mc:flagbig": " flags=4294967295", "mc:exp": " flags=7"} {
				if v := c.dbs[0][key]; v == nil || v.attributes != want {
					t.Errorf("key %q: %+v, want attributes %q", key, v, want)
				}
			}
			truth := dfsTruth(t)
			for db, keys := range truth {
				for key, k := range keys {
					v := c.dbs[db][key]
					if v == nil {
						t.Errorf("database %d has no key %q", db, key)
					} else if err := k.check(v); err != nil {
						t.Errorf("key %q: %v", key, err)
					}
				}
			}
		})
	}
}

// snapshotID returns the id in a file's header.
func snapshotID(t *testing.T, data []byte) string {
	t.Helper()
	h, err := ReadHeader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return h.Get("snapshot-id")
}

// The same data gives the same values, whatever form they had.
func TestDragonflySnapshotsAreEqual(t *testing.T) {
	dumps := map[string]string{}
	for _, s := range dfsSnapshots {
		c := newCollector()
		for _, name := range s {
			if _, err := Load(iotest.HalfReader(bytes.NewReader(readDFS(t, name))), Options{}, c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		dumps[s[0]] = c.dump()
	}
	for name, got := range dumps {
		if want := dumps["lzf.rdb"]; got != want {
			t.Errorf("%s: %s", name, firstDifference(got, want))
		}
	}
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range as {
		if i >= len(bs) || as[i] != bs[i] {
			return fmt.Sprintf("line %d: %.200q, the other %.200q", i, as[i], bs[min(i, len(bs)-1)])
		}
	}
	return "one is longer"
}

// The files hold what they are there for.
func TestDragonflySnapshotsHaveAllForms(t *testing.T) {
	c := formSpy{}
	for _, s := range dfsSnapshots {
		for _, name := range s {
			spy := &c
			l := newLoader(bytes.NewReader(readDFS(t, name)), Options{}, spy)
			spy.l = l
			if err := l.run(); err != nil {
				t.Fatal(err)
			}
			l.close()
		}
	}
	if c.interleaved == 0 || c.inBlob == 0 || c.interleavedInBlob == 0 {
		t.Errorf("%d values in tagged chunks, %d in blobs, %d in both", c.interleaved, c.inBlob, c.interleavedInBlob)
	}
	t.Logf("%d values in tagged chunks, %d in blobs, %d in both", c.interleaved, c.inBlob, c.interleavedInBlob)
}

type formSpy struct {
	discard
	l                                      *loader
	interleaved, inBlob, interleavedInBlob int
}

func (s *formSpy) Put(rec *Record) error {
	if rec.Interleaved {
		s.interleaved++
	}
	if s.l.inBlob {
		s.inBlob++
		if rec.Interleaved {
			s.interleavedInBlob++
		}
	}
	return s.discard.Put(rec)
}
