package persistence

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/list"
	"dragonfly/store/types/stream"
)

// TestPieces: values of few but large parts are written in pieces, so that no shard is locked for long, also a stream
// that has little beside its pending entries.
func TestPieces(t *testing.T) {
	s, err := store.New(store.Options{Shards: 1, Databases: 1, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v := s.View(0, 1000)
	large := bytes.Repeat([]byte("0123456789"), 10_000)
	l := v.Add([]byte("list"), object.Attrs{Type: object.List, Encoding: object.Listpack}, 0)
	list.Init(l)
	hash.Init(v.Add([]byte("hash"), object.Attrs{Type: object.Hash, Encoding: object.Listpack}, 0))
	for i := range 50 {
		list.PushTail(v.Peek([]byte("list")), v.Limits(), large)
		hash.Set(v.Peek([]byte("hash")), fmt.Append(nil, "field", i), large, false, v.Limits())
	}
	h := v.Peek([]byte("hash"))
	hash.Prepare(h, [][]byte{[]byte("f"), large}, v.Limits())
	st := stream.New(v.Add([]byte("stream"), object.Attrs{Type: object.Stream, Encoding: object.StreamTree}, stream.ValueBytes))
	g, _ := st.CreateGroup([]byte("g"), stream.ID{}, stream.UnknownRead)
	consumer, _ := g.CreateConsumer([]byte("c"), 1)
	for i := range uint64(20_000) {
		g.Force(consumer, stream.ID{Ms: i + 1}, 1)
	}

	const piece = 64 << 10
	w := snapshot.NewWriter(snapshot.Options{})
	snap := s.BeginSnapshot(func(int) store.SnapshotWriter { return w }, nil)
	most := 0
	for {
		more, _, _ := snap.Shards[0].Step()
		snap.Shards[0].Locked(func() {
			most = max(most, w.Backlog())
			w.TakePiece(nil)
			w.Take(nil, true)
		})
		if !more {
			break
		}
	}
	snap.End()
	if limit := piece + 2*len(large); most > limit || w.Keys != 3 {
		t.Errorf("%d keys, %d bytes at once, want 3 and at most %d", w.Keys, most, limit)
	}

	dir := NewDir(vfs.OS{}, t.TempDir())
	if _, err := SaveRDB(t.Context(), s, dir, "dump.rdb", Meta{}, &Progress{}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(dir.Path("dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := &counter{map[string]int{}, map[string]int{}}
	if _, err := rdbload.Load(f, rdbload.Options{}, c); err != nil || len(c.keys) != 3 {
		t.Errorf("%v, %v", c.keys, err)
	}
}
