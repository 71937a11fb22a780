package rdbload

import (
	"dragonfly/store/types/listpack"
)

// A stream node is a listpack of
//
//	master: live, deleted, n, n × field, 0
//	(live + deleted) × entry:
//	    flags, ms delta, seq delta
//	    like the master: n × value
//	    else:            n, n × (field, value)
//	    number of elements of this entry before this one
//
// IDs are the master ID plus the deltas; seq delta is negative if a later ms
// begins with a smaller seq.
const (
	streamDeleted    = 1 << 0
	streamSameFields = 1 << 1
)

const errStreamNode corrupt = "malformed stream node"

// streamNode is what checkStreamNode finds.
type streamNode struct {
	live        uint64
	first, last StreamID // of all entries
	firstLive   StreamID
}

// nodeReader walks a valid listpack. After the first failure it stays failed.
type nodeReader struct {
	lp  []byte
	p   int // offset of the next element, -1 at the end
	err error
}

// int reads the next element, which must be an integer.
func (r *nodeReader) int() int64 {
	if r.p < 0 {
		r.err = errStreamNode
		return 0
	}
	_, n, isInt, next := listpack.GetNext(r.lp, r.p)
	if !isInt {
		r.err = errStreamNode
	}
	r.p = next
	return n
}

// count reads the next element, which must be an integer from 0 on.
func (r *nodeReader) count() int64 {
	n := r.int()
	if n < 0 {
		r.err = errStreamNode
	}
	return n
}

// skip passes over n elements.
func (r *nodeReader) skip(n int64) {
	for ; n > 0; n-- {
		if r.p < 0 {
			r.err = errStreamNode
			return
		}
		r.p = listpack.Next(r.lp, r.p)
	}
}

// checkStreamNode verifies the node lp with the given master ID: structure,
// counts, and that IDs ascend.
func checkStreamNode(lp []byte, master StreamID) (node streamNode, err error) {
	if err := listpack.Validate(lp, true); err != nil {
		return node, err
	}
	r := nodeReader{lp: lp, p: listpack.First(lp)}
	live, deleted, fields := r.count(), r.count(), r.count()
	r.skip(fields)
	if r.int() != 0 || r.err != nil {
		return node, errStreamNode
	}
	for first := true; r.p >= 0; first = false {
		id, isDeleted := r.entry(master, fields)
		switch {
		case r.err != nil:
			return node, r.err
		case first:
			node.first = id
		case !node.last.Less(id):
			return node, errStreamID
		}
		node.last = id
		if isDeleted {
			deleted--
			continue
		}
		if node.live == 0 {
			node.firstLive = id
		}
		node.live++
	}
	if int64(node.live) != live || deleted != 0 {
		return node, errStreamNode
	}
	if node.first == (StreamID{}) && node.last == (StreamID{}) {
		return node, errStreamNode // no entry at all, or 0-0, which no entry may have
	}
	return node, nil
}

// entry reads one entry.
func (r *nodeReader) entry(master StreamID, fields int64) (id StreamID, deleted bool) {
	flags := r.int()
	if flags&^(streamDeleted|streamSameFields) != 0 {
		r.err = errStreamNode
	}
	ms := r.count()
	id = StreamID{master.Ms + uint64(ms), master.Seq + uint64(r.int())}
	if id.Ms < master.Ms {
		r.err = errStreamNode
	}
	elements := fields + 3
	if flags&streamSameFields != 0 {
		r.skip(fields)
	} else {
		n := r.count()
		if n > int64(len(r.lp)) {
			r.err = errStreamNode
			return id, false
		}
		r.skip(2 * n)
		elements = 2*n + 4
	}
	if r.int() != elements {
		r.err = errStreamNode
	}
	return id, flags&streamDeleted != 0
}
