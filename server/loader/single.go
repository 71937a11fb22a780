package loader

import (
	"dragonfly/rdbload"
	"dragonfly/store"
	"dragonfly/store/object"
)

// Bench builds records one after the other, each as a load would, and frees them again: for whoever wants to see what
// a load would make of a file without having room for it.
type Bench struct {
	l *Loader
}

// NewBench returns a bench for values with the given limits of encodings, at a time.
func NewBench(limits object.Limits, nowMs int64) (*Bench, error) {
	st, err := store.New(store.Options{Shards: 1, Databases: 1, Limits: limits})
	if err != nil {
		return nil, err
	}
	return &Bench{&Loader{st: st, nowMs: nowMs}}, nil
}

// Close gives the memory back.
func (b *Bench) Close() error { return b.l.st.Close() }

// Used returns the bytes that the values now on the bench take: one, and those that the reader lets wait for the rest of
// their elements.
func (b *Bench) Used() int64 { return b.l.st.Shard(0).A.Used() }

// Try builds the value of a record and shows the entry to fn, which must not change it.
func (b *Bench) Try(rec *rdbload.Record, fn func(c object.Cell)) error {
	at := b.l.attrs(rec)
	alone := *rec
	alone.DB = 0 // it is in no table anyway
	d, err := b.l.make(&alone, at)
	if err != nil {
		return err
	}
	fn(d.Cell())
	d.DiscardNow()
	return nil
}
