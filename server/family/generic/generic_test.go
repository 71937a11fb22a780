package generic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
)

func TestKeys(t *testing.T) {
	d := newDB(t)
	d.Expect("set a 1", "+OK")
	d.Expect("exists a a b", ":2")
	d.Expect("touch a b a", ":2")
	d.Expect("type a", "+string")
	d.Expect("type b", "+none")
	d.Do("rpush", "l", "x")
	d.Do("sadd", "s", "x")
	d.Do("zadd", "z", "1", "x")
	d.Do("hset", "h", "f", "v")
	d.Expect("type l", "+list")
	d.Expect("type s", "+set")
	d.Expect("type z", "+zset")
	d.Expect("type h", "+hash")
	d.Expect("stick a l nokey a", ":2")
	d.Expect("stick a", ":0")
	d.Expect("del a l a nokey", ":2")
	d.Expect("unlink s z h", ":3")
	d.Expect("set a 1", "+OK")
	d.Expect("stick a", ":1")
	d.Expect("del a", ":1")
	checkEmpty(t, d)
}

func TestExpire(t *testing.T) {
	d := newDB(t)
	f := d.Expect
	f("expire nokey 10", ":0")
	f("ttl nokey", ":-2")
	f("pexpiretime nokey", ":-2")
	f("persist nokey", ":0")
	f("set k v", "+OK")
	f("ttl k", ":-1")
	f("expiretime k", ":-1")
	f("persist k", ":0")
	f("expire k 10 xx", ":0")
	f("expire k 10 gt", ":0")
	f("expire k 10 Lt", ":1")
	f("expire k 10 nx", ":0")
	f("expire k 10 gt", ":0")
	f("expire k 9 gt", ":0")
	f("expire k 11 gt xx", ":1")
	f("expire k 11 lt", ":0")
	f("expire k 10 LT XX", ":1")
	f("ttl k", ":10")
	f("pttl k", ":10000")
	f("expiretime k", ":1700000010")
	f("pexpiretime k", ":1700000010000")
	f("pexpire k 1499", ":1")
	f("ttl k", ":1")
	f("pexpire k 1500", ":1")
	f("ttl k", ":2")
	f("persist k", ":1")
	f("ttl k", ":-1")
	f("expireat k 1700000020", ":1")
	f("ttl k", ":20")
	f("pexpireat k 1700000000000", ":1") // now
	f("exists k", ":0")
	f("set k v", "+OK")
	f("expire k -1 gt", ":0")
	f("expire k -1", ":1")
	f("exists k", ":0")

	f("expire k x", "-ERR value is not an integer or out of range")
	f("expire k x foo", "-ERR Unsupported option foo")
	f("expire k x nx xx", "-ERR NX and XX, GT or LT options at the same time are not compatible")
	f("expire k x gt lt", "-ERR GT and LT options at the same time are not compatible")
	f("expire k 9223372036854775807", "-ERR invalid expire time in 'expire' command")
	f("expire k -9223372036854775807", "-ERR invalid expire time in 'expire' command")
	f("expireat k 9223372036854775", ":0")
	f("expireat k 9223372036854776", "-ERR invalid expire time in 'expireat' command")
	f("pexpire k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command")
	f("pexpireat k 9223372036854775807", ":0")

	f("set k v", "+OK")
	f("pexpire k 100", ":1")
	d.NowMs += 100
	f("pttl k", ":0")
	f("exists k", ":1") // it goes when its time is over
	d.NowMs++
	f("exists k", ":0")
	f("pttl k", ":-2")
	checkEmpty(t, d)
}

func TestMoves(t *testing.T) {
	d := newDB(t)
	f := d.Expect
	f("rename a b", "-ERR no such key")
	f("renamenx a a", "-ERR no such key")
	f("rename a a", "-ERR no such key")
	f("set a 1", "+OK")
	f("rename a a", "+OK")
	f("renamenx a a", ":0")
	f("expire a 100", ":1")
	f("stick a", ":1")
	f("rename a b", "+OK")
	f("ttl b", ":100")
	f("stick b", ":0")
	f("set a 2", "+OK")
	f("renamenx a b", ":0")
	f("rename a b", "+OK")
	f("ttl b", ":-1")
	f("get b", "$2")
	f("renamenx b c", ":1")

	f("copy no x", ":0")
	f("copy no no", "-ERR source and destination objects are the same")
	f("copy c c db 0", "-ERR source and destination objects are the same")
	f("copy c d", ":1")
	f("copy c d", ":0")
	f("copy c d Replace", ":1")
	f("copy c c DB 1", ":1")
	f("copy c c DB 1", ":0")
	f("copy c c REPLACE DB 1 REPLACE", ":1")
	f("copy c d db", "-ERR syntax error")
	f("copy c d foo", "-ERR syntax error")
	f("copy c d db x", "-ERR value is not an integer or out of range")
	f("copy c d db 2147483648", "-ERR value is out of range, value must between -2147483648 and 2147483647")
	f("copy c d db -1", "-ERR DB index is out of range")
	f("copy c d db 2", "-ERR DB index is out of range")

	f("move c 0", "-ERR source and destination objects are the same")
	f("move c 2", "-ERR DB index is out of range")
	f("move c x", "-ERR value is not an integer or out of range")
	f("move no 1", ":0")
	f("move c 1", ":0")
	f("move d 1", ":1")
	f("exists d", ":0")
	f("del c", ":1")
	v := d.Store.View(1, d.NowMs)
	for _, key := range []string{"c", "d"} {
		if cell := v.Peek([]byte(key)); !cell.Ok() || string(cell.View()) != "2" {
			t.Errorf("database 1: no %s", key)
		}
		v.Delete([]byte(key))
	}
	checkEmpty(t, d)
}

func TestEvents(t *testing.T) {
	d := newDB(t)
	f := d.ExpectEvents
	f("set a 1", "new(a) set(a)")
	f("expire a 100", "expire(a)")
	f("expire a 10 gt", "")
	f("persist a", "persist(a)")
	f("persist a", "")
	f("expire a -1", "del(a)")
	f("exists a", "keymiss(a)")
	f("type a", "keymiss(a)")
	f("ttl a", "keymiss(a)")
	f("object encoding a", "")
	f("del a", "")
	d.Do("set", "a", "1")
	f("rename a c", "new(c) rename_from(a) rename_to(c)")
	f("rename c c", "")
	f("renamenx c a", "new(a) rename_from(c) rename_to(a)")
	f("copy a d", "new(d) copy_to(d)")
	f("move d 1", "new(d) move_from(d) move_to(d)")
	f("stick a", "")
	f("del a a", "del(a)")
	d.Do("set", "a", "1")
	f("unlink a", "del(a)")
	d.Do("rpush", "l", "2", "1")
	f("sort l", "")
	f("sort l store o", "new(o) sortstore(o)")
	f("sort l store o", "sortstore(o)")
	f("sort nokey store o", "keymiss(nokey) del(o)")
	f("sort nokey store o", "keymiss(nokey)")
	d.Do("set", "a", "1")
	d.Do("pexpire", "a", "10")
	d.NowMs += 11
	f("scan 0 COUNT 1000", "expired(a)")
}

func TestObject(t *testing.T) {
	d := newDB(t)
	f := d.Expect
	f("object encoding no", "$-1")
	f("object freq no", "$-1")
	f("object idletime no", "$-1")
	f("object refcount no", "$-1")
	f("set k 12", "+OK")
	f("object encoding k", "$int")
	f("object refcount k", ":1")
	f("set k abc", "+OK")
	f("object ENCODING k", "$embstr")
	f("object refcount k", ":1")
	d.NowMs += 7000
	f("object idletime k", ":7")
	f("exists k", ":1")
	f("ttl k", ":-1")
	f("type k", "+string")
	f("object idletime k", ":7")
	f("touch k", ":1")
	f("object idletime k", ":0")
	if got := commandtest.Compact(d.Do("object", "freq", "k")); !strings.HasPrefix(got, "-ERR An LFU maxmemory policy is not selected") {
		t.Error(got)
	}
	d.Store.LFU.Store(true)
	if got := commandtest.Compact(d.Do("object", "idletime", "k")); !strings.HasPrefix(got, "-ERR An LFU maxmemory policy is selected") {
		t.Error(got)
	}
	f("del k", ":1")
	f("set k v", "+OK")
	f("object freq k", ":5")
	if got := d.Do("object", "help"); !strings.HasPrefix(got, "*11\r\n+OBJECT ") {
		t.Error(got)
	}
	f("object help x", "-ERR wrong number of arguments for 'object|help' command")
	f("object encoding", "-ERR wrong number of arguments for 'object|encoding' command")
}

// TestWholeValues moves and copies values of every type and size between shards and back.
func TestWholeValues(t *testing.T) {
	d := newDB(t)
	for _, n := range []int{3, 2000} {
		for i := range n {
			m := "member:" + strconv.Itoa(i)
			d.Do("rpush", "l", m)
			d.Do("sadd", "s", m)
			d.Do("zadd", "z", strconv.Itoa(i), m)
			d.Do("hset", "h", m, m)
		}
		d.Do("set", "t", strings.Repeat("x", n))
		for _, key := range []string{"l", "s", "z", "h", "t"} {
			encoding := d.Encoding(key)
			d.Expect("copy "+key+" sorted", ":1")
			was := content(d, "sorted") // SORT changes the encoding of a sorted set
			d.Expect("del sorted", ":1")
			last := key
			for i := range 20 {
				next := fmt.Sprint(key, ":", i)
				d.Expect("copy "+last+" "+next, ":1")
				d.Expect("rename "+next+" "+last, "+OK")
				d.Expect("renamenx "+last+" "+next, ":1")
				last = next
			}
			if got := d.Encoding(last); got != encoding {
				t.Errorf("%s of %d: %s, was %s", last, n, got, encoding)
			}
			if content(d, last) != was {
				t.Errorf("%s of %d: not what it was", last, n)
			}
			d.Expect("del "+last, ":1")
		}
	}
	checkEmpty(t, d)
}

// content returns what can be read of a value.
func content(d *commandtest.DB, key string) string {
	switch d.Do("type", key) {
	case "+string\r\n":
		return d.Do("get", key)
	case "+hash\r\n":
		return d.Do("hget", key, "member:0") + d.Do("hget", key, "member:1999")
	}
	return d.Do("sort", key, "alpha")
}

func TestNoAllocs(t *testing.T) {
	d := newDB(t)
	d.Quiet = true
	d.Do("set", "k", "v")
	for _, line := range []string{
		"exists k no", "ttl k", "type k", "expire k 100", "persist k", "del no", "object encoding k",
	} {
		args := commandtest.Args(strings.Fields(line)...)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

// TestDeclarations checks what COMMAND says of keys.
func TestDeclarations(t *testing.T) {
	r := command.NewRegistry(Commands)
	f := func(line string, want ...int) {
		t.Helper()
		args := commandtest.Args(strings.Fields(line)...)
		cmd := r.Find(args[0])
		if sub := cmd.Sub(args[1]); sub != nil {
			cmd = sub
		}
		if got := cmd.Keys.Append(nil, args); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: keys at %v", line, got)
		}
	}
	f("del a b c", 1, 2, 3)
	f("object freq k", 2)
	f("rename a b", 1, 2)
	f("sort k", 1)
	f("sort k store b", 1, 3)
	f("sort k store b desc STORE c", 1, 6)
	f("sort k get store by store limit store x store", 1)
	f("sort k get x store o by y", 1, 5)
}

func TestRandomkey(t *testing.T) {
	d := newDB(t)
	d.Expect("randomkey", "$-1")
	for i := range 100 {
		key := "k" + strconv.Itoa(i)
		d.Do("set", key, "v")
		if i%2 == 0 {
			d.Do("pexpire", key, "1")
		}
	}
	d.NowMs += 2
	drawn := map[string]bool{}
	for range 2000 {
		key := strings.TrimPrefix(commandtest.Compact(d.Do("randomkey")), "$k")
		if n, err := strconv.Atoi(key); err != nil || n%2 == 0 {
			t.Fatalf("drew %q", key)
		}
		drawn[key] = true
	}
	if len(drawn) != 50 {
		t.Errorf("drew %d of 50 keys", len(drawn))
	}
	for i := range 50 {
		d.Do("pexpire", "k"+strconv.Itoa(2*i+1), "1")
	}
	d.NowMs += 2
	d.Expect("randomkey", "$-1")
	checkEmpty(t, d)
}

// TestExpireFuzz compares EXPIRE and its conditions with a model.
func TestExpireFuzz(t *testing.T) {
	d := newDB(t)
	rng := rand.New(rand.NewPCG(3, 4))
	d.Do("set", "k", "v")
	deadline := int64(0) // 0 = none
	for range 5000 {
		n := rng.Int64N(2000) - 5
		opts := []string{"", "nx", "xx", "gt", "lt", "gt xx", "xx lt"}[rng.IntN(7)]
		at := d.NowMs + n
		want := 1
		switch {
		case opts == "nx" && deadline != 0, strings.Contains(opts, "xx") && deadline == 0,
			strings.Contains(opts, "gt") && (deadline == 0 || at <= deadline),
			strings.Contains(opts, "lt") && deadline != 0 && at >= deadline:
			want = 0
		}
		d.Expect(fmt.Sprintf("pexpire k %d %s", n, opts), fmt.Sprint(":", want))
		if want == 1 {
			deadline = at
		}
		d.NowMs += rng.Int64N(20)
		if deadline != 0 && (deadline < d.NowMs || want == 1 && n <= 0) || rng.IntN(10) == 0 {
			d.Do("set", "k", "v")
			deadline = 0
		}
	}
}
