package list

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/resperr"
)

func TestReplies(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("RPUSH l a b c 3", ":4")
	d.Expect("LPOP none", "$-1")
	d.Expect("LPOP none 0", "*-1")
	d.Expect("LPOP l 0", "*0")
	d.Expect("LPOP l -1", "-ERR value is out of range, must be positive")
	d.Expect("LPOP l 1 2", "-ERR wrong number of arguments for 'lpop' command")
	d.Expect("RPOP l 2", "*2 $3 $c")
	d.Expect("LPOS l zz", "$-1")
	d.Expect("LPOS l zz COUNT 0", "*0")
	d.Expect("LPOS l a RANK 0", "-"+string(resperr.ListRankZero))
	// From Redis 7.2 on; before, these numbers had no negative and were taken as they came.
	d.Expect("LPOS l a RANK -9223372036854775808", "-"+string(resperr.RangeOutOfBounds))
	d.Expect("LREM l -9223372036854775808 a", "-"+string(resperr.RangeOutOfBounds))
	d.Expect("LMPOP 1 none LEFT", "*-1")
	d.Expect("LMPOP 2 none l RIGHT COUNT 5", "*2 $l *2 $b $a")
	d.Expect("LLEN l", ":0")
	d.Expect("LINSERT none BEFORE a b", ":0")
	d.Expect("LSET none 0 x", "-ERR no such key")
	d.Expect("RPUSHX none x", ":0")
	d.RESP3()
	d.Expect("LPOP none 1", "_")
	d.Expect("LMPOP 1 none LEFT", "_")
	d.Expect("LPOS none x", "_")
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("RPUSH l a b c", "new(l) rpush(l)")
	d.ExpectEvents("LPUSH l z", "lpush(l)")
	d.ExpectEvents("LPOP l", "lpop(l)")
	d.ExpectEvents("RPOPLPUSH l l2", "new(l2) lpush(l2) rpop(l)")
	d.ExpectEvents("LMOVE l2 l LEFT RIGHT", "rpush(l) lpop(l2) del(l2)")
	d.ExpectEvents("RPOPLPUSH l l", "lpush(l) rpop(l)")
	d.ExpectEvents("LSET l 0 q", "lset(l)")
	d.ExpectEvents("LSET l 9 q", "")
	d.ExpectEvents("LINSERT l BEFORE q w", "linsert(l)")
	d.ExpectEvents("LINSERT l BEFORE none w", "")
	d.ExpectEvents("LREM l 0 w", "lrem(l)")
	d.ExpectEvents("LREM l 0 w", "")
	d.ExpectEvents("LMPOP 2 none l LEFT", "lpop(l)")
	d.ExpectEvents("RPOP l 0", "")
	d.ExpectEvents("LTRIM l 5 6", "ltrim(l) del(l)")
	d.ExpectEvents("RPUSH l a", "new(l) rpush(l)")
	d.ExpectEvents("LREM l 0 a", "lrem(l) del(l)")
	d.ExpectEvents("LINDEX l 0", "keymiss(l)")
	d.ExpectEvents("RPUSHX l x", "")
	if d.Cell("l").Ok() || d.Cell("l2").Ok() {
		t.Error("an empty list is left")
	}
}

func TestEncoding(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Limits.ListMaxListpackSize = 4
	f := func(line, want string) {
		t.Helper()
		d.Do(strings.Fields(line)...)
		if got := d.Encoding("l"); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	f("RPUSH l a b c d", "listpack")
	f("LINSERT l AFTER none x", "quicklist")
	f("RPOP l", "quicklist")
	f("RPOP l", "listpack")
	f("RPUSH l c d e", "quicklist")
	f("RPOPLPUSH l l", "quicklist")
	f("LTRIM l 0 1", "quicklist") // one element each in two nodes
	f("LPOP l", "listpack")
	f("LPUSH l 1 2 3 4 5", "quicklist")
	f("LREM l 0 4", "quicklist")
}

func TestWrongType(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("RPUSH", "s", "x")
	d.Do("RPUSH", "l", "x")
	d.Cell("s").SetKind(0, 0) // a string, as far as the family is concerned
	for _, line := range []string{
		"LPUSH s x", "RPUSHX s x", "LPOP s", "LPOP s 0", "RPOP s 1", "LLEN s", "LINDEX s x", "LSET s x y", "LRANGE s 0 1",
		"LTRIM s 0 1", "LREM s 0 x", "LINSERT s BEFORE a b", "LPOS s x", "LPOS s x COUNT 1", "LMOVE s l LEFT LEFT",
		"LMOVE l s LEFT LEFT", "LMPOP 2 none s LEFT", "RPOPLPUSH l s",
	} {
		d.Expect(line, "-"+string(resperr.WrongType))
	}
	d.Expect("LRANGE l 0 -1", "*1 $x")
	d.Expect("LMOVE none s LEFT LEFT", "$-1")
}

const script = `
RPUSH l a b c 1 -7 a 12345678901 a
LRANGE l 0 -1
LRANGE l -3 100
LRANGE l 5 2
LRANGE l -100 2
LRANGE l -100 -50
LRANGE l 100 200
LRANGE l x 1
LRANGE l 1 x
LRANGE none 0 1
LINDEX l 0
LINDEX l -1
LINDEX l 100
LINDEX l x
LINDEX none x
LSET l x y
LSET none x y
LSET l 100 y
LSET l -1 zz
LPOS l a
LPOS l a RANK 2
LPOS l a RANK -1
LPOS l a RANK -1 COUNT 2
LPOS l a COUNT 0
LPOS l a COUNT 0 MAXLEN 3
LPOS l a COUNT 0 RANK -1 MAXLEN 3
LPOS l a RANK 9223372036854775807
LPOS l a RANK x
LPOS l a COUNT -1
LPOS l a COUNT x
LPOS l a MAXLEN -1
LPOS l a BOGUS 1
LPOS l a COUNT
LPOS l -7
LPOS none a BOGUS 1
LPOS none a COUNT 1
LREM l 1 a
LREM l -1 a
LREM l x a
LREM none 0 a
LRANGE l 0 -1
LINSERT l BEFORE b new
LINSERT l after b 99
LINSERT l around b 99
LINSERT none around b 99
LINSERT l BEFORE none x
LTRIM l 1 -2
LTRIM l x 1
LTRIM none 0 1
LRANGE l 0 -1
LPOP l x
LPOP l 1 1
LPOP l -1
LPOP l 9223372036854775808
LPOP none x
LPUSHX none 1
LPUSHX l 1 2 3
RPUSHX l 1 2 3
LMPOP 0 l LEFT
LMPOP x l LEFT
LMPOP -1 l LEFT
LMPOP 1 l
LMPOP 2 l LEFT
LMPOP 1 l MIDDLE
LMPOP 1 l LEFT COUNT
LMPOP 1 l LEFT COUNT 0
LMPOP 1 l LEFT COUNT x
LMPOP 1 l LEFT COUNT 1 COUNT 1
LMPOP 1 l LEFT BOGUS 1
LMPOP 1 l LEFT COUNT 2
LMPOP 3 none l none2 RIGHT COUNT 2
LMPOP 9223372036854775807 l LEFT
LMPOP 100 l LEFT
LMOVE l m LEFT MIDDLE
LMOVE l m LEFT RIGHT
LMOVE none m LEFT RIGHT
RPOPLPUSH l m
RPOPLPUSH m m
LRANGE l 0 -1
LRANGE m 0 -1
LLEN l
LLEN none
`

// TestAgainstRedis plays command lines, then random ones under several limits, to a real server.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	d.SameInfo(r, Commands)
	d.SameLines(r, strings.Split(script, "\n")...)
	for _, limit := range []int{-2, -1, 5} {
		d.Limits.ListMaxListpackSize = limit
		r.Do("CONFIG", "SET", "list-max-ziplist-size", strconv.Itoa(limit))
		rnd := rand.New(rand.NewPCG(4, uint64(limit+10)))
		for range 2500 {
			d.Same(r, randomCommand(rnd)...)
		}
		for _, key := range []string{"a", "b"} {
			d.Same(r, "LRANGE", key, "0", "-1")
			d.Same(r, "LTRIM", key, "1", "0")
		}
	}
}

func randomCommand(r *rand.Rand) []string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	key := pick("a", "b")
	index := func() string { return strconv.Itoa(r.IntN(60) - 30) }
	elem := func() string {
		switch r.IntN(10) {
		case 0:
			return strings.Repeat(pick("x", "y"), 1+r.IntN(2)*3000)
		case 1, 2, 3:
			return strconv.Itoa(r.IntN(40) - 20)
		default:
			return fmt.Sprint("e", r.IntN(10))
		}
	}
	side := func() string { return pick("LEFT", "RIGHT") }
	switch r.IntN(16) {
	case 0, 1, 2, 3:
		return []string{pick("LPUSH", "RPUSH", "LPUSHX", "RPUSHX"), key, elem(), elem(), elem()}
	case 4:
		return []string{pick("LPOP", "RPOP"), key}
	case 5:
		return []string{pick("LPOP", "RPOP"), key, strconv.Itoa(r.IntN(6))}
	case 6:
		return []string{"LRANGE", key, index(), index()}
	case 7:
		return []string{"LINDEX", key, index()}
	case 8:
		return []string{"LSET", key, index(), elem()}
	case 9, 10:
		return []string{"LINSERT", key, pick("BEFORE", "AFTER"), elem(), elem()}
	case 11:
		return []string{"LREM", key, strconv.Itoa(r.IntN(5) - 2), elem()}
	case 12:
		if r.IntN(4) > 0 {
			return []string{"LLEN", key}
		}
		return []string{"LTRIM", key, strconv.Itoa(r.IntN(6)), strconv.Itoa(-r.IntN(6))}
	case 13:
		return []string{"LPOS", key, elem(), "RANK", pick("1", "2", "-1", "-2"), "COUNT", pick("0", "1", "2"),
			"MAXLEN", pick("0", "5", "20")}
	case 14:
		return []string{"LMOVE", key, pick("a", "b"), side(), side()}
	default:
		return []string{"LMPOP", "2", "none", key, side(), "COUNT", strconv.Itoa(1 + r.IntN(3))}
	}
}

func TestAllocs(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Quiet = true
	big := strings.Repeat("x", 5000)
	for i := range 2000 {
		d.Do("RPUSH", "big", fmt.Sprint("element ", i), big[:i])
	}
	d.Do("RPUSH", "small", "a", "b", "c", "5")
	for _, line := range []string{
		"LPUSH small x y", "RPUSH big x 12", "LPOP small", "RPOP big", "LPUSH new x", "RPOP new", "LLEN big", "LINDEX big 1000",
		"LRANGE big 500 600", "LPOS big none", "LMOVE big big LEFT RIGHT", "LMOVE small big LEFT LEFT",
		"RPOPLPUSH big small", "LSET big 100 x", "LREM big 1 x", "LINSERT small BEFORE 5 6", "LPOP big 3",
		"LMPOP 2 none big LEFT", "LTRIM small 0 2", "BLPOP none big 0", "BLMOVE big small LEFT LEFT 0",
	} {
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

func BenchmarkPush(b *testing.B) {
	for _, name := range []string{"LPUSH", "RPUSH"} {
		b.Run(name, func(b *testing.B) {
			d := commandtest.New(b, Commands)
			d.Quiet = true
			args := commandtest.Args(name, "mylist", "element:000000123")
			for b.Loop() {
				d.Run(args)
			}
		})
	}
}

func BenchmarkRange(b *testing.B) {
	d := commandtest.New(b, Commands)
	d.Quiet = true
	for i := range 10000 {
		d.Do("RPUSH", "mylist", fmt.Sprint("element:", i))
	}
	args := commandtest.Args("LRANGE", "mylist", "0", "99")
	for b.Loop() {
		d.Run(args)
	}
}
