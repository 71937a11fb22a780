package inspect

import (
	"os"
	"sync"
)

// Progress is how far an inspection has come.
type Progress struct {
	Done  int64 // bytes of all files of the snapshot
	Total int64
	Keys  int64
}

// meter adds up the progress of files that may be read at the same time.
type meter struct {
	mu sync.Mutex
	fn func(Progress)
	p  Progress
}

// count is how much of a file has been read.
type count struct{ bytes, keys int64 }

func (n count) minus(m count) count { return count{n.bytes - m.bytes, n.keys - m.keys} }

// expect adds a file to what there is to do.
func (m *meter) expect(path string) {
	info, err := os.Stat(path)
	if err != nil {
		return // it will be a problem when it is read
	}
	m.mu.Lock()
	m.p.Total += info.Size()
	m.mu.Unlock()
}

// advance adds what has been read since.
func (m *meter) advance(n count) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Done += n.bytes
	m.p.Keys += n.keys
	if m.fn != nil {
		m.fn(m.p)
	}
}
