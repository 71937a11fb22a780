package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/rdbload"
	"dragonfly/server/digest"
	"dragonfly/server/loader"
	"dragonfly/store"
	"dragonfly/store/object"
)

var update = flag.Bool("update", false, "write the golden files")

// now is the time of all tests: a minute after the sample was saved.
var now = time.Unix(1795352068+60, 0)

func options() Options { return Options{Now: now, Databases: 16, Top: 10} }

// report inspects a path.
func report(t testing.TB, path string) *Report {
	t.Helper()
	r, err := Path(t.Context(), path, options())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fixtures are the RDB files of this repository, written by servers of all ages.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../rdbload/testdata/*.rdb")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	return files
}

func TestText(t *testing.T) {
	sample, err := os.ReadFile("../../testdata/sample/dump.rdb")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // so that the path in the report is short
	write(t, "dump.rdb", sample)
	var b bytes.Buffer
	if err := report(t, "dump.rdb").WriteText(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.golden", b.Bytes())
}

// golden compares with a golden file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	_, self, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(self), "testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("not as in %s:\n%s", name, got)
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// load loads files into a store, as the server does.
func load(t testing.TB, shards int, files ...string) *store.Store {
	t.Helper()
	st, err := store.New(store.Options{Shards: shards, Databases: 16, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	l := loader.New(st, 1, now.UnixMilli())
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		feeder := l.Feeder()
		if _, err := rdbload.Load(bytes.NewReader(data), rdbload.Options{NowMs: now.UnixMilli()}, feeder); err != nil {
			t.Fatal(err)
		}
		feeder.Flush()
	}
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	return st
}

// checkLoaded compares a report with what a store holds that has loaded the same files.
func checkLoaded(t *testing.T, r *Report, st *store.Store) {
	t.Helper()
	if got, want := r.Digest, digest.Of(st).String(); got != want {
		t.Errorf("digest %s, loaded %s", got, want)
	}
	want := map[string]Totals{}
	encodings := map[string]int64{}
	var keys, used int64
	for n := range st.NumShards() {
		used += st.Shard(n).A.Used()
		for db := range st.NumDBs() {
			v := st.View(db, 0)
			v.Each(st.Shard(n), func(c object.Cell) bool {
				keys++
				m := measures{bytes: int64(store.MemUsage(c)), elements: elements(c), ttlMs: -1}
				if ms, ok := c.Deadline(); ok {
					m.ttlMs = ms
				}
				name := fmt.Sprint(db, " ", c.Type())
				sum := want[name]
				sum.add(m)
				want[name] = sum
				encodings[c.Type().String()+" "+c.Encoding().String()]++
				return true
			})
		}
	}
	if r.Keys != keys {
		t.Errorf("%d keys, loaded %d", r.Keys, keys)
	}
	for _, db := range r.Databases {
		for _, typ := range db.Types {
			name := fmt.Sprint(db.Index, " ", typ.Type)
			if typ.Totals != want[name] {
				t.Errorf("database and type %s: %v, loaded %v", name, typ.Totals, want[name])
			}
			delete(want, name)
		}
	}
	for _, e := range r.Encodings {
		name := e.Type + " " + e.Encoding
		if e.Keys != encodings[name] {
			t.Errorf("%s: %d keys, loaded %d", name, e.Keys, encodings[name])
		}
		delete(encodings, name)
	}
	if len(want)+len(encodings) > 0 {
		t.Errorf("not reported: %v %v", want, encodings)
	}
	if diff := float64(r.MemoryBytes)/float64(used) - 1; diff < -0.1 || diff > 0.1 {
		t.Errorf("%d bytes of memory estimated, loaded %d (%+.0f %%)", r.MemoryBytes, used, 100*diff)
	}
}

// TestFixtures: what is said of a file is what a load makes of it.
func TestFixtures(t *testing.T) {
	for _, file := range fixtures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r := report(t, file)
			if !r.Loads || len(r.Problems) > 0 {
				t.Fatalf("does not load: %+v", r.Problems)
			}
			checkLoaded(t, r, load(t, 4, file))
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if r.SizeBytes != info.Size() || len(r.Files) != 1 || r.Files[0].DataBytes != info.Size() || r.Files[0].Keys != r.Keys {
				t.Errorf("%d bytes, %+v", r.SizeBytes, r.Files)
			}
		})
	}
}

// TestJSON: the object has the names that the package comment tells of, and the values of a file that is known well.
func TestJSON(t *testing.T) {
	r := report(t, "../../rdbload/testdata/7.4.1.rdb")
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if bytes.Count(b.Bytes(), []byte("\n")) != 1 {
		t.Error("not on one line")
	}
	if bytes.Contains(b.Bytes(), []byte("null")) {
		t.Errorf("a null in %s", b.Bytes())
	}
	var object map[string]any
	if err := json.Unmarshal(b.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for name := range object {
		if !bytes.Contains(doc, []byte(name)) {
			t.Errorf("the package comment does not tell of %s", name)
		}
	}
	want := map[string]any{
		"format": "rdb", "rdb_version": 12.0, "producer": "redis-ver 7.4.1, RDB version 12", "created_unix": 1795352036.0,
		"used_mem_bytes": 2027832.0, "loads": true, "keys": 55.0, "elements": 3927.0, "expired_keys": 0.0,
		"digest":    "410f656ee95869745c45cca331b934f53ec2b9c2",
		"field_ttl": map[string]any{"hashes": 2.0, "fields": 3.0, "sets": 0.0, "members": 0.0},
		"functions": []any{map[string]any{"name": "mylib", "engine": "lua", "bytes": 75.0}},
		"aux":       map[string]any{"aof-base": "0", "redis-bits": "64"},
		"problems":  []any{},
	}
	for name, value := range want {
		if got := fmt.Sprint(object[name]); got != fmt.Sprint(value) {
			t.Errorf("%s: %s, want %v", name, got, value)
		}
	}
	first := object["biggest_by_memory"].([]any)[0].(map[string]any)
	if fmt.Sprint(first) != "map[bytes:102400 db:0 elements:0 encoding:raw key:map[text:str:20] ttl_ms:-1 type:string]" {
		t.Errorf("the biggest key is %v", first)
	}
}

// rdb writes an RDB file with a body between head and trailer.
func rdb(t testing.TB, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.rdb")
	data := append([]byte("REDIS0011"), body...)
	data = append(data, rdbfmt.OpEOF)
	write(t, path, append(data, make([]byte, 8)...))
	return path
}

// str appends a record of a string.
func str(dst []byte, key, value string) []byte {
	dst = append(dst, rdbfmt.TypeString)
	return rdbfmt.AppendString(rdbfmt.AppendPlain(dst, []byte(key)), []byte(value), false)
}

// expiring appends a string that expires in some time.
func expiring(dst []byte, key string, in time.Duration) []byte {
	dst = append(dst, rdbfmt.OpExpireTimeMs)
	ms := uint64(now.Add(in).UnixMilli())
	for i := range 8 {
		dst = append(dst, byte(ms>>(8*i)))
	}
	return str(dst, key, "v")
}

func TestExpiry(t *testing.T) {
	var b []byte
	for i, in := range []time.Duration{-time.Hour, time.Second, time.Hour - 1e6, time.Hour, 25 * time.Hour, 8 * 24 * time.Hour, 800 * 24 * time.Hour} {
		b = expiring(b, fmt.Sprint("k", i), in)
	}
	r := report(t, rdb(t, str(str(b, "a", "1"), "b", "2")))
	want := TTL{Keys: 6, MinMs: 1000, MaxMs: 800 * 24 * 3600 * 1000, Expired: 1, Under1h: 2, Under1d: 1, Under1w: 1, Under30d: 1, Later: 1, None: 2}
	if r.TTL != want || r.Keys != 8 || r.ExpiredKeys != 1 || r.Databases[0].WithTTL != 6 {
		t.Errorf("%+v\nwant %+v", r.TTL, want)
	}
}

// TestDamage: a file that does not load is reported as far as it goes, with the place and the reason.
func TestDamage(t *testing.T) {
	whole, err := os.ReadFile("../../rdbload/testdata/7.2.6.rdb")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.rdb")
	f := func(data []byte, message, text string) {
		t.Helper()
		write(t, path, data)
		r := report(t, path)
		if r.Loads || len(r.Problems) != 1 || r.Digest != "" {
			t.Fatalf("loads %v, problems %v, digest %s", r.Loads, r.Problems, r.Digest)
		}
		p := r.Problems[0]
		if !strings.Contains(p.Message, message) || p.Offset == nil || p.File != path {
			t.Errorf("problem %+v, want %q", p, message)
		}
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "loads         NO\n") || !strings.Contains(b.String(), text) {
			t.Errorf("the text lacks %q:\n%s", text, b.String())
		}
	}
	f(whole[:len(whole)/2], "unexpected EOF", "What follows is what came before that.")
	changed := bytes.Clone(whole)
	changed[len(changed)-1] ^= 1
	f(changed, "checksum mismatch", "offset ")
	at := bytes.Index(whole, []byte("zset:600"))
	f(whole[:at+100], "unexpected EOF", `: key "zset:600": type zset`)
	f([]byte("hello, this is no snapshot"), "not an RDB file", "offset 9: not an RDB file")
	f([]byte("REDIS0011\xfe\x00\x7fxx"), "opcode 127: unknown", "offset 12: ")
}

// TestProblems: more that a load would not take.
func TestProblems(t *testing.T) {
	if r := report(t, filepath.Join(t.TempDir(), "none")); r.Loads || r.Format != FormatUnknown || len(r.Problems) != 1 {
		t.Errorf("%+v", r)
	}
	var b []byte
	for _, db := range []byte{15, 16, 17, 16} {
		b = str(append(b, rdbfmt.OpSelectDB, db), "key", "value")
	}
	r := report(t, rdb(t, b))
	if r.Loads || len(r.Problems) != 2 || r.Problems[0].Message != "database 16, but --dbnum is 16" || r.Keys != 4 {
		t.Errorf("%+v", r.Problems)
	}
	b = append(b[:0], rdbfmt.TypeSet)
	b = rdbfmt.AppendPlain(rdbfmt.AppendLen(rdbfmt.AppendPlain(rdbfmt.AppendPlain(b, []byte("twice"))[:1], []byte("twice")), 2), []byte("m"))
	r = report(t, rdb(t, rdbfmt.AppendPlain(b, []byte("m"))))
	if r.Loads || r.Problems[0].Message != loader.ErrDuplicateMember.Error() || r.Problems[0].Key.quoted() != `"twice"` {
		t.Errorf("%+v", r.Problems)
	}
}

func TestEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.rdb")
	write(t, path, nil)
	if r := report(t, path); !r.Loads || r.Keys != 0 || r.Digest != strings.Repeat("0", 40) {
		t.Errorf("%+v", r)
	}
}

func TestTrailing(t *testing.T) {
	path := rdb(t, str(nil, "k", "v"))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := func(n, warnings int) {
		t.Helper()
		write(t, path, append(bytes.Clone(data), make([]byte, n)...))
		if r := report(t, path); !r.Loads || len(r.Warnings) != warnings || r.Files[0].DataBytes != int64(len(data)) {
			t.Errorf("%d bytes: %+v", n, r.Warnings)
		}
	}
	f(0, 0)
	f(5, 1)
	f(pageSize-len(data), 0) // as Dragonfly does it
	f(2*pageSize-len(data), 1)
}

// TestLost: a load that drops something that is in the file says so.
func TestLost(t *testing.T) {
	r := report(t, rdb(t, str([]byte{rdbfmt.OpKeyMeta, 0}, "k", "v")))
	if len(r.Warnings) != 1 || !r.Warnings[0].Lost || !r.Loads {
		t.Fatalf("%+v %+v", r.Problems, r.Warnings)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "    LOST: "+r.Warnings[0].Text+"\n") {
		t.Error(b.String())
	}
}

// TestKeys: keys of any bytes and length have a place in both forms of the report.
func TestKeys(t *testing.T) {
	long := strings.Repeat("k", 1000)
	r := report(t, rdb(t, str(str(str(nil, "\xff\x00", strings.Repeat("v", 3000)), long, "v"), "<ü>", "v")))
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"text":"�\u0000","base64":"/wA="}`, `{"text":"` + long[:maxKey] + `","length":1000}`, `{"text":"<ü>"}`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the object lacks %s:\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"\xff\x00"`, `"` + long[:shownKey] + `"… of 1,000 bytes`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %s:\n%s", want, b.String())
		}
	}
}

// TestBesideKeys: scripts, indexes and functions are told of.
func TestBesideKeys(t *testing.T) {
	aux := func(dst []byte, name, value string) []byte {
		return rdbfmt.AppendString(rdbfmt.AppendPlain(append(dst, rdbfmt.OpAux), []byte(name)), []byte(value), false)
	}
	b := aux(nil, "lua", "return 1")
	b = aux(b, "search-index", "idx ON HASH SCHEMA a AS a TEXT")
	b = aux(b, "search-index", "idx ON HASH SCHEMA a AS a TEXT")
	b = aux(b, "search-synonyms", "idx group word")
	b = aux(b, "what", "ever\x1b[2J")
	b = rdbfmt.AppendPlain(append(b, rdbfmt.OpFunction), []byte("#!js name=lib\nx"))
	r := report(t, rdb(t, b))
	if !slices.Equal(r.Functions, []Function{{"lib", "js", 15}}) || r.SearchSynonyms != 1 ||
		!slices.Equal(r.SearchIndexes, []SearchIndex{{"idx", "ON HASH SCHEMA a AS a TEXT"}}) ||
		!slices.Equal(r.Scripts, []Script{{"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 8}}) {
		t.Errorf("%+v %+v %+v %d", r.Functions, r.Scripts, r.SearchIndexes, r.SearchSynonyms)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "\x1b") || !strings.Contains(text.String(), `what ever\x1b[2J`) {
		t.Errorf("%q", text.String())
	}
}

// many writes a file of n keys.
func many(t testing.TB, n int) string {
	var b []byte
	for i := range n {
		b = str(b, fmt.Sprintf("key:%d", i), fmt.Sprintf("value %d", i*i))
		if i%500 == 0 { // a big set now and then
			b = rdbfmt.AppendLen(rdbfmt.AppendPlain(append(b, rdbfmt.TypeSet), fmt.Appendf(nil, "set:%d", i)), 600)
			for m := range 600 {
				b = rdbfmt.AppendPlain(b, fmt.Appendf(nil, "member %d of %d", m, i))
			}
		}
	}
	return rdb(t, b)
}

// TestMemory: an inspection takes no more memory for a large file than for a small one.
func TestMemory(t *testing.T) {
	path := many(t, 200_000)
	first, last, calls := int64(0), int64(0), 0
	opt := options()
	opt.Progress = func(p Progress) {
		calls++
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		last = int64(m.HeapAlloc)
		if first == 0 {
			first = last
		}
	}
	r, err := Path(t.Context(), path, opt)
	if err != nil || !r.Loads || r.Keys != 200_400 {
		t.Fatalf("%v, %+v", err, r.Problems)
	}
	if grown := last - first; calls < 8 || grown > 200_000 {
		t.Errorf("the heap grew by %d bytes within %d calls of Progress", grown, calls)
	}
	checkLoaded(t, r, load(t, 8, path))
}

// TestBench: of the values that were built nothing is left.
func TestBench(t *testing.T) {
	bench, err := loader.NewBench(object.DefaultLimits(), now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	defer bench.Close()
	in := newInspection(t.Context(), options(), &meter{})
	for _, file := range fixtures(t) {
		in.read(file, bench, rdbload.Options{})
	}
	r := in.r
	if !r.Loads || bench.Used() != 0 {
		t.Errorf("%d bytes left, %+v", bench.Used(), r.Problems)
	}
}

// TestInterrupt: an inspection ends with its context.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	opt := options()
	opt.Progress = func(Progress) { cancel() }
	if _, err := Path(ctx, many(t, 100_000), opt); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBiggest(t *testing.T) {
	var b []byte
	for i := range 13 {
		b = str(b, fmt.Sprintf("key:%d", i), strings.Repeat("v", 16<<(i*8%13)))
	}
	opt := options()
	opt.Top = 3
	r, err := Path(t.Context(), rdb(t, b), opt)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range r.BiggestByMemory {
		names = append(names, k.Key.bytes)
	}
	if !slices.Equal(names, []string{"key:8", "key:3", "key:11"}) || len(r.BiggestByElements) != 0 {
		t.Error(names, r.BiggestByElements)
	}
}

func TestHuman(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(bytesText(1023), "1023 B")
	f(bytesText(1536), "1.5 KiB")
	f(bytesText(1<<20-1), "1.0 MiB")
	f(bytesText(5<<40), "5.0 TiB")
	f(bytesText(5<<50), "5120.0 TiB")
	f(countText(0), "0")
	f(countText(999), "999")
	f(countText(1234567), "1,234,567")
	f(durationText(90_000), "90 s")
	f(durationText(3600_000), "60 min")
	f(durationText(3*3600_000), "3 h")
	f(durationText(50*3600_000), "2 days")
	f(durationText(1<<62), "292 years")
}
