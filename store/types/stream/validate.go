package stream

import "dragonfly/store/types/listpack"

// CorruptError says what is wrong with a stream from outside.
type CorruptError string

func (e CorruptError) Error() string { return "stream: " + string(e) }

// The reasons of a CorruptError.
const (
	corruptMaster   CorruptError = "malformed master entry of a node"
	corruptEntry    CorruptError = "malformed entry in a node"
	corruptOrder    CorruptError = "IDs are not in ascending order"
	corruptGroup    CorruptError = "two groups of one name"
	corruptConsumer CorruptError = "two consumers of one name in a group"
	corruptPending  CorruptError = "pending entries are not in ascending order"
	corruptOwner    CorruptError = "consumer has a pending entry that its group has not, or that another consumer has"
	corruptOrphan   CorruptError = "pending entry without a consumer"
)

// nodeReader walks over a listpack that is well-formed as such but may not be a node.
type nodeReader struct {
	lp []byte
	p  int
}

// int reads an element that must be an integer.
func (r *nodeReader) int() (v int64, ok bool) {
	if r.p < 0 {
		return 0, false
	}
	_, v, ok, r.p = listpack.GetNext(r.lp, r.p)
	return v, ok
}

// skip passes over count elements of any kind.
func (r *nodeReader) skip(count int64) bool {
	for ; count > 0; count-- {
		if r.p < 0 {
			return false
		}
		r.p = listpack.Next(r.lp, r.p)
	}
	return count == 0
}

// validateNode checks bytes from outside that should be the listpack of a node, after which every function of this
// package is safe to use on it. It returns the numbers of live entries and of tombstones, which the master entry may
// state wrongly, and the ID of the last entry of any kind.
func validateNode(master ID, lp []byte) (live, deleted int64, last ID, err error) {
	if err := listpack.Validate(lp, true); err != nil {
		return 0, 0, ID{}, err
	}
	r := nodeReader{lp, listpack.First(lp)}
	_, ok1 := r.int()
	_, ok2 := r.int()
	fields, ok3 := r.int()
	if !ok1 || !ok2 || !ok3 || fields < 0 || !r.skip(fields) {
		return 0, 0, ID{}, corruptMaster
	}
	if zero, ok := r.int(); !ok || zero != 0 || r.p < 0 {
		return 0, 0, ID{}, corruptMaster
	}
	for r.p >= 0 {
		e, ok := r.entry(master, fields)
		if !ok {
			return 0, 0, ID{}, corruptEntry
		}
		if e.id.Less(master) || live+deleted > 0 && !last.Less(e.id) {
			return 0, 0, ID{}, corruptOrder
		}
		last = e.id
		if e.flags&flagDeleted == 0 {
			live++
		} else {
			deleted++
		}
	}
	return live, deleted, last, nil
}

// entry reads one entry.
func (r *nodeReader) entry(master ID, fields int64) (e entry, ok bool) {
	flags, ok1 := r.int()
	ms, ok2 := r.int()
	seq, ok3 := r.int()
	if !ok1 || !ok2 || !ok3 || flags&^(flagDeleted|flagSameFields) != 0 {
		return e, false
	}
	elements := fields + 3
	if flags&flagSameFields == 0 {
		if fields, ok = r.int(); !ok || fields < 0 || fields > int64(len(r.lp)) {
			return e, false
		}
		elements = 2*fields + 4
		fields *= 2
	}
	if !r.skip(fields) {
		return e, false
	}
	if n, ok := r.int(); !ok || n != elements {
		return e, false
	}
	return entry{id: ID{master.Ms + uint64(ms), master.Seq + uint64(seq)}, flags: flags}, true
}
