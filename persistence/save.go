package persistence

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/persistence/snapshot"
	"dragonfly/store"
)

// Meta is what a snapshot says beside the keys, and how it is written.
type Meta struct {
	RedisVersion string    // of the Redis that we stand for
	Version      string    // ours
	UsedMemory   int64     // bytes; Dragonfly refuses a snapshot whose number is above its own limit
	TableMemory  int64     // bytes of the hash tables, for a DFS summary
	Now          time.Time // when the snapshot is made; zero = now
	Carried      Carried

	Access      snapshot.Access
	Compression Compression
	// CompressionLevel is that of zstd, or of LZ4: below 3 fast, from 3 on thorough.
	CompressionLevel int
	// Target is the reader of an RDB file.
	Target snapshot.Target
	// MaxChunk is about the size of the pieces that a big value is split into in a DFS file, if TaggedChunks is set; 0 =
	// it is not split.
	MaxChunk     int
	TaggedChunks bool
	// EgressLimit, if not 0, is how many bytes a second each goroutine that writes may write.
	EgressLimit int64
	// Alone says that nobody is served meanwhile: a DFS set is written with all processors instead of half of them.
	Alone bool
	// Pause, unless nil, is called by every walker each time it goes on to the next shard: for throttling and tests.
	Pause func()
}

// Carried is what a snapshot has for others: it was loaded from one and is written to the next.
type Carried struct {
	Functions [][]byte    // sources of function libraries
	Aux       [][2]string // metadata fields "lua", "search-index" and "search-synonyms"
	ModuleAux [][]byte    // global data of modules, as rdbload.Sink has it
}

// Compression is the value of the setting compression_mode.
type Compression int

// The kinds of compression. In an RDB file all but NoCompression mean LZF.
const (
	NoCompression Compression = iota
	LZF                       // each string for itself
	Zstd                      // groups of records
	LZ4                       // groups of records
)

// Progress is how far a save has come.
type Progress struct {
	Keys, Total atomic.Int64
	Bytes       atomic.Int64
}

// Result is what a save has written.
type Result struct {
	Path       string   // of the RDB file or the summary, for people
	Files      []string // names of all files, in the order in which they appeared
	SnapshotID string   // of a DFS set
	Version    int      // RDB version of the header
	Keys       int
	Bytes      int64
	Took       time.Duration
	Dirty      int64     // changes to the data set that the snapshot contains
	Started    time.Time // instant of the cut
	ByType     [16]int64 // keys by object.Type
	// FieldTTLMs counts the hashes of a DFS set that Dragonfly cannot load: see package snapshot.
	FieldTTLMs int64
	// Dropped is what the target cannot hold and was left out, by snapshot.Loss; nil if that was nothing.
	Dropped map[string]int64
}

// count puts what the writers have counted into the result.
func (r *Result) count(c *snapshot.Counts) {
	r.Version, r.Keys, r.ByType, r.FieldTTLMs = c.Version, c.Keys, c.ByType, c.FieldTTLMs
	for loss, n := range c.Lost {
		if n == 0 {
			continue
		}
		if r.Dropped == nil {
			r.Dropped = map[string]int64{}
		}
		r.Dropped[snapshot.Loss(loss).String()] = n
	}
}

// walk is one shard that is being written. A walker owns it.
type walk struct {
	id       int
	snap     *store.ShardSnapshot
	w        *snapshot.Writer
	progress *Progress
	keys     int  // of those written, how many are reported
	over     bool // nothing is written any more, but something may be left to take
	done     bool // nor that
}

// locked runs fn with the shard locked, to take what its writer has collected. It returns the error of the writer.
func (sh *walk) locked(fn func(w *snapshot.Writer)) (err error) {
	var keys int
	sh.snap.Locked(func() {
		fn(sh.w)
		keys, err = sh.w.Keys, sh.w.Err
	})
	sh.progress.Keys.Add(int64(keys - sh.keys))
	sh.keys = keys
	return err
}

// cut makes the cut: a snapshot with a walk for every shard.
func cut(st *store.Store, opt snapshot.Options, progress *Progress) (*store.Snapshot, []*walk) {
	walks := make([]*walk, st.NumShards())
	snap := st.BeginSnapshot(func(shard int) store.SnapshotWriter {
		walks[shard] = &walk{id: shard, w: snapshot.NewWriter(opt), progress: progress}
		return walks[shard].w
	}, nil)
	for i, sh := range walks {
		sh.snap = snap.Shards[i]
	}
	progress.Total.Store(int64(snap.Keys))
	return snap, walks
}

// output is a file that is being written. It counts and sums what it writes.
type output struct {
	Pending
	progress *Progress
	sum      uint64 // CRC64 of what was written since it was last reset
	n        int64
}

// write appends b to the file.
func (o *output) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n, err := o.Write(b)
	o.n += int64(n)
	o.progress.Bytes.Add(int64(n))
	if err != nil {
		return fmt.Errorf("writing at offset %d: %w", o.n, err)
	}
	o.sum = rdbfmt.CRC64(o.sum, b)
	return nil
}

// abort gives files up after err, and returns err with what failed in doing so.
func abort(err error, files ...Pending) error {
	for _, f := range files {
		if f != nil {
			err = errors.Join(err, f.Abort())
		}
	}
	return err
}

// commit makes finished files appear, the last one last.
func commit(ctx context.Context, storage Storage, res *Result, files []Pending) error {
	for _, f := range files {
		res.Files = append(res.Files, f.Name())
	}
	res.Path = storage.Path(res.Files[len(files)-1])
	return storage.Commit(ctx, files)
}

// instant returns when the snapshot is made.
func (m *Meta) instant() time.Time {
	if m.Now.IsZero() {
		return time.Now()
	}
	return m.Now
}

// walkers returns by how many goroutines so many shards are walked and written. Half of the processors is left to those
// who serve clients: a client whose server and a snapshot compete for a processor waits for as long as the system lets
// either run, several milliseconds.
func (m *Meta) walkers(shards int) int {
	n := runtime.GOMAXPROCS(0)
	if !m.Alone {
		n = (n + 1) / 2
	}
	return max(1, min(shards, n))
}
