package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store"
	"dragonfly/store/object"
)

func TestAppendSeconds(t *testing.T) {
	f := func(deadline int64, want string) {
		t.Helper()
		if got := appendSeconds(nil, deadline); string(got) != want {
			t.Errorf("%d: %q, want %q", deadline, got, want)
		}
	}
	const epoch = rdbfmt.DFTTLEpochSec * 1000
	f(0, "\xc0\xff")
	f(epoch+5000, "\xc0\x05")
	f(epoch+5001, "\xc0\x06")
	f(epoch+5999, "\xc0\x06")
	f(epoch-1000, "\xc0\x00") // not -1, which is none
	f(-1, "\xc0\x00")
	f(epoch+1<<47, "\x0c140737488356")
}

// entries returns a store with strings of so many bytes.
func entries(t *testing.T, n, size int) (*store.Store, *store.View) {
	t.Helper()
	s, err := store.New(store.Options{Shards: 1, Databases: 2, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	v := s.View(0, 1000)
	for i := range n {
		v.SetString(fmt.Append(nil, "key:", i), bytes.Repeat([]byte("x"), size), object.Raw, 0)
	}
	return s, &v
}

// TestChunks: where chunks end does not depend on when they are taken, and each announces its database.
func TestChunks(t *testing.T) {
	s, v := entries(t, 1000, 50)
	write := func(every int) (chunks []string) {
		w := NewWriter(Options{Chunk: 1000})
		n := 0
		for db := range 2 {
			v.Each(s.Shard(0), func(c object.Cell) bool {
				w.Entry(db, c)
				if n++; n%every == 0 {
					for b := w.Take(nil, false); b != nil; b = w.Take(b, false) {
						chunks = append(chunks, string(b))
					}
				}
				return true
			})
		}
		for b := w.Take(nil, true); b != nil; b = w.Take(b, true) {
			chunks = append(chunks, string(b))
		}
		if w.Backlog() != 0 || w.Keys != 2000 {
			t.Errorf("%d bytes left, %d keys", w.Backlog(), w.Keys)
		}
		return chunks
	}
	want := write(1)
	for i, c := range want {
		if c[0] != rdbfmt.OpSelectDB || len(c) < 1000 && i < len(want)-1 || len(c) > 1100 {
			t.Errorf("chunk %d: %d bytes, %q", i, len(c), c[:3])
		}
	}
	for _, every := range []int{7, 300, 5000} {
		got := write(every)
		if len(got) != len(want) {
			t.Fatalf("%d chunks, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("chunk %d is another", i)
			}
		}
	}
}

// TestNoAllocs: once there are buffers, writing small entries allocates nothing.
func TestNoAllocs(t *testing.T) {
	s, v := entries(t, 1000, 50)
	w := NewWriter(Options{Chunk: 1000})
	var spare []byte
	pass := func() {
		v.Each(s.Shard(0), func(c object.Cell) bool {
			w.Entry(0, c)
			if b := w.Take(spare, false); b != nil {
				spare = b
			}
			return true
		})
	}
	pass()
	if n := testing.AllocsPerRun(10, pass); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestTargetError: keys are shown as far as they are readable, and a key may be empty.
func TestTargetError(t *testing.T) {
	f := func(e TargetError, want string) {
		t.Helper()
		if got := e.Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f(TargetError{Version: 9, What: Functions}, "RDB version 9 has no function libraries")
	f(TargetError{Version: 11, What: FieldTTLs, DB: 3, Key: []byte("a\n")}, `key "a\n" in database 3: RDB version 11 has no field TTLs`)
	f(TargetError{Version: 10, What: OtherTypes, Type: "ReJSON-RL", Key: []byte{}}, `key "" in database 0: RDB version 10 has no type ReJSON-RL`)
	f(TargetError{Version: 10, What: StickyMarks, Key: bytes.Repeat([]byte("k"), 1000)}, `key "`+string(bytes.Repeat([]byte("k"), maxKeyShown))+`" in database 0: RDB version 10 has no sticky marks`)

	_, v := entries(t, 0, 0)
	v.Add(nil, object.Attrs{Type: object.JSON}, 0)
	v.Add([]byte("other"), object.Attrs{Type: object.JSON}, 0)
	w := NewWriter(Options{Target: Target{Version: 9}})
	w.Entry(1, v.Peek(nil))
	w.Entry(1, v.Peek([]byte("other"))) // the first error stays
	var e *TargetError
	if !errors.As(w.Err, &e) || e.Key == nil || len(e.Key) != 0 || e.DB != 1 || w.Keys != 0 {
		t.Errorf("%v", w.Err)
	}
	w.Begin(0, v.Peek(nil))
	if !w.Step(v.Peek(nil)) || w.Keys != 0 || w.Backlog() != 0 {
		t.Error("a big value that is refused is written")
	}
}

// TestAppendDump: a payload is in the type and version of a file for all.
func TestAppendDump(t *testing.T) {
	_, v := entries(t, 1, 30)
	b := AppendDump([]byte("before"), v.Peek([]byte("key:0")))
	body, version, err := rdbfmt.CheckFooter(b[6:])
	if err != nil || version != 9 || body[0] != rdbfmt.TypeString || len(body) > 20 {
		t.Errorf("%q, version %d, %v", body, version, err)
	}
}
