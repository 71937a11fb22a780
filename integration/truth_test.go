package integration

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// truth is what a real Dragonfly answered about the data set in testdata/dfs, which every snapshot there holds. Strings
// are bytes as Latin-1 text.
type truth struct {
	DBs map[string]struct {
		DBSize int
		Keys   map[string]truthKey
	}
	Scripts [][]string `json:"script_list"` // digest and text
}

// truthKey is what it answered about a key.
type truthKey struct {
	Type        string
	PExpireTime int64
	Value       any             // of types with commands here, and JSON
	PFCount     *json.Number    // of a HyperLogLog
	FieldTTL    map[string]bool `json:"has_field_ttl"`
	MemberTTL   map[string]bool `json:"has_member_ttl"`
	Full        any             // XINFO STREAM FULL
	Pending     map[string]struct{ Summary any }
	Info, List  []any // of the probabilistic types
}

// truthWritten is the second in which the data set was written, and truthTTLs for how long some of its fields and members
// live from then on. The first of them ends in 2029.
const truthWritten = 1795354485

var truthTTLs = map[string]int64{
	"set:ttl": 100_000_000, "set:ttlall": 90_000_000, "set:fieldexpire": 80_000_000,
	"hash:ttl": 100_000_000, "hash:ttlall": 90_000_000, "hash:fieldexpire": 80_000_000, "hash:hexpire": 70_000_000,
}

func dragonflyFiles(path ...string) string {
	return filepath.Join(append([]string{"..", "testdata", "dfs"}, path...)...)
}

var readTruth = sync.OnceValues(func() (*truth, error) {
	f, err := os.Open(dragonflyFiles("contents.json.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(z)
	d.UseNumber()
	tr := &truth{}
	return tr, d.Decode(tr)
})

// dragonflyTruth returns the truth, unless its first deadlines have passed.
func dragonflyTruth(t testing.TB) *truth {
	t.Helper()
	if time.Now().Unix() > truthWritten+70_000_000 {
		t.Skip("SKIPPED: the first deadlines in the snapshots of Dragonfly have passed")
	}
	tr, err := readTruth()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// rawBytes returns the bytes that Latin-1 text stands for.
func rawBytes(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// jsonValue returns a reply that was kept as JSON.
func jsonValue(v any) *value {
	switch v := v.(type) {
	case nil:
		return &value{kind: '$', null: true}
	case string:
		return &value{kind: '$', text: rawBytes(v)}
	case json.Number:
		return &value{kind: ':', text: v.String()}
	case []any:
		all := &value{kind: '*'}
		for _, e := range v {
			all.items = append(all.items, jsonValue(e))
		}
		return all
	case map[string]any:
		all := &value{kind: '*'}
		for name, e := range v {
			all.items = append(all.items, &value{kind: '$', text: rawBytes(name)}, jsonValue(e))
		}
		return all
	}
	panic(fmt.Sprintf("%T in the truth", v))
}

// plainTexts returns all texts of a tree, whatever their kind.
func (v *value) plainTexts() string {
	if v.aggregate() {
		var all []string
		for _, item := range v.items {
			all = append(all, item.plainTexts())
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	return strconv.Quote(v.text)
}

// contents returns the truth as we read it from a server, without the types whose bits it does not tell.
func (tr *truth) contents(t testing.TB) contents {
	t.Helper()
	all := contents{}
	for db, d := range tr.DBs {
		n, err := strconv.Atoi(db)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Keys) != d.DBSize {
			t.Fatalf("database %d: the truth knows %d of %d keys", n, len(d.Keys), d.DBSize)
		}
		for name, key := range d.Keys {
			if key.Value == nil {
				continue
			}
			k := &keyState{kind: key.Type, deadline: key.PExpireTime}
			if key.Type == kindJSON {
				k.elems = []elem{{parts: []string{normalJSON(t, rawBytes(key.Value.(string)))}, deadline: -1}}
			} else {
				k.fillValues(t, []*value{jsonValue(key.Value), jsonValue(key.Full)})
			}
			all[keyName{n, rawBytes(name)}] = k
		}
	}
	return all
}

// checkTruth fails the test unless a server holds exactly the data set of the truth. It returns what the server holds.
func checkTruth(t *testing.T, c *conn) contents {
	t.Helper()
	tr := dragonflyTruth(t)
	got, want := readContents(t, c), tr.contents(t)
	compared := contents{}
	for name, k := range got {
		compared[name] = k
	}
	for db, d := range tr.DBs {
		c.ok(t, "SELECT", db)
		c.expect(t, fmt.Sprintf(":%d\r\n", d.DBSize), "DBSIZE")
		n, _ := strconv.Atoi(db)
		for latin1, key := range d.Keys {
			name := keyName{n, rawBytes(latin1)}
			k := got[name]
			if k == nil {
				continue // differences will tell
			}
			if key.Value == nil {
				delete(compared, name)
				key.checkFilter(t, c, name, k)
				continue
			}
			key.checkDeadlines(t, c, name, k, want[name])
			if key.PFCount != nil { // of a copy: PFCOUNT keeps what it has counted
				c.expect(t, ":1\r\n", "COPY", name.key, "copy")
				c.expect(t, fmt.Sprintf(":%s\r\n", *key.PFCount), "PFCOUNT", "copy")
				c.expect(t, ":1\r\n", "DEL", "copy")
			}
			for group, p := range key.Pending {
				got := parseValue(c.must(t, "XPENDING", name.key, group)).plainTexts()
				if want := jsonValue(p.Summary).plainTexts(); got != want {
					t.Errorf("XPENDING %q %q: %s, want %s", name.key, group, got, want)
				}
			}
			if key.Type == "stream" {
				checkActivity(t, name.key, parseValue(c.must(t, "XINFO", "STREAM", name.key, "FULL", "COUNT", "0")), jsonValue(key.Full))
			}
		}
	}
	c.ok(t, "SELECT", "0")
	report(t, "the truth and what we hold", want.differences(compared, 0))
	return got
}

// checkActivity compares the active times of all consumers.
func checkActivity(t *testing.T, key string, got, want *value) {
	t.Helper()
	times := func(full *value) (lines []string) {
		for _, g := range full.field("groups").items {
			for _, c := range g.field("consumers").items {
				lines = append(lines, fmt.Sprintf("%s %s active %s", g.field("name").text, c.field("name").text, c.field("active-time").text))
			}
		}
		sort.Strings(lines)
		return lines
	}
	if g, w := times(got), times(want); !slices.Equal(g, w) {
		t.Errorf("%s: consumers %q, want %q", key, g, w)
	}
}

// checkDeadlines checks that the fields and members with a deadline are those of the truth, and when that is. It makes
// the truth know the instants.
func (key *truthKey) checkDeadlines(t *testing.T, c *conn, name keyName, got, want *keyState) {
	t.Helper()
	flags := key.FieldTTL
	if flags == nil {
		flags = key.MemberTTL
	}
	for i, e := range got.elems {
		if key.Type != "hash" && key.Type != "set" {
			break
		}
		left := bulk(c.must(t, "FIELDTTL", name.key, e.parts[0]))
		if (e.deadline >= 0) != flags[e.parts[0]] {
			t.Errorf("%s %q: deadline %d, want one: %v", name.key, e.parts[0], e.deadline, flags[e.parts[0]])
		}
		if e.deadline < 0 {
			if left != "-1" {
				t.Errorf("FIELDTTL %s %q: %s", name.key, e.parts[0], left)
			}
			continue
		}
		if at := (truthWritten + truthTTLs[name.key]) * 1000; !near(e.deadline, at, 60_000) || e.deadline%1000 != 0 {
			t.Errorf("%s %q: deadline %d, want %d or a little more or less", name.key, e.parts[0], e.deadline, at)
		}
		if n, err := strconv.ParseInt(left, 10, 64); err != nil || !near(n, e.deadline/1000-time.Now().Unix(), 2) {
			t.Errorf("FIELDTTL %s %q: %s, the deadline is %d", name.key, e.parts[0], left, e.deadline)
		}
		if i < len(want.elems) {
			want.elems[i].deadline = e.deadline
		}
	}
}

// checkFilter compares a value of a probabilistic type with what its INFO command said.
func (key *truthKey) checkFilter(t *testing.T, c *conn, name keyName, k *keyState) {
	t.Helper()
	if k.kind != key.Type || k.deadline != key.PExpireTime {
		t.Errorf("%s: %s until %d, want %s until %d", name.key, k.kind, k.deadline, key.Type, key.PExpireTime)
		return
	}
	f := readFilter(t, bulk(c.must(t, "DUMP", name.key)))
	if k.kind == kindBloom {
		f.facts["Capacity"], f.facts["Number of items inserted"] = f.bloomCounts(t)
	}
	for i := 0; i+1 < len(key.Info); i += 2 {
		fact := fmt.Sprint(key.Info[i])
		if fact == "Size" {
			continue // in the memory of the writer
		}
		if got, want := fmt.Sprint(f.facts[fact]), fmt.Sprint(key.Info[i+1]); got != want {
			t.Errorf("%s: %s is %s, want %s", name.key, fact, got, want)
		}
	}
	switch k.kind {
	case kindCMS:
		for row, table := range f.tables {
			sum := int64(0)
			for b := []byte(table); len(b) > 0; b = b[8:] {
				sum += int64(binary.LittleEndian.Uint64(b))
			}
			if sum != f.facts["count"] {
				t.Errorf("%s: counters of row %d add up to %d, want %v", name.key, row, sum, f.facts["count"])
			}
		}
	case kindCuckoo:
		used := 0
		for _, table := range f.tables {
			used += len(table) - strings.Count(table, "\x00")
		}
		if want := f.facts["Number of items inserted"]; fmt.Sprint(used) != fmt.Sprint(want) {
			t.Errorf("%s: %d fingerprints, want %v", name.key, used, want)
		}
	case kindTopK:
		f.checkTop(t, name.key, key.List)
	}
}

// bloomCounts returns the capacity and the number of items of a Bloom filter as BF.INFO counts them.
func (f *filter) bloomCounts(t *testing.T) (capacity, items uint64) {
	t.Helper()
	number := func(name string) uint64 { return f.facts[name].(uint64) }
	for i, table := range f.tables {
		if n := len(table); n == 0 || n&(n-1) != 0 {
			t.Errorf("Bloom filter %d has %d bytes, no power of two", i, n)
		}
	}
	return number("before") + number("capacity"), number("before") + number("current")
}

// checkTop compares the items of a Top-K with what TOPK.LIST WITHCOUNT said.
func (f *filter) checkTop(t *testing.T, key string, list []any) {
	t.Helper()
	pairs := func(words []string) (lines []string) {
		for i := 0; i+1 < len(words); i += 2 {
			lines = append(lines, words[i]+" "+words[i+1])
		}
		sort.Strings(lines)
		return lines
	}
	if got, want := pairs(f.top), pairs(jsonValue(list).texts()); !slices.Equal(got, want) {
		t.Errorf("%s: items %q, want %q", key, got, want)
	}
}
