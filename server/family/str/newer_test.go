package str

import (
	"math"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/resperr"
)

const helloDigest = "9555e8555c62dcfd"

func TestDigest(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(value, want string) {
		t.Helper()
		d.Do("SET", "k", value)
		if got := commandtest.Compact(d.Do("DIGEST", "k")); got != "$"+want {
			t.Errorf("digest of %q: %s, want %s", value, got, want)
		}
	}
	f("hello", helloDigest)
	f("", "2d06800538d394c2")
	f("123", "404a763b3f4c8c9a")
	f("v8", "0cc76dbb41381419")
	d.Expect("DIGEST none", "$-1")
	d.Expect("DIGEST", "-ERR wrong number of arguments for 'digest' command")
}

func TestConditions(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("SET k v IFEQ x", "$-1")
	d.Expect("GET k", "$-1")
	d.Expect("SET k v IFDEQ "+helloDigest, "$-1")
	d.Expect("SET k v IFNE x", "+OK")
	d.Expect("SET k v IFNE v", "$-1")
	d.Expect("SET k hello IFEQ v EX 100", "+OK")
	d.Expect("SET k w IFDNE "+helloDigest+" GET", "$hello")
	d.Expect("GET k", "$hello")
	d.Expect("SET k 0123 IFDEQ "+strings.ToUpper(helloDigest)+" KEEPTTL", "+OK")
	if _, ok := d.Cell("k").Deadline(); !ok {
		t.Error("KEEPTTL with a condition lost the expiry")
	}
	d.Expect("SET k w IFEQ 123 GET", "$0123")
	d.Expect("SET k w IFDEQ 123 GET", "-ERR must be exactly 16 hexadecimal characters")
	d.Expect("SET none w IFDNE 123 GET", "$-1")
	d.Expect("GET none", "$w")
	d.Expect("SET k w IFDNE zzzzzzzzzzzzzzzz", "+OK")

	d.ExpectEvents("DELEX missing IFEQ x", "")
	d.Expect("DELEX missing FOO x", ":0")
	d.Expect("DELEX missing IFEQ", "-ERR wrong number of arguments for 'delex' command")
	d.Expect("DELEX k IFEQ w x", "-ERR wrong number of arguments for 'delex' command")
	d.Expect("DELEX k FOO w", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE")
	d.Expect("DELEX k IFDEQ 9555", "-ERR must be exactly 16 hexadecimal characters")
	d.Expect("DELEX k IFEQ x", ":0")
	d.Expect("DELEX k ifne x", ":1")
	d.Expect("DELEX k", ":0")
	d.Expect("SET k hello", "+OK")
	d.Expect("DELEX k IFDNE "+helloDigest, ":0")
	d.ExpectEvents("DELEX k IFDEQ "+helloDigest, "del(k)")
	d.Expect("SET k hello", "+OK")
	d.Expect("DELEX k", ":1")
}

func TestStick(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("SET k v", "+OK")
	if d.Cell("k").Sticky() {
		t.Error("a key is sticky for no reason")
	}
	d.Expect("SET k w STICK GET EX 100", "$v")
	if !d.Cell("k").Sticky() {
		t.Error("SET STICK left the key without the mark")
	}
	d.Expect("SET k x", "+OK")
	if !d.Cell("k").Sticky() {
		t.Error("SET took the mark away")
	}
}

func TestMsetex(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("MSETEX 2 a 1 b 2", "new(a) set(a) new(b) set(b)")
	d.Expect("MSETEX 2 a 3 c 4 NX", ":0")
	d.Expect("MSETEX 2 a 3 c 4 XX", ":0")
	d.Expect("MGET a b c", "*3 $1 $2 $-1")
	d.ExpectEvents("MSETEX 2 a 3 b 4 XX EX 100", "set(a) expire(a) set(b) expire(b)")
	d.Expect("MSETEX 1 a 5 KEEPTTL", ":1")
	if _, ok := d.Cell("a").Deadline(); !ok {
		t.Error("KEEPTTL lost the expiry")
	}
	d.Expect("MSETEX 1 a 6", ":1")
	if _, ok := d.Cell("a").Deadline(); ok {
		t.Error("the expiry stayed")
	}
	d.Expect("MSETEX x a 1", "-ERR invalid numkeys value")
	d.Expect("MSETEX 0 a 1", "-ERR invalid numkeys value")
	d.Expect("MSETEX 2147483648 a 1", "-ERR invalid numkeys value")
	d.Expect("MSETEX 2147483647 a 1", "-ERR wrong number of key-value pairs")
	d.Expect("MSETEX 2 a 1 b", "-ERR wrong number of key-value pairs")
	d.Expect("MSETEX 1 a 1 junk", "-ERR syntax error")
	d.Expect("MSETEX 1 a 1 NX XX", "-ERR syntax error")
	d.Expect("MSETEX 1 a 1 EX 1 PX 1", "-ERR syntax error")
	d.Expect("MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command")
	d.Expect("MSETEX 1 a", "-ERR wrong number of arguments for 'msetex' command")
}

func TestPrepend(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("PREPEND k 12", "new(k) prepend(k)")
	if e := d.Encoding("k"); e != "int" {
		t.Errorf("encoding %s, want int", e)
	}
	d.Expect("PREPEND k ab", ":4")
	d.Expect("GET k", "$ab12")
	if e := d.Encoding("k"); e != "raw" {
		t.Errorf("encoding %s, want raw", e)
	}
}

// TestThrottle follows the example of redis-cell: five tokens, one a second.
func TestThrottle(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(afterMs int64, quantity, want string) {
		t.Helper()
		d.NowMs += afterMs
		d.Expect("CL.THROTTLE k 4 1 1 "+quantity, want)
	}
	f(0, "6", "*5 :1 :5 :5 :-1 :0")
	f(0, "0", "*5 :0 :5 :5 :-1 :0")
	if d.Cell("k").Ok() {
		t.Error("looking and being refused made the key")
	}
	f(0, "1", "*5 :0 :5 :4 :-1 :1")
	f(0, "1", "*5 :0 :5 :3 :-1 :2")
	f(0, "1", "*5 :0 :5 :2 :-1 :3")
	f(0, "1", "*5 :0 :5 :1 :-1 :4")
	f(0, "1", "*5 :0 :5 :0 :-1 :5")
	f(0, "1", "*5 :1 :5 :0 :1 :5")
	f(3000, "1", "*5 :0 :5 :2 :-1 :3")
	f(100, "1", "*5 :0 :5 :1 :-1 :4")
	f(900, "1", "*5 :0 :5 :1 :-1 :4")
	f(4000, "1", "*5 :0 :5 :4 :-1 :1")
	f(1500, "1", "*5 :0 :5 :4 :-1 :1")
	f(0, "0", "*5 :0 :5 :4 :-1 :1")
	f(0, "2", "*5 :0 :5 :2 :-1 :3")
	f(0, "5", "*5 :1 :5 :2 :3 :3")
	if ms, _ := d.Cell("k").Deadline(); ms != d.NowMs+3000 {
		t.Errorf("the key expires in %d ms, want 3000", ms-d.NowMs)
	}
	f(3001, "", "*5 :0 :5 :4 :-1 :1")

	d.Expect("CL.THROTTLE user 15 30 60", "*5 :0 :16 :15 :-1 :2")
	d.ExpectEvents("CL.THROTTLE user 15 30 60", "set(user) expire(user)")
	for _, line := range []string{"x 1 1", "1 x 1", "1 1 x", "1 1 1 x", "-1 1 1", "1 0 1", "1 -1 1", "9223372036854775807 1 1",
		"1 1 9223372036854775807", "9223372036 1 1", "1 1 1 9223372037"} {
		d.Expect("CL.THROTTLE k "+line, "-ERR value is not an integer or out of range")
	}
	d.Expect("CL.THROTTLE k 1 1 0", "-ERR zero rates are not supported")
	d.Expect("CL.THROTTLE k 1 1 1 1 1", "-ERR wrong number of arguments for 'cl.throttle' command")
	d.Do("SET", "k", "text")
	d.Expect("CL.THROTTLE k 1 1 1", "-ERR value is not an integer or out of range")
	d.Do("SET", "k", "9223372036854775807")
	d.Expect("CL.THROTTLE k 1 1 1", "-ERR value is not an integer or out of range")
	d.Expect("CL.THROTTLE k 1 1 1 0", "*5 :1 :2 :0 :7523372023 :7523372025")
	d.Do("SET", "k", "-5")
	d.Expect("CL.THROTTLE k 1 1 1", "*5 :0 :2 :1 :-1 :1")
}

func TestDecide(t *testing.T) {
	second := int64(time.Second)
	if _, err := (rate{limit: 1, interval: second, quantity: 1}).decide(math.MaxInt64-second+1, 0); err != resperr.NotInteger {
		t.Errorf("an arrival that overflows: %v", err)
	}
	// A bucket that someone filled to the brim of time answers without overflow.
	got, err := rate{limit: math.MaxInt64, interval: 1}.decide(math.MaxInt64, 0)
	if want := (ruling{arrival: math.MaxInt64, retry: -1, reset: math.MaxInt64}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestGat(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("MSET a 1 b 2", "+OK")
	d.Expect("GAT a none b", "*3 $1 $-1 $2")
	d.Expect("GAT", "-ERR wrong number of arguments for 'gat' command")
}
