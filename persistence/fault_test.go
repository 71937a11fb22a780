package persistence

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"dragonfly/persistence/vfs/vfstest"
)

// faultRun is a save that meets an error, over one that did not.
type faultRun struct {
	fs         *vfstest.FS
	d          *Dir
	rnd        *rand.Rand
	base       string
	old, next  *made
	afterwards *made
}

// threeSnapshots are those of a faultRun: for each the number of shards, 0 for an RDB file.
func threeSnapshots(t *testing.T, base string, shards [3]int) (made [3]*made) {
	rnd := rand.New(rand.NewPCG(1, uint64(shards[1])))
	for i, n := range shards {
		name, err := Expand(base, time.Unix(int64(1_700_000_000+i), 0))
		if err != nil {
			t.Fatal(err)
		}
		made[i] = makeSnapshot(rnd, name, n)
	}
	return made
}

// newFaultRun saves the first of three snapshots. The seed decides on power cuts.
func newFaultRun(t *testing.T, base string, snapshots [3]*made, seed int) *faultRun {
	r := &faultRun{fs: vfstest.New(), rnd: rand.New(rand.NewPCG(2, uint64(seed))), base: base}
	r.d = NewDir(r.fs, "data")
	r.old, r.next, r.afterwards = snapshots[0], snapshots[1], snapshots[2]
	if err := r.save(t.Context(), r.old); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *faultRun) save(ctx context.Context, m *made) error {
	if err := m.save(ctx, r.d, r.base); err != nil {
		return err
	}
	// What is left for the next time is no failure of the save.
	_ = m.clean(ctx, r.d, r.base, 2)
	return nil
}

// loads checks that a start finds one of some snapshots.
func (r *faultRun) loads(ctx context.Context, allowed ...*made) error {
	loaded, err := start(ctx, NewDir(r.fs, "data"), r.base, []*made{r.old, r.next, r.afterwards})
	if err != nil {
		return err
	}
	for _, m := range allowed {
		if loaded == m {
			return nil
		}
	}
	return errors.New("another snapshot was loaded")
}

// afterFault goes on after the save of next, which met an error unless err is nil, in one of several ways.
func (r *faultRun) afterFault(ctx context.Context, err error, way int) error {
	allowed := []*made{r.next}
	if err != nil {
		allowed = append(allowed, r.old)
	}
	switch way {
	case 0: // the next save of the same process
		if err := r.save(ctx, r.afterwards); err != nil {
			return fmt.Errorf("the next save: %w", err)
		}
		return r.loads(ctx, r.afterwards)
	case 1: // another process
		r.fs = r.fs.Restart()
	case 2: // a power cut
		r.fs = r.fs.Crash(r.rnd.Uint64())
	default: // a power cut in the next save of the same process
		r.fs.StopAt(1 + r.rnd.IntN(60))
		if err := r.save(ctx, r.afterwards); err == nil {
			allowed = nil
		} else if !errors.Is(err, vfstest.ErrPower) {
			return fmt.Errorf("the next save: %w", err)
		}
		r.fs = r.fs.Crash(r.rnd.Uint64())
		return r.loads(ctx, append(allowed, r.afterwards)...)
	}
	if err := r.loads(ctx, allowed...); err != nil {
		return err
	}
	r.d = NewDir(r.fs, "data")
	if err := r.save(ctx, r.afterwards); err != nil {
		return fmt.Errorf("the next save: %w", err)
	}
	return r.loads(ctx, r.afterwards)
}

// TestFaults makes every single call of a save fail, and also all from there on, in every way a file system fails: the
// save returns an error or is complete, the snapshot of before or the new one is whole, and the next save works.
func TestFaults(t *testing.T) {
	ways := 4
	sequences := [][3]int{{0, 2, 1}, {3, 1, 0}, {1, 3, 2}}
	if long {
		ways = 10 // the last ones differ by chance
		sequences = append(sequences, [][3]int{{0, 0, 0}, {2, 0, 2}, {4, 4, 4}, {1, 5, 1}}...)
	}
	faults := []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, vfstest.ErrShort, syscall.EINTR}
	for i, shards := range sequences {
		base := []string{"dump", "dump-{timestamp}"}[i%2]
		snapshots := threeSnapshots(t, base, shards)
		for way := range ways {
			for k, fault := range faults {
				// To us they differ in their texts only, but for the short write.
				if k == 0 || way == k%ways {
					everyCall(t, base, snapshots, fault, true, way)
					everyCall(t, base, snapshots, fault, false, way)
				}
			}
		}
	}
}

// everyCall makes every call of a save fail, one after the other.
func everyCall(t *testing.T, base string, snapshots [3]*made, fault error, once bool, way int) {
	for n, reached := 1, true; reached; n++ {
		r := newFaultRun(t, base, snapshots, n*100+way)
		life := r.fs
		before := life.Calls()
		life.FailAt(n, fault, once)
		err := r.save(t.Context(), r.next)
		if err != nil && !errors.Is(err, fault) {
			t.Fatalf("the error is %v, want %v", err, fault)
		}
		reached = life.Calls() >= before+n
		life.ClearFailure()
		if after := r.afterFault(t.Context(), err, way); after != nil {
			t.Fatalf("%s, then %s: %v at call %d, once %v: the save: %v\nway %d: %v\n%s\nand then\n%s",
				r.old.last(), r.next.last(), fault, n, once, err, way, after, life.Trace(), r.fs.Trace())
		}
	}
}

// TestFaultsAtStart makes every call of a start after a crash fail: it returns an error or finds the right snapshot, and
// the next start finds it.
func TestFaultsAtStart(t *testing.T) {
	snapshots := threeSnapshots(t, "dump", [3]int{2, 3, 1})
	step := 7
	if long {
		step = 1
	}
	for at := 1; ; at += step {
		for n, reached := 1, true; reached; n++ {
			r := newFaultRun(t, "dump", snapshots, 0)
			before := r.fs.Calls()
			r.fs.StopAt(at)
			allowed := []*made{r.next}
			if err := r.save(t.Context(), r.next); err != nil {
				allowed = append(allowed, r.old)
			} else if r.fs.Calls() < before+at {
				return // all of it was tried
			}
			r.fs = r.fs.Crash(uint64(1000*at + n))
			r.fs.FailAt(n, syscall.EIO, n%2 == 0)
			first := r.loads(t.Context(), allowed...)
			reached = r.fs.Calls() >= n
			if first != nil && !errors.Is(first, syscall.EIO) {
				t.Fatalf("stopped at call %d, then call %d failed: %v", at, n, first)
			}
			r.fs.ClearFailure()
			if err := r.loads(t.Context(), allowed...); err != nil {
				t.Fatalf("stopped at call %d, then call %d failed with %v, then %v\n%s", at, n, first, err, r.fs.Trace())
			}
		}
	}
}
