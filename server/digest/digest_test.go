package digest

import (
	"strconv"
	"testing"

	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

func newStore(t *testing.T, shards int) *store.Store {
	t.Helper()
	st, err := store.New(store.Options{Shards: shards, Databases: 16, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// put makes key a value of some bytes.
func put(st *store.Store, db int, key, value string, at object.Attrs) object.Cell {
	v := st.View(db, 0)
	c := v.Add([]byte(key), at, len(value))
	copy(c.View(), value)
	return c
}

// TestRedis: digests that redis-server 7.4 answers.
func TestRedis(t *testing.T) {
	st := newStore(t, 4)
	if d := Of(st); d != (Digest{}) {
		t.Errorf("no data has the digest %s", d)
	}
	c := put(st, 0, "foo", "bar", object.Attrs{Encoding: object.Embstr})
	if got := Value(c).String(); got != "68467c70ae30376e7ce005bcc8827f5ba7fd67dc" {
		t.Errorf("the value has the digest %s", got)
	}
}

// TestDataSet: keys may come in any order and from any number of shards, and every part of them counts.
func TestDataSet(t *testing.T) {
	fill := func(st *store.Store, first, step int) {
		for i := first; i >= 0 && i < 100; i += step {
			at := object.Attrs{Encoding: object.Int}
			if i%7 == 0 {
				at.DeadlineMs = 1 << 60
			}
			put(st, i%3*5, "key:"+strconv.Itoa(i), strconv.Itoa(i*i), at)
		}
	}
	one, many := newStore(t, 1), newStore(t, 7)
	fill(one, 0, 1)
	fill(many, 99, -1)
	want := Of(one)
	if got := Of(many); got != want {
		t.Errorf("%s by another way", got)
	}
	v := many.View(5, 0)
	v.Peek([]byte("key:7")).SetDeadline(0)
	if Of(many) == want {
		t.Error("a deadline does not count")
	}
	v.Peek([]byte("key:7")).SetDeadline(5)
	if Of(many) != want {
		t.Error("the time of a deadline counts")
	}
	to := many.View(4, 0)
	v.Rename([]byte("key:7"), &to, []byte("key:7"))
	if Of(many) == want {
		t.Error("the number of the database does not count")
	}
}

// TestBeyondRedis: what Redis does not have counts too.
func TestBeyondRedis(t *testing.T) {
	st := newStore(t, 1)
	lim := object.DefaultLimits()
	c := put(st, 0, "set", "", object.Attrs{})
	set.Init(c, []byte("a"), 0, &lim)
	set.Add(c, []byte("a"), &lim)
	set.Add(c, []byte("b"), &lim)
	plain := Value(c)
	set.AddUntil(c, []byte("c"), 1<<40, true)
	set.Remove(c, []byte("b"))
	timed := Value(c)
	set.AddUntil(c, []byte("b"), 1<<40, true)
	set.Remove(c, []byte("c"))
	if other := Value(c); timed == plain || other == plain || other == timed {
		t.Errorf("sets {a b}, {a c with deadline}, {a b with deadline}: %s %s %s", plain, timed, other)
	}
	json := Value(put(st, 0, "json", `{"a":1}`, object.Attrs{Type: object.JSON}))
	if json == Value(put(st, 0, "other", `{"a":2}`, object.Attrs{Type: object.JSON})) {
		t.Error("the text of a JSON value does not count")
	}
}
