package persistence

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/vfs/vfstest"
)

// made is a snapshot with made-up keys in files that are right otherwise.
type made struct {
	id    string
	base  string   // expanded
	names []string // in the order of the commit
	files map[string][]byte
}

// makeSnapshot returns a DFS set of some shards, or an RDB file for none.
func makeSnapshot(rnd *rand.Rand, base string, shards int) *made {
	m := &made{id: fmt.Sprintf("%016x%016x", rnd.Uint64(), rnd.Uint64()), base: base, files: map[string][]byte{}}
	add := func(name string, fields ...string) {
		m.names = append(m.names, name)
		keys := rnd.IntN(3000)
		if IsSummary(name) {
			keys = 0
		}
		m.files[name] = makeFile(rnd, keys, fields...)
	}
	if shards == 0 {
		add(base+".rdb", "made-id", m.id)
		return m
	}
	for i := range shards {
		add(DFSName(base, i), "snapshot-id", m.id, "shard-id", strconv.Itoa(i))
	}
	add(SummaryName(base), "snapshot-id", m.id, "lua", strings.Repeat("return 1 ", rnd.IntN(300)), "shard-count", strconv.Itoa(shards))
	return m
}

// makeFile returns a file with AUX fields and some bytes where its keys would be.
func makeFile(rnd *rand.Rand, size int, fields ...string) []byte {
	b := []byte("REDIS0009")
	for i, f := range fields {
		if i%2 == 0 {
			b = append(b, rdbfmt.OpAux)
		}
		b = rdbfmt.AppendString(b, []byte(f), false)
	}
	b = append(b, rdbfmt.OpSelectDB, 0)
	for range size / 8 {
		b = binary.LittleEndian.AppendUint64(b, rnd.Uint64())
	}
	b = append(b, rdbfmt.OpEOF)
	return binary.LittleEndian.AppendUint64(b, rdbfmt.CRC64(0, b))
}

func (m *made) isDFS() bool { return len(m.names) > 1 }

// last returns the name by which the snapshot is found.
func (m *made) last() string { return m.names[len(m.names)-1] }

// save saves as the server does: first it settles what a save before has left.
func (m *made) save(ctx context.Context, d *Dir, base string) (err error) {
	if err := d.Recover(ctx, base); err != nil {
		return err
	}
	var files []Pending
	defer func() {
		if err != nil {
			err = abort(err, files...)
		}
	}()
	create := func(name string) (Pending, error) {
		f, err := d.Create(ctx, name)
		if err == nil {
			files = append(files, f)
		}
		return f, err
	}
	shards, summary := m.names, ""
	if m.isDFS() {
		shards, summary = m.names[:len(m.names)-1], m.last()
	}
	for _, name := range shards {
		f, err := create(name)
		if err != nil {
			return err
		}
		if err := writeMade(f, m.files[name]); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	if summary != "" {
		f, err := create(summary)
		if err != nil {
			return err
		}
		if err := writeMade(f, m.files[summary]); err != nil {
			return err
		}
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return d.Commit(ctx, files)
}

// writeMade writes in pieces, the magic last.
func writeMade(f Pending, b []byte) error {
	if _, err := f.Write(make([]byte, rdbfmt.MagicSize)); err != nil {
		return err
	}
	for piece := range slices.Chunk(b[rdbfmt.MagicSize:], 1000) {
		if _, err := f.Write(piece); err != nil {
			return err
		}
	}
	_, err := f.WriteAt(b[:rdbfmt.MagicSize], 0)
	return err
}

// clean removes what a save has made superfluous, as the server does after it.
func (m *made) clean(ctx context.Context, d *Dir, base string, keep int) (err error) {
	if m.isDFS() {
		_, err = RemoveLeftovers(ctx, d, m.last())
	}
	_, other := Retain(ctx, d, base, keep, m.last())
	return errors.Join(err, other)
}

// readAll reads a snapshot as the server does: all files of it.
func readAll(ctx context.Context, d *Dir, c Candidate) (map[string][]byte, error) {
	names := []string{c.Name}
	if c.DFS {
		set, err := ReadSet(ctx, d, c.Name)
		if err != nil {
			return nil, err
		}
		names = append(names, set.Shards...)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, _, err := d.Open(ctx, name)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files[name] = b
	}
	return files, nil
}

// is tells whether files are those of the snapshot.
func (m *made) is(files map[string][]byte) bool {
	return m != nil && maps.EqualFunc(m.files, files, bytes.Equal)
}

// start does what the server does at its start, and returns the snapshot it loads: nil if there is none.
func start(ctx context.Context, d *Dir, base string, known []*made) (loaded *made, err error) {
	if err := d.Recover(ctx, base); err != nil {
		return nil, err
	}
	if _, err := d.RemoveStale(ctx, base); err != nil {
		return nil, err
	}
	c, others, found, err := Find(ctx, d, base)
	if err != nil || !found {
		return nil, err
	}
	for _, name := range append(others, c.Name) {
		files, err := readAll(ctx, d, Candidate{name, IsSummary(name)})
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(known, func(m *made) bool { return m.is(files) })
		if i < 0 {
			return nil, fmt.Errorf("%s is not as it was written", name)
		}
		loaded = known[i]
	}
	files, err := d.List(ctx)
	for _, f := range files {
		if strings.HasSuffix(f.Name, TempSuffix) {
			return nil, fmt.Errorf("%s is left", f.Name)
		}
	}
	return loaded, err
}

// crashRun is a sequence of saves that a crash interrupts.
type crashRun struct {
	rnd   *rand.Rand
	fs    *vfstest.FS
	dir   string
	base  string
	keep  int
	known []*made
	may   []*made // which ones a start may load; nil is none
	time  time.Time
}

func newCrashRun(seed uint64) *crashRun {
	r := &crashRun{rnd: rand.New(rand.NewPCG(seed, 1)), fs: vfstest.New(), may: []*made{nil}, time: time.Unix(1_700_000_000, 0)}
	r.dir = []string{"", "data", "/var/data/snapshots"}[r.rnd.IntN(3)]
	r.base = []string{"dump", "dump-{timestamp}"}[r.rnd.IntN(2)]
	r.keep = r.rnd.IntN(3)
	return r
}

// save saves one more snapshot.
func (r *crashRun) save(ctx context.Context, d *Dir) error {
	r.time = r.time.Add(time.Second)
	name, err := Expand(r.base, r.time)
	if err != nil {
		return err
	}
	m := makeSnapshot(r.rnd, name, max(0, r.rnd.IntN(6)-1))
	r.known, r.may = append(r.known, m), append(r.may, m)
	if err := m.save(ctx, d, r.base); err != nil {
		return err
	}
	r.may = []*made{m}
	return m.clean(ctx, d, r.base, r.keep)
}

// saves saves until a crash.
func (r *crashRun) saves(ctx context.Context) error {
	d := NewDir(r.fs, r.dir)
	for range 2 + r.rnd.IntN(3) {
		if err := r.save(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// check starts again and reports what is there that must not be, or is not.
func (r *crashRun) check(ctx context.Context) error {
	loaded, err := start(ctx, NewDir(r.fs, r.dir), r.base, r.known)
	switch {
	case err != nil:
		return err
	case !slices.Contains(r.may, loaded):
		return errors.New("another snapshot was loaded")
	}
	r.may = []*made{loaded} // what was loaded once is not lost any more
	return nil
}

// crashPoints returns how many points of time are tried.
func crashPoints(t *testing.T) int {
	text := os.Getenv("CRASHPOINTS")
	switch {
	case text == "" && long:
		return 20_000
	case text == "":
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCrashes cuts the power, or kills the process, at any call of a sequence of saves, and perhaps again while the next
// start cleans up. Each time the snapshot that was saved last is there, or the one that was being saved; every file that
// looks like a snapshot is a whole one; no temporary file is left; and the next save works.
func TestCrashes(t *testing.T) {
	ctx := t.Context()
	points := crashPoints(t)
	for seed := uint64(1); points > 0; seed++ {
		r := newCrashRun(seed)
		if err := r.saves(ctx); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		calls := r.fs.Calls()
		var renames []int // and the calls after them
		for i, call := range strings.Split(r.fs.Trace(), "\n") {
			if strings.Contains(call, " rename ") {
				renames = append(renames, i+1, i+2)
			}
		}
		// Some calls of each sequence, so that sequences are many; most of them where most can go wrong.
		for range min(20, points) {
			points--
			at := 1 + r.rnd.IntN(calls)
			if r.rnd.IntN(2) == 0 {
				at = renames[r.rnd.IntN(len(renames))]
			}
			if err := crashAt(ctx, seed, at); err != nil {
				t.Fatalf("seed %d, call %d: %v", seed, at, err)
			}
		}
	}
}

// crashAt plays a sequence up to a call, and goes on after the crash.
func crashAt(ctx context.Context, seed uint64, at int) (err error) {
	r := newCrashRun(seed)
	lives := []*vfstest.FS{r.fs}
	defer func() {
		if err == nil {
			return
		}
		text := ""
		for _, fsys := range lives {
			text += fsys.Trace() + "and then:\n" + fsys.Names() + "\n"
		}
		err = fmt.Errorf("%w\n%s", err, text)
	}()
	again := func() {
		if r.rnd.IntN(3) == 0 {
			r.fs = r.fs.Restart()
		} else {
			r.fs = r.fs.Crash(r.rnd.Uint64())
		}
		lives = append(lives, r.fs)
	}

	r.fs.StopAt(at)
	if err := r.saves(ctx); !errors.Is(err, vfstest.ErrPower) {
		return fmt.Errorf("the sequence ends with %w", err)
	}
	r.rnd = rand.New(rand.NewPCG(seed, uint64(at)<<32))
	for round := 0; ; round++ {
		again()
		if round < 3 && r.rnd.IntN(2) == 0 {
			r.fs.StopAt(1 + r.rnd.IntN(30))
		}
		// Who saves under another name does so without the start that cleans up.
		var err error
		if r.rnd.IntN(4) > 0 {
			err = r.check(ctx)
		}
		if err == nil && r.rnd.IntN(2) == 0 {
			err = r.save(ctx, NewDir(r.fs, r.dir)) // which may be interrupted too
		}
		if err == nil {
			r.fs.StopAt(0)
			break
		}
		if !errors.Is(err, vfstest.ErrPower) {
			return err
		}
	}
	if err := r.save(ctx, NewDir(r.fs, r.dir)); err != nil {
		return fmt.Errorf("the next save: %w", err)
	}
	again()
	if err := r.check(ctx); err != nil {
		return fmt.Errorf("after the next save: %w", err)
	}
	return nil
}
