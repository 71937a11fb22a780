package server

import (
	"dragonfly/store"
)

// memoryUse is what INFO and MEMORY say of memory. What counts as used is what the process takes before there is any data
// (baseMemory), what clients take, and the blocks of the data, without those that are being freed: the same that maxmemory
// limits.
type memoryUse struct {
	data               dataStats
	used, peak         int64
	rss                int64 // of the process
	heap, heapResident int64 // of Go
	clients            int64
	scripts, functions int64 // cached; a part of heap
	tables             int64 // of all databases
	keys               int64
}

// memoryUse visits all shards.
func (s *Server) memoryUse(nowMs int64, visit func(func(sh *store.Shard))) memoryUse {
	return s.memoryUseOf(s.dataStats(nowMs, visit))
}

func (s *Server) memoryUseOf(d dataStats) memoryUse {
	m := memoryUse{data: d, clients: s.clientBuffers(), rss: residentMemory()}
	m.heap, m.heapResident = goHeap()
	m.used = baseMemory + m.clients + d.used
	m.peak = max(s.peak.Load(), m.used)
	_, scripts, _ := s.scripts.Usage()
	m.scripts = int64(scripts)
	_, _, m.functions = s.functions.get().Counts()
	for i := range d.keys {
		m.keys += int64(d.keys[i])
		m.tables += d.tables[i]
	}
	return m
}

// overhead returns what is not data.
func (m *memoryUse) overhead() int64 { return baseMemory + m.clients + m.tables }

// dataset returns what is data.
func (m *memoryUse) dataset() int64 { return m.used - m.overhead() }

// perKey returns what a key takes on average, all in all.
func (m *memoryUse) perKey() int64 {
	if m.keys == 0 {
		return 0
	}
	return (m.used - baseMemory) / m.keys
}

// allocated returns the bytes of all blocks, of the data and of Go.
func (m *memoryUse) allocated() int64 { return m.data.blocks + m.heap }

// active returns the bytes of the memory that these blocks are in.
func (m *memoryUse) active() int64 { return m.data.resident + m.heapResident }
