package integration

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// contents is all that clients can read of a data set: what two servers must agree on.
type contents map[keyName]*keyState

// keyName is a key of a database.
type keyName struct {
	db  int
	key string
}

// keyState is all that clients can read of a key.
type keyState struct {
	kind     string // as TYPE says
	deadline int64  // Unix milliseconds, -1 without one
	elems    []elem // hash fields and set members in byte order, all else in its own order
	groups   []groupLine
}

// groupLine is a counter, group or consumer of a stream as text, with its pending entries.
type groupLine struct {
	text  string
	times []int64 // when the consumer was seen and the entries delivered, Unix milliseconds
}

// elem is a string, a list element, a set member, a member of a sorted set, a hash field with its value, or a stream
// entry: its ID, then fields and values.
type elem struct {
	parts    []string
	score    float64
	deadline int64 // of a hash field or set member, Unix milliseconds, -1 without one
}

// readContents reads all databases of a server. The connection speaks RESP2.
func readContents(t testing.TB, c *conn) contents {
	t.Helper()
	knows := func(args ...string) bool { return !strings.Contains(c.must(t, args...), "unknown command") }
	fieldTTL := knows("HPEXPIRETIME", "\x00no such key", "FIELDS", "1", "f")
	memberTTL := knows("FIELDTTL", "\x00no such key", "m")
	all := contents{}
	for db := range 16 {
		c.ok(t, "SELECT", strconv.Itoa(db))
		readDatabase(t, c, db, fieldTTL, memberTTL, all)
	}
	c.ok(t, "SELECT", "0")
	return all
}

func readDatabase(t testing.TB, c *conn, db int, fieldTTL, memberTTL bool, all contents) {
	t.Helper()
	keys := scanKeys(t, c)
	var heads, bodies [][]string
	for _, key := range keys {
		heads = append(heads, []string{"TYPE", key}, []string{"PEXPIRETIME", key})
	}
	answers := c.mustAll(t, heads)
	type read struct {
		state *keyState
		count int // of commands
	}
	var reads []read
	for i, key := range keys {
		k := &keyState{kind: parseValue(answers[2*i]).text}
		k.deadline, _ = strconv.ParseInt(parseValue(answers[2*i+1]).text, 10, 64)
		all[keyName{db, key}] = k
		commands := readCommands(k.kind, key)
		if commands == nil {
			t.Fatalf("key %.100q is of type %q", key, k.kind)
		}
		reads = append(reads, read{k, len(commands)})
		bodies = append(bodies, commands...)
	}
	answers = c.mustAll(t, bodies)
	for i, r := range reads {
		r.state.fill(t, answers[:r.count])
		answers = answers[r.count:]
		switch {
		case r.state.kind == "hash" && fieldTTL:
			r.state.readFieldDeadlines(t, c, keys[i])
		case r.state.kind == "set" && memberTTL:
			r.state.readMemberDeadlines(t, c, keys[i])
		}
	}
}

// scanKeys returns the keys of the selected database and checks that SCAN and DBSIZE agree.
func scanKeys(t testing.TB, c *conn) []string {
	t.Helper()
	set := map[string]bool{}
	for cursor := "0"; ; {
		v := parseValue(c.must(t, "SCAN", cursor, "COUNT", "1000"))
		if len(v.items) != 2 {
			t.Fatalf("SCAN: %s", v)
		}
		for _, key := range v.items[1].texts() {
			set[key] = true
		}
		if cursor = v.items[0].text; cursor == "0" {
			break
		}
	}
	if n := bulk(c.must(t, "DBSIZE")); n != strconv.Itoa(len(set)) {
		t.Errorf("DBSIZE %s, SCAN found %d keys", n, len(set))
	}
	return slices.Sorted(maps.Keys(set))
}

// readCommands are the commands that read a key whole.
func readCommands(kind, key string) [][]string {
	switch kind {
	case "string":
		return [][]string{{"GET", key}}
	case "list":
		return [][]string{{"LRANGE", key, "0", "-1"}}
	case "set":
		return [][]string{{"SMEMBERS", key}}
	case "zset":
		return [][]string{{"ZRANGE", key, "0", "-1", "WITHSCORES"}}
	case "hash":
		return [][]string{{"HGETALL", key}}
	case "stream":
		return [][]string{{"XRANGE", key, "-", "+"}, {"XINFO", "STREAM", key, "FULL", "COUNT", "0"}}
	case kindJSON, kindBloom, kindCuckoo, kindCMS, kindTopK:
		return [][]string{{"DUMP", key}}
	}
	return nil
}

// fill keeps the answers to readCommands.
func (k *keyState) fill(t testing.TB, answers []string) {
	t.Helper()
	values := make([]*value, len(answers))
	for i, raw := range answers {
		values[i] = parseValue(raw)
	}
	k.fillValues(t, values)
}

func (k *keyState) fillValues(t testing.TB, answers []*value) {
	t.Helper()
	v := answers[0]
	add := func(parts ...string) { k.elems = append(k.elems, elem{parts: parts, deadline: -1}) }
	switch k.kind {
	case "string":
		add(v.text)
	case "list":
		for _, e := range v.texts() {
			add(e)
		}
	case "set":
		members := v.texts()
		sort.Strings(members)
		for _, m := range members {
			add(m)
		}
	case "hash":
		for i := 0; i+1 < len(v.items); i += 2 {
			add(v.items[i].text, v.items[i+1].text)
		}
		sort.Slice(k.elems, func(i, j int) bool { return k.elems[i].parts[0] < k.elems[j].parts[0] })
	case "zset":
		for i := 0; i+1 < len(v.items); i += 2 {
			add(v.items[i].text)
			score, err := strconv.ParseFloat(v.items[i+1].text, 64)
			if err != nil {
				t.Errorf("score %q", v.items[i+1].text)
			}
			k.elems[len(k.elems)-1].score = score
		}
	case "stream":
		for _, entry := range v.items {
			add(append([]string{entry.items[0].text}, entry.items[1].texts()...)...)
		}
		k.fillGroups(answers[1])
	default:
		for _, parts := range opaqueParts(t, k.kind, v.text) {
			add(parts...)
		}
	}
}

// fillGroups keeps what XINFO STREAM FULL says beside the entries, without what versions of Redis say differently.
func (k *keyState) fillGroups(v *value) {
	line := func(pending *value, timeAt int, text string) {
		l := groupLine{text: text}
		for _, p := range pending.items {
			words := p.texts()
			at, _ := strconv.ParseInt(words[timeAt], 10, 64)
			l.times = append(l.times, at)
			l.text += fmt.Sprintf(" %q", slices.Delete(words, timeAt, timeAt+1))
		}
		k.groups = append(k.groups, l)
	}
	for _, name := range []string{"length", "last-generated-id", "max-deleted-entry-id", "entries-added", "recorded-first-entry-id"} {
		if v.field("length").text != "0" || name != "recorded-first-entry-id" { // Redis has no certain one there
			line(&value{}, 0, name+" "+v.field(name).text)
		}
	}
	for _, g := range v.field("groups").items { // the lag follows from the counters
		line(g.field("pending"), 2, fmt.Sprintf("group %q at %s pending", g.field("name").text, g.field("last-delivered-id").text))
		line(&value{}, 0, "read "+g.field("entries-read").text)
		for _, c := range g.field("consumers").items {
			line(c.field("pending"), 1, fmt.Sprintf("consumer %q pending", c.field("name").text))
			seen, _ := strconv.ParseInt(c.field("seen-time").text, 10, 64)
			last := &k.groups[len(k.groups)-1]
			last.times = append(last.times, seen)
		}
	}
}

func (k *keyState) readFieldDeadlines(t testing.TB, c *conn, key string) {
	t.Helper()
	args := []string{"HPEXPIRETIME", key, "FIELDS", strconv.Itoa(len(k.elems))}
	for _, e := range k.elems {
		args = append(args, e.parts[0])
	}
	for i, v := range parseValue(c.must(t, args...)).items {
		k.elems[i].deadline, _ = strconv.ParseInt(v.text, 10, 64)
	}
}

// readMemberDeadlines takes the deadlines of set members from DUMP, which knows the instant: FIELDTTL tells what is left.
func (k *keyState) readMemberDeadlines(t testing.TB, c *conn, key string) {
	t.Helper()
	deadlines := memberDeadlines(t, bulk(c.must(t, "DUMP", key)))
	for i, e := range k.elems {
		if at, ok := deadlines[e.parts[0]]; ok {
			k.elems[i].deadline = at
		}
	}
}

// scoreText says how DEBUG DIGEST prints scores.
type scoreText func(float64) string

// redis70Score is the text of Redis up to 7.0, printf's %.17g.
func redis70Score(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f == 0:
		if math.Signbit(f) {
			return "-0"
		}
		return "0"
	}
	e := strconv.FormatFloat(f, 'e', 16, 64)
	mantissa, exp, _ := strings.Cut(e, "e")
	if x, _ := strconv.Atoi(exp); x >= -4 && x < 17 {
		s := strconv.FormatFloat(f, 'f', 16-x, 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + "e" + exp
}

// digest is a running DEBUG DIGEST: what has an order is mixed in, what has none is added by exclusive or.
type digest [sha1.Size]byte

func (d *digest) xor(s string) {
	sum := sha1.Sum([]byte(s))
	for i := range d {
		d[i] ^= sum[i]
	}
}

func (d *digest) mix(s string) {
	d.xor(s)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixInt(n int) {
	d.mix(string(binary.BigEndian.AppendUint32(nil, uint32(n))))
}

// digestKinds are the numbers of the types in a digest.
var digestKinds = []string{"string", "list", "set", "zset", "hash", "module", "stream"}

// digest computes what DEBUG DIGEST answers for these contents.
func (all contents) digest(score scoreText) string {
	var final digest
	last := -1
	names := slices.SortedFunc(maps.Keys(all), func(a, b keyName) int { return a.db - b.db })
	for _, name := range names {
		if name.db != last {
			last = name.db
			final.mixInt(name.db)
		}
		var d digest
		d.mix(name.key)
		all[name].digest(&d, score)
		final.xor(string(d[:]))
	}
	return hex.EncodeToString(final[:])
}

func (k *keyState) digest(d *digest, score scoreText) {
	d.mixInt(slices.Index(digestKinds, k.kind))
	for _, e := range k.elems {
		var one digest
		switch k.kind {
		case "string", "list":
			d.mix(e.parts[0])
		case "set":
			d.xor(e.parts[0])
		case "zset":
			one.mix(e.parts[0])
			one.mix(score(e.score))
			d.xor(string(one[:]))
		case "hash":
			one.mix(e.parts[0])
			one.mix(e.parts[1])
			if e.deadline >= 0 {
				one.xor("!!hexpire!!")
			}
			d.xor(string(one[:]))
		case "stream":
			d.mix(strings.Replace(e.parts[0], "-", ".", 1))
			for _, p := range e.parts[1:] {
				d.mix(p)
			}
		}
	}
	if k.deadline >= 0 {
		d.xor("!!expire!!")
	}
}

// String is the state, without times, as text that is equal for equal states.
func (k *keyState) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %d:", k.kind, len(k.elems))
	for _, e := range k.elems {
		fmt.Fprintf(&b, " %q", e.parts)
		if k.kind == "zset" {
			fmt.Fprintf(&b, "=%v", e.score)
		}
		if e.deadline >= 0 {
			fmt.Fprintf(&b, " until %d", e.deadline)
		}
	}
	for _, line := range k.groups {
		fmt.Fprintf(&b, "\n%s", line.text)
	}
	return b.String()
}

// leveled leaves out what depends on the version of Redis: consumers without pending entries, how many entries a group
// has read, and the sign of a zero score, which is kept or not by the encoding that each step finds.
func (all contents) leveled() contents {
	for _, k := range all {
		for i := range k.elems {
			if k.elems[i].score == 0 {
				k.elems[i].score = 0
			}
		}
		k.groups = slices.DeleteFunc(k.groups, func(line groupLine) bool {
			return strings.HasPrefix(line.text, "read ") ||
				strings.HasPrefix(line.text, "consumer ") && strings.HasSuffix(line.text, " pending")
		})
	}
	return all
}

// same tells whether two states are equal but for times.
func (k *keyState) same(other *keyState) bool {
	return k.kind == other.kind && slices.EqualFunc(k.elems, other.elems, func(x, y elem) bool {
		return math.Float64bits(x.score) == math.Float64bits(y.score) && x.deadline == y.deadline && slices.Equal(x.parts, y.parts)
	}) && slices.EqualFunc(k.groups, other.groups, func(x, y groupLine) bool { return x.text == y.text })
}

// near tells whether two instants differ by at most slackMs; -1 is no instant.
func near(a, b, slackMs int64) bool {
	return a == b || min(a, b) >= 0 && max(a, b)-min(a, b) <= slackMs
}

// differences says in which keys two data sets differ. Deadlines and times may differ by slackMs.
func (all contents) differences(other contents, slackMs int64) []string {
	var lines []string
	for name, a := range all {
		b, ok := other[name]
		if !ok {
			lines = append(lines, fmt.Sprintf("db %d key %.200q: only the first has it: %.300s", name.db, name.key, a))
			continue
		}
		if !a.same(b) {
			x, y := around(a.String(), b.String())
			lines = append(lines, fmt.Sprintf("db %d key %.200q:\n\t%s\n\t%s", name.db, name.key, x, y))
		}
		if !near(a.deadline, b.deadline, slackMs) {
			lines = append(lines, fmt.Sprintf("db %d key %.200q: deadlines %d and %d", name.db, name.key, a.deadline, b.deadline))
		}
		sameTimes := func(x, y groupLine) bool {
			return slices.EqualFunc(x.times, y.times, func(x, y int64) bool { return near(x, y, slackMs) })
		}
		if !slices.EqualFunc(a.groups, b.groups, sameTimes) {
			lines = append(lines, fmt.Sprintf("db %d key %.200q: stream times %v and %v", name.db, name.key, a.groups, b.groups))
		}
	}
	for name, b := range other {
		if _, ok := all[name]; !ok {
			lines = append(lines, fmt.Sprintf("db %d key %.200q: only the second has it: %.300s", name.db, name.key, b))
		}
	}
	sort.Strings(lines)
	return lines
}

// around cuts two texts to the place where they part.
func around(x, y string) (string, string) {
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	cut := func(s string) string {
		head, _, _ := strings.Cut(s, ":")
		from := max(0, n-60)
		return fmt.Sprintf("%s … at %d: %s", head, n, s[from:min(len(s), n+200)])
	}
	return cut(x), cut(y)
}

// report fails the test with the first differences.
func report(t testing.TB, what string, lines []string) {
	t.Helper()
	if len(lines) > 0 {
		t.Errorf("%s: %d keys differ\n%s", what, len(lines), strings.Join(lines[:min(5, len(lines))], "\n"))
	}
}

func TestRedis70Score(t *testing.T) {
	f := func(x float64, want string) {
		t.Helper()
		if got := redis70Score(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
	f(1, "1")
	f(2.5, "2.5")
	f(1e8, "100000000")
	f(0.1, "0.10000000000000001")
	f(1e300, "1.0000000000000001e+300")
	f(1e-5, "1.0000000000000001e-05")
	f(123456789012345680, "1.2345678901234568e+17")
	f(math.Inf(-1), "-inf")
}
