package rdbload

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

// module returns a type-7 value of RedisJSON's type id with one of each piece.
func moduleValue() []byte {
	return join(num(0x45e25238df912c03),
		num(rdbfmt.ModuleSint), num(math.MaxUint64),
		num(rdbfmt.ModuleUint), num(7),
		num(rdbfmt.ModuleFloat), []byte{0, 0, 0, 0},
		num(rdbfmt.ModuleDouble), f64(1),
		num(rdbfmt.ModuleString), str(`{"a":1}`),
		num(rdbfmt.ModuleString), rdbfmt.AppendString(nil, []byte(strings.Repeat("x", 100)), true),
		num(rdbfmt.ModuleString), rdbfmt.AppendInt(nil, 70000),
		num(rdbfmt.ModuleEOF))
}

// streamValue returns a stream of the given version with two live entries 1-1
// and 2-0, a deleted one 1-5, and a group with two consumers.
func streamValue(version int) []byte {
	b := join(num(1), str(string(id(1, 1))),
		blob("2", "1", "1", "f", "0",
			"2", "0", "0", "v", "4",
			"3", "0", "4", "gone", "4",
			"0", "1", "-1", "1", "g", "w", "6"),
		num(2), num(2, 0))
	if version >= 2 {
		b = append(b, num(1, 1, 1, 5, 3)...)
	}
	b = append(b, join(num(1), str("group"), num(1, 1))...)
	if version >= 2 {
		b = append(b, num(1)...)
	}
	pending := 2
	if version >= 5 {
		pending = 3
	}
	b = append(b, join(num(uint64(pending)), id(1, 1), i64(100), num(3), id(1, 5), i64(200), num(1))...)
	if version >= 5 {
		b = append(b, join(id(2, 0), i64(300), num(1))...)
	}
	b = append(b, num(2)...)
	for i, name := range []string{"anna", "ben"} {
		b = append(b, join(str(name), i64(1000))...)
		if version >= 3 {
			b = append(b, i64(-1)...)
		}
		b = append(b, join(num(1), id(1, []uint64{5, 1}[i]))...)
	}
	if version >= 5 {
		b = append(b, join(num(1), id(2, 0))...)
	}
	if version >= 4 {
		b = append(b, join(num(100, 10), num(1), str("producer"), num(1), str("iid"), num(1, 1), num(5, 6))...)
	}
	return b
}

func streamText(read, active, tail string) string {
	added := "3"
	if read == "-" { // version 1 counts no deletions
		added, read = "2", "1"
	}
	maxDeleted := "{Ms:1 Seq:5}"
	if added == "2" {
		maxDeleted = "{Ms:0 Seq:0}"
	}
	return `"k" stream of 2 {Length:2 LastID:{Ms:2 Seq:0} FirstID:{Ms:1 Seq:1} MaxDeletedID:` + maxDeleted + ` EntriesAdded:` + added + `}
  "1.1" "f" "v"
  "2.0" "g" "w"
  group "group" at {1 1} read ` + read + `
    consumer "anna" seen 1000 active ` + active + `
      1-5 at 200, 1 times
    consumer "ben" seen 1000 active ` + active + `
      1-1 at 100, 3 times
` + tail
}

// zipmapOf returns a zipmap with room behind each value.
func zipmapOf(pairs ...string) string {
	b := []byte{byte(len(pairs) / 2)}
	for i, s := range pairs {
		b = append(b, byte(len(s)))
		if i%2 == 1 {
			b = append(b, 2) // free bytes behind the value
		}
		b = append(b, s...)
		if i%2 == 1 {
			b = append(b, 0, 0)
		}
	}
	return string(append(b, 0xFF))
}

// ziplistOf returns a ziplist of short strings.
func ziplistOf(texts ...string) string {
	b := []byte{0, 0, 0, 0, 0, 0, 0, 0, byte(len(texts)), 0}
	last, tail := 0, 10
	for _, s := range texts {
		tail = len(b)
		b = append(append(b, byte(last), byte(len(s))), s...)
		last = len(s) + 2
	}
	b = append(b, 0xFF)
	copy(b, u32(uint32(len(b))))
	copy(b[4:], u32(uint32(tail)))
	return string(b)
}

// intsetOf returns an intset of 16-bit integers.
func intsetOf(n ...int16) string {
	b := join(u32(2), u32(uint32(len(n))))
	for _, n := range n {
		b = append(b, byte(n), byte(n>>8))
	}
	return string(b)
}

func TestEveryType(t *testing.T) {
	const redis, valkey = "REDIS", "VALKEY"
	f := func(name, magic string, version int, typ byte, val []byte, want string) {
		t.Helper()
		b := fmt.Appendf(nil, "%s%0*d", magic, 9-len(magic), version)
		c, _, err := load(complete(append(b, rec(typ, "k", val)...)), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		want = "db 0: 1 keys\n" + want
		if got := c.dump(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	hash := "\"k\" hash of 2\n  \"a\" = \"1\"\n  \"b\" = \"two\"\n"
	hashTTL := "\"k\" hash of 2\n  \"a\" = \"1\" until 1700000000000\n  \"b\" = \"two\"\n"
	zset := "\"k\" zset of 2\n  \"a\" 1\n  \"b\" 2.5\n"
	list := "\"k\" list of 3\n  \"x\"\n  \"y\"\n  \"12\"\n"
	members := "\"k\" set of 2\n  \"a\"\n  \"b\"\n"

	f("string", redis, 1, 0, str("value"), "\"k\" string \"value\"\n")
	f("string, int8", redis, 1, 0, []byte{0xC0, 0x80}, "\"k\" string \"-128\"\n")
	f("string, int16", redis, 1, 0, []byte{0xC1, 0x39, 0x30}, "\"k\" string \"12345\"\n")
	f("string, int32", redis, 1, 0, []byte{0xC2, 0, 0, 0, 0x80}, "\"k\" string \"-2147483648\"\n")
	f("string, LZF", redis, 1, 0, []byte{0xC3, 9, 40, 1, 'a', 'a', 0xE0, 0x1B, 0, 1, 'a', 'a'},
		"\"k\" string \""+strings.Repeat("a", 40)+"\"\n")
	f("string, 64-bit length", redis, 12, 0, []byte{0x81, 0, 0, 0, 0, 0, 0, 0, 1, 'v'}, "\"k\" string \"v\"\n")
	f("list", redis, 1, 1, join(num(3), strs("x", "y"), rdbfmt.AppendInt(nil, 12)), list)
	f("set", redis, 1, 2, join(num(2), strs("a", "b")), members)
	f("zset", redis, 1, 3, join(num(2), str("a"), []byte("\x011"), str("b"), []byte("\x032.5")), zset)
	f("zset, infinite", redis, 1, 3, join(num(2), str("a"), []byte{254}, str("b"), []byte{255}),
		"\"k\" zset of 2\n  \"a\" +Inf\n  \"b\" -Inf\n")
	f("hash", redis, 1, 4, join(num(2), strs("a", "1", "b", "two")), hash)
	f("zset 2", redis, 8, 5, join(num(2), str("b"), f64(2.5), str("a"), f64(1)), zset)
	f("zipmap", redis, 2, 9, str(zipmapOf("a", "1", "b", "two")), hash)
	f("list ziplist", redis, 2, 10, str(ziplistOf("x", "y", "12")), list)
	f("intset", redis, 2, 11, str(intsetOf(-5, 7)), "\"k\" set of 2\n  \"-5\"\n  \"7\"\n")
	f("zset ziplist", redis, 2, 12, str(ziplistOf("a", "1", "b", "2.5")), zset)
	f("hash ziplist", redis, 4, 13, str(ziplistOf("a", "1", "b", "two")), hash)
	f("quicklist", redis, 7, 14, join(num(4), str(ziplistOf()), str(ziplistOf("x")), str(ziplistOf()), str(ziplistOf("y", "12"))), list)
	f("quicklist, one node", redis, 7, 14, join(num(1), str(ziplistOf("x", "y", "12"))), list)
	f("quicklist, empty nodes at the end", redis, 7, 14, join(num(2), str(ziplistOf("x", "y", "12")), str(ziplistOf())), list)
	f("hash listpack", redis, 10, 16, blob("a", "1", "b", "two"), hash)
	f("zset listpack", redis, 10, 17, blob("a", "1", "b", "2.5"), zset)
	f("quicklist 2", redis, 10, 18, join(num(2, 1), str("x"), num(2), blob("y", "12")), list)
	f("quicklist 2, one node", redis, 10, 18, join(num(1, 2), blob("x", "y", "12")), list)
	f("quicklist 2, one plain", redis, 10, 18, join(num(1, 1), str("x")), "\"k\" list of 1\n  \"x\"\n")
	f("set listpack", redis, 11, 20, blob("a", "b"), members)
	f("hash with deadlines, rc", redis, 12, 22, join(num(2), num(1700000000000), strs("a", "1"), num(0), strs("b", "two")), hashTTL)
	f("hash listpack with deadlines, rc", redis, 12, 23, blob("a", "1", "1700000000000", "b", "two", "0"), hashTTL)
	f("hash with deadlines", redis, 12, 24, join(i64(1699999999999), num(2), num(2), strs("a", "1"), num(0), strs("b", "two")), hashTTL)
	f("hash listpack with deadlines", redis, 12, 25, join(i64(1700000000000), blob("a", "1", "1700000000000", "b", "two", "0")), hashTTL)
	f("Valkey hash", valkey, 80, 22, join(num(2), strs("a", "1"), i64(1700000000000), strs("b", "two"), i64(-1)), hashTTL)

	f("stream", redis, 9, 15, streamValue(1), streamText("-", "1000", ""))
	f("stream 2", redis, 10, 19, streamValue(2), streamText("1", "1000", ""))
	f("stream 3", redis, 11, 21, streamValue(3), streamText("1", "-1", ""))
	f("stream 4", redis, 13, 26, streamValue(4), streamText("1", "-1", ""))
	f("stream 5", redis, 14, 27, streamValue(5), streamText("1", "-1", ""))
	f("stream, empty", redis, 9, 15, num(0, 0, 5, 1, 0),
		"\"k\" stream of 0 {Length:0 LastID:{Ms:5 Seq:1} FirstID:{Ms:0 Seq:0} MaxDeletedID:{Ms:0 Seq:0} EntriesAdded:0}\n")

	f("Dragonfly hash", redis, 9, 31, join(num(2), strs("a", "1"), rdbfmt.AppendInt(nil, 1700000000-rdbfmt.DFTTLEpochSec),
		strs("b", "two"), rdbfmt.AppendInt(nil, -1)), hashTTL)
	f("Dragonfly set", redis, 9, 32, join(num(2), str("a"), rdbfmt.AppendInt(nil, 1700000000-rdbfmt.DFTTLEpochSec),
		str("b"), rdbfmt.AppendInt(nil, -1)), "\"k\" set of 2\n  \"a\" until 1700000000000\n  \"b\"\n")
}

func TestHashTemplates(t *testing.T) {
	template := join([]byte{rdbfmt.OpHashTemplate}, num(7, 3), strs("a", "b", "long"))
	data := file(15, template,
		rec(30, "packed", blob("7", "1", "x", "two")),
		rec(32, "elements", num(7), strs("1", "x", "two")))
	c, _, err := load(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := " hash of 3\n  \"a\" = \"1\"\n  \"b\" = \"x\"\n  \"long\" = \"two\"\n"
	if got, want := c.dump(), "db 0: 2 keys\n\"elements\""+h+"\"packed\""+h; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	f := func(want string, records ...[]byte) {
		t.Helper()
		checkRefused(t, file(15, records...), want)
	}
	f("no template 7", rec(32, "k", num(7), strs("1")))
	f("no template 8", template, rec(30, "k", blob("8", "1")))
	f("values do not match the template", template, rec(30, "k", blob("7", "1")))
	f("template id is no integer", template, rec(30, "k", blob("x", "1")))
	f("no template id", template, rec(30, "k", blob()))
	f("template 7 comes twice", template, template)
	f("template fields out of order", join([]byte{rdbfmt.OpHashTemplate}, num(7, 2), strs("b", "a")))
	f("a template of this layout is not supported", join([]byte{rdbfmt.OpHashTemplate}, num(7, 0, 2)))
}

// checkRefused verifies that data does not load, for a reason that contains want.
func checkRefused(t *testing.T, data []byte, want string) {
	t.Helper()
	_, _, err := load(data, Options{})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q", err, want)
	}
}

func TestRefused(t *testing.T) {
	f := func(want string, typ byte, val ...[]byte) {
		t.Helper()
		checkRefused(t, file(12, rec(typ, "foo", val...)), want)
	}
	f(`offset 14: key "foo": type 6 (module, Redis 4.0-rc): a module's value of this age cannot be skipped (written by RDB version 12)`, 6, num(1))
	f("type byte 8 has no meaning", 8)
	f("type 28 (Redis 8.8 array): this type is not supported", 28)
	f("type 29 (hash template listpack): this type is not supported", 29)
	f("type byte 38 has no meaning", 38)
	f("type byte 100 has no meaning", 100)
	checkRefused(t, file(15, rec(31, "foo")), "type 31 (hash template array): this type is not supported")
	checkRefused(t, file(15, rec(33, "foo")), "type 33 (Redis 8.10 GCRA limiter): this type is not supported")
	checkRefused(t, file(15, rec(34, "foo")), "type byte 34 has no meaning")
	checkRefused(t, complete(append([]byte("VALKEY081"), rec(23, "foo")...)), "type 23 (Valkey path hash): this type is not supported")
	checkRefused(t, complete(append([]byte("VALKEY080"), rec(24, "foo")...)), "type byte 24 has no meaning")
	checkRefused(t, complete(append([]byte("VALKEY081"), 242)), "HASH_TEMPLATE: Valkey's UPDATE opcode is not supported")

	f("score is not a number", 3, num(1), str("a"), []byte{253})
	f("score does not parse", 3, num(1), str("a"), []byte("\x03abc"))
	f("score is not a number", 5, num(1), str("a"), f64(math.NaN()))
	f("unknown string encoding 4", 0, []byte{0xC4})
	f("invalid length byte", 0, []byte{0x82})
	f("string encoding where a length is expected", 1, []byte{0xC0, 1})
	f("impossible length", 0, []byte{0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0})
	f("LZF data does not have the announced size", 0, []byte{0xC3, 1}, num(1<<40), []byte{0})
	f("LZF data does not have the announced size", 0, []byte{0xC3, 2}, num(100), []byte{0, 'a'})
	f("LZF data ends inside an instruction", 0, []byte{0xC3, 2}, num(100), []byte{1, 'a'})

	f("listpack: offset", 16, str("junk"))
	f("last member is incomplete", 16, blob("a", "1", "b"))
	f("last member is incomplete", 17, blob("a"))
	f("last member is incomplete", 25, i64(0), blob("a", "1"))
	f("duplicate member", 16, blob("a", "1", "a", "2"))
	f("duplicate member", 20, blob("a", "b", "a"))
	f("duplicate member", 17, blob("a", "1", "a", "2"))
	f("duplicate member", 20, str("\x0d\x00\x00\x00\x02\x00\x0c\x01\x8212\x03\xff")) // 12 as integer and as text
	f("scores out of order", 17, blob("a", "2", "b", "1"))
	f("scores out of order", 17, blob("b", "1", "a", "1"))
	f("score does not parse", 17, blob("a", "x"))
	f("field deadline out of range", 25, i64(0), blob("a", "1", "x"))
	f("field deadline out of range", 25, i64(0), blob("a", "1", "-1"))
	f("field deadline out of range", 25, i64(0), blob("a", "1", fmt.Sprint(1<<48)))
	f("field deadlines out of order", 25, i64(0), blob("a", "1", "7", "b", "1", "6"))
	f("field deadlines out of order", 25, i64(0), blob("a", "1", "0", "b", "1", "6"))
	f("field deadline out of range", 24, i64(1<<48-1), num(1, 2), strs("a", "b"))
	f("field deadline out of range", 24, i64(-5), num(1, 2), strs("a", "b"))
	f("field deadline out of range", 32, num(1), strs("a", "soon"))
	f("unknown list container 3", 18, num(1, 3), str("x"))
	f("empty list node", 18, num(1, 1), str(""))
	f("listpack:", 18, num(1, 2), str(""))
	f("ziplist", 14, num(1), str("junk"))
	f("zipmap", 9, str("junk"))
	f("duplicate member", 9, str(zipmapOf("a", "1", "a", "2")))
	f("intset", 11, str("junk"))
	f("intset", 11, str(intsetOf()))
}

func TestRefusedStreams(t *testing.T) {
	good := []string{"1", "0", "1", "f", "0", "2", "0", "0", "v", "4"}
	f := func(want string, node []string, tail ...[]byte) {
		t.Helper()
		val := join(num(1), str(string(id(1, 1))), blob(node...), join(tail...))
		checkRefused(t, file(9, rec(15, "s", val)), want)
	}
	node := func(change func(n []string)) []string {
		n := append([]string(nil), good...)
		change(n)
		return n
	}
	const bad = "malformed stream node"
	f(bad, nil)
	f(bad, []string{"0", "0", "0", "0"})
	f(bad, good[:9])
	f(bad, node(func(n []string) { n[0] = "2" }))
	f(bad, node(func(n []string) { n[0] = "-1" }))
	f(bad, node(func(n []string) { n[0] = "x" }))
	f(bad, node(func(n []string) { n[1] = "1" }))
	f(bad, node(func(n []string) { n[2] = "2" }))
	f(bad, node(func(n []string) { n[2] = fmt.Sprint(math.MaxInt64) }))
	f(bad, node(func(n []string) { n[4] = "1" }))
	f(bad, node(func(n []string) { n[5] = "6" }))
	f(bad, node(func(n []string) { n[5] = "3" }))
	f(bad, node(func(n []string) { n[6] = "-1" }))
	f(bad, node(func(n []string) { n[9] = "5" }))
	f(bad, []string{"1", "0", "0", "0", "0", "0", "0", fmt.Sprint(math.MaxInt64), "v"})
	f("stream IDs out of order", append(node(func(n []string) { n[0] = "2" }), "2", "0", "0", "v", "4"))
	f("stream IDs out of order", good, num(1, 1, 0))

	tail := join(num(1), num(1, 1), num(1), str("g"), num(1, 1))
	pel := join(num(1), id(1, 1), i64(5), num(1))
	f("pending entries out of order", good, tail, num(2), id(1, 1), i64(5), num(1), id(1, 1))
	f("consumer's pending entry is not one of its group", good, tail, pel, num(1), str("c"), i64(1), num(1), id(1, 2))
	f("pending entry has two owners", good, tail, pel, num(1), str("c"), i64(1), num(2), id(1, 1), id(1, 1))
	f("pending entry has no owner", good, tail, pel, num(0))
	checkRefused(t, file(9, rec(15, "s", num(0, 1, 1, 1, 0))), "stream has a length but no entries")
	checkRefused(t, file(9, rec(15, "s", num(1), str("short"))), "stream node key has not 16 bytes")
}

func TestStreamLengthIsCounted(t *testing.T) {
	val := join(num(1), str(string(id(1, 1))), blob("1", "0", "1", "f", "0", "2", "0", "0", "v", "4"), num(9, 1, 1, 0))
	c, sum, err := load(file(9, rec(15, "s", val)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.dbs[0]["s"].meta.Length; got != 1 {
		t.Errorf("length %d, want 1", got)
	}
	if len(sum.Warnings) != 1 || sum.Warnings[0].FirstKey != "s" {
		t.Errorf("warnings %+v", sum.Warnings)
	}
}

// What a version 1 stream's group has read follows from its last delivered ID.
func TestEntriesRead(t *testing.T) {
	m := StreamMeta{Length: 3, EntriesAdded: 3, FirstID: StreamID{5, 0}, LastID: StreamID{7, 0}}
	f := func(m StreamMeta, ms uint64, want int64) {
		t.Helper()
		if got := m.entriesReadAt(StreamID{ms, 0}); got != want {
			t.Errorf("entriesReadAt(%d) = %d, want %d", ms, got, want)
		}
	}
	f(m, 0, 0)
	f(m, 5, 1)
	f(m, 6, -1)
	f(m, 7, 3)
	f(m, 8, -1)
	f(StreamMeta{}, 9, 0)
}

func TestLoadValue(t *testing.T) {
	f := func(payload []byte, want string) {
		t.Helper()
		s := keep{}
		if err := LoadValue(payload, &s); err != nil {
			t.Errorf("LoadValue(%x): %v", payload, err)
		} else if got := s.v.dump(); got != want {
			t.Errorf("LoadValue(%x) = %q, want %q", payload, got, want)
		}
	}
	// By redis-server 7.0.15.
	f(unhex("000568656c6c6f0a006372df766534200a"), "string \"hello\"\n")
	f(dumped(0, str("x")), "string \"x\"\n")
	f(dumped(1, num(2), strs("a", "b")), "list of 2\n  \"a\"\n  \"b\"\n")
	f(dumped(15, num(0, 0, 5, 1, 0)), "stream of 0 {Length:0 LastID:{Ms:5 Seq:1} FirstID:{Ms:0 Seq:0} MaxDeletedID:{Ms:0 Seq:0} EntriesAdded:0}\n")

	f(dumped(7, moduleValue()), "module "+short(string(moduleValue()))+"\n")
	f(dumped(30, str("[1]")), "ReJSON-RL \"[1]\"\n")
	f(rdbfmt.AppendFooter(append([]byte{20}, str("[1]")...), 0, 9), "ReJSON-RL \"[1]\"\n")

	refused := func(payload []byte, want string) {
		t.Helper()
		if err := LoadValue(payload, &keep{}); err == nil || err.Error() != want {
			t.Errorf("LoadValue(%x): %v, want %s", payload, err, want)
		}
	}
	const by = " (written by DUMP version 12)"
	refused(nil, "payload too short")
	refused(make([]byte, 9), "payload too short")
	refused(make([]byte, 10), "payload checksum mismatch")
	refused(rdbfmt.AppendFooter(nil, 0, rdbfmt.Version), "offset 0: unexpected EOF"+by)
	refused(dumped(4, num(0)), "offset 2: type 4 (hash): empty collection"+by)
	refused(dumped(16, blob()), "offset 9: type 16 (hash listpack): empty collection"+by)
	refused(dumped(1, num(2), str("a")), "offset 4: type 1 (list): unexpected EOF"+by)
	refused(dumped(0, str("a"), str("b")), "offset 3: type 0 (string): bytes follow the value"+by)
	refused(dumped(rdbfmt.OpKeyMeta), "offset 1: type 243 (unknown): type byte 243 has no meaning here"+by)
	if err := LoadValue(dumped(2, num(0)), &keep{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("%v is not ErrEmpty", err)
	}
}

// keep is a ValueSink that keeps the last value.
type keep struct{ v *value }

func (k *keep) Put(rec *Record) (err error) {
	if rec.Key != nil {
		return errors.New("a payload has no key")
	}
	k.v, err = collect(rec)
	return err
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
