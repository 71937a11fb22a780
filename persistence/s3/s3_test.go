package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"dragonfly/persistence"
	"dragonfly/persistence/s3/s3test"
)

// partBytes is the size of parts in these tests, but for those that say otherwise: large ones take long.
const partBytes = persistence.HeadBytes + 1<<17

// attempts is how often a Bucket of these tests tries.
const attempts = 3

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit = time.Millisecond // the library reads it for each request
	os.Exit(m.Run())
}

// connect returns the bucket of a server, at a prefix.
func connect(t *testing.T, s *s3test.Server) *Bucket {
	t.Helper()
	b, err := New(t.Context(), "s3://"+s.Bucket+"/dir/sub/", Options{
		Endpoint: s.URL, SignPayload: true, Attempts: attempts, StaleAge: time.Nanosecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.pauseUnit, b.partBytes = time.Millisecond, partBytes
	t.Cleanup(func() { b.Close() })
	return b
}

func start(t *testing.T) (*s3test.Server, *Bucket) {
	t.Helper()
	s := s3test.New(t, "snapshots")
	s.SetMinPart(partBytes)
	s.Setenv(t)
	return s, connect(t, s)
}

// noise returns bytes that are the same for the same seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// write makes a finished file.
func write(t *testing.T, b *Bucket, name string, data []byte) persistence.Pending {
	t.Helper()
	f, err := b.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write(data); n != len(data) || err != nil {
		t.Fatalf("Write: %d %v", n, err)
	}
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, b *Bucket, name string) []byte {
	t.Helper()
	f, size, err := b.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != size {
		t.Fatalf("%d bytes, size %d", len(data), size)
	}
	return data
}

// only verifies that there are no objects but these and no uploads.
func only(t *testing.T, s *s3test.Server, keys ...string) {
	t.Helper()
	if got := s.Objects(); !slices.Equal(got, keys) {
		t.Errorf("objects %q, want %q", got, keys)
	}
	if got := s.Uploads(); len(got) > 0 {
		t.Errorf("uploads are left: %q", got)
	}
}

func TestLargeFile(t *testing.T) {
	for _, sign := range []bool{true, false} {
		s, b := start(t)
		b.signPayload = sign
		data := noise(1, 20*partBytes+12345)
		if sign { // once in the sizes of the real thing
			s.SetMinPart(s3test.MinPartBytes)
			b.partBytes = minPartBytes
			data = noise(1, 40<<20+12345)
			s.FailNext(2, 1, s3test.SlowDown) // an answer before the part was read
			s.FailNext(4, 1, s3test.CloseBefore)
		}
		f, err := b.Create(t.Context(), "dump.rdb")
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); {
			n := min(len(data)-at, 1+rand.IntN(300_000))
			if m, err := f.Write(data[at : at+n]); m != n || err != nil {
				t.Fatalf("Write: %d %v", m, err)
			}
			at += n
		}
		copy(data[5:], "0012")
		copy(data[persistence.HeadBytes-8:], "trailing")
		for at, text := range map[int64]string{5: "0012", persistence.HeadBytes - 8: "trailing"} {
			if n, err := f.WriteAt([]byte(text), at); n != len(text) || err != nil {
				t.Fatalf("WriteAt: %d %v", n, err)
			}
		}
		for _, at := range []int64{persistence.HeadBytes - 1, -1, math.MaxInt64} {
			if _, err := f.WriteAt([]byte("xx"), at); err == nil {
				t.Errorf("bytes at %d were overwritten", at)
			}
		}
		early := s.Objects()
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
		if len(early) > 0 || len(s.Objects()) > 0 || f.Name() != "dump.rdb" {
			t.Fatalf("visible before the commit: %q %q, name %q", early, s.Objects(), f.Name())
		}
		for what, err := range map[string]error{
			"Finish": f.Finish(), "Write": second(f.Write([]byte("x"))), "WriteAt": second(f.WriteAt([]byte("x"), 0)),
		} {
			if err == nil {
				t.Errorf("%s after Finish: no error", what)
			}
		}
		if err := b.Commit(t.Context(), []persistence.Pending{f}); err != nil {
			t.Fatal(err)
		}
		if err := f.Abort(); err != nil {
			t.Error(err)
		}
		only(t, s, "dir/sub/dump.rdb")
		if got := read(t, b, "dump.rdb"); !bytes.Equal(got, data) {
			t.Fatalf("got %d other bytes than the %d written", len(got), len(data))
		}
		if err := b.Commit(t.Context(), []persistence.Pending{f}); err == nil {
			t.Error("committed twice")
		}
	}
}

func second(_ int, err error) error { return err }

// TestSizes: at the borders of parts and chunks.
func TestSizes(t *testing.T) {
	s, b := start(t)
	for _, n := range []int{0, 1, persistence.HeadBytes, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 2*partBytes + 1} {
		data := noise(uint64(n), n)
		if err := b.Commit(t.Context(), []persistence.Pending{write(t, b, "x", data)}); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if got := read(t, b, "x"); !bytes.Equal(got, data) {
			t.Fatalf("%d bytes: got %d other bytes", n, len(got))
		}
	}
	only(t, s, "dir/sub/x")
}

// TestSmallFilesAreSmall: a file that is not uploaded yet holds about as much memory as it has bytes.
func TestSmallFilesAreSmall(t *testing.T) {
	_, b := start(t)
	b.partBytes = minPartBytes
	f, err := b.Create(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	if u := f.(*upload); len(u.head.chunks) != 2 || len(u.tail.chunks) != 0 {
		t.Errorf("%d and %d chunks", len(u.head.chunks), len(u.tail.chunks))
	}
	if err := f.Abort(); err != nil {
		t.Error(err)
	}
}

func TestPartSizes(t *testing.T) {
	b, err := open("s3://bucket", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var before, largest int64
	for number := 1; number <= maxParts; number++ {
		n := b.partSize(number, before)
		if n < s3test.MinPartBytes || n > maxPartBytes || number <= uniformParts && n != s3test.MinPartBytes {
			t.Fatalf("part %d has %d bytes", number, n)
		}
		before += n
		largest = max(largest, n)
	}
	if tib := float64(before) / (1 << 40); tib < 8.5 || tib > 8.7 {
		t.Errorf("the largest file has %.2f TiB, its largest part %d MiB", tib, largest>>20)
	}
}

func TestAbort(t *testing.T) {
	for _, finish := range []bool{false, true} {
		for _, n := range []int{0, 1000, 3 * partBytes} {
			s, b := start(t)
			f, err := b.Create(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			f.Write(noise(1, n))
			if finish {
				if err := f.Finish(); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := f.Abort(); err != nil {
					t.Error(err)
				}
			}
			only(t, s)
			if err := b.Commit(t.Context(), []persistence.Pending{f}); err == nil {
				t.Error("an aborted file was committed")
			}
			if _, err := f.Write([]byte("x")); err == nil {
				t.Error("written after Abort")
			}
		}
	}
}

func TestCommitSet(t *testing.T) {
	s, b := start(t)
	for round := range 2 { // the second replaces the first
		var files []persistence.Pending
		for i := range 20 {
			files = append(files, write(t, b, fmt.Sprintf("dump-%04d.dfs", i), noise(uint64(100*round+i), 100*i)))
		}
		files = append(files, write(t, b, "dump-summary.dfs", noise(uint64(round), 50)))
		before := len(s.Log())
		if err := b.Commit(t.Context(), files); err != nil {
			t.Fatal(err)
		}
		log := s.Log()[before:]
		if !strings.HasPrefix(log[0], "PUT /snapshots/dir/sub/dump-summary.dfs.tmp") ||
			!strings.HasPrefix(log[len(log)-2], "POST /snapshots/dir/sub/dump-summary.dfs?uploadId=") ||
			!strings.HasPrefix(log[len(log)-1], "DELETE /snapshots/dir/sub/dump-summary.dfs.tmp") {
			t.Errorf("requests %q", log)
		}
		for i := range 20 {
			if got, want := s.Object(fmt.Sprintf("dir/sub/dump-%04d.dfs", i)), noise(uint64(100*round+i), 100*i); !bytes.Equal(got, want) {
				t.Fatalf("round %d, file %d: other bytes", round, i)
			}
		}
	}
	if len(s.Objects()) != 21 || len(s.Uploads()) > 0 {
		t.Errorf("objects %q, uploads %q", s.Objects(), s.Uploads())
	}
	if err := b.Commit(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestList(t *testing.T) {
	s, b := start(t)
	if files, err := b.List(t.Context()); err != nil || len(files) > 0 {
		t.Errorf("of an empty place: %v %v", files, err)
	}
	s.SetPageSize(7)
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	want := map[string]int{}
	for i := range 300 {
		name := fmt.Sprintf("dump+%%-{%d} ü&<", i)
		want[name] = i
		s.Put("dir/sub/"+name, make([]byte, i))
		s.SetModified("dir/sub/"+name, at.Add(time.Duration(i)*time.Second))
	}
	for _, key := range []string{"dir/sub/", "dir/sub/deeper/x", "dir/sub/deeper/y", "dir/subway", "dir/x", "x"} {
		s.Put(key, []byte("no"))
	}
	files, err := b.List(t.Context())
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		size, ok := want[f.Name]
		if !ok || f.Size != int64(size) || !f.Modified.Equal(at.Add(time.Duration(size)*time.Second)) {
			t.Errorf("%+v", f)
		}
		delete(want, f.Name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.List(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of ctx: %v", err)
	}
}

func TestOpen(t *testing.T) {
	s, b := start(t)
	if _, _, err := b.Open(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "s3://snapshots/dir/sub/x: opening: NoSuchKey: ") {
		t.Errorf("of a missing object: %v", err)
	}
	data := noise(3, 1<<20)
	s.Put("dir/sub/x", data)
	s.FailNext(1, 2, s3test.InternalError)
	s.FailNext(3, 9, s3test.Truncate) // each goes on with half of the rest
	s.FailNext(12, 1, s3test.CloseBefore)
	if got := read(t, b, "x"); !bytes.Equal(got, data) {
		t.Error("other bytes")
	}
	if n := s.Heal(); n > 0 {
		t.Errorf("%d faults did not happen", n)
	}

	// Faults without an end.
	f, _, err := b.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.FailNext(1, 1000, s3test.CloseBefore)
	// What was on its way may arrive.
	if n, err := io.Copy(io.Discard, f); err == nil && n != 1<<20 {
		t.Errorf("%d bytes and no error", n)
	}
}

func TestOpenReplaced(t *testing.T) {
	s, b := start(t)
	s.Put("dir/sub/x", noise(3, 1<<20))
	s.FailNext(1, 1, s3test.Truncate)
	f, _, err := b.Open(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Put("dir/sub/x", noise(4, 1<<20))
	if n, err := io.Copy(io.Discard, f); codeOf(err) != minio.PreconditionFailed || n != 1<<19 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestKeepAndRemove(t *testing.T) {
	s, b := start(t)
	b.copyLimit, b.copyPart = 2*partBytes, partBytes
	for name, n := range map[string]int{"small {x}+ü": 1000, "large": 3*partBytes - 7} {
		data := noise(5, n)
		s.Put("dir/sub/"+name, data)
		if err := b.Keep(t.Context(), name, name+".old"); err != nil {
			t.Fatal(err)
		}
		if got := read(t, b, name+".old"); !bytes.Equal(got, data) {
			t.Errorf("%s: the copy has other bytes", name)
		}
		if err := b.Keep(t.Context(), name, name+".old"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: a name that is taken: %v", name, err)
		}
		if err := b.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
		if err := b.Keep(t.Context(), name, "y"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file that is gone: %v", name, err)
		}
	}
	only(t, s, "dir/sub/large.old", "dir/sub/small {x}+ü.old")
	// A large copy that fails half way leaves nothing.
	s.FailNext(5, 1, s3test.Forbidden)
	if err := b.Keep(t.Context(), "large.old", "z"); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	only(t, s, "dir/sub/large.old", "dir/sub/small {x}+ü.old")
}

func TestPathAndFree(t *testing.T) {
	_, b := start(t)
	if got := b.Path("x.rdb"); got != "s3://snapshots/dir/sub/x.rdb" {
		t.Error(got)
	}
	if n, err := b.Free(); n != -1 || err != nil {
		t.Error(n, err)
	}
}

// TestCancel: a Write that waits for the store ends with its context.
func TestCancel(t *testing.T) {
	s, b := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	f, err := b.Create(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	s.SetStall(time.Minute)
	s.FailNext(1, 1000, s3test.Stall)
	time.AfterFunc(50*time.Millisecond, cancel)
	for err == nil {
		_, err = f.Write(make([]byte, partBytes))
	}
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := f.Finish(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s.Heal()
	if err := f.Abort(); err != nil {
		t.Error(err)
	}
	only(t, s)
}

func TestCreateFails(t *testing.T) {
	s, b := start(t)
	for _, name := range []string{"", "a/b"} {
		if _, err := b.Create(t.Context(), name); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
	s.FailNext(1, 1, s3test.Forbidden)
	if _, err := b.Create(t.Context(), "x"); !errors.Is(err, fs.ErrPermission) ||
		!strings.Contains(err.Error(), "s3://snapshots/dir/sub/x: starting the upload: AccessDenied: Access Denied (status 403)") {
		t.Error(err)
	}
}

// TestNothingIsLeftRunning: a Bucket that is closed has no goroutines and no connections.
func TestNothingIsLeftRunning(t *testing.T) {
	s := s3test.New(t, "snapshots")
	s.SetMinPart(partBytes)
	s.Setenv(t)
	before := runtime.NumGoroutine()
	b := connect(t, s)
	if err := save(t.Context(), b, 1); err != nil {
		t.Fatal(err)
	}
	f, _, err := b.Open(t.Context(), setNames[0])
	if err != nil {
		t.Fatal(err)
	}
	f.Read(make([]byte, 10))
	f.Close()
	b.Close()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines more:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
