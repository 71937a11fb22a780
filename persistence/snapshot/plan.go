package snapshot

import (
	"bytes"
	"math"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
	"dragonfly/store/types/stream"
)

// plan is how a value is written.
type plan struct {
	kind byte // type byte
	look look
}

// look is what must be known of the deadlines in a value before it is written.
type look uint8

const (
	noLook look = iota
	// wholeSeconds: whether all are whole seconds. If not, the type is not Dragonfly's.
	wholeSeconds
	// live: how many fields or members have not expired. The others are left out, since all lose their deadlines.
	live
)

// versionOf is the first RDB version that has a type byte, for the types written here.
func versionOf(kind byte) int {
	switch kind {
	case rdbfmt.TypeHashListpack, rdbfmt.TypeZsetListpack, rdbfmt.TypeListQuicklist2, rdbfmt.TypeStreamListpacks2:
		return 10
	case rdbfmt.TypeStreamListpacks3:
		return 11
	case rdbfmt.TypeHashMeta, rdbfmt.TypeHashListpackEx:
		return 12
	}
	return 9
}

// plan decides how a value is written. It returns false if it cannot be: the key is left out, or Err says why it must
// not be.
func (w *Writer) plan(db int, c object.Cell) (p plan, ok bool) {
	old := w.opt.Target.Version == 9
	switch t := c.Type(); t {
	case object.String:
		p.kind = rdbfmt.TypeString
	case object.List:
		p.kind = pick(old, rdbfmt.TypeListQuicklist, rdbfmt.TypeListQuicklist2)
	case object.Set:
		p, ok = w.planSet(db, c)
		if !ok {
			return p, false
		}
	case object.Zset:
		p.kind = rdbfmt.TypeZset2
		if c.Encoding() == object.Listpack {
			p.kind = pick(old, rdbfmt.TypeZsetZiplist, rdbfmt.TypeZsetListpack)
		}
	case object.Hash:
		p, ok = w.planHash(db, c)
		if !ok {
			return p, false
		}
	case object.Stream:
		p.kind = w.streamKind(stream.Open(c))
	default:
		if w.opt.Target.Version != 0 {
			w.lose(db, c, OtherTypes, 1)
			return p, false
		}
		p.kind = opaqueKinds[t]
	}
	return p, w.opt.Target.Version == 0 || w.planMarks(db, c)
}

// opaqueKinds are the type bytes of values that are written as they were read.
var opaqueKinds = [object.NumTypes]byte{
	object.Module: rdbfmt.TypeModule2,
	object.JSON:   rdbfmt.TypeDFJSON,
	object.Bloom:  rdbfmt.TypeDFBloom,
	object.Cuckoo: rdbfmt.TypeDFCuckoo,
	object.CMS:    rdbfmt.TypeDFCMS,
	object.TopK:   rdbfmt.TypeDFTopK,
}

func pick(old bool, then, now byte) byte {
	if old {
		return then
	}
	return now
}

func (w *Writer) planSet(db int, c object.Cell) (p plan, ok bool) {
	switch {
	case c.Encoding() == object.Intset:
		return plan{kind: rdbfmt.TypeSetIntset}, true
	case !c.HasFieldTTL():
		return plan{kind: rdbfmt.TypeSet}, true
	case w.opt.Target.Version == 0:
		return plan{kind: rdbfmt.TypeDFSetWithExpiry}, true
	}
	return plan{rdbfmt.TypeSet, live}, w.lose(db, c, MemberTTLs, int64(set.Timed(c)))
}

func (w *Writer) planHash(db int, c object.Cell) (p plan, ok bool) {
	version := w.opt.Target.Version
	switch {
	case c.Encoding() == object.Listpack:
		return plan{kind: pick(version == 9, rdbfmt.TypeHashZiplist, rdbfmt.TypeHashListpack)}, true
	case hash.MinDeadline(c) == math.MaxInt64:
		return plan{kind: rdbfmt.TypeHash}, true
	case w.opt.DFS:
		return plan{rdbfmt.TypeDFHashWithExpiry, wholeSeconds}, true
	case version == 0 || version >= 12:
		return plan{kind: timedHashKind(c)}, true
	}
	return plan{rdbfmt.TypeHash, live}, w.lose(db, c, FieldTTLs, int64(hash.Timed(c)))
}

// timedHashKind returns the type of a hash with deadlines in Redis.
func timedHashKind(c object.Cell) byte {
	if c.Encoding() == object.ListpackEx {
		return rdbfmt.TypeHashListpackEx
	}
	return rdbfmt.TypeHashMeta
}

func (w *Writer) streamKind(s stream.Stream) byte {
	switch w.opt.Target.Version {
	case 9:
		if s.Groups() > 0 || s.Added() != int64(s.Len()) || !s.MaxDeletedID().IsZero() {
			w.Lost[StreamCounters]++
		}
		return rdbfmt.TypeStreamListpacks
	case 10:
		return rdbfmt.TypeStreamListpacks2
	}
	if w.opt.DFS || tellsActivity(s) {
		return rdbfmt.TypeStreamListpacks3
	}
	return rdbfmt.TypeStreamListpacks2
}

// tellsActivity tells whether the active time of some consumer is not that at which it was seen last, which only the
// newer stream type holds.
func tellsActivity(s stream.Stream) bool {
	for i := range s.Groups() {
		g := s.GroupAt(i)
		for j := range g.Consumers() {
			if c := g.ConsumerAt(j); c.ActiveMs() != c.SeenMs() {
				return true
			}
		}
	}
	return false
}

// planMarks looks for what stands beside the value and no Redis knows.
func (w *Writer) planMarks(db int, c object.Cell) bool {
	return (!c.Sticky() || w.lose(db, c, StickyMarks, 1)) &&
		(c.MemcacheFlags() == 0 || w.lose(db, c, MemcacheFlags, 1))
}

// lose notes that n of something of an entry cannot be held. It returns false if that is an error.
func (w *Writer) lose(db int, c object.Cell, what Loss, n int64) bool {
	if w.opt.Target.Drop {
		w.Lost[what] += n
		return true
	}
	if w.Err == nil {
		e := &TargetError{Version: w.opt.Target.Version, What: what, DB: db, Key: bytes.Clone(c.Key())}
		if what == OtherTypes {
			e.Type = c.Type().String()
		}
		if e.Key == nil {
			e.Key = []byte{} // a key too
		}
		w.Err = e
	}
	return false
}
