package bitmap

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/server/family/str"
	"dragonfly/store/resperr"
)

func TestReplies(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Do("SET", "k", "value")
	d.Expect("BITFIELD k GET u8 0 OVERFLOW FAIL INCRBY u2 100 3", "*2 :118 :3")
	d.Expect("BITFIELD k OVERFLOW FAIL INCRBY u2 100 3", "*1 $-1")
	d.Expect("BITPOS none 1", ":-1")
	d.Expect("BITPOS none 0", ":0")
	// From Redis 7.2 on the arguments are looked at first, even if the key is missing.
	d.Expect("BITCOUNT none x 1", "-ERR value is not an integer or out of range")
	d.Expect("BITCOUNT none 0 1 BOGUS", "-ERR syntax error")
	d.Expect("BITPOS none 0 x", "-ERR value is not an integer or out of range")
	d.Expect("BITPOS none 0 1 2 BOGUS", "-ERR syntax error")
	d.RESP3()
	d.Expect("BITFIELD k OVERFLOW FAIL INCRBY u2 100 3", "*1 _")
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.ExpectEvents("SETBIT a 1 0", "new(a) setbit(a)")
	d.ExpectEvents("SETBIT a 1 0", "")
	d.ExpectEvents("SETBIT a 1 1", "setbit(a)")
	d.ExpectEvents("SETBIT a 10 0", "setbit(a)") // it grows
	d.ExpectEvents("BITFIELD bf SET u8 0 1", "new(bf) setbit(bf)")
	d.ExpectEvents("BITFIELD bf SET u8 0 1", "")
	d.ExpectEvents("BITFIELD bf GET u8 0", "")
	d.ExpectEvents("BITFIELD bf GET u8 0 INCRBY u8 0 1 INCRBY u8 0 1", "setbit(bf)")
	d.ExpectEvents("BITFIELD none GET u8 0", "keymiss(none)")
	d.ExpectEvents("BITOP OR bo bf bf", "new(bo) set(bo)")
	d.ExpectEvents("BITOP OR bo none none", "keymiss(none) keymiss(none) del(bo)")
	d.ExpectEvents("BITOP OR bo none", "keymiss(none)")
}

func TestEncoding(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Do("SET", "k", "12")
	d.Do("BITCOUNT", "k")
	if got := d.Encoding("k"); got != "int" {
		t.Errorf("after a read: %s", got)
	}
	d.Do("SETBIT", "k", "3", "1") // set already
	if got := d.Encoding("k"); got != "raw" {
		t.Errorf("after SETBIT: %s", got)
	}
	d.Do("BITOP", "NOT", "n", "k")
	if got := d.Encoding("n"); got != "raw" {
		t.Errorf("after BITOP: %s", got)
	}
}

func TestWrongType(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Do("SET", "l", "x")
	d.Do("SET", "s", "x")
	d.Cell("l").SetKind(1, 3) // a list, as far as the family is concerned
	for _, line := range []string{
		"SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l", "BITPOS l 1", "BITOP AND s l", "BITOP AND s s l",
		"BITFIELD l GET u8 0", "BITFIELD l SET u8 0 1", "BITFIELD_RO l GET u8 0", "BITFIELD l",
	} {
		d.Expect(line, "-"+string(resperr.WrongType))
	}
	d.Cell("l").SetKind(0, 0)
}

func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 2000 {
		s := make([]byte, 1+r.IntN(40))
		if r.IntN(3) > 0 { // else mostly equal bits
			for i := range s {
				s[i] = byte(r.Uint32())
			}
		}
		setBit(s, r.IntN(len(s)*8), 1)
		first := r.IntN(len(s) * 8)
		last := first + r.IntN(len(s)*8-first)
		count, pos := 0, [2]int{-1, -1}
		for i := last; i >= first; i-- {
			v := getBit(s, i)
			count += v
			pos[v] = i
		}
		if got := countBits(s, first, last); got != count {
			t.Fatalf("%x: %d bits in [%d, %d], got %d", s, count, first, last, got)
		}
		for v := range 2 {
			if got := findBit(s, first, last, v); got != pos[v] {
				t.Fatalf("%x: first %d in [%d, %d] at %d, got %d", s, v, first, last, pos[v], got)
			}
		}
		width := 1 + r.IntN(min(64, len(s)*8))
		at := r.IntN(len(s)*8 - width + 1)
		want, before := r.Uint64()&(1<<width-1), string(s)
		old := getField(s, at, width)
		setField(s, at, width, want)
		if got := getField(s, at, width); got != want {
			t.Fatalf("field of %d bits at %d: %d, want %d", width, at, got, want)
		}
		if setField(s, at, width, old); string(s) != before {
			t.Fatalf("field of %d bits at %d spoilt its neighbours", width, at)
		}
	}
}

const script = `
SETBIT k 7 1
SETBIT k 100 1
SETBIT k 100 2
SETBIT k 100 x
SETBIT k -1 1
SETBIT k x 1
SETBIT k 4294967296 1
SETBIT k #1 1
GETBIT k 100
GETBIT k 4294967295
GETBIT k 4294967296
GETBIT k -1
GETBIT none 1
BITCOUNT k
BITCOUNT none
BITCOUNT k 0
BITCOUNT k 0 -1 BOGUS
BITCOUNT k 0 -1 BIT BIT
BITCOUNT k x 1
BITPOS k 2
BITPOS k x
BITPOS k 1 x
BITPOS k 1 0 x
BITPOS k 1 0 x BOGUS
BITPOS k 1 0 1 BIT BIT
BITOP NOT a k k
BITOP NAND a k k
BITFIELD k
BITFIELD_RO k
BITFIELD k GET
BITFIELD k GET u8
BITFIELD k GET u64 0
BITFIELD k GET i65 0
BITFIELD k GET u0 0
BITFIELD k GET x8 0
BITFIELD k GET 8 0
BITFIELD k GET U8 0
BITFIELD k GET u8 -1
BITFIELD k GET u8 x
BITFIELD k GET u8 #
BITFIELD k GET u8 #x
BITFIELD k GET u8 4294967296
BITFIELD k GET u8 #536870912
BITFIELD k GET u8 #536870911
BITFIELD k GET i64 #67108863
BITFIELD k SET u8 0
BITFIELD k SET u8 0 x
BITFIELD k OVERFLOW
BITFIELD k OVERFLOW maybe
BITFIELD k OVERFLOW FAIL
BITFIELD k BOGUS u8 0
BITFIELD_RO k SET u8 0 1
BITFIELD_RO k GET u8 0 GET i8 #12
BITFIELD none GET u8 0 GET i64 99
BITFIELD new SET i64 3 -1 GET i64 3 GET u63 4 OVERFLOW SAT INCRBY i64 3 -9223372036854775808 INCRBY i64 3 -1
GET new
`

// TestAgainstRedis plays command lines, then random ones, to a real server.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands, str.Commands)
	d.SameInfo(r, Commands)
	d.SameLines(r, strings.Split(script, "\n")...)
	d.Same(r, "SET", "e", "")
	d.Same(r, "SET", "ones", strings.Repeat("\xff", 20))
	d.Same(r, "SET", "mixed", "\x00\x00\xff\x0f\x00\x10")
	numbers := []string{"0", "1", "-1", "2", "-2", "5", "-3", "19", "20", "-20", "-21", "-100", "100", "160", "47"}
	for _, key := range []string{"e", "ones", "mixed", "none", "k"} {
		for _, a := range numbers {
			d.SameLines(r, "BITPOS "+key+" 0 "+a, "BITPOS "+key+" 1 "+a)
			for _, b := range numbers {
				for _, unit := range []string{"", " BYTE", " BIT"} {
					bounds := fmt.Sprint(" ", a, " ", b, unit)
					d.SameLines(r, "BITCOUNT "+key+bounds, "BITPOS "+key+" 0"+bounds, "BITPOS "+key+" 1"+bounds)
				}
			}
		}
		d.SameLines(r, "BITPOS "+key+" 0", "BITPOS "+key+" 1", "BITCOUNT "+key)
	}
	rnd := rand.New(rand.NewPCG(6, 6))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	key := func() string { return pick("k", "e", "ones", "mixed", "x", "y") }
	for range 3000 {
		switch rnd.IntN(6) {
		case 0:
			d.Same(r, "SETBIT", key(), strconv.Itoa(rnd.IntN(200)), strconv.Itoa(rnd.IntN(2)))
		case 1:
			d.Same(r, "BITOP", pick("AND", "OR", "XOR"), key(), key(), key(), key())
		case 2:
			d.Same(r, "BITOP", "NOT", key(), key())
		case 3:
			d.Same(r, "GET", key())
		default:
			args := []string{"BITFIELD", key()}
			for range 1 + rnd.IntN(4) {
				args = append(args, "OVERFLOW", pick("WRAP", "SAT", "FAIL"))
				width := 1 + rnd.IntN(63)
				if rnd.IntN(2) == 0 {
					width = 1 + rnd.IntN(9)
				}
				field := fmt.Sprint(pick("i", "u"), width)
				if rnd.IntN(20) == 0 {
					field = "i64"
				}
				offset := fmt.Sprint(pick("", "#"), rnd.IntN(12))
				value := strconv.FormatInt(int64(rnd.Uint64())>>rnd.IntN(64), 10)
				switch rnd.IntN(3) {
				case 0:
					args = append(args, "GET", field, offset)
				case 1:
					args = append(args, "SET", field, offset, value)
				default:
					args = append(args, "INCRBY", field, offset, value)
				}
			}
			d.Same(r, args...)
		}
	}
}

func TestAllocs(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Quiet = true
	for _, line := range []string{
		"SETBIT k 1000 1", "GETBIT k 1000", "BITCOUNT k 0 -1 BIT", "BITPOS k 1 3",
		"BITFIELD k GET u8 0 OVERFLOW SAT INCRBY i16 #5 100 SET u3 7 5",
	} {
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

func BenchmarkBitcount(b *testing.B) {
	s := make([]byte, 1<<20)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		countBits(s, 3, len(s)*8-4)
	}
}

func BenchmarkBitop(b *testing.B) {
	sources := [][]byte{make([]byte, 1<<20), make([]byte, 1<<20)}
	b.SetBytes(1 << 20)
	for b.Loop() {
		and.apply(sources, 1<<20)
	}
}
