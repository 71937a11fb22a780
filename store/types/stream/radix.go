package stream

import "math/bits"

// RadixNodes returns the number of nodes that Redis's radix tree of this stream would have, which XINFO tells: it
// has a node for each key, each place where keys part, and each run of bytes between those. It walks over all nodes.
func (s Stream) RadixNodes() int {
	if s.Nodes() == 0 {
		return 1
	}
	// path are the depths of the tree's nodes on the way to the last key, runs not counted.
	var path [IDBytes + 1]int
	n, count := 0, 0
	// leave counts the last node of path and the run above it; least is how deep its parent is at least.
	leave := func(least int) {
		n--
		if n > 0 {
			least = max(least, path[n-1])
		}
		if count++; path[n] > least+1 {
			count++
		}
	}
	var prev ID
	for c := s.nodes().First(); c.Ok(); c.Next() {
		id := nodeOf(c.Item()).id
		if n > 0 {
			common := commonBytes(prev, id)
			for n > 0 && path[n-1] > common {
				leave(common)
			}
			if n == 0 || path[n-1] < common {
				path[n] = common
				n++
			}
		}
		path[n] = IDBytes
		n++
		prev = id
	}
	for n > 0 {
		leave(-1)
	}
	return count
}

// commonBytes returns how many bytes two IDs have in common at the start of their binary forms.
func commonBytes(a, b ID) int {
	if a.Ms != b.Ms {
		return bits.LeadingZeros64(a.Ms^b.Ms) / 8
	}
	return 8 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}
