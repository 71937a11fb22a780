package hash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
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
			d.Expect("hset h f v g w", ":2")
			d.Expect("hset one f v", ":1")
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
	f("hgetall h", "*4 $f $v $g $w", "%2 $f $v $g $w")
	f("hgetall none", "*0", "%0")
	same("hkeys h", "*2 $f $g")
	same("hvals h", "*2 $v $w")
	same("hkeys none", "*0")
	same("hvals none", "*0")
	f("hget h none", "$-1", "_")
	f("hget none f", "$-1", "_")
	f("hmget h f none", "*2 $v $-1", "*2 $v _")
	f("hmget none a b", "*2 $-1 $-1", "*2 _ _")
	same("hlen h", ":2")
	same("hlen none", ":0")
	same("hstrlen h f", ":1")
	same("hstrlen h none", ":0")
	same("hstrlen none f", ":0")
	same("hexists h f", ":1")
	same("hexists h none", ":0")
	same("hexists none f", ":0")
	same("hmset h f v", "+OK")
	same("hset h f x new y", ":1")
	same("hsetnx h f x", ":0")
	same("hsetnx h n x", ":1")
	same("hincrby h n 5", ":5")
	same("hincrbyfloat h n 1.5", "$1.5")
	same("hdel h f none g", ":2")
	same("hdel none f", ":0")
	same("hrandfield one", "$f")
	f("hrandfield one 1 withvalues", "*2 $f $v", "*1 *2 $f $v")
	f("hrandfield one -2 withvalues", "*4 $f $v $f $v", "*2 *2 $f $v *2 $f $v")
	same("hrandfield one -2", "*2 $f $f")
	f("hrandfield none", "$-1", "_")
	same("hrandfield none 2", "*0")
	same("hrandfield one 0", "*0")
	same("hrandfield h 9", "*2 $f $g")
	same("hscan h 0", "*2 $0 *4 $f $v $g $w")
	same("hscan h 0 novalues", "*2 $0 *2 $f $g")
	same("hscan h 0 match f* count 1", "*2 $0 *2 $f $v")
	same("hscan none 0", "*2 $0 *0")
	same("hscan none 0 foo", "*2 $0 *0")
	same("hexpire h 10 fields 2 f none", "*2 :1 :-2")
	same("hexpire none 10 fields 2 f g", "*2 :-2 :-2")
	same("httl h fields 2 f none", "*2 :-1 :-2")
	same("httl none fields 1 f", "*1 :-2")
	same("hpersist h fields 2 f none", "*2 :-1 :-2")
	same("hpersist none fields 1 f", "*1 :-2")
}

func TestErrors(t *testing.T) {
	d := commandtest.New(t, Commands, setString)
	f := func(line, want string) { t.Helper(); d.Expect(line, "-"+want) }
	f("hset h f", "ERR wrong number of arguments for 'hset' command")
	f("hset h f v g", "ERR wrong number of arguments for 'hset' command")
	f("hmset h f v g", "ERR wrong number of arguments for 'hmset' command")
	f("hincrby h f x", "ERR value is not an integer or out of range")
	f("hincrby h f 1.0", "ERR value is not an integer or out of range")
	f("hincrbyfloat h f x", "ERR value is not a valid float")
	f("hincrbyfloat h f nan", "ERR value is not a valid float")
	f("hincrbyfloat h f inf", "ERR value is NaN or Infinity")
	d.Do("hset", "h", "text", "x", "big", "9223372036854775807", "small", "-9223372036854775808", "huge", "1e4932", "space", " 1")
	f("hincrby h text 1", "ERR hash value is not an integer")
	f("hincrby h space 1", "ERR hash value is not an integer")
	f("hincrby h big 1", "ERR increment or decrement would overflow")
	f("hincrby h small -1", "ERR increment or decrement would overflow")
	f("hincrbyfloat h text 1", "ERR hash value is not a float")
	f("hincrbyfloat h huge 1e4932", "ERR increment would produce NaN or Infinity")
	f("hrandfield h x", "ERR value is not an integer or out of range")
	f("hrandfield h 1 x", "ERR syntax error")
	f("hrandfield h 1 withvalues x", "ERR syntax error")
	f("hrandfield h -9223372036854775808", "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	f("hrandfield h -9223372036854770000 withvalues", "ERR value is out of range")
	f("hrandfield h 9223372036854775807 withvalues", "ERR value is out of range")
	f("hrandfield h -9223372036854770000", "ERR value is out of range")
	f("hscan h x", "ERR invalid cursor")
	f("hscan h -1", "ERR invalid cursor")
	f("hscan h 18446744073709551616", "ERR invalid cursor")
	f("hscan h 0 count 0", "ERR syntax error")
	f("hscan h 0 count x", "ERR value is not an integer or out of range")
	f("hscan h 0 match", "ERR syntax error")
	f("hscan h 0 type hash", "ERR syntax error")
	for _, cmd := range []string{"hexpire", "hpexpire", "hexpireat", "hpexpireat"} {
		f(cmd+" h -1 fields 1 f", "ERR invalid expire time, must be >= 0")
		f(cmd+" none -1 fields 1 f", "ERR invalid expire time, must be >= 0")
		f(cmd+" h 70368744177664 fields 1 f", "ERR invalid expire time in '"+cmd+"' command")
		f(cmd+" h 9223372036854775807 fields 1 f", "ERR invalid expire time in '"+cmd+"' command")
		f(cmd+" h x fields 1 f", "ERR value is not an integer or out of range")
		f(cmd+" h 10 nx xx 1 f", "ERR Mandatory argument FIELDS is missing or not at the right position")
		f(cmd+" h 10 field 1 f", "ERR Mandatory argument FIELDS is missing or not at the right position")
		f(cmd+" h 10 fields 0 f", "ERR Parameter `numFields` should be greater than 0")
		f(cmd+" h 10 fields x f", "ERR Parameter `numFields` should be greater than 0")
		f(cmd+" h 10 fields 2 f", "ERR The `numfields` parameter must match the number of arguments")
		f(cmd+" h 10 gt fields 1", "ERR The `numfields` parameter must match the number of arguments")
		f(cmd+" h 10 fields", "ERR wrong number of arguments for '"+cmd+"' command")
	}
	for _, cmd := range []string{"httl", "hpttl", "hexpiretime", "hpexpiretime", "hpersist"} {
		f(cmd+" h field 1 f", "ERR Mandatory argument FIELDS is missing or not at the right position")
		f(cmd+" h fields 0 f", "ERR Number of fields must be a positive integer")
		f(cmd+" h fields 2 f", "ERR The `numfields` parameter must match the number of arguments")
		f(cmd+" none fields 2 f", "ERR The `numfields` parameter must match the number of arguments")
	}
	d.Do("set", "s", "x")
	for _, line := range []string{
		"hset s f v", "hsetnx s f v", "hmset s f v", "hget s f", "hmget s f", "hgetall s", "hkeys s", "hvals s", "hlen s", "hstrlen s f",
		"hexists s f", "hdel s f", "hincrby s f 1", "hincrbyfloat s f 1", "hrandfield s", "hrandfield s 1", "hscan s 0", "hscan s 0 foo",
		"hexpire s 1 fields 1 f", "hexpire s -1 fields 1 f", "httl s fields 1 f", "httl s foo 1 f", "hpersist s fields 1 f",
	} {
		f(line, "WRONGTYPE Operation against a key holding the wrong kind of value")
	}
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	dirty := func(line, events string, changes int64) {
		t.Helper()
		before := d.Store.Dirty()
		d.ExpectEvents(line, events)
		if got := d.Store.Dirty() - before; got != changes {
			t.Errorf("%s: %d changes, want %d", line, got, changes)
		}
	}
	dirty("hset h f v", "new(h) hset(h)", 1)
	dirty("hset h f w", "hset(h)", 1)
	dirty("hset h f w a b c d", "hset(h)", 3)
	dirty("hsetnx h g 1", "hset(h)", 1)
	dirty("hsetnx h g 1", "", 0)
	dirty("hincrby h g 1", "hincrby(h)", 1)
	dirty("hincrbyfloat h g 0.5", "hincrbyfloat(h)", 1)
	dirty("hdel h g a c", "hdel(h)", 3)
	dirty("hdel h g", "", 0)
	dirty("hexpire h 100 fields 1 f", "hexpire(h)", 1)
	dirty("hexpire h 100 nx fields 1 f", "", 0)
	dirty("hpersist h fields 1 f", "hpersist(h)", 1)
	dirty("hpersist h fields 1 f", "", 0)
	dirty("hpexpire h 0 fields 1 f", "hdel(h) del(h)", 1)
	dirty("hget h f", "keymiss(h)", 0)
	dirty("hset h f v g w", "new(h) hset(h)", 2)
	dirty("hexpireat h 0 fields 1 f", "hdel(h)", 1)
	dirty("hdel h g", "hdel(h) del(h)", 1)
	dirty("hincrby h n 5", "new(h) hincrby(h)", 1)
	dirty("hget h none", "", 0)
}

// TestExpiry runs on small and big hashes.
func TestExpiry(t *testing.T) {
	for _, pad := range []string{"", strings.Repeat("x", 100)} {
		d := commandtest.New(t, Commands)
		now := d.NowMs
		ttls := func(want string) {
			t.Helper()
			d.Expect("hpttl h fields 3 f g h", want)
		}
		d.Do("hset", "h", "f", "1", "g", "2", "h", "3", "pad", pad)
		d.Expect("hpexpire h 1500 fields 2 f g", "*2 :1 :1")
		d.Expect("httl h fields 3 f g h", "*3 :2 :2 :-1")
		d.Expect("hpexpiretime h fields 2 f h", fmt.Sprintf("*2 :%d :-1", now+1500))
		d.Expect("hexpiretime h fields 1 f", fmt.Sprintf("*1 :%d", now/1000+2))
		d.Expect("hpexpire h 1000 gt fields 3 f g h", "*3 :0 :0 :0")
		d.Expect("hpexpire h 2000 gt fields 3 f g h", "*3 :1 :1 :0")
		d.Expect("hpexpire h 1000 lt fields 3 f g h", "*3 :1 :1 :1")
		d.Expect("hpexpire h 5000 nx fields 1 f", "*1 :0")
		d.Expect("hpexpire h 5000 xx fields 1 g", "*1 :1")
		ttls("*3 :1000 :5000 :1000")
		d.Expect("hincrby h f 5", ":6") // keeps the deadline
		d.Expect("hset h h 7", ":0")    // drops it
		ttls("*3 :1000 :5000 :-1")

		d.NowMs = now + 999
		d.Expect("hget h f", "$6")
		d.NowMs = now + 1000
		d.Events = ""
		ttls("*3 :-2 :4000 :-1")
		d.Expect("hlen h", ":4") // not removed yet
		if keys := strings.Fields(commandtest.Compact(d.Do("hkeys", "h"))); len(keys) != 4 || keys[0] != "*3" || slices.Contains(keys, "$f") {
			t.Errorf("hkeys: %v", keys)
		}
		if d.Events != "" {
			t.Errorf("events of hidden fields: %s", d.Events)
		}
		d.ExpectEvents("hget h f", "hexpired(h)")
		d.Expect("hlen h", ":3")
		d.Expect("hget h f", "$-1")
		d.ExpectEvents("hincrby h f 1", "hincrby(h)")
		d.Expect("hpexpire h 10 fields 2 f h", "*2 :1 :1")

		d.NowMs += 10
		d.ExpectEvents("hmget h f g h", "hexpired(h)")
		d.Expect("hlen h", ":2")
		d.Expect("hpersist h fields 1 g", "*1 :1")
		ttls("*3 :-2 :-1 :-2")
		d.Do("hpexpire", "h", "10", "fields", "2", "g", "pad")
		d.NowMs += 10
		d.Expect("hscan h 0", "*2 $0 *0")
		d.Expect("hgetall h", "*0")
		d.ExpectEvents("hrandfield h 5", "hexpired(h) del(h)")
		d.Expect("hlen h", ":0")

		d.Do("hset", "h", "f", "1", "pad", pad)
		d.Do("hdel", "h", "pad")
		d.Do("hpexpire", "h", "10", "fields", "1", "f")
		d.NowMs += 10
		d.ExpectEvents("hsetnx h f 2", "hexpired(h) del(h) new(h) hset(h)")
		d.Expect("hget h f", "$2")
		d.Do("hpexpire", "h", "10", "fields", "1", "f")
		d.NowMs += 10
		d.ExpectEvents("hmget h f f", "hexpired(h) del(h)")
		if d.Encoding("h") != "" {
			t.Error("an empty hash stayed")
		}
	}
}

// TestActiveExpiry: the store removes what no command asks for.
func TestActiveExpiry(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("hset", "h", "f", "1", "g", "2")
	d.Do("hpexpire", "h", "10", "fields", "2", "f", "g")
	d.Do("hset", "h2", "f", "1", "g", "2")
	d.Do("hpexpire", "h2", "10", "fields", "1", "f")
	d.NowMs += 11
	d.Events = ""
	now := time.UnixMilli(d.NowMs)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		d.Store.Background(ctx, 10*time.Millisecond, func() time.Time { return now })
		close(done)
	}()
	sh := d.Store.Shard(d.Store.ShardOf([]byte("h")))
	sh2 := d.Store.Shard(d.Store.ShardOf([]byte("h2")))
	for left := true; left; {
		time.Sleep(time.Millisecond)
		sh.Lock()
		left = d.Cell("h").Ok()
		sh.Unlock()
		sh2.Lock()
		left = left || hash.Len(d.Cell("h2")) > 1
		sh2.Unlock()
	}
	cancel()
	<-done
	events := strings.Fields(d.Events)
	slices.Sort(events)
	if got := strings.Join(events, " "); got != "del(h) hexpired(h) hexpired(h2)" {
		t.Errorf("events %s", got)
	}
	d.Expect("hlen h2", ":1")
}

func TestEncodings(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(want string, words ...string) {
		t.Helper()
		d.Do(words...)
		if got := d.Encoding(words[1]); got != want {
			t.Errorf("%.80q: %s, want %s", words, got, want)
		}
	}
	f("listpack", "hset", "h", "f", "v")
	f("listpack", "hincrby", "h", "f", "x")
	f("listpackex", "hexpire", "h", "10", "fields", "1", "none")
	f("listpackex", "hpersist", "h", "fields", "1", "f")
	f("hashtable", "hset", "h", "f", strings.Repeat("x", 65))
	f("hashtable", "hset", "h", "f", "x")
	f("hashtable", "hsetnx", "i", "f", strings.Repeat("x", 65))
	f("listpack", "hset", "j", "f", "1e40")
	f("listpack", "hincrbyfloat", "j", "f", "1")
	f("listpack", "hset", "j", "f", "1e80")
	f("hashtable", "hincrbyfloat", "j", "f", "1")
	many := []string{"hset", "k"}
	for i := range 513 {
		many = append(many, fmt.Sprint(i%5), "v")
	}
	f("listpack", append(slices.Clone(many[:2]), many[2:2+1024]...)...)
	f("hashtable", many...)
}

// sameSorted compares replies whose order is free.
func sameSorted(t *testing.T, d *commandtest.DB, r *commandtest.Redis, words ...string) {
	t.Helper()
	f := func(reply string) string {
		list := strings.Split(commandtest.Compact(reply), " ")
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	if got, want := f(d.Do(words...)), f(r.Do(words...)); got != want {
		t.Errorf("%q differs\n  got %.300s\nredis %.300s", words, got, want)
	}
}

// TestAgainstRedis plays random scripts to both. The order of fields is compared while a hash is small.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands, setString)
	d.SameLines(r, "set s x", "hset s f v", "hget s f", "hscan s 0", "hincrbyfloat s f 1", "hrandfield s 1 withvalues")
	rng := rand.New(rand.NewPCG(7, 8))
	fields := []string{"a", "b", "field", "1", "-5", "01", "", strings.Repeat("f", 64), "\x00\xff", "9223372036854775807"}
	values := append([]string{"3.5", "1e5", " 1", "0x10", "inf", "text", "3.0", "-0", strings.Repeat("v", 64), "1e4000"}, fields...)
	word := func(list []string) string { return list[rng.IntN(len(list))] }
	for i := range 6000 {
		key := fmt.Sprint("h", rng.IntN(5))
		f, v := word(fields), word(values)
		all := func(words ...string) { d.Same(r, words...) }
		if d.Encoding(key) == "hashtable" {
			all = func(words ...string) { sameSorted(t, d, r, words...) }
		}
		switch rng.IntN(19) {
		case 0, 1:
			d.Same(r, "hset", key, f, v, word(fields), word(values))
		case 2:
			d.Same(r, "hset", key, f, v)
		case 3:
			d.Same(r, "hmset", key, f, v)
		case 4:
			d.Same(r, "hsetnx", key, f, v)
		case 5:
			d.Same(r, "hget", key, f)
		case 6:
			d.Same(r, "hmget", key, f, word(fields), f)
		case 7:
			all("hgetall", key)
		case 8:
			all("hkeys", key)
		case 9:
			all("hvals", key)
		case 10:
			d.Same(r, "hlen", key)
		case 11:
			d.Same(r, "hstrlen", key, f)
		case 12:
			d.Same(r, "hexists", key, f)
		case 13:
			d.Same(r, "hdel", key, f, word(fields))
		case 14, 15:
			d.Same(r, "hincrby", key, f, v)
		case 16:
			d.Same(r, "hincrbyfloat", key, f, v)
		case 17:
			if d.Encoding(key) == "hashtable" {
				continue // cursors are our own
			}
			d.Same(r, "hscan", key, word([]string{"0", "1", "+0", "00", "x", "1x", "18446744073709551615"}), "match", word([]string{"*", "f*", "?", "[a-b]", ""}), "count", word([]string{"1", "100", "0", "x"}))
		default:
			all("hrandfield", key, word([]string{"0", "100", "x", "1.5"}))
		}
		if t.Failed() {
			t.Fatalf("at step %d", i)
		}
		if enc := d.Encoding(key); enc != "" {
			if want := commandtest.Compact(r.Do("object", "encoding", key)); want != "$"+enc {
				t.Fatalf("%s: encoding %s, redis %s", key, enc, want)
			}
		}
		if i%500 == 499 { // long sums make tables of all
			for k := range 5 {
				d.Same(r, append([]string{"hdel", fmt.Sprint("h", k)}, fields...)...)
			}
		}
	}
}

// TestBigAgainstRedis compares contents of tables, whose order is free.
func TestBigAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 4000 {
		f := fmt.Sprint("field", rng.IntN(1500))
		switch {
		case i%4 == 3:
			d.Same(r, "hdel", "h", f)
		case i%4 == 2:
			d.Same(r, "hincrby", "h", f, "5")
		default:
			d.Same(r, "hset", "h", f, fmt.Sprint(i))
		}
		d.Same(r, "hget", "h", f)
		if i%500 == 0 {
			sameSorted(t, d, r, "hgetall", "h")
			sameSorted(t, d, r, "hkeys", "h")
			d.Same(r, "hlen", "h")
		}
	}
	seen := map[string]bool{}
	for cursor := "0"; ; {
		list := strings.Fields(commandtest.Compact(d.Do("hscan", "h", cursor, "count", "50")))
		for i := 3; i < len(list); i += 2 {
			seen[list[i]] = true
		}
		if cursor = list[1][1:]; cursor == "0" {
			break
		}
	}
	if want := r.Do("hlen", "h"); fmt.Sprintf(":%d\r\n", len(seen)) != want {
		t.Errorf("HSCAN saw %d, HLEN is %s", len(seen), want)
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
	d.Do("hset", "big", "pad", strings.Repeat("x", 100))
	for _, key := range []string{"h", "big"} {
		f("hset " + key + " f v g 5")
		f("hget " + key + " f")
		f("hmget " + key + " f g none")
		f("hincrby " + key + " g 1")
		f("hexists " + key + " g")
		f("hgetall " + key)
		f("hdel " + key + " none")
		f("hpexpire " + key + " 1000 fields 1 f")
		f("hpttl " + key + " fields 1 f")
	}
}

func BenchmarkHset(b *testing.B) {
	d := commandtest.New(b, Commands)
	d.Quiet = true
	args := commandtest.Args("hset", "h", "element:000000000001", "xxx")
	for b.Loop() {
		d.Run(args)
	}
}
