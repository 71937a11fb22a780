package loader

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"dragonfly/persistence"
	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/object"
)

var (
	mutants = flag.Int("mutants", 0, "number of mutated files, and ten times as many DUMP payloads, to load; 0 is 6000, or what eight seconds allow")
	seed    = flag.Uint64("seed", 1, "seed of the mutations")
)

// budget returns how many mutants to try, and for how long: on a slow machine, as when the race detector runs, fewer
// have to do.
func budget() (n int, d time.Duration) {
	if *mutants > 0 {
		return *mutants, 1000 * time.Hour
	}
	return 6000, 8 * time.Second
}

// nowMs is the time of all these tests: most deadlines of the fixtures have not come yet.
const nowMs = 1_700_000_000_000

func fixtures(t testing.TB) (files [][]byte, names []string) {
	names, err := filepath.Glob("../../rdbload/testdata/*.rdb")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files, names
}

// snapshots returns what b has loaded as files of Dragonfly: compressed and not, with values in tagged pieces and without.
func (b *bench) snapshots(files [][]byte, names []string) (more [][]byte, moreNames []string) {
	dir := b.t.TempDir()
	for i, data := range files {
		if err := b.load(data); err != nil {
			b.t.Fatalf("%s: %v", names[i], err)
		}
		for _, form := range []int{2, 3, 4, 7} { // zstd, LZ4, nothing, LZ4 without tags
			set, err := b.save(dir, form)
			if err != nil {
				b.t.Fatalf("%s: %v", names[i], err)
			}
			for _, data := range set {
				more, moreNames = append(more, data), append(moreNames, names[i]+".dfs")
			}
		}
		b.drain()
	}
	return more, moreNames
}

// TestSecondSave: what is saved, loaded and saved again is the same to the byte, from the second time on at the latest: a
// table that has lost keys, or a value that has shrunk, is as if it had never had them when it is loaded.
func TestSecondSave(t *testing.T) {
	files, names := fixtures(t)
	b := newBench(t)
	for form := range 8 {
		for i, data := range files {
			if err := b.load(data); err != nil {
				t.Fatalf("%s: %v", names[i], err)
			}
			var before [][]byte
			for round := range 3 {
				now, err := b.save(t.TempDir(), form)
				if err != nil {
					t.Fatal(err)
				}
				b.drain()
				same := slices.EqualFunc(before, now, func(x, y []byte) bool { return bytes.Equal(records(x), records(y)) })
				if round == 2 && !same {
					t.Errorf("%s: form %d changes with the third save", names[i], form)
				}
				before = now
				for _, file := range now {
					if err := b.load(file); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.drain()
		}
	}
}

// records returns what a file has behind its metadata, which tell of the time and of the snapshot, and without the
// checksum.
func records(file []byte) []byte {
	rest := file[rdbfmt.MagicSize:]
	for len(rest) > 0 && rest[0] == rdbfmt.OpAux {
		rest = rest[1:]
		for range 2 {
			n, encoded, size := rdbfmt.ParseLen(rest)
			if encoded {
				n = 1 << n
			}
			rest = rest[size+int(n):]
		}
	}
	return rest[:len(rest)-rdbfmt.TrailerSize]
}

// mutate returns a damaged copy of data, of which the first head bytes stay.
func mutate(rng *rand.Rand, data, other []byte, head int) []byte {
	b := bytes.Clone(data)
	for range 1 + rng.IntN(3) {
		if len(b) < head+12 {
			break
		}
		at := head + rng.IntN(len(b)-head-8)
		end := min(len(b), at+1+rng.IntN(64))
		switch rng.IntN(10) {
		case 0, 1:
			b[at] ^= 1 << rng.IntN(8)
		case 2:
			b[at] = byte(rng.Uint32())
		case 3: // a length becomes huge
			huge := []uint64{1 << 6, 1 << 14, 1 << 32, 1 << 63, 1<<31 - 1, 1 << 20}[rng.IntN(6)]
			b = append(b[:at:at], append(rdbfmt.AppendLen(nil, huge), b[at+1:]...)...)
		case 4: // cut out
			b = append(b[:at:at], b[end:]...)
		case 5: // repeat
			b = append(b[:end:end], b[at:]...)
		case 6: // from another one
			from := rng.IntN(len(other))
			piece := other[from:min(len(other), from+1+rng.IntN(200))]
			b = append(b[:at:at], append(bytes.Clone(piece), b[at:]...)...)
		case 7: // a type or an opcode
			b[at] = byte([]int{rng.IntN(33), 220 + rng.IntN(36)}[rng.IntN(2)])
		case 8: // a small count becomes its neighbour
			b[at] += byte(rng.IntN(2)*2 - 1)
		case 9: // two pieces of equal size change places
			n := 1 + rng.IntN(12)
			if to := at + n + rng.IntN(12); to+n <= len(b) {
				x := bytes.Clone(b[at : at+n])
				copy(b[at:], b[to:to+n])
				copy(b[to:], x)
			}
		}
	}
	return b
}

// bench is a store with what the tests do to it.
type bench struct {
	t    testing.TB
	st   *store.Store
	seen map[[32]byte]bool // values that were tried already
	read reader

	id    string // of what is being tried, for messages
	tried int
}

func newBench(t testing.TB) *bench {
	st, err := store.New(store.Options{Shards: 3, Databases: 16, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	st.NoActiveExpire.Store(true)
	return &bench{t: t, st: st, seen: map[[32]byte]bool{}, read: reader{t: t, now: nowMs}}
}

// load loads a file. A Sink may refuse it too: for a duplicate, or a database there is none of.
func (b *bench) load(data []byte) error {
	l := New(b.st, 1, nowMs)
	f := l.Feeder()
	_, err := rdbload.Load(bytes.NewReader(data), rdbload.Options{NowMs: nowMs}, f)
	f.Flush()
	return errors.Join(err, l.Finish())
}

// save returns the files of a snapshot: one RDB file, or a DFS set in one of its forms.
func (b *bench) save(dir string, form int) (files [][]byte, err error) {
	storage := persistence.NewDir(vfs.OS{}, dir)
	var res persistence.Result
	if form == 0 {
		res, err = persistence.SaveRDB(b.t.Context(), b.st, storage, "dump.rdb", persistence.Meta{}, &persistence.Progress{})
	} else {
		res, err = persistence.SaveDFS(b.t.Context(), b.st, storage, "dump", persistence.Meta{
			Compression: persistence.Compression(form % 4), MaxChunk: 1000, TaggedChunks: form%8 != 7,
		}, &persistence.Progress{})
	}
	for _, name := range res.Files {
		data, readErr := os.ReadFile(filepath.Join(dir, name))
		files, err = append(files, data), errors.Join(err, readErr)
	}
	return files, err
}

// place is where a key is.
type place struct {
	db  int
	key string
}

func (b *bench) view(p place) store.View { return b.st.View(p.db, nowMs) }

// keys lists all keys.
func (b *bench) keys() (list []place) {
	for db := range b.st.NumDBs() {
		v := b.st.View(db, nowMs)
		for i := range b.st.NumShards() {
			n := 0
			v.Each(b.st.Shard(i), func(c object.Cell) bool {
				list = append(list, place{db, string(c.Key())})
				n++
				return true
			})
			if n != b.st.Shard(i).Len(db) {
				b.t.Fatalf("database %d has %d keys, %d met", db, b.st.Shard(i).Len(db), n)
			}
		}
	}
	return list
}

// contents describes all keys.
func (b *bench) contents() map[place]string {
	all := map[place]string{}
	for _, p := range b.keys() {
		v := b.view(p)
		b.read.what = fmt.Sprintf("%q", p.key)
		all[p] = string(b.read.describe(v.Peek([]byte(p.key))))
	}
	return all
}

// try does everything to one key. It returns false if an equal value was tried before.
func (b *bench) try(p place) bool {
	v := b.view(p)
	key := []byte(p.key)
	c := v.Peek(key)
	b.read.what = fmt.Sprintf("%q, a %s as %s", p.key, c.Type(), c.Encoding())
	dump := snapshot.AppendDump(nil, c)
	id := sha256.Sum256(append(dump[:len(dump):len(dump)], byte(c.Encoding())))
	if b.seen[id] {
		return false
	}
	b.seen[id] = true
	b.tried++
	before := string(b.read.describe(c))

	// A copy by DUMP and RESTORE, one by COPY, and one in another shard by RENAME are all the same.
	at := object.Attrs{}
	at.DeadlineMs, _ = c.Deadline()
	for i, name := range []string{"restored", "copied", "renamed"} {
		target := []byte(name + p.key)
		switch i {
		case 0:
			if err := Restore(&v, target, dump, at); err != nil {
				b.t.Fatalf("%s: RESTORE: %v", b.read.what, err)
			}
		case 1:
			v.Copy(key, &v, target)
		case 2:
			v.Rename([]byte("copied"+p.key), &v, target)
		}
		if got := string(b.read.describe(v.Peek(target))); got != before {
			b.t.Fatalf("%s: %s: %s\nwant %s", b.read.what, name, got, before)
		}
	}
	v.Delete([]byte("restored" + p.key))
	v.Delete([]byte("renamed" + p.key))
	b.read.what += ", changed"
	b.change(&v, key)
	if c := v.Peek(key); c.Ok() {
		b.read.describe(c)
		if len(snapshot.AppendDump(nil, c)) == 0 {
			b.t.Fatal("no payload")
		}
	}
	return true
}

// drain removes all keys and checks that all memory comes back.
func (b *bench) drain() {
	for i := range b.st.NumShards() {
		b.st.Shard(i).Lock()
	}
	for db := range b.st.NumDBs() {
		b.st.FlushDB(db)
	}
	for i := range b.st.NumShards() {
		b.st.Shard(i).Unlock()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		b.st.Background(ctx, 50*time.Microsecond, func() time.Time { return time.UnixMilli(nowMs) })
		close(done)
	}()
	for start := time.Now(); b.used() != 0 && time.Since(start) < 20*time.Second; {
		time.Sleep(50 * time.Microsecond)
	}
	cancel()
	<-done
	if n := b.used(); n != 0 {
		b.t.Fatalf("%s: %d bytes are still in use after all keys are gone", b.id, n)
	}
}

// used returns the bytes in use in all arenas; what the store tells of itself may be some KiB behind.
func (b *bench) used() (n int64) {
	for i := range b.st.NumShards() {
		sh := b.st.Shard(i)
		sh.Lock()
		n += sh.A.Used()
		sh.Unlock()
	}
	return n
}

// TestMutants: of damaged files those that load hold nothing that any command, SAVE or a later load stumbles on.
func TestMutants(t *testing.T) {
	files, names := fixtures(t)
	b := newBench(t)
	more, moreNames := b.snapshots(files, names)
	files, names = append(files, more...), append(names, moreNames...)
	other := newBench(t)
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(*seed, 7))
	goroutines := runtime.NumGoroutine()
	start, done, loaded, saved := time.Now(), 0, 0, 0
	n, limit := budget()
	for ; done < n+len(files); done++ {
		// First the files as they are.
		data, name := []byte(nil), ""
		if done < len(files) {
			data, name = files[done], names[done]
		} else {
			i := rng.IntN(len(files))
			data, name = mutate(rng, files[i], files[rng.IntN(len(files))], 9), names[i]
			if rng.IntN(10) > 0 && len(data) > 17 {
				end := len(data) - 8
				binary.LittleEndian.PutUint64(data[end:], rdbfmt.CRC64(0, data[:end]))
			}
		}
		id := fmt.Sprintf("seed %d, file %d, of %s", *seed, done, filepath.Base(name))
		b.id, other.id = id, id
		began := cpuTime(t)
		named(t, id, func() {
			if err := b.load(data); err != nil {
				if done < len(files) {
					t.Errorf("%s: %v", id, err)
				}
				return
			}
			loaded++
			news := 0
			for _, p := range b.keys() {
				b.read.t = prefixed{t, id}
				dump := snapshot.AppendDump(nil, peek(b, p))
				if !b.seen[sha256.Sum256(append(dump, byte(peek(b, p).Encoding())))] {
					news++
				}
			}
			if news == 0 {
				return
			}
			// What was not seen before goes through SAVE, too.
			saved++
			copied, err := b.save(dir, rng.IntN(8))
			if err != nil {
				t.Fatalf("%s: SAVE: %v", id, err)
			}
			for _, file := range copied {
				if err := other.load(file); err != nil {
					t.Fatalf("%s: loading what was saved: %v", id, err)
				}
			}
			compare(t, id, b.contents(), other.contents())
			other.drain()
			for _, p := range b.keys() {
				b.try(p)
			}
		})
		if cpuTime(t)-began > 5*time.Second {
			t.Fatalf("%s took %v", id, cpuTime(t)-began)
		}
		b.drain()
		if time.Since(start) > limit {
			t.Log("out of time")
			break
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	t.Logf("%d files, %d load, %d of them with news, %d values tried, %v", done, loaded, saved, b.tried, time.Since(start))
}

// cpuTime returns what the process has used of its processors: unlike the time of day it does not grow while others
// run.
func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func peek(b *bench, p place) object.Cell {
	v := b.view(p)
	return v.Peek([]byte(p.key))
}

// prefixed names the mutant in every failure.
type prefixed struct {
	testing.TB
	id string
}

// Fatalf fails the test.
func (p prefixed) Fatalf(format string, args ...any) {
	p.Helper()
	p.TB.Fatalf(p.id+": "+format, args...)
}

// named runs fn and names the mutant if it panics.
func named(t *testing.T, id string, fn func()) {
	defer func() {
		if x := recover(); x != nil {
			t.Logf("%s panics", id)
			panic(x)
		}
	}()
	fn()
}

func compare(t *testing.T, id string, want, got map[place]string) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d keys saved, %d loaded", id, len(want), len(got))
	}
	for p, v := range want {
		if got[p] != v {
			t.Fatalf("%s: %q of database %d was %s\nand is loaded as %s", id, p.key, p.db, v, got[p])
		}
	}
}

// TestMutantPayloads: the same for damaged DUMP payloads.
func TestMutantPayloads(t *testing.T) {
	files, names := fixtures(t)
	b := newBench(t)
	var payloads [][]byte
	for i, data := range files {
		if err := b.load(data); err != nil {
			t.Fatalf("%s: %v", names[i], err)
		}
		for _, p := range b.keys() {
			c := peek(b, p)
			dump := snapshot.AppendDump(nil, c)
			// Large ones only cost time.
			if id := sha256.Sum256(dump); !b.seen[id] && len(dump) < 4<<10 {
				b.seen[id] = true
				payloads = append(payloads, dump[:len(dump)-rdbfmt.FooterSize])
			}
		}
		b.drain()
	}
	payloads = append(payloads, handmade()...)
	clear(b.seen)
	rng := rand.New(rand.NewPCG(*seed, 8))
	p := place{0, "key"}
	start, done, loaded := time.Now(), 0, 0
	n, limit := budget()
	for ; done < 10*n; done++ {
		body := mutate(rng, payloads[rng.IntN(len(payloads))], payloads[rng.IntN(len(payloads))], 0)
		data := rdbfmt.AppendFooter(body, 0, rdbfmt.Version)
		id := fmt.Sprintf("seed %d, payload %d: %.200q", *seed, done, body)
		b.id = id
		began := cpuTime(t)
		named(t, id, func() {
			v := b.view(p)
			if err := Restore(&v, []byte(p.key), data, object.Attrs{}); err != nil {
				if peek(b, p).Ok() {
					t.Fatalf("%s: %v, and yet a key", id, err)
				}
				return
			}
			loaded++
			b.read.t = prefixed{t, id}
			b.try(p)
			v.Delete([]byte(p.key))
		})
		if cpuTime(t)-began > 2*time.Second {
			t.Fatalf("%s took %v", id, cpuTime(t)-began)
		}
		if done&63 == 0 {
			b.drain()
			if time.Since(start) > limit {
				t.Log("out of time")
				break
			}
		}
	}
	b.drain()
	t.Logf("%d payloads, %d load, %d different values, %v", done, loaded, b.tried, time.Since(start))
}
