package hll

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

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.ExpectEvents("PFADD pf a", "new(pf) pfadd(pf)")
	d.ExpectEvents("PFADD pf a", "")
	d.ExpectEvents("PFADD pf b", "pfadd(pf)")
	d.ExpectEvents("PFMERGE pf2 pf", "keymiss(pf2) new(pf2) pfadd(pf2)")
	d.ExpectEvents("PFCOUNT pf", "")
	d.ExpectEvents("PFCOUNT none", "keymiss(none)")
	if got := d.Encoding("pf"); got != "raw" {
		t.Errorf("encoding is %s", got)
	}
}

const script = `
PFADD e
PFADD e
GET e
PFCOUNT e
GET e
PFCOUNT none
PFCOUNT none none2
PFCOUNT e none
PFADD a foo
PFADD a foo bar zap
PFDEBUG ENCODING a
PFDEBUG DECODE a
PFDEBUG TODENSE a
PFDEBUG TODENSE a
PFDEBUG ENCODING a
PFDEBUG DECODE a
PFDEBUG GETREG a
PFDEBUG GETREG none
PFDEBUG GETREG
PFDEBUG GETREG a b
PFDEBUG bogus a
PFMERGE m
PFMERGE m a e
PFMERGE m none
PFDEBUG ENCODING m
GET m
PFCOUNT m
PFCOUNT m a e
SET s text
SET n 1234567890123456
PFADD s x
PFCOUNT s
PFCOUNT n
PFCOUNT a s
PFMERGE s a
PFMERGE a s
PFDEBUG ENCODING s
PFADD c a b c
SETRANGE c 16 xx
PFADD c zzz
PFCOUNT c
PFCOUNT c c
PFMERGE d c
PFDEBUG TODENSE c
PFDEBUG GETREG c
PFADD short a
SETRANGE short 4 x
PFCOUNT short
PFSELFTEST
`

// TestAgainstRedis plays command lines, then random ones, to a real server and compares the bytes of the values.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands, str.Commands)
	d.SameInfo(r, Commands)
	d.SameLines(r, strings.Split(script, "\n")...)
	rnd := rand.New(rand.NewPCG(8, 8))
	for _, key := range []string{"x", "y", "z"} {
		for step := range 700 {
			args := []string{"PFADD", key}
			for range 1 + rnd.IntN(5) {
				args = append(args, strconv.Itoa(rnd.IntN(3000)))
			}
			d.Same(r, args...)
			if step%10 == 0 {
				d.Same(r, "PFCOUNT", key)
				d.Same(r, "GET", key)
				if d.Do("PFDEBUG", "ENCODING", key) == "+sparse\r\n" {
					d.Same(r, "PFDEBUG", "DECODE", key)
				}
			}
		}
		d.Same(r, "GET", key)
		d.Same(r, "PFCOUNT", "x", "y", "z")
		d.Same(r, "PFMERGE", "small"+key, "e")
		d.Same(r, "PFADD", "few"+key, "1", "2", "3", key)
		d.Same(r, "PFMERGE", "merged", "few"+key)
		d.Same(r, "GET", "merged")
		d.Same(r, "PFMERGE", "all", key)
		d.Same(r, "GET", "all")
	}
	args := make([]string, 0, 1002)
	for i := range 30 {
		args = append(args[:0], "PFADD", "large")
		for j := range 1000 {
			args = append(args, fmt.Sprint("element ", i, j))
		}
		d.Same(r, args...)
		d.Same(r, "PFCOUNT", "large")
	}
	d.Same(r, "GET", "large")
}

func TestErrors(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Do("SET", "l", "x")
	d.Do("SET", "s", "x")
	d.Cell("l").SetKind(1, 3) // a list, as far as the family is concerned
	for _, line := range []string{"PFADD l x", "PFCOUNT l", "PFCOUNT none l", "PFMERGE l", "PFMERGE none l", "PFDEBUG ENCODING l"} {
		d.Expect(line, "-"+string(resperr.WrongType))
	}
	d.Cell("l").SetKind(0, 0)
	for _, line := range []string{"PFADD s x", "PFCOUNT s", "PFCOUNT none s", "PFMERGE s", "PFMERGE none s"} {
		d.Expect(line, "-"+string(resperr.HLLInvalid))
	}
	d.Do("PFADD", "c", "x")
	d.Do("SETRANGE", "c", "16", "xx")
	d.Expect("PFCOUNT c", "-"+string(resperr.HLLCorrupted))
}

func TestAllocs(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	d.Quiet = true
	for i := range 100 {
		d.Do("PFADD", "sparse", strconv.Itoa(i))
	}
	d.Do("PFADD", "dense", "x")
	d.Do("PFDEBUG", "TODENSE", "dense")
	i := 1000
	for _, key := range []string{"sparse", "dense"} {
		elem := make([]byte, 0, 20)
		args := commandtest.Args("PFADD", key, "")
		count := commandtest.Args("PFCOUNT", key)
		union := commandtest.Args("PFCOUNT", key, "none", "dense")
		n := testing.AllocsPerRun(50, func() {
			i++
			elem = strconv.AppendInt(elem[:0], int64(i), 10)
			args[2] = elem
			d.Run(args)
			d.Run(count)
			d.Run(union)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", key, n)
		}
	}
}

// TestSparseLimit: hll-sparse-max-bytes says when a value becomes dense.
func TestSparseLimit(t *testing.T) {
	d := commandtest.New(t, Commands, str.Commands)
	elements := func(key string) (n int) {
		for n < 10000 && d.Do("PFDEBUG", "ENCODING", key) != "+dense\r\n" {
			d.Do("PFADD", key, strconv.Itoa(n))
			n++
		}
		return n
	}
	usual := elements("usual")
	d.Limits.HLLSparseMaxBytes = 100
	if few := elements("few"); few > usual/10 {
		t.Errorf("dense after %d elements with 100 bytes, %d with the default", few, usual)
	}
}
