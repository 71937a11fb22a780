package persistence

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dragonfly/persistence/vfs"
	"dragonfly/persistence/vfs/vfstest"
)

// finishedFile writes and finishes a file.
func finishedFile(t *testing.T, d *Dir, name, text string) Pending {
	t.Helper()
	f, err := d.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	return f
}

func contentOf(t *testing.T, d *Dir, name string) string {
	t.Helper()
	f, size, err := d.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != size {
		t.Fatalf("%s: %d bytes of %d, %v", name, len(b), size, err)
	}
	return string(b)
}

func namesIn(t *testing.T, d *Dir) (names []string) {
	t.Helper()
	files, err := d.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// TestDir is the life of files in a real directory that does not exist at first.
func TestDir(t *testing.T) {
	ctx := t.Context()
	d := NewDir(vfs.OS{}, filepath.Join(t.TempDir(), "a", "b"))
	if names := namesIn(t, d); len(names) > 0 {
		t.Fatalf("a missing directory has %v", names)
	}
	if n, err := d.Free(); n <= 0 || err != nil {
		t.Fatalf("a missing directory has %d bytes free, %v", n, err)
	}
	if err := d.Recover(ctx, "dump"); err != nil {
		t.Fatal(err)
	}
	f, err := d.Create(ctx, "dump.rdb")
	if err != nil || f.Name() != "dump.rdb" {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), HeadBytes); err == nil {
		t.Error("bytes behind the head can be overwritten")
	}
	if _, err := io.WriteString(f, "first content"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("F"), 0); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx, []Pending{f}); err == nil {
		t.Error("a file that is not finished can be committed")
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := f.Finish(); err == nil {
		t.Error("a file can be finished twice")
	}
	if err := NewDir(vfs.OS{}, t.TempDir()).Commit(ctx, []Pending{f}); err == nil {
		t.Error("a file can be committed elsewhere")
	}
	if names := namesIn(t, d); !slices.Equal(names, []string{"dump.rdb.tmp"}) {
		t.Errorf("before the commit there is %v", names)
	}
	g := finishedFile(t, d, "other.rdb", "other")
	if err := d.Commit(ctx, []Pending{f, g}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Abort(), g.Abort()); err != nil || contentOf(t, d, "dump.rdb") != "First content" || contentOf(t, d, "other.rdb") != "other" {
		t.Errorf("aborted after the commit: %v, %v", namesIn(t, d), err)
	}

	h := finishedFile(t, d, "dump.rdb", "second content")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := d.Commit(cancelled, []Pending{h}); !errors.Is(err, context.Canceled) {
		t.Errorf("a commit that was called off: %v", err)
	}
	if err := errors.Join(h.Abort(), h.Abort()); err != nil {
		t.Error(err)
	}
	i, err := d.Create(ctx, "dump.rdb")
	if err != nil || i.Abort() != nil {
		t.Error(err)
	}
	if got := contentOf(t, d, "dump.rdb"); got != "First content" || !slices.Equal(namesIn(t, d), []string{"dump.rdb", "other.rdb"}) {
		t.Errorf("after two files given up: %q, %v", got, namesIn(t, d))
	}

	if err := d.Keep(ctx, "dump.rdb", "dump.rdb.bak"); err != nil || contentOf(t, d, "dump.rdb.bak") != "First content" {
		t.Error(err)
	}
	if err := d.Keep(ctx, "dump.rdb", "other.rdb"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := d.Keep(ctx, "missing.rdb", "x.rdb"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := d.Remove(ctx, "dump.rdb"); err != nil || contentOf(t, d, "dump.rdb.bak") != "First content" {
		t.Error(err)
	}
	if _, _, err := d.Open(ctx, "dump.rdb"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), d.Path("dump.rdb")) {
		t.Errorf("a removed file: %v", err)
	}
	if err := os.Mkdir(d.Path("dir.rdb"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(ctx, "dir.rdb"); err == nil || !strings.Contains(err.Error(), d.Path("dir.rdb")) {
		t.Errorf("a directory of the name: %v", err)
	}
	if _, err := NewDir(vfs.OS{}, d.Path("other.rdb")).Create(ctx, "x.rdb"); err == nil {
		t.Error("a file in place of the directory")
	}
}

// TestKeepCopies: where files have one name only they are copied, and a copy that fails leaves nothing.
func TestKeepCopies(t *testing.T) {
	fsys := vfstest.New()
	d := NewDir(fsys, "data")
	text := strings.Repeat("0123456789", 10_000)
	if err := d.Commit(t.Context(), []Pending{finishedFile(t, d, "dump.rdb", text)}); err != nil {
		t.Fatal(err)
	}
	fsys.FailAt(1, syscall.EPERM, true)
	if err := d.Keep(t.Context(), "dump.rdb", "kept"); err != nil {
		t.Fatal(err)
	}
	d = NewDir(fsys.Crash(1), "data")
	if contentOf(t, d, "kept") != text || contentOf(t, d, "dump.rdb") != text || len(namesIn(t, d)) != 2 {
		t.Errorf("there is %v", namesIn(t, d))
	}

	fsys = vfstest.New()
	d = NewDir(fsys, "data")
	if err := d.Commit(t.Context(), []Pending{finishedFile(t, d, "dump.rdb", text)}); err != nil {
		t.Fatal(err)
	}
	fsys.Limit(int64(len(text)) * 3 / 2)
	fsys.FailAt(1, syscall.EPERM, true)
	if err := d.Keep(t.Context(), "dump.rdb", "kept"); !errors.Is(err, syscall.ENOSPC) || len(namesIn(t, d)) != 1 {
		t.Errorf("no room for a copy: %v, %v", err, namesIn(t, d))
	}
}

// TestCreateTruncatesNothing: what has the temporary name is replaced, for it may be the last snapshot.
func TestCreateTruncatesNothing(t *testing.T) {
	d := NewDir(vfs.OS{}, makeFiles(t, "dump.rdb"))
	if err := os.Link(d.Path("dump.rdb"), d.Path("dump.rdb.tmp")); err != nil {
		t.Fatal(err)
	}
	finishedFile(t, d, "dump.rdb", "new")
	if got := contentOf(t, d, "dump.rdb"); got != "x" {
		t.Errorf("the snapshot is %q before the commit", got)
	}
}

// TestUnsettled: a commit that failed half way is finished before its names are used again.
func TestUnsettled(t *testing.T) {
	ctx := t.Context()
	rnd := rand.New(rand.NewPCG(1, 1))
	fsys := vfstest.New()
	d := NewDir(fsys, "data")
	m := makeSnapshot(rnd, "dump", 3)
	var files []Pending
	for _, name := range m.names {
		files = append(files, finishedFile(t, d, name, string(m.files[name])))
	}
	fsys.FailAt(3, syscall.EIO, false) // sync of the directory, one rename
	if err := d.Commit(ctx, files); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	fsys.ClearFailure()
	for _, f := range files {
		if err := f.Abort(); err != nil {
			t.Error(err)
		}
	}
	if names := namesIn(t, d); !slices.Equal(names, []string{"dump-0000.dfs", "dump-0001.dfs.tmp", "dump-0002.dfs.tmp", "dump-summary.dfs.tmp"}) {
		t.Errorf("there is %v", names)
	}
	if _, err := d.Create(ctx, "dump-0001.dfs"); err == nil {
		t.Error("a file that is still needed can be replaced")
	}
	finishedFile(t, d, "other-0001.dfs", "")
	if err := d.Recover(ctx, "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(ctx, "dump-0001.dfs"); err == nil {
		t.Error("the recovery of other names is taken for that of these")
	}
	if err := d.Recover(ctx, "dump"); err != nil {
		t.Fatal(err)
	}
	if all, err := readAll(ctx, d, Candidate{"dump-summary.dfs", true}); err != nil || !m.is(all) {
		t.Errorf("after the recovery: %v, %v", namesIn(t, d), err)
	}
	if removed, err := d.RemoveStale(ctx, "dump"); err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if _, err := d.Create(ctx, "dump-0001.dfs"); err != nil {
		t.Error(err)
	}
}

// putFiles puts files into a directory, from the oldest to the newest, each name followed by its content.
func putFiles(t *testing.T, d *Dir, namesAndContents ...string) {
	t.Helper()
	for i := 0; i < len(namesAndContents); i += 2 {
		f, err := d.fs.Create(d.Path(namesAndContents[i]), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, namesAndContents[i+1]); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// TestRecover: what becomes of files that are found at a start.
func TestRecover(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	a, b := makeSnapshot(rnd, "dump", 2), makeSnapshot(rnd, "dump", 3)
	file := func(m *made, n int) string { return string(m.files[m.names[n]]) }
	sumA, sumB := string(a.files[a.last()]), string(b.files[b.last()])
	const sum = "dump-summary.dfs"

	// want are the files afterwards, with what they are of: a letter, or what they contain.
	f := func(title string, files []string, want ...string) {
		t.Helper()
		fsys := vfstest.New()
		d := NewDir(fsys, ".")
		putFiles(t, d, files...)
		if err := d.Recover(t.Context(), "dump"); err != nil {
			t.Errorf("%s: %v", title, err)
			return
		}
		removed, err := d.RemoveStale(t.Context(), "dump")
		if err != nil {
			t.Errorf("%s: %v", title, err)
		}
		var got []string
		for _, name := range namesIn(t, d) {
			text := contentOf(t, d, name)
			for letter, m := range map[string]*made{"A": a, "B": b} {
				if text == string(m.files[strings.TrimSuffix(name, TempSuffix)]) {
					text = letter
				}
			}
			got = append(got, name+" "+text)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: there is %.300q, want %q; removed %v", title, got, want, removed)
		}
	}
	oldSet := []string{"dump-0000.dfs", file(a, 0), "dump-0001.dfs", file(a, 1), sum, sumA}
	newSet := []string{"dump-0000.dfs.tmp", file(b, 0), "dump-0001.dfs.tmp", file(b, 1), "dump-0002.dfs.tmp", file(b, 2), sum + ".tmp", sumB}
	isOld := []string{"dump-0000.dfs A", "dump-0001.dfs A", sum + " A"}
	isNew := []string{"dump-0000.dfs B", "dump-0001.dfs B", "dump-0002.dfs B", sum + " B"}

	f("nothing", nil)
	f("whole", oldSet, isOld...)
	f("before the first rename", slices.Concat(oldSet, newSet), isNew...)
	f("no old set", newSet, isNew...)
	f("without the new summary", slices.Concat(oldSet, newSet[:6]), isOld...)
	f("without a new shard", slices.Concat(oldSet, newSet[2:]), isOld...)
	f("in the middle", slices.Concat(oldSet[2:], newSet[2:], []string{"dump-0000.dfs", file(b, 0)}), isNew...)
	f("the summary first", slices.Concat(oldSet[:4], newSet[:6], []string{sum, sumB}), isNew...)
	f("both names", slices.Concat(newSet, []string{"dump-0001.dfs", file(b, 1), sum, sumB}), isNew...)
	f("an older RDB file", slices.Concat([]string{"dump.rdb", "x", "dump.rdb.tmp", "y"}, newSet), append([]string{"dump.rdb x"}, isNew...)...)

	torn := slices.Clone(newSet)
	torn[7] = sumB[:len(sumB)-1]
	f("a summary cut short", slices.Concat(oldSet, torn), isOld...)
	torn[7] = sumB[:60] + "?" + sumB[61:]
	f("a damaged summary", slices.Concat(oldSet, torn), isOld...)
	torn[7], torn[3] = sumB, file(b, 1)[:100]
	f("a shard cut short", slices.Concat(oldSet, torn), isOld...)
	torn[3] = ""
	f("an empty shard", slices.Concat(oldSet, torn), isOld...)
	torn[3] = file(a, 1)
	f("a shard of another set", slices.Concat(oldSet, torn), isOld...)

	f("a set that somebody has put there since", slices.Concat(newSet, oldSet), isOld...)
	f("and not all of it", slices.Concat(newSet, oldSet[2:]), isNew...)
	f("a set of which a part is lost", slices.Concat(newSet[2:4], []string{"dump-0000.dfs", file(b, 0), sum, sumB}),
		"dump-0000.dfs B", "dump-0001.dfs.tmp B", sum+" B")
	f("names of others", []string{"dumpling-summary.dfs.tmp", "x", "dump-1.rdb.tmp", "x", "dump.rdb.bak", "x", "dump.tmp", "x", "dump.rdb.tmp.tmp", "x"},
		"dumpling-summary.dfs.tmp x", "dump-1.rdb.tmp x", "dump.rdb.bak x", "dump.tmp x", "dump.rdb.tmp.tmp x")
	f("copies that were not finished", []string{"dump.rdb.copy.tmp", "x", "dump-0000.dfs.copy.tmp", "x", "dump.rdb.copy", "x"}, "dump.rdb.copy x")
}
