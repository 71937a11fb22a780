package vfstest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// blockSize is what a disk writes whole.
const blockSize = 512

func cloneEntries(entries map[string]*inode) map[string]*inode { return maps.Clone(entries) }

// Restart returns the file system as the next process finds it after this one was killed: all that was written is there,
// durable or not. Calls on the old one and its files fail from now on.
func (f *FS) Restart() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	return &FS{root: f.root, clock: f.clock, limit: f.limit}
}

// Crash returns the file system as it is after a power cut: of what was not synced any part may be there, which one
// depends on the seed. Calls on the old one and its files fail from now on.
func (f *FS) Crash(seed uint64) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	c := &crash{rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)), map[*inode]*inode{}}
	return &FS{root: c.survivor(f.root), clock: f.clock, limit: f.limit}
}

// crash decides what survives.
type crash struct {
	rnd *rand.Rand
	// survivors are what has become of inodes: a file of several names becomes one.
	survivors map[*inode]*inode
}

func (c *crash) survivor(n *inode) *inode {
	if s := c.survivors[n]; s != nil {
		return s
	}
	if !n.isDir {
		s := &inode{}
		s.content, s.modified = c.tear(n), n.modified
		if c.rnd.IntN(2) == 0 && !n.durableModified.IsZero() {
			s.modified = n.durableModified
		}
		s.durable, s.durableModified = slices.Clone(s.content), s.modified
		c.survivors[n] = s
		return s
	}
	s := newDir()
	c.survivors[n] = s
	left := c.names(n)
	for _, name := range sortedNames(left) {
		e := c.survivor(left[name])
		s.entries[name], s.durableEntries[name] = e, e
	}
	return s
}

// names decides which changes of a directory have reached the disk: all, none, the first ones, or any.
func (c *crash) names(n *inode) map[string]*inode {
	left := cloneEntries(n.durableEntries)
	mode := c.rnd.IntN(4)
	first := c.rnd.IntN(len(n.changes) + 1)
	often := c.rnd.Float64()
	for i, change := range n.changes {
		whole := true
		switch mode {
		case 0:
		case 1:
			continue
		case 2:
			if i >= first {
				return left
			}
		default:
			if c.rnd.Float64() > often {
				continue
			}
			// A rename may have left the file under both names, but not under none.
			whole = change.set == "" || c.rnd.IntN(4) != 0
		}
		change.apply(left, whole)
	}
	return left
}

// tear decides what of a file has reached the disk.
func (c *crash) tear(n *inode) []byte {
	if slices.Equal(n.content, n.durable) {
		return n.durable
	}
	size := len(n.content)
	switch c.rnd.IntN(5) {
	case 0: // nothing
		return n.durable
	case 1: // all
		return n.content
	case 2: // the beginning
		return slices.Clone(n.content[:c.rnd.IntN(size+1)])
	case 3: // the size, but little of the content
	default: // some blocks, and perhaps not all of the size
		size = max(len(n.durable), c.rnd.IntN(size+1))
	}
	torn := make([]byte, size)
	copy(torn, n.durable)
	often := c.rnd.Float64()
	for off := 0; off < min(size, len(n.content)); off += blockSize {
		if c.rnd.Float64() < often {
			copy(torn[off:min(off+blockSize, size)], n.content[off:])
		}
	}
	return torn
}
