package str

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/resperr"
)

func TestParseOptions(t *testing.T) {
	f := func(line string, g grammar, want options, wantErr error) {
		t.Helper()
		var o options
		err := o.parse(commandtest.Args(strings.Fields(line)...), g)
		if err != wantErr {
			t.Errorf("%q: error %v, want %v", line, err, wantErr)
		}
		if err == nil && fmt.Sprint(o) != fmt.Sprint(want) {
			t.Errorf("%q: %v, want %v", line, o, want)
		}
	}
	ten := []byte("10")
	f("", ofSet, options{}, nil)
	f("nx", ofSet, options{nx: true}, nil)
	f("XX gEt KEEPTTL", ofSet, options{xx: true, get: true, expiry: keepTTL}, nil)
	f("EX 10 nx", ofSet, options{nx: true, expiry: setExpiry, unit: relative | seconds, when: ten}, nil)
	f("PXAT 9 PXAT 10", ofSet, options{expiry: setExpiry, when: ten}, nil)
	f("px 10", ofGetex, options{expiry: setExpiry, unit: relative, when: ten}, nil)
	f("exat 10", ofGetex, options{expiry: setExpiry, unit: seconds, when: ten}, nil)
	f("persist persist", ofGetex, options{expiry: persist}, nil)
	f("nx xx", ofSet, options{}, resperr.Syntax)
	f("ex", ofSet, options{}, resperr.Syntax)
	f("ex 1 px 1", ofSet, options{}, resperr.Syntax)
	f("keepttl ex 1", ofSet, options{}, resperr.Syntax)
	f("persist", ofSet, options{}, resperr.Syntax)
	f("nx", ofGetex, options{}, resperr.Syntax)
	f("keepttl", ofGetex, options{}, resperr.Syntax)
	f("persist ex 1", ofGetex, options{}, resperr.Syntax)
	f("nxx", ofSet, options{}, resperr.Syntax)
	f("stick get", ofSet, options{stick: true, get: true}, nil)
	f("IFEQ 10 get ifeq 10", ofSet, options{compare: equal, operand: ten, get: true}, nil)
	f("ex 10 ifdne 10", ofSet, options{compare: unequalDigest, operand: ten, expiry: setExpiry, unit: relative | seconds, when: ten}, nil)
	f("ifeq 10 ifne 10", ofSet, options{}, resperr.Syntax)
	f("ifeq 10 nx", ofSet, options{}, resperr.Syntax)
	f("xx ifne 10", ofSet, options{}, resperr.Syntax)
	f("ifeq", ofSet, options{}, resperr.Syntax)
	f("ifeq 10", ofGetex, options{}, resperr.Syntax)
	f("xx keepttl", ofMsetex, options{xx: true, expiry: keepTTL}, nil)
	f("pxat 10 nx", ofMsetex, options{nx: true, expiry: setExpiry, when: ten}, nil)
	f("get", ofMsetex, options{}, resperr.Syntax)
	f("stick", ofMsetex, options{}, resperr.Syntax)
	f("persist", ofMsetex, options{}, resperr.Syntax)
	f("ifeq 10", ofMsetex, options{}, resperr.Syntax)
}

func TestReplies(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("SET a 1", "+OK")
	d.Expect("GET a", "$1")
	d.Expect("SET a 2 NX", "$-1")
	d.Expect("SET a 2 NX GET", "$1")
	d.Expect("SET b 2 NX GET", "$-1")
	d.Expect("GET b", "$2")
	d.Expect("SET c 2 XX", "$-1")
	d.Expect("SET c 2 XX GET", "$-1")
	d.Expect("SET a v EX 0", "-ERR invalid expire time in 'set' command")
	d.Expect("SET a v PX 9223372036854775807", "-ERR invalid expire time in 'set' command")
	d.Expect("SETEX a 9223372036854775 v", "-ERR invalid expire time in 'setex' command")
	d.Expect("PSETEX a -1 v", "-ERR invalid expire time in 'psetex' command")
	d.Expect("GETEX a EX -1", "-ERR invalid expire time in 'getex' command")
	d.Expect("GETEX none EX -1", "$-1")
	d.Expect("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command")
	d.Expect("MSETNX x 1 a 2", ":0")
	d.Expect("MSETNX x 1 x 2", ":1")
	d.Expect("MGET a none x", "*3 $1 $-1 $2")
	d.Expect("SETRANGE a 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)")
	d.Expect("INCRBYFLOAT f 0.1", "$0.1")
	d.Expect("INCRBYFLOAT f 0.2", "$0.3")
	d.RESP3()
	d.Expect("GET none", "_")
	d.Expect("SET k ohmytext", "+OK")
	d.Expect("SET l mynewtext", "+OK")
	d.Expect("LCS k l IDX WITHMATCHLEN", "%2 $matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *3 *2 :2 :3 *2 :0 :1 :2 $len :6")
}

func TestExpiry(t *testing.T) {
	d := commandtest.New(t, Commands)
	ttl := func(key string) int64 {
		c := d.Cell(key)
		if !c.Ok() {
			return -2
		}
		ms, ok := c.Deadline()
		if !ok {
			return -1
		}
		return ms - d.NowMs
	}
	f := func(line string, want int64) {
		t.Helper()
		d.Do(strings.Fields(line)...)
		if got := ttl("k"); got != want {
			t.Errorf("%s: TTL is %d ms, want %d", line, got, want)
		}
	}
	f("SET k v EX 10", 10000)
	f("SET k v KEEPTTL", 10000)
	f("INCRBYFLOAT k 1", 10000)
	f("APPEND k w", 10000)
	f("SETRANGE k 0 w", 10000)
	f("SET k v", -1)
	f("SETEX k 5 v", 5000)
	f("GETSET k v", -1)
	f("PSETEX k 7 v", 7)
	f("MSET k v", -1)
	f("GETEX k PX 20", 20)
	f("GETEX k", 20)
	f("GETEX k PERSIST", -1)
	f(fmt.Sprint("GETEX k PXAT ", d.NowMs), -2)
	f(fmt.Sprint("SET k 5 EXAT ", d.NowMs/1000+3), 3000)
	f("INCR k", 3000)
	d.NowMs += 3001
	d.Expect("INCR k", ":1")
	f("GET k", -1)
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("SET a 1", "new(a) set(a)")
	d.ExpectEvents("SET a 1 EX 100", "set(a) expire(a)")
	d.ExpectEvents("SET a 2 KEEPTTL", "set(a)")
	d.ExpectEvents("GETEX a PERSIST", "persist(a)")
	d.ExpectEvents("GETEX a PERSIST", "")
	d.ExpectEvents("GETEX a EX 100", "expire(a)")
	d.ExpectEvents("SETEX b 100 x", "new(b) set(b) expire(b)")
	d.ExpectEvents("MSET a 1 c 2", "set(a) new(c) set(c)")
	d.ExpectEvents("INCR a", "incrby(a)")
	d.ExpectEvents("DECRBY a 5", "incrby(a)")
	d.ExpectEvents("INCRBYFLOAT a 0.5", "incrbyfloat(a)")
	d.ExpectEvents("APPEND a x", "append(a)")
	d.ExpectEvents("SETRANGE a 0 z", "setrange(a)")
	d.ExpectEvents("GETSET a q", "set(a)")
	d.ExpectEvents("GETDEL a", "del(a)")
	d.ExpectEvents("SET a 1 NX", "new(a) set(a)")
	d.ExpectEvents("SET a 1 NX", "")
	d.ExpectEvents("GET nokey", "keymiss(nokey)")
	d.ExpectEvents("SET nokey v XX GET", "keymiss(nokey)")
	d.ExpectEvents("GETEX a PXAT 1", "del(a)")
}

func TestEncoding(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(line, want string) {
		t.Helper()
		d.Do(strings.Fields(line)...)
		if got := d.Encoding("k"); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	f("APPEND k 12", "int")
	f("APPEND k 3", "raw")
	f("INCR k", "int")
	f("SETRANGE k 0 9", "raw")
	f("INCRBYFLOAT k 1", "embstr")
	f("SET k 9223372036854775808", "embstr")
	f("GETSET k "+strings.Repeat("x", 45), "raw")
	f("MSET k 9223372036854775807", "int")
	f("GETDEL k", "")
	f("INCRBYFLOAT k 1e60", "raw")
}

// TestAgainstRedis plays command lines, then random ones, to a real server.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	d.SameInfo(r, Commands)
	d.SameLines(r, strings.Split(script, "\n")...)
	d.Same(r, "SET", "bin", "a\x00\r\nb")
	d.Same(r, "GET", "bin")
	d.Same(r, "SETRANGE", "bin", "0", "")
	d.Same(r, "SET", "e", "")
	for _, key := range []string{"bin", "e", "none", "n"} {
		for _, bounds := range []string{"0 -1", "0 0", "-3 -2", "-2 -3", "2 1", "100 200", "-100 1", "-100 -50", "1 100"} {
			d.SameLines(r, "GETRANGE "+key+" "+bounds, "SUBSTR "+key+" "+bounds)
		}
		d.SameLines(r, "APPEND "+key+" x", "STRLEN "+key)
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	text := func() string {
		b := make([]byte, rnd.IntN(12))
		for i := range b {
			b[i] = "abc"[rnd.IntN(3)]
		}
		return string(b)
	}
	number := func() string {
		return pick("0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "3.5", "1e3", "x", "")
	}
	for range 3000 {
		key := pick("a", "b", "c")
		switch rnd.IntN(14) {
		case 0:
			d.Same(r, "SET", key, text())
		case 1:
			d.Same(r, "SET", key, number(), pick("NX", "XX", "GET", "KEEPTTL"), pick("NX", "XX", "GET", "KEEPTTL"))
		case 2:
			d.Same(r, pick("INCR", "DECR"), key)
		case 3:
			d.Same(r, pick("INCRBY", "DECRBY", "INCRBYFLOAT"), key, number())
		case 4:
			d.Same(r, "APPEND", key, text())
		case 5:
			d.Same(r, "SETRANGE", key, pick("0", "2", "5", "30", "-1", "x"), text())
		case 6:
			d.Same(r, "GETRANGE", key, pick("0", "-3", "2", "-50"), pick("0", "-1", "3", "70"))
		case 7:
			d.Same(r, pick("GET", "STRLEN", "GETDEL"), key)
		case 8:
			d.Same(r, "GETSET", key, text())
		case 9:
			d.Same(r, pick("MSET", "MSETNX"), key, text(), pick("a", "b", "c"), text())
		case 10:
			d.Same(r, "MGET", "a", "b", "c")
		case 11:
			d.Same(r, "LCS", "a", "b")
		case 12:
			d.Same(r, "LCS", key, "b", "IDX", "MINMATCHLEN", pick("0", "1", "2", "-1"))
			d.Same(r, "LCS", key, "a", "WITHMATCHLEN", pick("LEN", "IDX"))
		default:
			d.Same(r, "SETNX", key, number())
		}
	}
}

const script = `
SET n 10
INCRBY n 9223372036854775807
DECRBY n -9223372036854775808
INCRBY n -9223372036854775808
SET n 9223372036854775807
INCR n
DECR n
INCRBY n x
INCRBY n 1.5
SET n 012
INCR n
SET n -0
INCR n
INCRBYFLOAT n 0x10
INCRBYFLOAT big 1e100
INCRBYFLOAT n inf
INCRBYFLOAT n nan
INCRBYFLOAT n 1e5000
SET n abc
INCRBYFLOAT n 1
SET o v EX
SET o v EX x
SET o v EX 10 PX 10
SET o v NX XX
SET o v PERSIST
SET o v KEEPTTL EX 10
SET o v EX 10 EX 20
SET o v BOGUS
SET o v EX 10 GET
SET o w GET NX
SET o w EX 9223372036854775807
SET o w PX 0
SETEX o 0 v
SETEX o x v
SETEX o 1.5 v
PSETEX o 9223372036854775807 v
SETNX o v
SETNX p v
GETEX o NX
GETEX o EX
GETEX o EX x
GETEX o EX 10 PERSIST
GETEX o EXAT 0
GETEX o EXAT 1
GET o
MSET
MSET a
MSETNX a 1 b
SETRANGE none 0
SETRANGE none x y
SETRANGE none -1 y
SETRANGE none 536870911 yy
GETRANGE o x 1
GETRANGE o 1 x
LCS p q LEN IDX
LCS p q MINMATCHLEN
LCS p q MINMATCHLEN x
LCS p q BOGUS
LCS none none
LCS none none LEN
LCS none none IDX
STRLEN none
`

func TestWrongType(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("SET", "l", "x")
	c := d.Cell("l")
	c.SetKind(1, 3) // a list, as far as the family is concerned
	for _, line := range []string{
		"GET l", "STRLEN l", "INCR l", "INCRBYFLOAT l 1", "APPEND l x", "SETRANGE l 0 x", "SETRANGE l 600000000 x",
		"GETRANGE l 0 1", "GETSET l x", "GETDEL l", "GETEX l EX 0", "SET l v GET",
	} {
		d.Expect(line, "-"+string(resperr.WrongType))
	}
	d.Expect("MGET l", "*1 $-1")
	d.Expect("LCS l none BOGUS", "-ERR The specified keys must contain string values")
	c.SetKind(0, 0)
}

func TestAllocs(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Quiet = true
	for _, line := range []string{
		"SET key value", "SET key 12345", "GET key", "SET key value EX 100", "SET key value KEEPTTL GET",
		"SET n 100", "INCR n", "DECRBY n 7", "INCRBYFLOAT n 0.5", "MSET key v other w", "MGET key other none",
		"SETRANGE key 2 x", "GETRANGE key 0 1", "STRLEN key", "GETEX key", "SETEX key 10 v", "GETSET key v",
	} {
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		d.NowMs++
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

func benchmark(b *testing.B, line string) {
	d := commandtest.New(b, Commands)
	d.Quiet = true
	for i := range 10000 {
		d.Do("SET", fmt.Sprint("key:", i), strings.Repeat("v", 64))
	}
	args := commandtest.Args(strings.Fields(line)...)
	for b.Loop() {
		d.Run(args)
	}
}

func BenchmarkSet(b *testing.B)  { benchmark(b, "SET key:77 "+strings.Repeat("w", 64)) }
func BenchmarkGet(b *testing.B)  { benchmark(b, "GET key:77") }
func BenchmarkIncr(b *testing.B) { benchmark(b, "INCR counter") }
