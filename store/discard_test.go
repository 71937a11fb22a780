package store

import (
	"fmt"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/list"
	"dragonfly/store/types/set"
)

// TestDiscardNow: nothing is left of an entry, in the arena or for the background, however big its value is.
func TestDiscardNow(t *testing.T) {
	lim := object.DefaultLimits()
	s, err := New(Options{Shards: 1, Databases: 1, Limits: lim})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := func(at object.Attrs, build func(c object.Cell)) {
		t.Helper()
		d := s.NewDetached(0, []byte("key"), at, 0)
		build(d.Cell())
		d.DiscardNow()
		if sh := s.Shard(0); sh.A.Used() != 0 || len(sh.garbage) > 0 {
			t.Errorf("%d bytes and %d pieces of garbage left", sh.A.Used(), len(sh.garbage))
		}
	}
	f(object.Attrs{Type: object.String}, func(c object.Cell) { c.Resize(100_000) })
	f(object.Attrs{Type: object.Set, DeadlineMs: 1}, func(c object.Cell) {
		b := set.Build(c, 0, &lim)
		for i := range 10_000 {
			b.Add(fmt.Appendf(nil, "member %d", i))
		}
	})
	f(object.Attrs{Type: object.List}, func(c object.Cell) {
		var b list.Builder
		b.Begin(c, &lim)
		for i := range 10_000 {
			b.Push(fmt.Appendf(nil, "element %d", i))
		}
		b.End()
	})
}
