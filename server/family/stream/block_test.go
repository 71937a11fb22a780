package stream

import (
	"strings"
	"testing"
	"time"

	"dragonfly/server/command/commandtest"
	"dragonfly/server/family/generic"
	"dragonfly/server/family/list"
)

// ids returns the last n arguments that the command that waits will run with again.
func ids(d *commandtest.DB, n int) string {
	args := d.Waiting().Args
	if args == nil {
		return ""
	}
	var words []string
	for _, a := range args[len(args)-n:] {
		words = append(words, string(a))
	}
	return strings.Join(words, " ")
}

func TestBlock(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectWait("xread block 0 streams a b 0 0", "a b", 0)
	if got := ids(d, 2); got != "" {
		t.Errorf("plain IDs become %s", got)
	}
	d.ExpectWait("xread count 2 block 1500 streams a b c d $ + 7 $", "a b c d", 1500*time.Millisecond)
	if got := ids(d, 4); got != "0-0 0-0 7 0-0" {
		t.Errorf("missing streams: IDs become %s", got)
	}
	do(t, d, "xadd a 5-1 f v", "xadd b 6-1 f v", "xdel b 6-1")
	d.ExpectWait("xread block 0 streams a b b $ $ 6-1", "a b b", 0)
	if got := ids(d, 3); got != "5-1 6-1 6-1" {
		t.Errorf("IDs become %s", got)
	}
	if d.Waiting().Gone {
		t.Error("XREAD cares for missing keys")
	}
	d.Expect("xread block 0 streams a b + +", "*1 *2 $a *1 *2 $5-1 *2 $f $v")
	// An empty stream has no last entry: any that comes will do, as one that was deleted before the client came will not.
	d.ExpectWait("xread block 0 streams b +", "b", 0)
	if got := ids(d, 1); got != "0-0" {
		t.Errorf("IDs become %s", got)
	}
	d.ExpectInExec("xread block 0 streams a $", "*-1")
	d.Do("xread", "block", "1", "streams", "a", "$")
	if got := d.TimeOut(); got != "*-1\r\n" {
		t.Errorf("timeout: %q", got)
	}
	d.RESP3()
	if got := d.TimeOut(); got != "_\r\n" {
		t.Errorf("timeout: %q", got)
	}
}

func TestBlockGroup(t *testing.T) {
	d := commandtest.New(t, Commands)
	do(t, d, "xgroup create s g $ mkstream")
	d.ExpectWait("xreadgroup group g c block 20 streams s >", "s", 20*time.Millisecond)
	if w := d.Waiting(); !w.Gone || w.Args != nil {
		t.Errorf("waits with %+v", w)
	}
	// What is pending is answered at once, be it nothing.
	d.Expect("xreadgroup group g c block 0 streams s 0", "*1 *2 $s *0")
	d.Expect("xreadgroup group none c block 0 streams s >",
		"-NOGROUP No such key 's' or consumer group 'none' in XREADGROUP with GROUP option")
	d.Expect("xreadgroup group g c block 0 streams none >",
		"-NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option")
	d.ExpectInExec("xreadgroup group g c block 0 streams s >", "*-1")
	do(t, d, "xadd s 1-1 f v", "xadd s 2-1 f v")
	d.Expect("xreadgroup group g c count 1 block 0 streams s >", "*1 *2 $s *1 *2 $1-1 *2 $f $v")
	d.Expect("xreadgroup group g c block 0 noack streams s >", "*1 *2 $s *1 *2 $2-1 *2 $f $v")
	d.Expect("xpending s g", "*4 :1 $1-1 $1-1 *1 *2 $c $1")
}

// TestResumed holds what a client is told that has waited.
func TestResumed(t *testing.T) {
	d := commandtest.New(t, Commands, list.Commands, generic.Commands)
	read, readGroup := "xread block 0 streams s l 1-1 0-0", "xreadgroup group g c block 0 streams s >"
	do(t, d, "xgroup create s g $ mkstream", "rpush l 1")
	d.ExpectResumed(readGroup, "")
	d.ExpectResumed(read, "")
	do(t, d, "xadd s 1-1 f v")
	d.ExpectResumed(read, "")
	d.ExpectResumed(readGroup, "*1 *2 $s *1 *2 $1-1 *2 $f $v")
	do(t, d, "xadd s 2-1 f v", "xdel s 2-1")
	d.ExpectResumed(readGroup, "")
	d.ExpectResumed(read, "")
	do(t, d, "xadd s 3-1 f v", "xgroup destroy s g")
	d.ExpectResumed(read, "*1 *2 $s *1 *2 $3-1 *2 $f $v")
	d.ExpectResumed(readGroup, "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option")
	do(t, d, "del s")
	d.ExpectResumed(read, "")
	d.ExpectResumed(readGroup, "-UNBLOCKED the stream key no longer exists")
	do(t, d, "rpush s x")
	d.ExpectResumed(read, "")
	d.ExpectResumed(readGroup, "-UNBLOCKED the stream key no longer exists")
}

func TestBlockAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands, list.Commands)
	d.SameInfo(r, Commands)
	d.SameLines(r,
		"xadd s 1-1 f v", "xgroup create s g 0", "xgroup createconsumer s g c", "rpush l x",
		"xread block -1 streams s 0", "xread block x streams s 0", "xread block 1.5 streams s 0", "xread block streams s 0",
		"xread block 1 count 2", "xread block 1 streams l $", "xread block 1 streams none l $ $",
		"xread block 1 streams s $", "xread block 1 streams s none 0 $", "xread block 1 streams s >", "xread block 1 streams s x",
		"xread block 1 noack streams s 0", "xread block 1 count -1 streams s 0",
		"xreadgroup group g c block -1 streams s >", "xreadgroup group g c block 1 streams s $", "xreadgroup group g c block 1 streams l >",
		"xreadgroup group g c block 1 count 1 streams s >", "xreadgroup group g c block 1 count 1 streams s >",
		"xreadgroup group g c block 1 count 1 streams s 0", "xreadgroup group g c block 1 count 1 streams s s 0 >",
		"xreadgroup group nog c block 1 streams s >", "xreadgroup block 1 streams s >", "xreadgroup group g c block 1 noack streams s >",
	)
}
