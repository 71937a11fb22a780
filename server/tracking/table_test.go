package tracking

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recorder is a Teller that writes down what it is told.
type recorder struct {
	mu    sync.Mutex
	lines []string
	soon  int
	any   bool
}

func (r *recorder) Tell(clients []*Client, keys []string, by int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := strings.Join(keys, " ")
	if keys == nil {
		what = "all"
	}
	for _, c := range clients {
		r.lines = append(r.lines, fmt.Sprintf("%d: %s", c.ID, what))
	}
}

func (r *recorder) Soon(int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.soon++
}

func (r *recorder) Watching(any bool) { r.any = any }

// take returns what was told since the last call, in order of the clients.
func (r *recorder) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.lines)
	text := strings.Join(r.lines, ", ")
	r.lines = nil
	return text
}

// expect fails unless exactly this was told.
func (r *recorder) expect(t *testing.T, want string) {
	t.Helper()
	if got := r.take(); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestDefaultMode(t *testing.T) {
	r := &recorder{}
	table := New(r)
	table.Enable(1, Options{})
	table.Enable(2, Options{NoLoop: true})
	for _, client := range []int64{2, 1, 2} {
		table.Read(client, []byte("k"))
	}
	table.Read(1, []byte("other"))
	if got, want := table.Stats(), (Stats{Clients: 2, Keys: 2, Items: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	table.Changed(2, []byte("k"))
	r.expect(t, "1: k")
	table.Changed(3, []byte("k"))
	r.expect(t, "") // nobody has read it since
	table.Read(2, []byte("k"))
	table.Changed(1, []byte("k"))
	r.expect(t, "2: k")
	table.Flushed(2)
	r.expect(t, "1: all, 2: all")
	if st := table.Stats(); st.Keys != 0 || st.Items != 0 {
		t.Errorf("after a flush there are %d keys with %d readers", st.Keys, st.Items)
	}
}

// TestStaleReaders: those who are in the table and do not track any more, or broadcast now, are not told.
func TestStaleReaders(t *testing.T) {
	r := &recorder{}
	table := New(r)
	table.Enable(1, Options{})
	table.Enable(2, Options{})
	table.Enable(3, Options{})
	for _, client := range []int64{1, 2, 3} {
		table.Read(client, []byte("k"))
	}
	table.Disable(1)
	table.Disable(2)
	table.Enable(2, Options{Broadcast: true, Prefixes: []string{"x"}})
	table.Changed(0, []byte("k"))
	r.expect(t, "3: k")
	table.Disable(2)
	if !r.any {
		t.Error("a client tracks, and the table says that none does")
	}
	table.Read(3, []byte("k"))
	table.Disable(3)
	table.Disable(3)
	if r.any || table.Stats() != (Stats{}) {
		t.Errorf("without clients: watching %v, %+v", r.any, table.Stats())
	}
}

func TestBroadcast(t *testing.T) {
	r := &recorder{}
	table := New(r)
	table.Enable(1, Options{Broadcast: true, Prefixes: []string{"b:", "a:", "a:"}})
	c := table.Enable(1, Options{Broadcast: true, Prefixes: []string{"c:"}})
	if got := strings.Join(c.Prefixes, " "); got != "a: b: c:" {
		t.Errorf("prefixes %q", got)
	}
	table.Enable(2, Options{Broadcast: true, Prefixes: []string{""}, NoLoop: true})
	if n := table.Stats().Prefixes; n != 4 {
		t.Errorf("%d prefixes", n)
	}
	for _, key := range []string{"b:2", "a:1", "z", "", "b:1", "b:2"} {
		table.Changed(3, []byte(key))
	}
	r.expect(t, "")
	if r.soon != 1 {
		t.Errorf("called for %d times", r.soon)
	}
	table.Broadcast()
	r.expect(t, "1: a:1, 1: b:1 b:2, 2:  a:1 b:1 b:2 z")

	// The last who changed a key counts.
	table.Changed(2, []byte("a:1"))
	table.Changed(2, []byte("own"))
	table.Changed(3, []byte("own too"))
	table.Changed(2, []byte("own too"))
	table.Changed(2, []byte("theirs"))
	table.Changed(0, []byte("theirs"))
	table.Broadcast()
	r.expect(t, "1: a:1, 2: theirs")
	if r.soon != 2 {
		t.Errorf("called for %d times", r.soon)
	}
	table.Changed(2, []byte("own"))
	table.Broadcast()
	table.Broadcast()
	r.expect(t, "")

	table.Disable(2)
	table.Changed(3, []byte("z"))
	table.Broadcast()
	r.expect(t, "")
	table.Flushed(3)
	r.expect(t, "1: all")
}

func TestLimit(t *testing.T) {
	r := &recorder{}
	table := New(r)
	table.Enable(1, Options{})
	table.SetLimit(100)
	for i := range 250 {
		table.Read(1, fmt.Appendf(nil, "key%d", i))
	}
	if n := table.Stats().Keys; n != 100 {
		t.Errorf("%d keys, the limit is 100", n)
	}
	told := map[string]bool{}
	for _, line := range strings.Split(r.take(), ", ") {
		told[line] = true
	}
	if len(told) != 150 {
		t.Errorf("%d keys were given up", len(told))
	}
	table.SetLimit(20)
	if table.Trim(10) {
		t.Error("10 were enough")
	}
	if !table.Trim(1000) || table.Stats().Keys != 20 || table.Stats().Items != 20 {
		t.Errorf("%+v, the limit is 20", table.Stats())
	}
	table.SetLimit(0)
	for i := range 250 {
		table.Read(1, fmt.Appendf(nil, "key%d", i))
	}
	if n := table.Stats().Keys; n != 250 {
		t.Errorf("%d keys without a limit", n)
	}
}

func TestOverlap(t *testing.T) {
	f := func(has, given, want string) {
		t.Helper()
		var c *Client
		if has != "" {
			c = &Client{Options: Options{Prefixes: strings.Fields(has)}}
		}
		one, other, theirs, found := Overlap(c, strings.Split(given, " "))
		got := ""
		if found {
			got = fmt.Sprint(one, " ", other, " ", theirs)
		}
		if got != want {
			t.Errorf("%q and %q: %q, want %q", has, given, got, want)
		}
	}
	f("", "a b", "")
	f("", "ab b abc", "ab abc false")
	f("", "abc b ab", "abc ab false")
	f("", "a a", "a a false")
	f("", "a ", "a  false")
	f("foo bar", "baz fo", "fo foo true")
	f("foo bar", "x barb", "barb bar true")
	f("foo bar", "x y", "")
}

// TestAnyOrder plays random calls to a table and to a simple model of it.
func TestAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	r := &recorder{}
	table := New(r)
	readers := map[string]map[int64]bool{}
	tracks := map[int64]bool{}
	for range 20000 {
		client, key := random.Int64N(5)+1, fmt.Sprint("k", random.IntN(20))
		switch op := random.IntN(20); {
		case op < 10 && tracks[client]:
			table.Read(client, []byte(key))
			if readers[key] == nil {
				readers[key] = map[int64]bool{}
			}
			readers[key][client] = true
		case op < 17:
			table.Changed(client, []byte(key))
			var want []string
			for id := range readers[key] {
				if tracks[id] {
					want = append(want, fmt.Sprintf("%d: %s", id, key))
				}
			}
			slices.Sort(want)
			r.expect(t, strings.Join(want, ", "))
			delete(readers, key)
		case op == 17:
			table.Enable(client, Options{})
			tracks[client] = true
		case op == 18:
			table.Disable(client)
			if delete(tracks, client); len(tracks) == 0 {
				clear(readers)
			}
		}
		items := 0
		for _, list := range readers {
			items += len(list)
		}
		if got, want := table.Stats(), (Stats{Clients: len(tracks), Keys: int64(len(readers)), Items: int64(items)}); got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

// TestReadAllocates: to read again what is in the table costs no memory.
func TestReadAllocates(t *testing.T) {
	table := New(&recorder{})
	table.Enable(1, Options{})
	key := []byte("key")
	table.Read(1, key)
	if n := testing.AllocsPerRun(100, func() { table.Read(1, key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	other := []byte("other")
	if n := testing.AllocsPerRun(100, func() { table.Changed(2, other) }); n != 0 {
		t.Errorf("a change of a key that nobody has read makes %v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	table := New(&recorder{})
	table.Enable(1, Options{})
	var keys [1024][]byte
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key:%d", i)
		table.Read(1, keys[i])
	}
	for i := 0; b.Loop(); i++ {
		table.Read(1, keys[i%len(keys)])
	}
}
