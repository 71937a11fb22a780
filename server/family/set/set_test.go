package set

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
	"dragonfly/store"
	"dragonfly/store/object"
)

// setString is a key of another type.
var setString = []command.Command{{Name: "set", Arity: 3, Flags: command.Write, Keys: command.Key(1), Run: func(c *command.Ctx) {
	c.DB.SetString(c.Args[1], c.Args[2], object.Raw, 0)
	c.DB.Changed(c.Args[1], store.EventString, "set")
	c.Reply.OK()
}}}

func TestReplyShapes(t *testing.T) {
	f := func(line, resp2, resp3 string) {
		t.Helper()
		for _, want := range []string{resp2, resp3} {
			d := commandtest.New(t, Commands)
			d.Expect("sadd one a", ":1")
			d.Expect("sadd s b a 3", ":3")
			d.Expect("sadd i 30 -1 2", ":3")
			if want == resp3 {
				d.RESP3()
			}
			d.Expect(line, want)
			if resp2 == resp3 {
				break
			}
		}
	}
	same := func(line, want string) { t.Helper(); f(line, want, want) }
	f("smembers s", "*3 $b $a $3", "~3 $b $a $3")
	f("smembers i", "*3 $-1 $2 $30", "~3 $-1 $2 $30")
	f("smembers none", "*0", "~0")
	same("spop one", "$a")
	f("spop none", "$-1", "_")
	f("spop one 2", "*1 $a", "~1 $a")
	f("spop s 5", "*3 $b $a $3", "~3 $b $a $3")
	f("spop one 0", "*0", "~0")
	f("spop none 2", "*0", "~0")
	same("srandmember one", "$a")
	f("srandmember none", "$-1", "_")
	same("srandmember s 5", "*3 $b $a $3")
	same("srandmember one -2", "*2 $a $a")
	same("srandmember one 0", "*0")
	same("srandmember none 2", "*0")
	same("sismember s a", ":1")
	same("sismember s x", ":0")
	same("sismember none x", ":0")
	same("smismember s a x 3", "*3 :1 :0 :1")
	same("smismember none a b", "*2 :0 :0")
	same("scard s", ":3")
	same("scard none", ":0")
	same("srem s a x", ":1")
	same("srem none a", ":0")
	same("smove s none a", ":1")
	same("smove s i x", ":0")
	same("smove none s a", ":0")
	same("smove s s a", ":1")
	same("smove s s x", ":0")
	f("sinter s one", "*1 $a", "~1 $a")
	f("sinter s none", "*0", "~0")
	f("sunion s i", "*6 $b $a $3 $-1 $2 $30", "~6 $b $a $3 $-1 $2 $30")
	f("sunion none", "*0", "~0")
	f("sdiff s one", "*2 $b $3", "~2 $b $3")
	f("sdiff none s", "*0", "~0")
	f("sdiff s s", "*0", "~0")
	same("sintercard 2 s one", ":1")
	same("sintercard 1 s limit 2", ":2")
	same("sintercard 1 s limit 0", ":3")
	same("sintercard 2 s none", ":0")
	same("sinterstore d s one", ":1")
	same("sunionstore d s i", ":6")
	same("sdiffstore d s s", ":0")
	same("sscan s 0", "*2 $0 *3 $b $a $3")
	same("sscan s 0 match [ab] count 1", "*2 $0 *2 $b $a")
	same("sscan none 0", "*2 $0 *0")
	same("sscan none 0 foo", "*2 $0 *0")
}

func TestErrors(t *testing.T) {
	d := commandtest.New(t, Commands, setString)
	f := func(line, want string) { t.Helper(); d.Expect(line, "-"+want) }
	d.Do("sadd", "s", "a")
	f("spop s x", "ERR value is out of range, must be positive")
	f("spop s -1", "ERR value is out of range, must be positive")
	f("spop s 1 2", "ERR syntax error")
	f("srandmember s x", "ERR value is not an integer or out of range")
	f("srandmember s 1 2", "ERR syntax error")
	f("srandmember s -9223372036854775808", "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	f("srandmember s -9223372036854775807", "ERR value is out of range")
	f("sintercard 0 s", "ERR numkeys should be greater than 0")
	f("sintercard x s", "ERR numkeys should be greater than 0")
	f("sintercard 2 s", "ERR Number of keys can't be greater than number of args")
	f("sintercard 1 s limit", "ERR syntax error")
	f("sintercard 1 s limit -1", "ERR LIMIT can't be negative")
	f("sintercard 1 s limit x", "ERR LIMIT can't be negative")
	f("sintercard 1 s foo 1", "ERR syntax error")
	f("sscan s x", "ERR invalid cursor")
	f("sscan s 0 count 0", "ERR syntax error")
	f("sscan s 0 foo", "ERR syntax error")
	f("sscan s 0 novalues", "ERR NOVALUES option can only be used in HSCAN")
	d.Do("set", "str", "x")
	for _, line := range []string{
		"sadd str a", "srem str a", "sismember str a", "smismember str a", "scard str", "smembers str", "spop str", "spop str 1", "srandmember str",
		"srandmember str 1", "smove str s a", "smove s str a", "sinter str", "sinter s str", "sinter none str", "sintercard 1 str",
		"sinterstore d str", "sunion s str", "sunionstore d str", "sdiff none str", "sdiffstore d s str", "sscan str 0", "sscan str 0 foo",
	} {
		f(line, "WRONGTYPE Operation against a key holding the wrong kind of value")
	}
	d.Expect("smove none str a", ":0")
	d.Expect("sunionstore str s", ":1") // the destination may be anything
	d.Expect("smembers str", "*1 $a")
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(line, events string, changes int64) {
		t.Helper()
		before := d.Store.Dirty()
		d.ExpectEvents(line, events)
		if got := d.Store.Dirty() - before; got != changes {
			t.Errorf("%s: %d changes, want %d", line, got, changes)
		}
	}
	f("sadd s a b c", "new(s) sadd(s)", 3)
	f("sadd s a", "", 0)
	f("srem s a", "srem(s)", 1)
	f("srem s a", "", 0)
	f("smove s s2 b", "srem(s) new(s2) sadd(s2)", 2)
	f("spop s", "spop(s) del(s)", 1)
	f("sinterstore s3 s2 s2", "new(s3) sinterstore(s3)", 1)
	f("sinterstore s3 s2 none", "keymiss(none) del(s3)", 1)
	f("sinterstore s3 s2 none", "keymiss(none)", 0)
	f("sunionstore s3 s2", "new(s3) sunionstore(s3)", 1)
	f("sunionstore s3 s2", "sunionstore(s3)", 1)
	f("sdiffstore s3 s2 s2", "del(s3)", 1)
	f("sadd s a b c", "new(s) sadd(s)", 3)
	f("spop s 2", "spop(s)", 2)
	f("sadd s a b c", "sadd(s)", 2)
	f("spop s 9", "spop(s) del(s)", 3)
	f("sadd s a", "new(s) sadd(s)", 1)
	f("smove s s2 a", "srem(s) del(s) sadd(s2)", 2)
	f("sadd s a", "new(s) sadd(s)", 1)
	f("smove s s2 a", "srem(s) del(s)", 1)
	f("smembers s", "keymiss(s)", 0)
	f("sadd s a b", "new(s) sadd(s)", 2)
	f("srem s a b x", "srem(s) del(s)", 2)
}

// TestEncodings: results of algebra and of SPOP end in the encoding that Redis gives them.
func TestEncodings(t *testing.T) {
	d := commandtest.New(t, Commands)
	add := func(key string, from, n int, more ...string) {
		words := append([]string{"sadd", key}, more...)
		for i := range n {
			words = append(words, fmt.Sprint(from+i))
		}
		d.Do("srem", key)
		d.Do(words...)
	}
	f := func(want, key string) {
		t.Helper()
		if got := d.Encoding(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	add("int", 0, 100)
	add("int600", 0, 600)
	add("int300", 300, 300)
	add("text", 0, 100, "x")
	add("big", 0, 300, "x")
	f("intset", "int")
	f("hashtable", "int600")
	f("intset", "int300")
	f("listpack", "text")
	f("hashtable", "big")

	store := func(want, op string, keys ...string) {
		t.Helper()
		d.Do(append([]string{op, "d"}, keys...)...)
		f(want, "d")
	}
	store("intset", "sinterstore", "int", "big")
	store("listpack", "sinterstore", "text", "big")
	store("intset", "sinterstore", "int600", "int300")
	store("intset", "sinterstore", "int600", "big") // 300 integers by way of a table
	store("hashtable", "sinterstore", "int600", "int600")
	store("hashtable", "sinterstore", "big", "big")
	store("intset", "sunionstore", "int", "int300")
	store("listpack", "sunionstore", "int", "text")
	store("hashtable", "sunionstore", "int300", "text")
	store("intset", "sdiffstore", "int600", "big") // looked up one by one
	d.Do("sadd", "y", "x")
	store("intset", "sdiffstore", "big", "y")
	store("hashtable", "sdiffstore", "big", "y", "y", "y", "y", "none") // built whole, then reduced

	d.Do("sunionstore", "d", "big")
	d.Expect("srandmember d 0", "*0")
	d.Do("spop", "d", "250") // 51 of 301 stay, taken out one by one
	f("hashtable", "d")
	d.Do("sunionstore", "d", "big")
	d.Do("spop", "d", "251") // 50 stay and are put into a new set
	f("listpack", "d")
	if n := len(strings.Fields(commandtest.Compact(d.Do("smembers", "d")))) - 1; n != 50 {
		t.Errorf("%d members stayed", n)
	}
}

// TestNothingLeft: results that are only answered leave no memory behind.
func TestNothingLeft(t *testing.T) {
	d := commandtest.New(t, Commands)
	for i := range 1000 {
		d.Do("sadd", "a", fmt.Sprint("m", i))
		d.Do("sadd", "b", fmt.Sprint("m", 2*i))
	}
	used := func() (n int64) {
		for i := range d.Store.NumShards() {
			n += d.Store.Shard(i).A.Used()
		}
		return n
	}
	before := used()
	for _, line := range []string{"sunion a b", "sdiff a b", "sdiff a b b b b", "sinter a b", "sintercard 2 a b", "srandmember a 10", "srandmember a 900",
		"sinterstore none a none", "sdiffstore none a a"} {
		d.Do(strings.Fields(line)...)
		if n := used() - before; n != 0 {
			t.Errorf("%s: %d bytes left behind", line, n)
		}
	}
}

// TestExpiredKeys: looking up one key may remove another, expired.
func TestExpiredKeys(t *testing.T) {
	for _, line := range []string{"sunion a b", "sdiff a b c", "sdiffstore a a b", "sinter a b c", "smove a b x", "smove b a x", "sunionstore b a b"} {
		d := commandtest.New(t, Commands)
		for i := range 200 {
			d.Do("sadd", fmt.Sprint("pad", i), "x")
		}
		d.Do("sadd", "a", "x", "y")
		d.Do("sadd", "b", "x")
		v := d.Store.View(0, d.NowMs)
		v.SetDeadline([]byte("b"), d.NowMs+10)
		d.NowMs += 11
		reply := commandtest.Compact(d.Do(strings.Fields(line)...))
		want := map[byte]string{'u': "*2 $x $y", 'd': "*2 $x $y", 'i': "*0"}[line[1]]
		switch {
		case strings.Contains(line, "store"):
			want = ":2"
		case line == "smove a b x":
			want = ":1"
		case line == "smove b a x":
			want = ":0"
		}
		if reply != want {
			t.Errorf("%s: %s, want %s", line, reply, want)
		}
		if strings.HasPrefix(line, "sunionstore") {
			if c := d.Cell("b"); !c.Ok() {
				t.Error("no result")
			} else if _, volatile := c.Deadline(); volatile {
				t.Error("the result expires")
			}
		}
	}
}

func TestScan(t *testing.T) {
	d := commandtest.New(t, Commands)
	for i := range 1000 {
		d.Do("sadd", "s", fmt.Sprint("m", i))
	}
	seen := map[string]bool{}
	for cursor, calls := "0", 0; ; calls++ {
		reply := strings.Fields(commandtest.Compact(d.Do("sscan", "s", cursor, "match", "m1*", "count", "30")))
		for _, m := range reply[3:] {
			seen[m] = true
		}
		if cursor = reply[1][1:]; cursor == "0" {
			if calls < 5 {
				t.Errorf("%d calls", calls)
			}
			break
		}
	}
	if len(seen) != 111 {
		t.Errorf("%d members seen, want 111", len(seen))
	}
}

// TestRandom: the random commands give members, different ones where they should.
func TestRandom(t *testing.T) {
	d := commandtest.New(t, Commands)
	for _, n := range []int{3, 100, 1000} {
		all := map[string]bool{}
		for i := range n {
			m := fmt.Sprint("m", i)
			d.Do("sadd", "s", m)
			all["$"+m] = true
		}
		take := func(line string, want int, different bool) {
			t.Helper()
			list := strings.Fields(commandtest.Compact(d.Do(strings.Fields(line)...)))[1:]
			seen := map[string]bool{}
			for _, m := range list {
				if !all[m] {
					t.Errorf("%s gave %s", line, m)
				}
				seen[m] = true
			}
			if len(list) != want || different && len(seen) != want {
				t.Errorf("%s gave %d, %d of them different; want %d", line, len(list), len(seen), want)
			}
		}
		take("srandmember s 2", 2, true)
		take(fmt.Sprint("srandmember s ", n-1), n-1, true)
		take(fmt.Sprint("srandmember s ", n+1), n, true)
		take("srandmember s -50", 50, false)
		take("spop s 1", 1, true)
		take(fmt.Sprint("spop s ", n/2), n/2, true)
		take("srandmember s 10000", n-1-n/2, true)
		take("spop s 10000", n-1-n/2, true)
		d.Expect("scard s", ":0")
	}
}

// TestAgainstRedis plays random scripts to both. Texts have no order that both share: Redis 7.0 has no listpacks of
// sets.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	rng := rand.New(rand.NewPCG(3, 4))
	sorted := func(words ...string) {
		t.Helper()
		f := func(reply string) string {
			list := strings.Split(commandtest.Compact(reply), " ")
			slices.Sort(list)
			return strings.Join(list, " ")
		}
		if got, want := f(d.Do(words...)), f(r.Do(words...)); got != want {
			t.Errorf("%q\n  got %.300s\nredis %.300s", words, got, want)
		}
	}
	for i := range 8000 {
		key := func() string { return fmt.Sprint("s", rng.IntN(6)) }
		member := func() string {
			switch rng.IntN(4) {
			case 0:
				return fmt.Sprint("text", rng.IntN(10))
			case 1:
				return fmt.Sprint(rng.IntN(600))
			default:
				return fmt.Sprint(rng.IntN(12) - 3)
			}
		}
		switch rng.IntN(16) {
		case 0, 1:
			d.Same(r, "sadd", key(), member(), member())
		case 2:
			words := []string{"sadd", key()}
			for range rng.IntN(80) + 1 {
				words = append(words, fmt.Sprint(rng.IntN(1000)))
			}
			d.Same(r, words...)
		case 3:
			d.Same(r, "srem", key(), member(), member())
		case 4:
			d.Same(r, "sismember", key(), member())
		case 5:
			d.Same(r, "smismember", key(), member(), member())
		case 6:
			d.Same(r, "scard", key())
		case 7:
			sorted("smembers", key())
		case 8:
			d.Same(r, "smove", key(), key(), member())
		case 9:
			op := []string{"sinter", "sunion", "sdiff"}[rng.IntN(3)]
			sorted(op, key(), key(), key())
		case 10:
			op := []string{"sinterstore", "sunionstore", "sdiffstore"}[rng.IntN(3)]
			d.Same(r, op, key(), key(), key())
		case 11:
			d.Same(r, "sintercard", "2", key(), key(), "limit", fmt.Sprint(rng.IntN(5)))
		case 12:
			sorted("srandmember", key(), "5000")
		case 13:
			d.Same(r, "srandmember", key(), []string{"0", "x", "1.0", ""}[rng.IntN(4)])
		case 14:
			d.Same(r, "spop", key(), []string{"0", "x", "-1"}[rng.IntN(3)])
		default:
			if rng.IntN(30) == 0 {
				sorted("spop", key(), "5000")
			}
		}
		if t.Failed() {
			t.Fatalf("at step %d", i)
		}
	}
}

// TestIntsetsAgainstRedis compares the order of integers and the encodings, which Redis 7.0 has already.
func TestIntsetsAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	rng := rand.New(rand.NewPCG(5, 6))
	numbers := []int64{0, -1, 127, 128, 32767, -32768, 32768, 1 << 31, -1 << 31, 1<<31 - 1, 1 << 62, -1 << 63, 1<<63 - 1}
	for range 3000 {
		key := func() string { return fmt.Sprint("s", rng.IntN(4)) }
		m := fmt.Sprint(numbers[rng.IntN(len(numbers))])
		switch rng.IntN(6) {
		case 0, 1:
			d.Same(r, "sadd", key(), m)
		case 2:
			d.Same(r, "srem", key(), m)
		case 3:
			d.Same(r, "smembers", key())
		case 4:
			d.Same(r, []string{"sinter", "sunion", "sdiff"}[rng.IntN(3)], key(), key())
		default:
			d.Same(r, "sscan", key(), "0")
		}
		k := key()
		if enc := d.Encoding(k); enc != "" {
			if want := commandtest.Compact(r.Do("object", "encoding", k)); want != "$"+enc {
				t.Fatalf("encoding %s, redis %s", enc, want)
			}
		}
	}
}

func TestAllocs(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Quiet = true
	f := func(line string) {
		t.Helper()
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %.1f allocations", line, n)
		}
	}
	d.Do("sadd", "ints", "1", "2", "3")
	d.Do("sadd", "small", "a", "b", "c")
	d.Do("sadd", "big", strings.Repeat("x", 100))
	for _, key := range []string{"ints", "small", "big"} {
		f("sadd " + key + " 5 6")
		f("sismember " + key + " 5")
		f("smismember " + key + " 5 x")
		f("scard " + key)
		f("srandmember " + key)
		f("smembers " + key)
		f("srem " + key + " none")
	}
}

func BenchmarkSadd(b *testing.B) {
	d := commandtest.New(b, Commands)
	d.Quiet = true
	args := commandtest.Args("sadd", "s", "element:000000000001")
	for b.Loop() {
		d.Run(args)
	}
}
