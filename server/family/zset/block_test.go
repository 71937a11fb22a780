package zset

import (
	"strings"
	"testing"
	"time"

	"dragonfly/server/command/commandtest"
)

func TestBlock(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectWait("bzpopmin a b 0", "a b", 0)
	d.ExpectWait("bzpopmax a 0.25", "a", 250*time.Millisecond)
	d.ExpectWait("bzmpop 1.5 2 a b max count 2", "a b", 1500*time.Millisecond)
	d.Do(strings.Fields("zadd b 1 m1 2 m2 3 m3 4 m4 5.5 m5")...)
	d.Expect("bzpopmin a b 0", "*3 $b $m1 $1")
	d.RESP3()
	d.Expect("bzpopmax a b 0", "*3 $b $m5 ,5.5")
	d.Expect("bzmpop 0 2 a b min count 2", "*2 $b *2 *2 $m2 ,2 *2 $m3 ,3")
	d.Expect("bzmpop 0 2 a b max count 2", "*2 $b *1 *2 $m4 ,4")
	d.ExpectWait("bzmpop 0 2 a b max count 2", "a b", 0)
}

func TestTimeOut(t *testing.T) {
	f := func(line string) {
		t.Helper()
		d := commandtest.New(t, Commands)
		for _, want := range []string{"*-1\r\n", "_\r\n"} {
			d.Do(strings.Fields(line)...)
			if got := d.TimeOut(); got != want {
				t.Errorf("%s: %q, want %q", line, got, want)
			}
			d.ExpectInExec(line, strings.TrimSpace(want))
			d.RESP3()
		}
	}
	f("bzpopmin a 1")
	f("bzpopmax a 1")
	f("bzmpop 1 1 a min")
}

// TestResumed holds that who has waited is served from what there is, and bears keys of other types.
func TestResumed(t *testing.T) {
	d := commandtest.New(t, Commands)
	addSet(d, "s", "x")
	for _, line := range []string{"bzpopmin s 0", "bzpopmax s 0", "bzmpop 0 1 s min"} {
		d.Expect(line, "-WRONGTYPE Operation against a key holding the wrong kind of value")
		d.ExpectResumed(line, "")
	}
	d.ExpectResumed("bzpopmin none 0", "")
	d.Do(strings.Fields("zadd z 1 a 2 b 3 c")...)
	d.ExpectResumed("bzpopmin s z 0", "*3 $z $a $1")
	d.ExpectResumed("bzpopmax s z 0", "*3 $z $c $3")
	d.ExpectResumed("bzmpop 0 2 s z max", "*2 $z *1 *2 $b $2")
}

func TestBlockEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("bzpopmin a 0", "")
	d.ExpectEvents("zadd a 1 a 2 b 3 c", "new(a) zadd(a)")
	d.ExpectEvents("bzpopmin a 0", "zpopmin(a)")
	d.ExpectEvents("bzpopmax a 0", "zpopmax(a)")
	d.ExpectEvents("bzmpop 0 1 a max count 9", "zpopmax(a) del(a)")
}

func TestBlockAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	d.SameInfo(r, Commands[:3])
	addSet(d, "s", "x")
	r.Do("sadd", "s", "x")
	d.SameLines(r,
		"zadd z 1 a 2 b 3 c 4 d 5 e 6 f 7 g",
		"bzpopmin z -1", "bzpopmin z x", "bzpopmin z", "bzpopmin z s 0", "bzpopmax none z 0", "bzpopmin none none 0.001",
		"bzpopmin s 0", "bzpopmin none s z 0",
		"bzmpop -1 1 z min", "bzmpop x 1 z min", "bzmpop x 0 z min", "bzmpop 0 x z min", "bzmpop 0 1 z", "bzmpop 0 2 z min",
		"bzmpop 0 1 z middle", "bzmpop 0 1 z min count", "bzmpop 0 1 z min count 0", "bzmpop 0 1 z min count 1 count 1",
		"bzmpop 0 1 z min bogus 1", "bzmpop 0 2 none z min count 2", "bzmpop 0.001 2 none none max", "bzmpop 0 2 s z min",
		"zrange z 0 -1 withscores",
	)
}
