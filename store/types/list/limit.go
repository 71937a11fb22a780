package list

import "dragonfly/store/object"

const (
	// safeBytes bounds a node whose limit is a number of elements.
	safeBytes = 8192
	// entryOverhead is what Redis reckons for an element beside its bytes when it asks whether it fits a node.
	entryOverhead = 8
	// mergeSaving is what two listpacks save when they become one: a header and an end byte.
	mergeSaving = 7
	// unlimited is no limit, with room for sums.
	unlimited = 1 << 62
)

// limits returns the bytes and the number of elements a node may have; one of them is unlimited.
func limits(lim *object.Limits) (bytes, count int) {
	if n := lim.ListMaxListpackSize; n >= 0 {
		return unlimited, max(n, 1)
	}
	return 4096 << min(-lim.ListMaxListpackSize-1, 4), unlimited
}

// fits tells whether a listpack of so many bytes and elements is within the limit.
func fits(lim *object.Limits, bytes, count int) bool {
	if lim.ListMaxListpackSize < 0 {
		most, _ := limits(lim)
		return bytes <= most
	}
	_, most := limits(lim)
	return bytes <= safeBytes && count <= most
}

// isLarge tells whether an element of so many bytes gets a plain node for itself.
func isLarge(lim *object.Limits, size int) bool {
	if lim.PackedThreshold != 0 {
		return size >= lim.PackedThreshold
	}
	return size > nodeBytes(lim)
}

// nodeBytes returns the most bytes that growing by single elements brings a node to, about.
func nodeBytes(lim *object.Limits) int {
	most, _ := limits(lim)
	if most == unlimited {
		return safeBytes
	}
	return most
}

// allowsInsert tells whether an element of size bytes may join the node.
func (n *node) allowsInsert(lim *object.Limits, size int) bool {
	return !n.isPlain() && !isLarge(lim, size) && fits(lim, int(n.size)+size+entryOverhead, n.len()+1)
}

// allowsMerge tells whether two neighbours may become one node.
func allowsMerge(lim *object.Limits, a, b *node) bool {
	return !a.isPlain() && !b.isPlain() && fits(lim, int(a.size)+int(b.size)-mergeSaving, a.len()+b.len())
}
