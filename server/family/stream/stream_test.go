package stream

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/object"
	"dragonfly/store/types/stream"
)

// do runs command lines and fails on error replies.
func do(t *testing.T, d *commandtest.DB, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if got := d.Do(strings.Fields(line)...); got[0] == '-' {
			t.Fatalf("%s: %s", line, got)
		}
	}
}

func TestAdd(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("xadd s nomkstream * a b", "$-1")
	d.Expect("xadd s * a b", "$1700000000000-0")
	d.Expect("xadd s * a b", "$1700000000000-1")
	d.Expect("xadd s 1700000000000-* a b", "$1700000000000-2")
	d.Expect("xadd s 1700000000005 a b", "$1700000000005-0")
	d.Expect("xadd s * a b", "$1700000000005-1")
	d.Expect("xadd s maxlen 2 * a b", "$1700000000005-2")
	d.Expect("xlen s", ":2")
	d.Expect("xadd s minid = 1700000000005-2 * a b", "$1700000000005-3")
	d.Expect("xrange s - +", "*2 *2 $1700000000005-2 *2 $a $b *2 $1700000000005-3 *2 $a $b")
	d.Expect("xadd s 18446744073709551615-18446744073709551615 a b", "$18446744073709551615-18446744073709551615")
	d.Expect("xadd s * a b", "-ERR The stream has exhausted the last possible ID, unable to add more items")
	d.Expect("xlen s", ":3")
	if got := d.Encoding("s"); got != "stream" {
		t.Errorf("encoding %q", got)
	}
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("xadd x 1-1 a b", "new(x) xadd(x)")
	d.ExpectEvents("xgroup create x g 0", "xgroup-create(x)")
	d.ExpectEvents("xreadgroup group g c streams x >", "xgroup-createconsumer(x)")
	d.ExpectEvents("xgroup createconsumer x g c2", "xgroup-createconsumer(x)")
	d.ExpectEvents("xgroup createconsumer x g c2", "")
	d.ExpectEvents("xack x g 1-1", "")
	d.ExpectEvents("xdel x 1-1", "xdel(x)")
	d.ExpectEvents("xdel x 1-1", "")
	d.ExpectEvents("xadd x maxlen 1 2-1 a b", "xadd(x)")
	d.ExpectEvents("xadd x maxlen 1 3-1 a b", "xadd(x) xtrim(x)")
	d.ExpectEvents("xtrim x maxlen 0", "xtrim(x)")
	d.ExpectEvents("xtrim x maxlen 0", "")
	d.ExpectEvents("xsetid x 9-9", "xsetid(x)")
	d.ExpectEvents("xgroup setid x g $", "xgroup-setid(x)")
	d.ExpectEvents("xgroup delconsumer x g c2", "xgroup-delconsumer(x)")
	d.ExpectEvents("xgroup delconsumer x g c2", "")
	d.ExpectEvents("xclaim x g c3 0 1-1", "xgroup-createconsumer(x)")
	d.ExpectEvents("xautoclaim x g c4 0 0", "xgroup-createconsumer(x)")
	d.ExpectEvents("xgroup destroy x g", "xgroup-destroy(x)")
	d.ExpectEvents("xgroup create y g 0 mkstream", "new(y) xgroup-create(y)")
	d.ExpectEvents("xread streams none 0", "keymiss(none) keymiss(none)")
	d.ExpectEvents("xack none g 1", "keymiss(none)")
}

// TestReplyShapes holds the shapes that RESP3 changes, or Redis after 7.0.
func TestReplyShapes(t *testing.T) {
	f := func(line, resp2, resp3 string) {
		t.Helper()
		for i, want := range []string{resp2, resp3} {
			d := commandtest.New(t, Commands)
			do(t, d, "xadd s 1-1 f v", "xgroup create s g 0", "xgroup createconsumer s g idle")
			d.NowMs += 10
			do(t, d, "xreadgroup group g c streams s >")
			d.NowMs += 5
			if i == 1 {
				d.RESP3()
			}
			d.Expect(line, want)
		}
	}
	f("xread streams s 0", "*1 *2 $s *1 *2 $1-1 *2 $f $v", "%1 $s *1 *2 $1-1 *2 $f $v")
	f("xread streams s 9", "*-1", "_")
	f("xread streams s +", "*1 *2 $s *1 *2 $1-1 *2 $f $v", "%1 $s *1 *2 $1-1 *2 $f $v")
	f("xreadgroup group g c streams s s > 0", "*1 *2 $s *1 *2 $1-1 *2 $f $v", "%1 $s *1 *2 $1-1 *2 $f $v")
	f("xrange s - + count 0", "*-1", "_")
	f("xinfo groups s",
		"*1 *12 $name $g $consumers :2 $pending :1 $last-delivered-id $1-1 $entries-read :1 $lag :0",
		"*1 %6 $name $g $consumers :2 $pending :1 $last-delivered-id $1-1 $entries-read :1 $lag :0")
	f("xinfo consumers s g",
		"*2 *8 $name $c $pending :1 $idle :5 $inactive :5 *8 $name $idle $pending :0 $idle :15 $inactive :-1",
		"*2 %4 $name $c $pending :1 $idle :5 $inactive :5 %4 $name $idle $pending :0 $idle :15 $inactive :-1")
	f("xinfo stream s",
		"*20 $length :1 $radix-tree-keys :1 $radix-tree-nodes :2 $last-generated-id $1-1 $max-deleted-entry-id $0-0 $entries-added :1 "+
			"$recorded-first-entry-id $1-1 $groups :1 $first-entry *2 $1-1 *2 $f $v $last-entry *2 $1-1 *2 $f $v",
		"%10 $length :1 $radix-tree-keys :1 $radix-tree-nodes :2 $last-generated-id $1-1 $max-deleted-entry-id $0-0 $entries-added :1 "+
			"$recorded-first-entry-id $1-1 $groups :1 $first-entry *2 $1-1 *2 $f $v $last-entry *2 $1-1 *2 $f $v")
	full := "$length :1 $radix-tree-keys :1 $radix-tree-nodes :2 $last-generated-id $1-1 $max-deleted-entry-id $0-0 $entries-added :1 " +
		"$recorded-first-entry-id $1-1 $entries *1 *2 $1-1 *2 $f $v $groups *1 "
	group := "$name $g $last-delivered-id $1-1 $entries-read :1 $lag :0 $pel-count :1 $pending *1 *4 $1-1 $c :1700000000010 :1 $consumers *2 "
	c := "$name $c $seen-time :1700000000010 $active-time :1700000000010 $pel-count :1 $pending *1 *3 $1-1 :1700000000010 :1 "
	idle := "$name $idle $seen-time :1700000000000 $active-time :-1 $pel-count :0 $pending *0"
	f("xinfo stream s full", "*18 "+full+"*14 "+group+"*10 "+c+"*10 "+idle, "%9 "+full+"%7 "+group+"%5 "+c+"%5 "+idle)
	f("xpending s g", "*4 :1 $1-1 $1-1 *1 *2 $c $1", "*4 :1 $1-1 $1-1 *1 *2 $c $1")
	f("xpending s g - + 10", "*1 *4 $1-1 $c :5 :1", "*1 *4 $1-1 $c :5 :1")
	f("xpending s g idle 6 - + 10", "*0", "*0")
	f("xpending s g - + 10 idle", "*0", "*0")
	f("xautoclaim s g c2 0 0", "*3 $0-0 *1 *2 $1-1 *2 $f $v *0", "*3 $0-0 *1 *2 $1-1 *2 $f $v *0")
	f("xclaim s g c2 0 1-1 justid", "*1 $1-1", "*1 $1-1")
	f("xclaim s g c2 6 1-1 justid", "*0", "*0")
}

// TestErrors holds the texts that Redis changed after 7.0; the others are compared with a redis-server.
func TestErrors(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Expect("xread streams a b 0", "-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.")
	d.Expect("xreadgroup group g c streams a b 0", "-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.")
	d.Expect("xread block 9223372036854775807 streams a 0", "-ERR timeout is out of range")
	do(t, d, "xgroup create s g $ mkstream", "xsetid s 20 entriesadded 1 maxdeletedid 19")
	d.Expect("xsetid s 18", "-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
	d.Expect("xreadgroup group g c streams s +", "-ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this "+
		"consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.")
}

func TestReadGroup(t *testing.T) {
	d := commandtest.New(t, Commands)
	do(t, d, "xgroup create s g $ mkstream")
	d.Expect("xreadgroup group g alice streams s >", "*-1")
	do(t, d, "xadd s 1-1 a 1", "xadd s 2-1 a 2", "xadd s 3-1 a 3", "xadd s 4-1 a 4")
	d.Expect("xreadgroup group g alice count 2 streams s >", "*1 *2 $s *2 *2 $1-1 *2 $a $1 *2 $2-1 *2 $a $2")
	d.Expect("xreadgroup group g bob count 1 noack streams s >", "*1 *2 $s *1 *2 $3-1 *2 $a $3")
	d.Expect("xpending s g", "*4 :2 $1-1 $2-1 *1 *2 $alice $2")
	d.Expect("xreadgroup group g bob streams s 0", "*1 *2 $s *0")
	do(t, d, "xdel s 1-1")
	d.Expect("xreadgroup group g alice block 10 streams s 0", "*1 *2 $s *2 *2 $1-1 *-1 *2 $2-1 *2 $a $2")
	d.NowMs += 7
	d.Expect("xpending s g - + 10 alice", "*2 *4 $1-1 $alice :7 :1 *4 $2-1 $alice :7 :2")
	d.Expect("xautoclaim s g bob 5 - count 1", "*3 $2-1 *0 *1 $1-1")
	d.Expect("xautoclaim s g bob 5 - count 1", "*3 $0-0 *1 *2 $2-1 *2 $a $2 *0")
	d.Expect("xpending s g - + 10", "*1 *4 $2-1 $bob :0 :3")
	d.Expect("xclaim s g carol 0 2-1 4-1 idle 100 retrycount 9 force justid lastid 4-1", "*2 $2-1 $4-1")
	d.Expect("xpending s g - + 10", "*2 *4 $2-1 $carol :100 :9 *4 $4-1 $carol :100 :9")
	d.Expect("xreadgroup group g bob streams s >", "*-1")
	d.Expect("xgroup delconsumer s g carol", ":2")
	d.Expect("xpending s g", "*4 :0 $-1 $-1 *-1")
}

// TestLag holds how 7.4 computes the entries read by a group and its lag, which 7.0 does otherwise.
func TestLag(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(want string, lines ...string) {
		t.Helper()
		do(t, d, lines...)
		got := commandtest.Compact(d.Do("xinfo", "groups", "s"))
		if i := strings.Index(got, "$entries-read"); i < 0 || got[i:] != want {
			t.Errorf("%v: %s, want %s", lines, got, want)
		}
	}
	f("$entries-read $-1 $lag :0", "xgroup create s g $ mkstream")
	f("$entries-read $-1 $lag :5", "xadd s 1 a b", "xadd s 2 a b", "xadd s 3 a b", "xadd s 4 a b", "xadd s 5 a b")
	f("$entries-read :1 $lag :4", "xreadgroup group g c count 1 streams s >")
	f("$entries-read :2 $lag :3", "xreadgroup group g c count 1 streams s >")
	f("$entries-read :2 $lag $-1", "xdel s 4") // a tombstone ahead
	f("$entries-read :2 $lag :1", "xtrim s minid 5")
	f("$entries-read :5 $lag :0", "xreadgroup group g c streams s >")
	f("$entries-read :5 $lag :0", "xtrim s maxlen 0")
	f("$entries-read :5 $lag :1", "xadd s 6 a b")
	f("$entries-read $-1 $lag :1", "xgroup setid s g 0")
	f("$entries-read :3 $lag :1", "xgroup setid s g 3 entriesread 3")
	f("$entries-read :3 $lag :0", "xdel s 6")
}

func TestDirty(t *testing.T) {
	d := commandtest.New(t, Commands)
	do(t, d, "xadd s 1 a b", "xgroup create s g 0")
	dirty := d.Store.Dirty()
	do(t, d, "xreadgroup group g c streams s >", "xack s g 1")
	if d.Store.Dirty() <= dirty {
		t.Error("what a group does is not counted as a change")
	}
}

func TestNoAllocations(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Quiet = true
	for i := range 300 {
		do(t, d, fmt.Sprintf("xadd s %d-1 field value number %d", i+1, i))
	}
	do(t, d, "xgroup create s g 0", "xreadgroup group g c count 100 streams s >")
	f := func(line string) {
		t.Helper()
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
	f("xadd s maxlen ~ 200 * field value number 5")
	f("xrange s - + count 10")
	f("xrevrange s + - count 10")
	f("xlen s")
	f("xread count 3 streams s 5-1")
	f("xreadgroup group g c count 1 streams s >")
	f("xreadgroup group g c count 3 streams s 0")
	f("xack s g 17-1")
	f("xpending s g - + 5")
	f("xclaim s g d 0 20-1 21-1")
	f("xautoclaim s g d 0 - count 3")
	f("xdel s 1-1")
	f("xinfo stream s")
}

var volatile = []struct {
	re *regexp.Regexp
	to string
}{
	// Idle times in XPENDING, and times in XINFO.
	{regexp.MustCompile(`(\*4 \$\d+-\d+ \$\w+) :\d+`), "$1 :idle"},
	{regexp.MustCompile(`(\*3 \$\d+-\d+) :\d+`), "$1 :time"},
	{regexp.MustCompile(`\$(seen-time|idle) :\d+`), "$$$1 :time"},
	// Redis 7.0 computes these otherwise, and has fewer of a consumer's.
	{regexp.MustCompile(`\$entries-read \S+ \$lag \S+`), "progress"},
	{regexp.MustCompile(` \$(active-time|inactive) \S+`), ""},
	{regexp.MustCompile(`\*(6|8)( \$name \S+ \$pending)`), "map$2"},
	{regexp.MustCompile(`\*(8|10)( \$name \S+ \$seen)`), "map$2"},
}

// stable writes a reply on one line without what time or version make different.
func stable(raw string) string {
	s := commandtest.Compact(raw)
	for _, v := range volatile {
		s = v.re.ReplaceAllString(s, v.to)
	}
	return s
}

// TestAgainstRedis runs the same random commands here and on a redis-server, and compares replies, and the bytes
// of the nodes.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	r.Do("config", "set", "rdbcompression", "no")
	for seed := range uint64(10) {
		d := commandtest.New(t, Commands)
		rng := rand.New(rand.NewPCG(seed, 1))
		d.Limits.StreamNodeMaxEntries = []int{3, 10, 100, 0}[rng.IntN(4)]
		d.Limits.StreamNodeMaxBytes = []int{0, 200, 4096}[rng.IntN(3)]
		r.Do("config", "set", "stream-node-max-entries", strconv.Itoa(d.Limits.StreamNodeMaxEntries))
		r.Do("config", "set", "stream-node-max-bytes", strconv.Itoa(d.Limits.StreamNodeMaxBytes))
		r.Do("flushall")
		g := generator{rng, 1, uint64(10 + rng.IntN(2000))}
		for step := range 1500 {
			words := strings.Split(g.command(), " ")
			switch words[0] {
			case "xreadgroup", "xclaim", "xautoclaim":
				// 7.0 makes a consumer only when there is something for it.
				for _, key := range []string{"s", "t"} {
					d.Do("xgroup", "createconsumer", key, words[2], words[3])
					r.Do("xgroup", "createconsumer", key, words[2], words[3])
				}
			}
			got, want := stable(d.Do(words...)), stable(r.Do(words...))
			if got != want {
				t.Fatalf("seed %d, step %d: %q\n  got %.2000s\nredis %.2000s", seed, step, words, got, want)
			}
			if step%20 == 0 {
				for _, key := range []string{"s", "t"} {
					compareDump(t, d.Cell(key), r.Do("dump", key))
				}
			}
		}
	}
}

// generator makes random commands.
type generator struct {
	*rand.Rand
	last   uint64 // ms of the IDs that are given
	spread uint64 // how far back IDs are chosen
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) id() string {
	ms := g.last - min(g.last, g.Uint64N(g.spread)) + g.Uint64N(2)
	return g.pick(fmt.Sprint(ms, "-", g.IntN(3)), fmt.Sprint(ms))
}

func (g *generator) bound() string {
	return g.pick(g.id(), g.id(), "("+g.id(), "-", "+", "(-", "0-0", "(0", "(18446744073709551615-18446744073709551615", "x")
}

func (g *generator) ids() string {
	s := g.id()
	for range g.IntN(4) {
		s += " " + g.id()
	}
	return s
}

func (g *generator) trim() string {
	how := g.pick("", " ~", " =")
	s := g.pick("maxlen"+how+" "+g.pick("0", "5", "30", "100"), "minid"+how+" "+g.id())
	if how == " ~" {
		s += g.pick("", " limit 0", " limit 7", " limit 100")
	}
	return s
}

func (g *generator) pairs() string {
	s := ""
	for range 1 + g.IntN(3) {
		s += " " + g.pick("a", "a", "a", "field", "12", "") + " " +
			g.pick("v", fmt.Sprint(g.IntN(300)-100), fmt.Sprint(g.Int64()), strings.Repeat("x", g.IntN(150)), "")
	}
	return s
}

func (g *generator) command() string {
	key := g.pick("s", "s", "s", "t")
	group, consumer := g.pick("g", "g", "h", "nogroup"), g.pick("alice", "bob", "carol", "dave")
	count := g.pick("", "", " count 1", " count 7", " count 50")
	switch g.IntN(40) {
	default:
		g.last += g.Uint64N(3) * g.Uint64N(1+g.spread/100)
		id := fmt.Sprint(g.last, "-", g.pick("*", "*", "0", "1", fmt.Sprint(g.IntN(300))))
		return "xadd " + key + g.pick("", "", "", " nomkstream", " "+g.trim()) + " " + id + g.pairs()
	case 0:
		return "xdel " + key + " " + g.ids()
	case 1:
		return "xtrim " + key + " " + g.trim()
	case 2, 3:
		return "xrange " + key + " " + g.bound() + " " + g.bound() + count
	case 4, 5:
		return "xrevrange " + key + " " + g.bound() + " " + g.bound() + count
	case 6:
		return "xlen " + key
	case 7:
		return "xread" + count + " streams s t " + g.id() + " " + g.pick(g.id(), "$", "0")
	case 8, 9, 10, 11, 12:
		return "xreadgroup group " + group + " " + consumer + count + g.pick("", "", " noack") + " streams " + key + " " +
			g.pick(">", ">", ">", g.id(), "0")
	case 13:
		return "xreadgroup group g " + consumer + count + " streams s t > >"
	case 14, 15:
		return "xack " + key + " " + group + " " + g.ids()
	case 16:
		return "xpending " + key + " " + group
	case 17:
		return "xpending " + key + " " + group + " " + g.bound() + " " + g.bound() + " " + g.pick("0", "3", "100") + g.pick("", " "+consumer)
	case 18, 19:
		return "xclaim " + key + " " + group + " " + consumer + " " + g.pick("0", "0", "100000000") + " " + g.ids() +
			g.pick("", "", " force", " justid", " force justid", " retrycount 5", " idle 1000 retrycount 0", " lastid "+g.id())
	case 20, 21:
		return "xautoclaim " + key + " " + group + " " + consumer + " " + g.pick("0", "0", "100000000") + " " + g.bound() +
			g.pick("", " count 1", " count 5") + g.pick("", " justid")
	case 22, 23:
		return "xgroup create " + key + " " + g.pick("g", "h") + " " + g.pick("0", "$", g.id()) + g.pick("", " mkstream", " entriesread 3")
	case 24:
		return "xgroup setid " + key + " " + group + " " + g.pick("0", "$", "-", "+", g.id()) + g.pick("", " entriesread 3")
	case 25:
		return "xgroup createconsumer " + key + " " + group + " " + consumer
	case 26:
		return "xgroup delconsumer " + key + " " + group + " " + consumer
	case 27:
		if g.IntN(4) > 0 {
			return "xinfo groups " + key
		}
		return "xgroup destroy " + key + " " + group
	case 28:
		return "xinfo stream " + key
	case 29:
		return "xinfo stream " + key + " full" + count
	case 30:
		return "xinfo groups " + key
	case 31:
		return "xinfo consumers " + key + " " + group
	case 32:
		// Not below an entry that was deleted: 7.0 lets that pass.
		return fmt.Sprint("xsetid ", key, " ", g.last+1+g.Uint64N(2), g.pick("", " entriesadded 100000", " entriesadded 5", " maxdeletedid "+g.id()))
	}
}

// dump reads the payload of DUMP.
type dump struct {
	b []byte
}

func (r *dump) len() uint64 {
	b := r.b[0]
	switch {
	case b < 0x40:
		r.b = r.b[1:]
		return uint64(b)
	case b < 0x80:
		v := uint64(b&0x3f)<<8 | uint64(r.b[1])
		r.b = r.b[2:]
		return v
	case b == 0x80:
		v := binary.BigEndian.Uint32(r.b[1:])
		r.b = r.b[5:]
		return uint64(v)
	default:
		v := binary.BigEndian.Uint64(r.b[1:])
		r.b = r.b[9:]
		return v
	}
}

func (r *dump) take(n uint64) []byte {
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *dump) id() stream.ID { return stream.ID{Ms: r.len(), Seq: r.len()} }

// compareDump compares the nodes and the metadata of a stream with those in the reply of DUMP.
func compareDump(t *testing.T, c object.Cell, reply string) {
	t.Helper()
	_, payload, ok := strings.Cut(reply, "\r\n")
	if !ok || payload == "" || !c.Ok() {
		if c.Ok() != (payload != "") {
			t.Fatal("the key exists on one side only")
		}
		return
	}
	s := stream.Open(c)
	r := &dump{[]byte(payload)[1:]}
	if n := r.len(); int(n) != s.Nodes() {
		t.Fatalf("%d nodes, redis %d", s.Nodes(), n)
	}
	for p := s.Parts(); p.Next() == stream.PartNode; {
		id := stream.IDFromBinary(r.take(r.len()))
		if lp := r.take(r.len()); id != p.ID || string(lp) != string(p.Listpack) {
			t.Fatalf("node %v\n%q, redis %v\n%q", p.ID, p.Listpack, id, lp)
		}
	}
	length, last, first, maxDeleted, added := r.len(), r.id(), r.id(), r.id(), r.len()
	if int(length) != s.Len() || last != s.LastID() || first != s.FirstID() || maxDeleted != s.MaxDeletedID() || int64(added) != s.Added() {
		t.Fatalf("length %d, last %v, first %v, max deleted %v, added %d; redis %d %v %v %v %d",
			s.Len(), s.LastID(), s.FirstID(), s.MaxDeletedID(), s.Added(), length, last, first, maxDeleted, added)
	}
}

// TestSameErrors compares the replies to requests that are wrong in some way.
func TestSameErrors(t *testing.T) {
	d := commandtest.New(t, Commands)
	r := commandtest.StartRedis(t)
	r.Do("set", "str", "x")
	v := d.Store.View(0, d.NowMs)
	v.SetString([]byte("str"), []byte("x"), object.Embstr, 0)
	for _, line := range strings.Split(`xadd s 5-1 a b
xadd s 5-1 a b
xadd s 0-0 a b
xadd new 0 a b
xadd new 0-* a b
xadd s x a b
xadd s 1-2-3 a b
xadd s -1 a b
xadd s + a b
xadd s 6 a
xadd s * a b c
xadd s maxlen 1
xadd s maxlen 1 2
xadd s maxlen x * a b
xadd s maxlen -1 * a b
xadd s maxlen ~ x * a b
xadd s maxlen 1 minid 1 * a b
xadd s maxlen 1 maxlen 2 * a b
xadd s minid x * a b
xadd s minid - * a b
xadd s limit 1 * a b
xadd s limit 0 10 a b
xadd s maxlen 1 limit 1 * a b
xadd s maxlen ~ 1 limit -1 * a b
xadd s maxlen ~ 1 limit x * a b
xadd s maxlen ~ 100 limit 5 11 a b
xadd s nomkstream 12 maxlen 1
xadd none nomkstream 1 a b
xadd str 1 a b
xtrim s limit 1
xtrim s foo 1
xtrim s maxlen 1 foo
xtrim s limit 0 maxlen 1
xtrim s maxlen ~ 100 limit 1
xtrim s maxlen = 100 limit 0
xtrim none maxlen 1
xtrim str maxlen 1
xtrim str maxlen x
xdel none 1 x
xdel s 1 x
xdel str 1
xlen none
xlen str
xrange s - x
xrange s x -
xrange s (- +
xrange s - + count
xrange s - + count x
xrange s - + count -5
xrange s - + foo 1
xrange s - + count 1 count 5
xrange none - +
xrange none - + count 0
xrange str - +
xrange s (18446744073709551615-18446744073709551615 +
xrange s - (0-0
xrevrange s + -
xrevrange s (0-0 -
xrevrange s + (18446744073709551615-18446744073709551615
xread streams s
xread streams s x
xread streams s >
xread streams str 0
xread streams none $
xread streams s 18446744073709551615-18446744073709551615
xread count x streams s 0
xread count -1 streams s 0
xread block x streams s 0
xread block -1 streams s 0
xread block 5 streams s 0
xread foo streams s 0
xread group g c streams s 0
xread noack streams s 0
xread count 1 block 5
xreadgroup streams a b c 1 1 1
xreadgroup noack noack streams s 0 1 1
xreadgroup group g c streams s >
xreadgroup group g c streams none >
xreadgroup group g c streams str >
xreadgroup group g c count 1 noack
xgroup create s g
xgroup create none g 0
xgroup create none g 0 foo
xgroup create str g 0
xgroup create s g x
xgroup create s g -
xgroup create s g 0 entriesread
xgroup create s g 0 entriesread x
xgroup create s g 0 entriesread -2
xgroup create s g 0 mkstream entriesread 1 mkstream
xgroup create s g 0
xgroup create s g 0
xgroup create s g 0 mkstream
xgroup setid s g
xgroup setid s g x
xgroup setid s nogroup 0
xgroup setid none g 0
xgroup setid s g 0 mkstream
xgroup setid s g 0 entriesread -2
xgroup setid s g 0 entriesread 1 entriesread 2
xgroup setid s g 0 entriesread 1 entriesread
xgroup setid s g -
xgroup destroy none g
xgroup destroy s nogroup
xgroup destroy str g
xgroup createconsumer s nogroup c
xgroup createconsumer none g c
xgroup delconsumer s nogroup c
xgroup delconsumer s g nobody
xreadgroup group g c streams s $
xreadgroup group g c streams s x
xreadgroup group nogroup c streams s >
xreadgroup group g c streams s 18446744073709551615-18446744073709551615
xack none g x
xack s nogroup x
xack s g 1 x
xack str g 1
xpending s g -
xpending s g - +
xpending s g - + x
xpending s g x + 1
xpending s g - + -1
xpending s g - + 1 c c
xpending s g idle 1 - +
xpending s g idle x - + 1
xpending s g idle 100000000 - + 1 c
xpending s g idle 1 - + 1 c c
xpending s g (18446744073709551615-18446744073709551615 + 1
xpending s g - (0 1
xpending none g
xpending s nogroup - + 1
xpending str g
xpending s g - + 1 nobody
xclaim s g c x 1
xclaim s g c -1 1
xclaim none g c x 1
xclaim s nogroup c 0 1
xclaim str g c 0 1
xclaim s g c 0 x
xclaim s g c 0 1 foo
xclaim s g c 0 1 force 2
xclaim s g c 0 1 idle
xclaim s g c 0 1 idle x
xclaim s g c 0 1 time x
xclaim s g c 0 1 retrycount x
xclaim s g c 0 1 lastid x
xclaim s g c 0 5-1 time -5 force
xclaim s g c 0 5-1 time 9999999999999
xclaim s g c 0 5-1 idle -9223372036854775808 justid
xautoclaim s g c x 0
xautoclaim s g c 0 x
xautoclaim s g c 0 (18446744073709551615-18446744073709551615
xautoclaim s g c 0 0 count
xautoclaim s g c 0 0 count 0
xautoclaim s g c 0 0 count x
xautoclaim s g c 0 0 foo
xautoclaim none g c 0 0
xautoclaim s nogroup c 0 0
xautoclaim str g c 0 0
xautoclaim s g c -5 - count 1 justid count 2
xsetid none 1
xsetid str 1
xsetid s x
xsetid s 1
xsetid s 20 entriesadded x
xsetid s 20 entriesadded -1
xsetid s 20 entriesadded 0
xsetid s 20 maxdeletedid x
xsetid s 20 maxdeletedid 21
xsetid s 20 foo
xsetid s 20 entriesadded
xsetid s 20 entriesadded 50 maxdeletedid 19
xinfo stream none
xinfo stream str
xinfo stream s foo
xinfo stream s full count
xinfo stream s full foo 1
xinfo stream s full count x
xinfo stream s full count 1 2
xinfo groups none
xinfo groups str
xinfo consumers s nogroup
xinfo consumers none g`, "\n") {
		words := strings.Fields(line)
		if got, want := stable(d.Do(words...)), stable(r.Do(words...)); got != want {
			t.Errorf("%s\n  got %s\nredis %s", line, got, want)
		}
	}
}
