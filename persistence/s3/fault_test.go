package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dragonfly/persistence"
	"dragonfly/persistence/s3/s3test"
)

// setNames are the files of the DFS set of these tests, in the order of their commit.
var setNames = []string{"dump-0000.dfs", "dump-0001.dfs", "dump-0002.dfs", "dump-summary.dfs"}

// setData returns what a file of a set contains. One has two parts.
func setData(generation, file int) []byte {
	n := 1000
	if file == 1 {
		n = partBytes + 5000
	}
	return bytes.Repeat([]byte{byte(generation), byte(file), 3, 4}, n/4)
}

// save writes a set as a saver would.
func save(ctx context.Context, b *Bucket, generation int) (err error) {
	var files []persistence.Pending
	defer func() {
		if err != nil {
			for _, f := range files {
				err = errors.Join(err, f.Abort())
			}
		}
	}()
	for i, name := range setNames {
		f, err := b.Create(ctx, name)
		if err != nil {
			return err
		}
		files = append(files, f)
		if _, err := f.Write(setData(generation, i)); err != nil {
			return err
		}
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return b.Commit(ctx, files)
}

// generationOf returns which set is there, 0 for none. It fails the test if it is a mixture.
func generationOf(t *testing.T, s *s3test.Server, when string) int {
	t.Helper()
	if len(s.Objects()) == 0 {
		return 0
	}
	for _, generation := range []int{1, 2} {
		same := 0
		for i, name := range setNames {
			if bytes.Equal(s.Object("dir/sub/"+name), setData(generation, i)) {
				same++
			}
		}
		if same == len(setNames) {
			return generation
		}
	}
	t.Errorf("%s: neither the old set nor the new one: %q", when, s.Objects())
	return -1
}

func putSet(s *s3test.Server, generation int) {
	for i, name := range setNames {
		s.Put("dir/sub/"+name, setData(generation, i))
	}
}

func keys() (keys []string) {
	for _, name := range setNames {
		keys = append(keys, "dir/sub/"+name)
	}
	return keys
}

// requestsOfSave returns how many requests a save makes.
func requestsOfSave(t *testing.T, s *s3test.Server, b *Bucket) int {
	t.Helper()
	before := s.Requests()
	if err := save(t.Context(), b, 1); err != nil {
		t.Fatal(err)
	}
	return s.Requests() - before
}

// TestPassingFaults: a fault that passes is not seen by anybody, whichever request has it.
func TestPassingFaults(t *testing.T) {
	s, b := start(t)
	total := requestsOfSave(t, s, b)
	for _, fault := range []s3test.Fault{s3test.InternalError, s3test.SlowDown, s3test.CloseBefore, s3test.CloseAfter, s3test.Truncate} {
		for n := 1; n <= total; n++ {
			putSet(s, 1)
			s.FailNext(n, 1, fault)
			if err := save(t.Context(), b, 2); err != nil {
				t.Errorf("request %d, %v: %v", n, fault, err)
			}
			if s.Heal() > 0 {
				t.Errorf("request %d was not made", n)
			}
			if got := generationOf(t, s, fmt.Sprintf("request %d, %v", n, fault)); got != 2 {
				t.Errorf("request %d, %v: generation %d", n, fault, got)
			}
		}
		if t.Failed() {
			return
		}
	}
	// An upload whose start was answered to nobody is left.
	if err := b.Recover(t.Context(), "dump"); err != nil {
		t.Error(err)
	}
	if _, err := b.RemoveStale(t.Context(), "dump"); err != nil {
		t.Error(err)
	}
	only(t, s, keys()...)
}

// TestLastingFaults: a save that fails says so, and then there is all of the old set, or Recover finds all of the new.
func TestLastingFaults(t *testing.T) {
	s, b := start(t)
	total := requestsOfSave(t, s, b)
	outcomes := map[string]int{}
	for _, fault := range []s3test.Fault{s3test.InternalError, s3test.Forbidden, s3test.CloseBefore, s3test.CloseAfter} {
		for n := 1; n <= total; n++ {
			when := fmt.Sprintf("request %d, %v", n, fault)
			putSet(s, 1)
			s.FailNext(n, attempts, fault)
			err := save(t.Context(), b, 2)
			s.Heal()
			committed := strings.Contains(fmt.Sprint(err), "completing")
			if err != nil && !committed && generationOf(t, s, when) != 1 {
				t.Errorf("%s: %v, and the old set is gone", when, err)
			}
			if err := b.Recover(t.Context(), "dump"); err != nil {
				t.Errorf("%s: Recover: %v", when, err)
			}
			got := generationOf(t, s, when)
			if err == nil && got != 2 || committed && got != 2 {
				t.Errorf("%s: %v, and generation %d", when, err, got)
			}
			outcomes[fmt.Sprint(err == nil, got)]++
			if _, err := b.RemoveStale(t.Context(), "dump"); err != nil {
				t.Errorf("%s: RemoveStale: %v", when, err)
			}
			only(t, s, keys()...)
		}
	}
	if outcomes["true 2"] == 0 || outcomes["false 1"] == 0 || outcomes["false 2"] == 0 {
		t.Errorf("outcomes %v", outcomes)
	}
}

// TestCrash: a process that dies at any request leaves all of the old set or all of the new to the next one.
func TestCrash(t *testing.T) {
	s, b := start(t)
	total := requestsOfSave(t, s, b)
	outcomes := map[int]int{}
	for _, old := range []int{0, 1} {
		for n := 1; n <= total; n++ {
			when := fmt.Sprintf("request %d, generation %d", n, old)
			for _, key := range s.Objects() {
				s.Delete(key)
			}
			if old > 0 {
				putSet(s, old)
			}
			s.FailNext(n, 10_000, s3test.CloseBefore) // neither is anything cleaned up
			if err := save(t.Context(), b, 2); err == nil && n < total {
				t.Errorf("%s: no error", when)
			}
			s.Heal()

			next := connect(t, s)
			if err := next.Recover(t.Context(), "dump"); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			if _, err := next.RemoveStale(t.Context(), "dump"); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			got := generationOf(t, s, when)
			outcomes[got]++
			if got != old && got != 2 {
				t.Errorf("%s: generation %d", when, got)
			}
			if got > 0 {
				only(t, s, keys()...)
			} else {
				only(t, s)
			}
		}
	}
	if outcomes[0] == 0 || outcomes[1] == 0 || outcomes[2] < 2*len(setNames) {
		t.Errorf("outcomes %v", outcomes)
	}
}

// TestRecoverCrash: Recover itself may be interrupted, at any request.
func TestRecoverCrash(t *testing.T) {
	s, b := start(t)
	total := requestsOfSave(t, s, b)
	for n := 1; ; n++ {
		putSet(s, 1)
		s.FailNext(total-3, 10_000, s3test.CloseBefore) // in the middle of the commit
		if err := save(t.Context(), b, 2); err == nil {
			t.Fatal("no error")
		}
		s.Heal()
		s.FailNext(n, 10_000, s3test.CloseBefore)
		first := connectOrNil(t, s)
		if first != nil {
			first.Recover(t.Context(), "dump")
		}
		unused := s.Heal()
		if err := b.Recover(t.Context(), "dump"); err != nil {
			t.Errorf("request %d: %v", n, err)
		}
		if got := generationOf(t, s, fmt.Sprintf("request %d", n)); got != 2 {
			t.Errorf("request %d: generation %d", n, got)
		}
		only(t, s, keys()...)
		if unused == 10_000 {
			break
		}
	}
}

func connectOrNil(t *testing.T, s *s3test.Server) *Bucket {
	b, err := New(t.Context(), "s3://snapshots/dir/sub", Options{Endpoint: s.URL, Attempts: 1})
	if err != nil {
		return nil
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// TestRecoverLost: if uploads were aborted by somebody else before anything was completed, the old set stays.
func TestRecoverLost(t *testing.T) {
	s, b := start(t)
	putSet(s, 1)
	var files []persistence.Pending
	for i, name := range setNames {
		files = append(files, write(t, b, name, setData(2, i)))
	}
	s.FailNext(2, 10_000, s3test.CloseBefore) // after the record
	if err := b.Commit(t.Context(), files); err == nil {
		t.Fatal("no error")
	}
	s.Heal()
	if !slices.Contains(s.Objects(), "dir/sub/dump-summary.dfs"+persistence.TempSuffix) || len(s.Uploads()) != len(files) {
		t.Fatalf("objects %q, uploads %q", s.Objects(), s.Uploads())
	}
	u := files[2].(*upload)
	if err := b.abort(t.Context(), u.name, u.id); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"other", "dump.rdb"} { // of which the record is not
		if err := b.Recover(t.Context(), base); err != nil || len(s.Uploads()) == 0 {
			t.Errorf("%s: %v, uploads %q", base, err, s.Uploads())
		}
	}
	if err := b.Recover(t.Context(), "{timestamp}"); err != nil {
		t.Error(err)
	}
	if generationOf(t, s, "at the end") != 1 {
		t.Error("not the old set")
	}
	only(t, s, keys()...)
}

func TestRecoverDamagedRecord(t *testing.T) {
	s, b := start(t)
	for _, text := range []string{"", "{", "{}", `{"files":[]}`, "[1]"} {
		s.Put("dir/sub/dump-summary.dfs.tmp", []byte(text))
		if err := b.Recover(t.Context(), "dump"); err == nil || !strings.Contains(err.Error(), "dump-summary.dfs.tmp: reading the commit record: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	// What is no record is no business of ours.
	s.Delete("dir/sub/dump-summary.dfs.tmp")
	s.Put("dir/sub/dump-notes.tmp", []byte("x"))
	if err := b.Recover(t.Context(), "dump"); err != nil {
		t.Error(err)
	}
}

func TestRemoveStale(t *testing.T) {
	s, b := start(t)
	s.SetPageSize(3)
	for i := range 10 {
		write(t, b, fmt.Sprintf("dump-2024-%04d.dfs", i), []byte("x"))
	}
	for _, name := range []string{"dump-2024.rdb", "dump-2024-summary.dfs", "other.rdb", "dump-2024.txt", "fixed.v1"} {
		write(t, b, name, []byte("x"))
	}
	b.staleAge = defaultStaleAge
	if removed, err := b.RemoveStale(t.Context(), "dump-{timestamp}"); err != nil || len(removed) > 0 {
		t.Errorf("young uploads: %q %v", removed, err)
	}
	b.staleAge = 1
	f := func(base string, want int) {
		t.Helper()
		if removed, err := b.RemoveStale(t.Context(), base); err != nil || len(removed) != want {
			t.Errorf("%s: %q %v", base, removed, err)
		}
	}
	f("dump-2025", 0)
	f("dump-{Y}", 12)
	f("dump-%Y", 0)
	f("fixed.v1", 1)
	f("other", 1)
	if got := s.Uploads(); len(got) != 1 || got[0] != "dir/sub/dump-2024.txt" {
		t.Errorf("uploads left: %q", got)
	}
}

func TestForeignPending(t *testing.T) {
	s, b := start(t)
	other := connect(t, s)
	f := write(t, other, "x", []byte("x"))
	unfinished, err := b.Create(t.Context(), "y")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(t.Context(), []persistence.Pending{f}); err == nil {
		t.Error("a file of another Bucket was committed")
	}
	if err := b.Commit(t.Context(), []persistence.Pending{unfinished}); err == nil {
		t.Error("an unfinished file was committed")
	}
	if len(s.Objects()) > 0 {
		t.Errorf("objects %q", s.Objects())
	}
}
