package arena

import "slices"

// run is a range of free slabs.
type run struct{ first, count uint32 }

// runSet is the set of free slab ranges below Arena.next, ordered by address and merged with their neighbours.
// There are few of them: single slabs are reused before new ones are taken.
type runSet struct {
	list  []run
	slabs uint32 // sum of counts
}

// take removes count neighbouring slabs, from the first run that has them.
func (s *runSet) take(count uint32) (first uint32, ok bool) {
	if s.slabs < count {
		return 0, false
	}
	for i := range s.list {
		r := &s.list[i]
		if r.count < count {
			continue
		}
		// From the end, so that the common case does not move the list.
		r.count -= count
		first = r.first + r.count
		if r.count == 0 {
			s.list = slices.Delete(s.list, i, i+1)
		}
		s.slabs -= count
		return first, true
	}
	return 0, false
}

// give adds a range and merges it with its neighbours.
func (s *runSet) give(first, count uint32) {
	i, _ := slices.BinarySearchFunc(s.list, first, func(r run, f uint32) int {
		if r.first < f {
			return -1
		}
		return 1
	})
	s.slabs += count
	joinsLeft := i > 0 && s.list[i-1].first+s.list[i-1].count == first
	joinsRight := i < len(s.list) && first+count == s.list[i].first
	switch {
	case joinsLeft && joinsRight:
		s.list[i-1].count += count + s.list[i].count
		s.list = slices.Delete(s.list, i, i+1)
	case joinsLeft:
		s.list[i-1].count += count
	case joinsRight:
		s.list[i].first, s.list[i].count = first, s.list[i].count+count
	default:
		s.list = slices.Insert(s.list, i, run{first, count})
	}
}
