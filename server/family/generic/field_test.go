package generic

import (
	"testing"

	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
)

func TestFieldDeadlines(t *testing.T) {
	d := newDB(t)
	d.Do("sadd", "s", "a", "b", "1")
	d.Do("hset", "h", "a", "1")
	d.Do("hset", "h", "b", "2")
	d.Do("set", "str", "x")
	d.Do("rpush", "l", "a")

	for _, seconds := range []string{"x", "0", "-1", "268435456"} {
		d.Expect("fieldexpire s "+seconds+" a", "-ERR value is not an integer or out of range")
	}
	d.Expect("fieldexpire none 10 a b", "*2 :-2 :-2")
	d.Expect("fieldexpire str 10 a", "*1 :-2")
	d.Expect("fieldexpire l 10 a", "*1 :-2")
	d.Expect("fieldttl none a", ":-2")
	d.Expect("fieldttl str a", "-WRONGTYPE Operation against a key holding the wrong kind of value")

	for _, key := range []string{"s", "h"} {
		d.Expect("fieldttl "+key+" a", ":-1")
		d.Expect("fieldttl "+key+" none", ":-3")
		encoding := d.Encoding(key)
		d.Expect("fieldexpire "+key+" 10 none", "*1 :-2")
		if d.Encoding(key) != encoding || d.Cell(key).HasFieldTTL() {
			t.Errorf("%s was changed, though there is no such field", key)
		}
		d.Expect("fieldexpire "+key+" 10 a none", "*2 :1 :-2")
		d.Expect("fieldttl "+key+" a", ":10")
		d.Expect("fieldttl "+key+" b", ":-1")
		d.Expect("fieldexpire "+key+" 20 a", "*1 :1")
		d.Expect("fieldttl "+key+" a", ":20")
		d.NowMs += 500
		d.Expect("fieldttl "+key+" a", ":20")
		d.NowMs += 500
		d.Expect("fieldttl "+key+" a", ":19")
		d.NowMs += 19_000
		d.Expect("fieldttl "+key+" a", ":-3")
		d.Expect("fieldexpire "+key+" 10 a", "*1 :-2")
		d.Expect("fieldexpire "+key+" 268435455 b b", "*2 :1 :1")
		d.Expect("fieldttl "+key+" b", ":268435455")
	}
	if set.Len(d.Cell("s")) != 2 {
		t.Error("the expired member is still there")
	}
	if _, ok := hash.Deadline(d.Cell("h"), []byte("b"), d.NowMs); !ok {
		t.Error("the field is gone")
	}
}

func TestFieldExpireEvents(t *testing.T) {
	d := newDB(t)
	d.Do("sadd", "s", "a", "b")
	d.Do("hset", "h", "a", "1")
	f := func(line, events string, changes int64) {
		t.Helper()
		before := d.Store.Dirty()
		d.ExpectEvents(line, events)
		if got := d.Store.Dirty() - before; got != changes {
			t.Errorf("%s: %d changes, want %d", line, got, changes)
		}
	}
	f("fieldexpire s 10 a b c", "sexpire(s)", 2)
	f("fieldexpire h 10 a b", "hexpire(h)", 1)
	f("fieldexpire s 10 c", "", 0)
	f("fieldexpire none 10 c", "", 0)
}

// TestTimedSetsMove: a set takes its deadlines along wherever it goes.
func TestTimedSetsMove(t *testing.T) {
	d := newDB(t)
	for _, key := range []string{"renamed", "copied", "moved", "other"} {
		d.Do("sadd", key, "a", "b")
		d.Do("fieldexpire", key, "10", "a")
	}
	d.Do("fieldexpire", "other", "10", "b")
	d.Expect("rename renamed r", "+OK")
	d.Expect("copy copied c", ":1")
	d.Expect("move moved 1", ":1")
	d.Expect("fieldttl r a", ":10")
	d.Expect("fieldttl c a", ":10")
	d.Expect("fieldttl c b", ":-1")
	d.NowMs += 10_000
	d.Expect("fieldttl r a", ":-3")
	d.Expect("fieldttl c a", ":-3")
	d.Expect("fieldttl r b", ":-1")
	moved := d.Store.View(1, d.NowMs)
	if c := moved.Peek([]byte("moved")); !c.Ok() || set.Len(c) != 1 {
		t.Error("the member did not expire in the other database")
	}
	// A set of which all members have expired is none.
	d.Expect("exists other", ":0")
	d.Expect("type other", "+none")
	d.Do("sadd", "gone", "a")
	d.Do("fieldexpire", "gone", "1", "a")
	d.NowMs += 1000
	d.Expect("rename gone x", "-ERR no such key")
	d.Do("sadd", "gone", "a")
	d.Do("fieldexpire", "gone", "1", "a")
	d.Do("del", "r", "c", "copied")
	d.NowMs += 1000
	d.Expect("randomkey", "$-1")
	d.Do("sadd", "gone", "a")
	d.Do("fieldexpire", "gone", "1", "a")
	d.NowMs += 1000
	d.Expect("scan 0", "*2 $0 *0")
	checkEmpty(t, d)
}
