package rdbload

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"dragonfly/persistence/rdbfmt"
)

func TestEmptyInput(t *testing.T) {
	c, sum, err := load(nil, Options{})
	if err != nil || len(c.dbs) > 0 || sum.Version != 0 || sum.Bytes != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestMagic(t *testing.T) {
	f := func(start, want string) {
		t.Helper()
		checkRefused(t, complete([]byte(start)), want)
	}
	f("GARBAGE01", `offset 9: not an RDB file: it begins with "GARBAGE01"`)
	f("REDIS00x1", "not an RDB file")
	f("REDIS0000", "impossible version")
	f("VALKEY079", "impossible version")
	f("VKCS\x01\x01\x00\x00", "Valkey's compressed RDB envelope (VKCS) is not supported")
	checkRefused(t, []byte("REDIS00"), "offset 0: unexpected EOF")

	for _, start := range []string{"REDIS0016", "REDIS9999", "VALKEY082"} {
		_, sum, err := load(complete([]byte(start)), Options{})
		if err != nil || len(sum.Warnings) != 1 || sum.Warnings[0].Count != 1 {
			t.Errorf("%s: %+v, %v", start, sum, err)
		}
	}
}

func TestChecksum(t *testing.T) {
	good := file(5, rec(0, "k", str("v")))
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	zero := bytes.Clone(good)
	clear(zero[len(zero)-8:])

	checkRefused(t, bad, "checksum mismatch")
	if _, _, err := load(bad, Options{SkipChecksum: true}); err != nil {
		t.Error(err)
	}
	if _, _, err := load(zero, Options{}); err != nil {
		t.Error(err)
	}
	// Version 4 has none.
	if _, _, err := load(append(append(header(4), rec(0, "k", str("v"))...), rdbfmt.OpEOF), Options{}); err != nil {
		t.Error(err)
	}
}

func TestBytesAfterTheTrailer(t *testing.T) {
	data := file(12, rec(0, "k", str("v")))
	tail := strings.Repeat("SET k v\r\n", 100_000)
	_, sum, err := load(append(data[:len(data):len(data)], tail...), Options{})
	if err != nil || sum.Bytes != int64(len(data)) || sum.Trailing != int64(len(tail)) {
		t.Errorf("%+v, %v", sum, err)
	}
}

// A key whose expiry in seconds lies past 2038 is kept: the real files of the
// oldest versions hold one.
func TestExpiryInSecondsAfter2038(t *testing.T) {
	for _, name := range []string{"2.0.4", "2.2.15", "2.4.18"} {
		c, _, err := load(readFixture(t, name), Options{NowMs: 1.7e12})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, v := range c.dbs[0] {
			found = found || v.deadlineMs > math.MaxInt32*1000
		}
		if !found {
			t.Errorf("%s: no deadline after 2038", name)
		}
	}
}

func TestPlainListsOfRealFile(t *testing.T) {
	checkHasType(t, "2.0.4", List, rdbfmt.TypeList)
}

func TestZipmapsOfRealFile(t *testing.T) {
	checkHasType(t, "2.4.18", Hash, rdbfmt.TypeHashZipmap)
}

// checkHasType verifies that a fixture has a value of type byte typ.
func checkHasType(t *testing.T, name string, want ValueType, typ byte) {
	t.Helper()
	s := typeSpy{discard: new(discard)}
	s.l = newLoader(bytes.NewReader(readFixture(t, name)), Options{}, &s)
	if err := s.l.run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.seen[want], typ) {
		t.Errorf("%s: no %v of type %d, but %v", name, want, typ, s.seen[want])
	}
}

type typeSpy struct {
	*discard
	l    *loader
	seen [6][]byte
}

func (s *typeSpy) Put(rec *Record) error {
	s.seen[rec.Type] = append(s.seen[rec.Type], s.l.typ)
	return s.discard.Put(rec)
}

func TestFunctionLibraryOfRealFile(t *testing.T) {
	for _, name := range []string{"7.0.15", "7.4.1", "valkey-9.1.2"} {
		c, sum, err := load(readFixture(t, name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.functions) != 1 || sum.Functions != 1 || !strings.HasPrefix(c.functions[0], "#!lua name=") {
			t.Errorf("%s: functions %q", name, c.functions)
		}
	}
}

func TestProducer(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if _, sum, _ := load(readFixture(t, name), Options{}); sum.Producer != want {
			t.Errorf("%s: producer %q, want %q", name, sum.Producer, want)
		}
	}
	f("2.6.17", "RDB version 6")
	f("7.0.15", "redis-ver 7.0.15, RDB version 10")
	f("valkey-9.1.2", "valkey-ver 9.1.2, VALKEY version 80")

	data := file(9, []byte{rdbfmt.OpAux}, strs("df-ver", "df-v1\n"), []byte{rdbfmt.OpAux}, strs("Redis-Ver", "6.2.11"))
	if _, sum, _ := load(data, Options{}); sum.Producer != "df-ver df-v1?, redis-ver 6.2.11, RDB version 9" {
		t.Errorf("producer %q", sum.Producer)
	}
}

func TestOpcodes(t *testing.T) {
	data := file(12,
		[]byte{rdbfmt.OpAux}, str("redis-bits"), rdbfmt.AppendInt(nil, 64),
		[]byte{rdbfmt.OpFunctionPreGA}, strs("lib", "LUA"), num(1), strs("described", "code"),
		[]byte{rdbfmt.OpFunctionPreGA}, strs("bare", "LUA"), num(0), strs("code"),
		[]byte{rdbfmt.OpSelectDB}, num(9),
		[]byte{rdbfmt.OpResizeDB}, num(100, 20),
		[]byte{rdbfmt.OpSlotInfo}, num(1, 2, 3),
		[]byte{rdbfmt.OpSlotNum}, num(5),
		[]byte{rdbfmt.OpRAMLRU}, num(70000),
		[]byte{rdbfmt.OpExpireTimeMs}, i64(123456789), []byte{rdbfmt.OpIdle}, num(77),
		rec(0, "idle", str("v")),
		[]byte{rdbfmt.OpFreq, 200}, []byte{rdbfmt.OpExpireTime}, u32(4e9),
		rec(0, "freq", str("v")),
		[]byte{rdbfmt.OpKeyMeta}, num(1), u32(1), num(rdbfmt.ModuleUint, 5, rdbfmt.ModuleEOF),
		rec(0, "meta", str("v")),
		[]byte{rdbfmt.OpDFMask}, u32(rdbfmt.DFMaskSticky|rdbfmt.DFMaskMemcacheFlags), u32(42),
		rec(0, "mask", str("v")),
		rec(0, "none", str("v")),
		[]byte{rdbfmt.OpSelectDB}, num(2),
		rec(0, "back", str("v")),
	)
	c, sum, err := load(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `function "#!lua name=lib\ncode"
function "#!lua name=bare\ncode"
db 2: 1 keys
"back" string "v"
db 9: 5 keys
"freq" string deadline=4000000000000 freq=200 "v"
"idle" string deadline=123456789 idle=77 "v"
"mask" string sticky flags=42 "v"
"meta" string "v"
"none" string "v"
`
	if got := c.dump(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if c.aux["redis-bits"] != "64" || !slices.Equal(c.hints, []string{"100 20"}) {
		t.Errorf("aux %v, hints %v", c.aux, c.hints)
	}
	if len(sum.Warnings) != 1 || sum.Warnings[0].Count != 1 {
		t.Errorf("warnings %+v", sum.Warnings)
	}

	slots := append([]byte("VALKEY080"), join([]byte{rdbfmt.OpSlotImport}, str("job"), num(2, 0, 5, 7, 9), rec(0, "k", str("v")))...)
	if c, _, err := load(complete(slots), Options{}); err != nil || len(c.dbs[0]) != 1 {
		t.Errorf("slot import: %v", err)
	}
}

func TestOpcodesRefused(t *testing.T) {
	f := func(want string, record ...[]byte) {
		t.Helper()
		checkRefused(t, file(12, record...), want)
	}
	f("offset 10: opcode 150: unknown (written by RDB version 12)", []byte{150})
	f("Redis Enterprise GFLAGS: this opcode is not supported", []byte{102})
	f("Dragonfly DF_MASK: unknown flags 0x4", []byte{220}, u32(4))
	f("SELECTDB: impossible database", []byte{254}, num(1<<33))
	f("KEY_META: impossible number of metadata classes", []byte{243}, num(8))
	f("MODULE_AUX: module ReJSON-RL version 3: unknown module opcode 9", []byte{247}, num(0x45e25238df912c03, 2, 1, 9))
	f("MODULE_AUX: module ReJSON-RL version 3: no time of loading", []byte{247}, num(0x45e25238df912c03, 1, 1))
}

func TestModules(t *testing.T) {
	aux1 := join(num(0x3016e5a289bef804, 2, 1), num(rdbfmt.ModuleString), str("x"), num(rdbfmt.ModuleEOF))
	aux2 := num(0x3016e5a289bef804, 2, 2, rdbfmt.ModuleEOF)
	json := join(num(0x45e25238df912c03), num(rdbfmt.ModuleString), rdbfmt.AppendString(nil, []byte(`{"a": [1, 2]}`), true), num(rdbfmt.ModuleEOF))
	long := join(num(0x81<<10), num(rdbfmt.ModuleString), str(strings.Repeat("long", 100_000)), []byte{0x80, 0, 0, 0, 0})
	two := join(num(0x45e25238df912c03), num(rdbfmt.ModuleString), str("1"), num(rdbfmt.ModuleString), str("2"), num(rdbfmt.ModuleEOF))
	data := file(12,
		[]byte{rdbfmt.OpModuleAux}, aux1,
		rec(7, "module:1", moduleValue()),
		rec(0, "string", str("v")),
		rec(7, "json", json),
		rec(7, "module:2", moduleValue()),
		[]byte{rdbfmt.OpModuleAux}, aux2,
		rec(7, "long", long),
		rec(7, "two", two))
	c, sum, err := load(data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.dbs[0]) != 6 || sum.Keys != 6 || len(sum.Modules) != 3 {
		t.Errorf("%+v", sum)
	}
	if m := sum.Modules["ReJSON-RL"]; *m != (ModuleCount{Keys: 3, FirstKey: "module:1"}) {
		t.Errorf("ReJSON-RL: %+v", m)
	}
	if m := sum.Modules["MBbloom--"]; *m != (ModuleCount{Aux: 2}) {
		t.Errorf("MBbloom--: %+v", m)
	}
	if !slices.Equal(c.modules, []string{string(aux1), string(aux2)}) {
		t.Errorf("global data %q", c.modules)
	}
	f := func(key string, typ ValueType, want string) {
		t.Helper()
		if v := c.dbs[0][key]; v.typ != typ || v.items[0].name != want {
			t.Errorf("%s: %v %q", key, v.typ, short(v.items[0].name))
		}
	}
	f("module:1", Module, string(moduleValue()))
	f("module:2", Module, string(moduleValue()))
	f("json", JSON, `{"a": [1, 2]}`)
	f("long", Module, string(long))
	f("two", Module, string(two))

	checkRefused(t, file(12, rec(7, "j", num(0x45e25238df912c03, rdbfmt.ModuleString), str("{"), num(0))), "invalid JSON text")
	checkRefused(t, file(12, rec(7, "j", num(0x45e25238df912c03, 9))), "module ReJSON-RL version 3: unknown module opcode 9")
}

func TestEmptyCollectionsAreSkipped(t *testing.T) {
	data := file(12,
		rec(1, "a", num(0)), rec(2, "b", num(0)), rec(3, "c", num(0)), rec(4, "d", num(0)), rec(5, "e", num(0)),
		rec(9, "f", str(zipmapOf())), rec(10, "g", str(ziplistOf())),
		rec(14, "i", num(0)), rec(14, "j", num(2), str(ziplistOf()), str(ziplistOf())),
		rec(16, "k", blob()), rec(17, "l", blob()), rec(18, "m", num(1, 2), blob()), rec(20, "n", blob()),
		rec(24, "o", i64(0), num(0)), rec(25, "p", i64(0), blob()))
	c, sum, err := load(data, Options{})
	if err != nil || len(c.dbs) > 0 || sum.Empty != 15 || sum.Keys != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestExpiry(t *testing.T) {
	record := func(key string, ms int64) []byte {
		return append(append([]byte{rdbfmt.OpExpireTimeMs}, i64(ms)...), rec(2, key, num(2), strs("a", "b"))...)
	}
	data := file(12, record("past", 999), record("now", 1000), record("future", 1001), record("negative", -1), rec(0, "ever", str("v")))
	f := func(opts Options, expired uint64, want ...string) {
		t.Helper()
		c, sum, err := load(data, opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := sortedKeys(c.dbs[0]); !slices.Equal(got, want) || sum.Expired != expired || sum.Keys != uint64(len(want)) {
			t.Errorf("%+v: keys %v, expired %d", opts, got, sum.Expired)
		}
		if c.dbs[0]["future"].hasDeadline == opts.IgnoreExpiry || c.dbs[0]["ever"].hasDeadline {
			t.Errorf("%+v: wrong deadlines", opts)
		}
	}
	f(Options{}, 0, "ever", "future", "negative", "now", "past")
	f(Options{NowMs: 1000}, 2, "ever", "future", "now")
	f(Options{NowMs: 1000, KeepExpired: true}, 0, "ever", "future", "negative", "now", "past")
	f(Options{NowMs: 1000, IgnoreExpiry: true}, 0, "ever", "future", "negative", "now", "past")
}

// Members and fields whose deadline has passed are dropped, and a key with its
// last one.
func TestMemberExpiry(t *testing.T) {
	const now = 1_700_000_000_000
	ttl := func(sec int64) []byte { return rdbfmt.AppendInt(nil, now/1000+sec-rdbfmt.DFTTLEpochSec) }
	never := rdbfmt.AppendInt(nil, -1)
	redis := func(base int64, ms ...int64) []byte {
		b := join(i64(base), num(uint64(len(ms))))
		for i, ms := range ms {
			b = append(b, join(num(uint64(ms)), strs(string(rune('a'+i)), "v"))...)
		}
		return b
	}
	data := file(9,
		rec(31, "hash", num(4), strs("a", "v"), ttl(0), strs("b", "v"), ttl(1), strs("c", "v"), never, strs("d", "v"), ttl(-9)),
		rec(31, "hash gone", num(2), strs("a", "v"), ttl(0), strs("b", "v"), ttl(-9)),
		rec(32, "set", num(3), str("a"), ttl(0), str("b"), ttl(1), str("c"), never),
		rec(32, "set gone", num(1), str("a"), ttl(0)),
		rec(24, "redis", redis(now-5, 6, 7, 0)),
		rec(24, "redis gone", redis(now-5, 6, 1)),
		rec(25, "packed", i64(0), blob("a", "v", fmt.Sprint(now), "b", "12", fmt.Sprint(now+1), "c", "v", "0")),
		rec(25, "packed gone", i64(0), blob("a", "v", fmt.Sprint(now))),
	)
	f := func(opts Options, want string) {
		t.Helper()
		c, sum, err := load(data, opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.dump(); got != want || sum.Expired != uint64(8-len(c.dbs[0])) || sum.Keys != uint64(len(c.dbs[0])) {
			t.Errorf("got %+v\n%s\nwant\n%s", sum, got, want)
		}
	}
	left := `db 0: 4 keys
"hash" hash of 2
  "b" = "v" until 1700000001000
  "c" = "v"
"packed" hash of 2
  "b" = "12" until 1700000000001
  "c" = "v"
"redis" hash of 2
  "b" = "v" until 1700000000001
  "c" = "v"
"set" set of 2
  "b" until 1700000001000
  "c"
`
	f(Options{NowMs: now}, left)
	f(Options{NowMs: now, IgnoreExpiry: true}, left)
	for _, opts := range []Options{{}, {NowMs: now, KeepExpired: true}} {
		c, sum, err := load(data, opts)
		if err != nil || len(c.dbs[0]) != 8 || sum.Expired != 0 || len(c.dbs[0]["hash"].items) != 4 || len(c.dbs[0]["packed"].items) != 3 {
			t.Errorf("%+v: %+v, %v", opts, sum, err)
		}
	}
}

// failing is a Sink that refuses one record.
type failing struct {
	discard
	at  int
	err error
}

func (f *failing) Put(rec *Record) error {
	if f.keys++; f.keys == f.at {
		return f.err
	}
	return nil
}

func TestSinkError(t *testing.T) {
	refusal := errors.New("duplicate key")
	data := file(12, rec(0, "one", str("v")), rec(2, "two", num(2), strs("a", "b")))
	_, err := Load(bytes.NewReader(data), Options{}, &failing{at: 2, err: refusal})
	if !errors.Is(err, refusal) || err.Error() != `offset 22: key "two": type 2 (set): duplicate key (written by RDB version 12)` {
		t.Errorf("%v", err)
	}
}

// A Sink that does not look at the elements does not hide an error in them, and
// what it says of a broken value is not the cause.
func TestElementErrorComesFirst(t *testing.T) {
	data := file(12, rec(5, "z", num(2), str("a"), f64(1), str("b"), f64(math.NaN())))
	_, err := Load(bytes.NewReader(data), Options{}, &failing{})
	if !errors.Is(err, errScoreNaN) {
		t.Errorf("%v", err)
	}
	_, err = Load(bytes.NewReader(data), Options{}, &failing{at: 1, err: io.ErrClosedPipe})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

func TestReaderErrors(t *testing.T) {
	data := smallStrings(10)
	broken := errors.New("disk on fire")
	r := io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(broken))
	if _, err := Load(r, Options{}, new(discard)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := Load(stuck{}, Options{}, new(discard)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestProgress(t *testing.T) {
	data := smallStrings(100_000)
	var seen []int64
	_, err := Load(bytes.NewReader(data), Options{Progress: func(n int64) { seen = append(seen, n) }}, new(discard))
	if err != nil || len(seen) < 3 || !slices.IsSorted(seen) || seen[len(seen)-1] != int64(len(data)) {
		t.Errorf("%v of %d, %v", seen, len(data), err)
	}
}

// A string larger than the window, and the window's return to its size.
func TestLargeStrings(t *testing.T) {
	large := strings.Repeat("0123456789", 1<<20)
	sink := newCollector()
	data := file(12, rec(0, "a", str(large)), rec(0, "b", str("small")), rec(0, "c", str(large+"!")))
	l := newLoader(bytes.NewReader(data), Options{}, sink)
	if err := l.run(); err != nil {
		t.Fatal(err)
	}
	if sink.dbs[0]["a"].items[0].name != large || sink.dbs[0]["c"].items[0].name != large+"!" {
		t.Error("a large string came out changed")
	}
	if len(l.in.buf) > windowKeep {
		t.Errorf("the window kept %d bytes", len(l.in.buf))
	}
}

func TestNoAllocationPerRecord(t *testing.T) {
	f := func(name string, build func(n int) []byte) {
		t.Helper()
		small, large := build(5000), build(10_000)
		run := func(data []byte) float64 {
			return testing.AllocsPerRun(5, func() {
				if _, err := Load(bytes.NewReader(data), Options{}, new(discard)); err != nil {
					t.Fatal(err)
				}
			})
		}
		if a, b := run(small), run(large); b > a {
			t.Errorf("%s: %v allocations for 5000 records, %v for 10000", name, a, b)
		}
	}
	f("strings", smallStrings)
	f("hashes", smallHashes)
	f("zsets", smallZsets)
	f("set", largeSet)
	f("ziplists", func(n int) []byte {
		return file(9, bytes.Repeat(rec(13, "k", str(ziplistOf("a", "1", "b", "two"))), n))
	})
	f("zipmaps", func(n int) []byte {
		return file(9, bytes.Repeat(rec(9, "k", str(zipmapOf("a", "1", "b", "two"))), n))
	})
	f("streams", func(n int) []byte {
		return file(11, bytes.Repeat(rec(21, "k", streamValue(3)), n))
	})
}

func TestErrorQuotesLittle(t *testing.T) {
	key := strings.Repeat("k", 100_000)
	_, _, err := load(file(12, rec(28, key)), Options{})
	if n := len(err.Error()); n > 1000 {
		t.Errorf("a message of %d bytes", n)
	}
}

// restamp writes the right checksum at the end of data.
func restamp(data []byte) []byte {
	if len(data) > 17 {
		binary.LittleEndian.PutUint64(data[len(data)-8:], rdbfmt.CRC64(0, data[:len(data)-8]))
	}
	return data
}

func ExampleError() {
	data := append(header(10), rec(19, "foo", num(1))...)
	_, err := Load(bytes.NewReader(data), Options{}, new(discard))
	fmt.Println(err)
	// Output: offset 15: key "foo": type 19 (stream 2): unexpected EOF (written by RDB version 10)
}
