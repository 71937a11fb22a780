package generic

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command/commandtest"
)

// TestSameAsRedis plays scripts to a real server and compares raw replies.
func TestSameAsRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := newDB(t)
	d.NowMs = time.Now().UnixMilli()
	d.SameLines(r, strings.Split(`
		del nokey
		set a 1
		exists a a b
		touch a b
		type a
		type b
		ttl a
		expire a 100 nx
		expire a 100 nx
		ttl a
		expire a 200 gt xx
		expire a 100 gt
		expire a 100 LT
		expire a 100 lt nx
		expire a 100 gt lt
		expire a 100 nx gt lt
		expire a 100 foo
		expire a x foo
		expire a x
		expire a 9223372036854775
		expire a 9223372036854776
		expire a -9223372036854776
		pexpire a 9223372036854775807
		expireat a 9223372036854775
		pexpireat a 9223372036854775807
		pexpiretime a
		expiretime a
		pexpireat a 99999999999500
		expiretime a
		pexpiretime a
		persist a
		persist a
		persist nokey
		expireat a 1
		exists a
		set a 1
		expireat a -1 lt
		exists a
		rename a b
		renamenx a a
		set a 1
		rename a a
		renamenx a a
		rename a b
		renamenx b c
		set d 1
		renamenx c d
		copy c c
		copy c d
		copy c d replace
		copy c d replace db
		copy c d replace replace
		copy c e db 16
		copy c e db -1
		copy c e db 9999999999
		copy c e db x
		copy c c db 0
		copy c c db 1
		copy c c db 1
		copy nokey e db 1
		move c 1
		move c 0
		move c 16
		move c x
		move d 1
		move d 1
		object encoding c
		object encoding nokey
		object idletime c
		object idletime nokey
		object freq nokey
		object freq c
		scan x
		scan 0 count 0
		scan 0 count -1
		scan 0 count x
		scan 0 match
		scan 0 type foo
		scan 0 match c
		scan 0 COUNT 5 MATCH c TYPE string
		randomkey
		keys *
		keys c
		keys d
		rpush l 5 1 3 10 -2 1.5
		sort l
		sort l desc
		sort l alpha
		sort l alpha desc
		sort l limit 1 2
		sort l limit -1 2
		sort l limit 1 -1
		sort l limit 100 1
		sort l limit 0 0
		sort l limit 9223372036854775807 9223372036854775807
		sort l limit x 0
		sort l limit 0 x
		sort l limit 0
		sort l foo
		sort l by
		sort l get
		sort l store
		sort_ro l store x
		sort_ro l
		sort l by nosort
		sort l by nosort desc
		sort l by nosort limit 1 2
		sort l by nosort desc limit 1 2
		sort l by nosort by w_*
		sort l by # desc
		sort c
		sort nokey
		sort nokey store l2
		sort l store l2
		lrange l2 0 -1
		sort l get # get v_* store l2
		lrange l2 0 -1
		sort l get # get v_* get const
		set w_1 3
		set w_3 x
		sort l by w_*
		sort l by w_* alpha
		set w_3 1
		sort l by w_*
		sort l by w_* desc get w_* get #
		sort l by w_* limit 2 3
		hset h_1 f 7
		hset h_1 -> 8
		hset h_5 f -7
		set h_3-> arrow
		sort l by h_*->f
		sort l by h_*->f get h_*->f
		sort l by h_*->g
		sort l by h_*->
		sort l get h_*->
		sort l get h_*->f->
		sort l get h_*
		sort l get w_*->f
		sort l get *->f
		sadd s 3 1 2 20 10
		sort s
		sort s by nosort store l2
		lrange l2 0 -1
		sort s alpha
		rpush mixed 1 a 2
		sort mixed
		sort mixed alpha
		sort mixed store l2
		lrange l2 0 -1
		sadd words b a c
		sort words
		sort words alpha desc
		zadd z 3 a
		zadd z 1 b
		zadd z 2 c
		sort z by nosort
		sort z by nosort desc
		sort z by nosort desc limit 1 1
		sort z alpha
		sort z by nosort store l2
		lrange l2 0 -1
		object encoding z
		sort mixed by nosort store mixed
		lrange mixed 0 -1
		sort l store s
		type s
		sort nokey store s
		type s
		sort l store l limit 1 3
		lrange l 0 -1
	`, "\n")...)
	for _, weight := range []string{"", " 1", "1 ", "0x10", "inf", "-inf", "nan", "1e400", "1\x002", " ", "\t2", "+3", "1e3"} {
		d.Same(r, "set", "w_10", weight)
		d.Same(r, "sort", "l", "by", "w_*")
		d.Same(r, "sort", "l", "by", "w_*", "alpha")
	}
}

// TestSortFuzz compares random sorts of random values.
func TestSortFuzz(t *testing.T) {
	r := commandtest.StartRedis(t)
	rng := rand.New(rand.NewPCG(9, 10))
	for round := range 15 {
		d := newDB(t)
		d.Quiet = true
		r.Do("flushall")
		n := 1 + rng.IntN(60)
		for range n {
			m := strconv.Itoa(rng.IntN(100) - 50)
			if round%3 == 0 {
				m += "." + strconv.Itoa(rng.IntN(10))
			}
			d.Same(r, "rpush", "l", m)
			d.Same(r, "sadd", "s", m)
			d.Same(r, "zadd", "z", strconv.Itoa(rng.IntN(10)), m)
			if rng.IntN(4) > 0 {
				d.Same(r, "set", "w_"+m, strconv.Itoa(rng.IntN(1000000)))
				d.Same(r, "hset", "h_"+m, "f", strconv.Itoa(rng.IntN(1000000)))
			}
		}
		for range 200 {
			words := []string{"sort", []string{"l", "s", "z"}[rng.IntN(3)]}
			add := func(chance float64, w ...string) {
				if rng.Float64() < chance {
					words = append(words, w...)
				}
			}
			by := false
			if rng.IntN(2) == 0 {
				by = true
				words = append(words, "by", []string{"w_*", "h_*->f"}[rng.IntN(2)])
			}
			add(0.3, "limit", strconv.Itoa(rng.IntN(n+5)-2), strconv.Itoa(rng.IntN(n+5)-2))
			add(0.2, "get", "#")
			add(0.2, "get", "w_*")
			add(0.2, "get", "h_*->f")
			add(0.4, "desc")
			// Elements of equal weight have no order in Redis if they are compared as text.
			if !by {
				add(0.5, "alpha")
			}
			if rng.IntN(4) == 0 {
				words = append(words, "store", "o")
				d.Same(r, words...)
				words = []string{"lrange", "o", "0", "-1"}
			}
			d.Same(r, words...)
			if t.Failed() {
				return
			}
		}
	}
}

// TestGlobFuzz compares what KEYS finds for random patterns.
func TestGlobFuzz(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := newDB(t)
	d.Quiet = true
	rng := rand.New(rand.NewPCG(11, 12))
	draw := func(alphabet string, most int) string {
		var b strings.Builder
		for range rng.IntN(most + 1) {
			b.WriteByte(alphabet[rng.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 600 {
		key := draw("abcABC-]^[\\*?\x00\xff", 6)
		d.Same(r, "set", key, "v")
	}
	sorted := func(raw string) []string {
		words := strings.Split(raw, "\r\n")
		slices.Sort(words)
		return words
	}
	found := 0
	for range 4000 {
		alphabet := []string{"abc*?", "abcABC*?[]^-\\", "ab[]-^\\\x00\xff*"}[rng.IntN(3)]
		pattern := draw(alphabet, 8)
		got, want := d.Do("keys", pattern), r.Do("keys", pattern)
		if !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("KEYS %q\n  got %.300q\nredis %.300q", pattern, got, want)
		}
		if want != "*0\r\n" {
			found++
		}
	}
	if found < 1000 {
		t.Error(fmt.Sprint("only ", found, " patterns found a key"))
	}
}
