package store

import (
	"testing"

	"dragonfly/store/object"
)

// TestDetach: an entry that is put back is as it was, also for a snapshot that was cut before; one that is discarded
// is gone with its memory.
func TestDetach(t *testing.T) {
	s := newStore(t, 1)
	v := s.View(0, 1000)
	name := []byte("big")
	bigSet(&v, name, 5000)
	v.SetDeadline(name, 9000)
	w := &noter{}
	snap := s.BeginSnapshot(func(int) SnapshotWriter { return w }, nil)

	d, ok := v.Detach(name)
	if !ok || v.Peek(name).Ok() || s.Shard(0).DB(0).Expires() != 0 || s.Shard(0).Len(0) != 0 {
		t.Fatal("the key is still there")
	}
	d.PutBack()
	c := v.Peek(name)
	if ms, _ := c.Deadline(); !c.Ok() || ms != 9000 || Elements(c) != 5000 || s.Shard(0).DB(0).Expires() != 1 {
		t.Fatal("the key did not come back as it was")
	}
	for {
		if more, _, _ := snap.Shards[0].Step(); !more {
			break
		}
	}
	snap.End()
	if len(w.keys) != 1 {
		t.Errorf("the snapshot has %q", w.keys)
	}

	d, _ = v.Detach(name)
	d.Discard()
	s.Shard(0).DB(0).Clear()
	if used := s.drain(); used != 0 {
		t.Errorf("%d bytes are in use", used)
	}
	if _, ok := v.Detach(name); ok {
		t.Error("a missing key was detached")
	}
	Detached{}.PutBack()
	Detached{}.Discard()
}

// noter is a SnapshotWriter that notes keys.
type noter struct{ keys []string }

func (r *noter) Entry(_ int, c object.Cell) { r.keys = append(r.keys, string(c.Key())) }
func (r *noter) Big(object.Cell) bool       { return true }
func (r *noter) Begin(_ int, c object.Cell) { r.keys = append(r.keys, string(c.Key())) }
func (r *noter) Step(object.Cell) bool      { return true }
func (r *noter) Backlog() int               { return 0 }
