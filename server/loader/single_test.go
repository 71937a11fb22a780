package loader

import (
	"bytes"
	"os"
	"testing"

	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/object"
)

// trial is a Sink that builds every record alone.
type trial struct {
	*Feeder // for all that is no record
	b       *Bench
	t       *testing.T
	keys    map[string]object.Encoding
	bytes   int
}

// Put builds a record.
func (s *trial) Put(rec *rdbload.Record) error {
	key := string(rec.Key)
	return s.b.Try(rec, func(c object.Cell) {
		if string(c.Key()) != key {
			s.t.Errorf("%q is shown for %q", c.Key(), key)
		}
		s.keys[key] = c.Encoding()
		s.bytes += store.MemUsage(c)
	})
}

// TestBench: every record becomes what a load makes of it, and none is left.
func TestBench(t *testing.T) {
	const nowMs = 1
	data, err := os.ReadFile("../../rdbload/testdata/7.4.1.rdb")
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.New(store.Options{Shards: 1, Databases: 16, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	l := New(st, 1, nowMs)
	f := l.Feeder()
	if _, err := rdbload.Load(bytes.NewReader(data), rdbload.Options{NowMs: nowMs}, f); err != nil {
		t.Fatal(err)
	}
	f.Flush()
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}

	b, err := NewBench(object.DefaultLimits(), nowMs)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := &trial{Feeder: f, b: b, t: t, keys: map[string]object.Encoding{}}
	if _, err := rdbload.Load(bytes.NewReader(data), rdbload.Options{NowMs: nowMs}, s); err != nil {
		t.Fatal(err)
	}
	keys, used := 0, 0
	for db := range st.NumDBs() {
		v := st.View(db, nowMs)
		v.Each(st.Shard(0), func(c object.Cell) bool {
			keys++
			used += store.MemUsage(c)
			if enc, ok := s.keys[string(c.Key())]; !ok || enc != c.Encoding() {
				t.Errorf("%q is %v, loaded %v", c.Key(), enc, c.Encoding())
			}
			return true
		})
	}
	if keys != len(s.keys) || used != s.bytes || b.Used() != 0 {
		t.Errorf("%d keys of %d bytes, loaded %d of %d; %d bytes left", len(s.keys), s.bytes, keys, used, b.Used())
	}
}
