package set

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/types/set"
)

func TestSaddex(t *testing.T) {
	d := commandtest.New(t, Commands, setString)
	start := d.NowMs
	at := func(seconds int64) { d.NowMs = start + seconds*1000 }
	d.Do("set", "str", "x")
	for _, line := range []string{"saddex s x a", "saddex s 0 a", "saddex s -1 a", "saddex s 268435456 a", "saddex s 1.0 a",
		"saddex s keepttl x a", "saddex s a keepttl 10", "saddex str x a"} {
		d.Expect(line, "-ERR value is not an integer or out of range")
	}
	d.Expect("saddex s keepttl 10", "-ERR wrong number of arguments for 'saddex' command")
	d.Expect("saddex str 10 a", "-WRONGTYPE Operation against a key holding the wrong kind of value")
	d.Expect("scard s", ":0")

	d.Expect("saddex s 10 a b a", ":2")
	d.Expect("sadd s b c", ":1") // b keeps its deadline
	d.Expect("saddex s KeepTTL 20 a c d", ":1")
	d.Expect("scard s", ":4")
	at(9)
	d.Expect("scard s", ":4")
	at(10)
	d.Expect("smembers s", "*2 $c $d")
	d.Expect("sismember s a", ":0")
	d.Expect("saddex s 5 d", ":0") // sooner than before
	at(15)
	d.Expect("smembers s", "*1 $c")
	d.Expect("saddex s 1 c", ":0")
	at(16)
	d.Expect("scard s", ":0")
	d.Expect("saddex s 268435455 a", ":1")
	if got := d.Encoding("s"); got != "hashtable" {
		t.Errorf("encoding %s", got)
	}
}

func TestMembersExpireEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(line, events string, changes int64) {
		t.Helper()
		before := d.Store.Dirty()
		d.ExpectEvents(line, events)
		if got := d.Store.Dirty() - before; got != changes {
			t.Errorf("%s: %d changes, want %d", line, got, changes)
		}
	}
	f("saddex s 1 a b", "new(s) sadd(s)", 2)
	f("saddex s 3 b", "sexpire(s)", 1)
	f("saddex s keepttl 3 b", "", 0)
	f("saddex s keepttl 3 b c", "sadd(s)", 1)
	d.NowMs += 1000
	f("scard s", "sexpired(s)", 0)
	f("scard s", "", 0)
	d.NowMs += 2000
	f("smembers s", "sexpired(s) del(s) keymiss(s)", 0)
	f("saddex s 1 a b", "new(s) sadd(s)", 2)
	d.NowMs += 1000
	f("sadd s a", "sexpired(s) del(s) new(s) sadd(s)", 1)
}

// TestComputedSetsDoNotExpire: deadlines stay behind when sets are computed.
func TestComputedSetsDoNotExpire(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("saddex", "s", "10", "a", "b", "1")
	for _, line := range []string{"sunionstore d s", "sinterstore d s s", "sdiffstore d s none", "sunionstore s s"} {
		d.Do(strings.Fields(line)...)
		if c := d.Cell(strings.Fields(line)[1]); !c.Ok() || c.HasFieldTTL() {
			t.Errorf("%s: the result is not there or expires", line)
		}
	}
	d.NowMs += 20_000
	d.Expect("scard d", ":3")
	d.Expect("scard s", ":3")
}

// TestMovedMembersExpire: a member takes its deadline along, unless it is in the target already.
func TestMovedMembersExpire(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("saddex", "s", "10", "a", "b", "1")
	d.Do("sadd", "s", "plain")
	d.Do("sadd", "d", "b", "5")
	d.ExpectEvents("smove s new a", "srem(s) new(new) sadd(new)")
	d.ExpectEvents("smove s d b", "srem(s)")
	d.ExpectEvents("smove s d 1", "srem(s) sadd(d)")
	d.ExpectEvents("smove s d plain", "srem(s) del(s) sadd(d)")
	d.Expect("scard d", ":4")
	d.NowMs += 20_000
	d.Expect("scard new", ":0")
	d.Expect("smismember d b 1 plain 5", "*4 :1 :0 :1 :1")
}

// TestSaddexAgainstMap runs random commands under a running clock and compares with a map.
func TestSaddexAgainstMap(t *testing.T) {
	d := commandtest.New(t, Commands)
	rng := rand.New(rand.NewPCG(7, 8))
	model := map[string]int64{} // member → deadline, 0 for none
	member := func() string { return fmt.Sprint("m", rng.IntN(300)) }
	for i := range 20_000 {
		m := member()
		old, there := model[m]
		isNew := map[bool]string{true: ":0", false: ":1"}[there]
		ttl := 1 + rng.Int64N(20)
		switch op := rng.IntN(12); op {
		case 0:
			d.Expect("sadd s "+m, isNew)
			model[m] = old
		case 1, 2, 3, 4:
			d.Expect(fmt.Sprintf("saddex s %d %s", ttl, m), isNew)
			model[m] = d.NowMs + ttl*1000
		case 5:
			d.Expect(fmt.Sprintf("saddex s keepttl %d %s", ttl, m), isNew)
			if !there {
				model[m] = d.NowMs + ttl*1000
			}
		case 6:
			d.Expect("srem s "+m, map[bool]string{true: ":1", false: ":0"}[there])
			delete(model, m)
		case 7:
			if got := commandtest.Compact(d.Do("spop", "s")); len(model) > 0 {
				if _, ok := model[got[1:]]; !ok {
					t.Fatalf("step %d: SPOP gave %s", i, got)
				}
				delete(model, got[1:])
			}
		case 8:
			d.Expect("sismember s "+m, map[bool]string{true: ":1", false: ":0"}[there])
		case 9:
			d.Expect("scard s", fmt.Sprint(":", len(model)))
		default:
			d.NowMs += rng.Int64N(300)
			for m, deadline := range model {
				if deadline != 0 && deadline <= d.NowMs {
					delete(model, m)
				}
			}
		}
		if i%200 == 0 {
			got := strings.Fields(commandtest.Compact(d.Do("smembers", "s")))[1:]
			var want []string
			for m := range model {
				want = append(want, "$"+m)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("step %d: %v, want %v", i, got, want)
			}
		}
		if t.Failed() {
			t.Fatalf("at step %d", i)
		}
	}
}

func TestSaddexAllocs(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Quiet = true
	d.Do("saddex", "s", "1000", "a", "b", "c")
	for _, line := range []string{"saddex s 1000 a x", "saddex s keepttl 1000 a", "sismember s a", "smembers s", "sadd s a", "srem s none"} {
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %.1f allocations", line, n)
		}
	}
	if n := set.Timed(d.Cell("s")); n != 4 {
		t.Errorf("%d members expire", n)
	}
}
