package loader

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/object"
)

// TestBombs: whatever a small payload announces, making a value of it takes little memory, and none stays when it fails.
func TestBombs(t *testing.T) {
	b := newBench(t)
	num := func(n uint64) []byte { return rdbfmt.AppendLen(nil, n) }
	text := func(s string) []byte { return rdbfmt.AppendPlain(nil, []byte(s)) }
	id := make([]byte, 16)
	f := func(name string, typ byte, parts ...[]byte) {
		t.Helper()
		payload := rdbfmt.AppendFooter(append([]byte{typ}, bytes.Join(parts, nil)...), 0, rdbfmt.Version)
		if len(payload) > 1024 {
			t.Fatalf("%s: %d bytes are no small payload", name, len(payload))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v := b.st.View(0, nowMs)
		if err := Restore(&v, []byte("k"), payload, object.Attrs{}); err == nil {
			t.Errorf("%s: no error", name)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
		resident := int64(0)
		for i := range b.st.NumShards() {
			resident += b.st.Shard(i).A.Resident()
		}
		if resident > 16<<20 {
			t.Errorf("%s: %d bytes in the arenas", name, resident)
		}
		b.drain()
	}
	for _, n := range []uint64{100_000, 1 << 31, 1 << 40, 1<<64 - 1} {
		for _, typ := range []byte{rdbfmt.TypeList, rdbfmt.TypeSet, rdbfmt.TypeZset, rdbfmt.TypeZset2, rdbfmt.TypeHash,
			rdbfmt.TypeListQuicklist, rdbfmt.TypeListQuicklist2, rdbfmt.TypeStreamListpacks3} {
			f(fmt.Sprint("type ", typ, " of ", n), typ, num(n), text("a"), text("b"))
		}
		f("pending entries", rdbfmt.TypeStreamListpacks2, num(0), num(0), num(0), num(0), num(0), num(0), num(0), num(0), num(0),
			num(1), text("g"), num(0), num(0), num(0), num(n), id)
		f("consumers", rdbfmt.TypeStreamListpacks, num(0), num(0), num(0), num(0), num(1), text("g"), num(0), num(0), num(0), num(n), text("c"))
		f("string", rdbfmt.TypeString, num(n), text("a"))
	}
}
