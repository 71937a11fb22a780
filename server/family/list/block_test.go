package list

import (
	"strings"
	"testing"
	"time"

	"dragonfly/server/command/commandtest"
	"dragonfly/server/family/str"
)

func TestBlock(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectWait("BLPOP a b 0", "a b", 0)
	d.ExpectWait("BRPOP a 0.5", "a", 500*time.Millisecond)
	d.ExpectWait("BLMPOP 2 2 a b LEFT COUNT 3", "a b", 2*time.Second)
	d.ExpectWait("BLMOVE a b LEFT RIGHT 1", "a", time.Second)
	d.ExpectWait("BRPOPLPUSH a b 1", "a", time.Second)
	d.Expect("RPUSH b 1 2 3 4 5 6 7", ":7")
	d.Expect("BLPOP a b 0", "*2 $b $1")
	d.Expect("BRPOP a b 0", "*2 $b $7")
	d.Expect("BLMPOP 0 2 a b RIGHT COUNT 2", "*2 $b *2 $6 $5")
	d.Expect("BLMOVE b c LEFT LEFT 0", "$2")
	d.Expect("BRPOPLPUSH b c 0", "$4")
	d.Expect("LRANGE c 0 -1", "*2 $4 $2")
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
			d.RESP3()
		}
	}
	f("BLPOP a 1")
	f("BRPOP a 1")
	f("BLMPOP 1 1 a LEFT")
	f("BLMOVE a b LEFT LEFT 1")
	f("BRPOPLPUSH a b 1")
}

// TestBlockInExec holds that in a transaction the time is up at once; a missing element to move is a null then, not a
// null array.
func TestBlockInExec(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectInExec("BLPOP a 0", "*-1")
	d.ExpectInExec("BRPOP a 0", "*-1")
	d.ExpectInExec("BLMPOP 0 1 a LEFT", "*-1")
	d.ExpectInExec("BLMOVE a b LEFT LEFT 0", "$-1")
	d.ExpectInExec("BRPOPLPUSH a b 0", "$-1")
}

// TestResumed holds that who has waited is served from what there is, and bears keys of other types.
func TestResumed(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Do("SET", "s", "x")
	for _, line := range []string{"BLPOP s 0", "BRPOP s 0", "BLMPOP 0 1 s LEFT", "BLMOVE s a LEFT LEFT 0", "BRPOPLPUSH s a 0"} {
		d.Expect(line, "-WRONGTYPE Operation against a key holding the wrong kind of value")
		d.ExpectResumed(line, "")
	}
	d.ExpectResumed("BLPOP none a 0", "")
	d.Do("RPUSH", "l", "1", "2", "3", "4", "5")
	d.ExpectResumed("BLPOP s l 0", "*2 $l $1")
	d.ExpectResumed("BRPOP s l 0", "*2 $l $5")
	d.ExpectResumed("BLMPOP 0 2 s l LEFT", "*2 $l *1 $2")
	// Where to is another matter.
	d.ExpectResumed("BLMOVE l s LEFT LEFT 0", "-WRONGTYPE Operation against a key holding the wrong kind of value")
	d.ExpectResumed("BLMOVE l l LEFT RIGHT 0", "$3")
	d.Expect("LRANGE l 0 -1", "*2 $4 $3")
}

func TestBlockEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("BLPOP a 0", "")
	d.ExpectEvents("RPUSH a 1 2 3 4 5 6", "new(a) rpush(a)")
	d.ExpectEvents("BLPOP a 0", "lpop(a)")
	d.ExpectEvents("BRPOP a 0", "rpop(a)")
	d.ExpectEvents("BLMOVE a b LEFT RIGHT 0", "new(b) rpush(b) lpop(a)")
	d.ExpectEvents("BRPOPLPUSH a b 0", "lpush(b) rpop(a)")
	d.ExpectEvents("BLMPOP 0 1 a RIGHT COUNT 9", "rpop(a) del(a)")
}

const blockScript = `
RPUSH l a b c d e f g h i j k l m
BLPOP l -1
BLPOP l x
BLPOP l
BLPOP l l2 0
BRPOP none l 0
BLPOP none 0.001
BRPOP none none 0.001
BLMPOP -1 1 l LEFT
BLMPOP x 1 l LEFT
BLMPOP x 0 l LEFT
BLMPOP 0 x l LEFT
BLMPOP 0 1 l
BLMPOP 0 2 l LEFT
BLMPOP 0 1 l MIDDLE
BLMPOP 0 1 l LEFT COUNT
BLMPOP 0 1 l LEFT COUNT 0
BLMPOP 0 1 l LEFT COUNT 1 COUNT 1
BLMPOP 0 1 l LEFT BOGUS 1
BLMPOP 0 2 none l LEFT COUNT 2
BLMPOP 0.001 2 none none LEFT COUNT 2
BLMOVE l m LEFT MIDDLE 0
BLMOVE l m LEFT RIGHT -1
BLMOVE l m LEFT LEFT x
BLMOVE l m MIDDLE LEFT x
BLMOVE l m LEFT RIGHT 0
BLMOVE none m LEFT RIGHT 0.001
BRPOPLPUSH l m x
BRPOPLPUSH l m 0
BRPOPLPUSH none m 0.001
LRANGE l 0 -1
LRANGE m 0 -1
SET s x
BLPOP s 0
BLPOP none s l 0
BLPOP l s 0
BLMPOP 0 2 s l LEFT
BLMOVE s l LEFT LEFT 0
BLMOVE l s LEFT LEFT 0
BLMOVE none s LEFT LEFT 0.001
BRPOPLPUSH s l 0
LRANGE l 0 -1
`

func TestBlockAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands, str.Commands)
	d.SameLines(r, strings.Split(blockScript, "\n")...)
}
