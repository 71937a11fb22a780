package script

import (
	"context"
	"runtime"
	"runtime/metrics"
	"time"

	"dragonfly/store/resperr"
)

// Lua asks the pulse for its Done channel before every instruction, so Done is where a script is watched. Most of the
// time it counts down and that is all.
const (
	instructionsPerLook = 64 // at the clock
	lookEvery           = time.Millisecond
)

// pulse watches a script while it runs. It is the context of all coroutines of a VM.
type pulse struct {
	vm     *VM
	left   int           // instructions until the next look at the clock
	done   chan struct{} // closed when the script has to end; nil while it may go on
	err    error         // why it has to
	start  time.Time     // of the run
	seen   time.Time     // when the host was called last
	end    time.Time     // when the body of a library has to be done; zero for a script
	memory memory
}

// begin starts to watch a run, which may take no longer than limit, if that is not 0.
func (p *pulse) begin(limit time.Duration) {
	p.left, p.done, p.err = instructionsPerLook, nil, nil
	p.start = time.Now()
	p.seen, p.end = p.start, time.Time{}
	if limit > 0 {
		p.end = p.seen.Add(limit)
	}
	p.memory.begin()
}

// Done is called for every instruction.
func (p *pulse) Done() <-chan struct{} {
	if p.left--; p.left <= 0 {
		p.look()
	}
	return p.done
}

// Err returns why the script has to end, nil while it may go on.
func (p *pulse) Err() error { return p.err }

// Deadline is that of a context that has none.
func (p *pulse) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nothing.
func (p *pulse) Value(any) any { return nil }

var _ context.Context = (*pulse)(nil)

// dead tells whether the script has to end, or did.
func (p *pulse) dead() bool { return p.err != nil }

// kill ends the script with its next instruction.
func (p *pulse) kill(err error) {
	if p.err == nil {
		p.err = err
		p.done = make(chan struct{})
		close(p.done)
	}
}

// look asks the clock whether it is time to ask the others.
func (p *pulse) look() {
	p.left = instructionsPerLook
	now := time.Now()
	if p.err != nil || now.Sub(p.seen) < lookEvery {
		return
	}
	if !p.end.IsZero() && now.After(p.end) {
		p.kill(resperr.FunctionTimeout)
		return
	}
	if p.memory.exceeds(p.vm.opt.Memory) {
		p.kill(resperr.ScriptMemory)
		return
	}
	if p.vm.running {
		if err := p.vm.tick(); err != nil {
			p.kill(err)
		}
	}
	p.seen = time.Now()
}

// tick calls the host.
func (vm *VM) tick() error {
	defer vm.keepCrash()
	return vm.host.Tick()
}

// memory watches how the heap of the process grows while a script runs. What others take meanwhile counts too, but that is
// little: the data is not in the heap. What of the heap is alive is known after a collection. The collector runs often
// enough while a heap is growing; it is only asked to where twice the limit has come together since it did. Garbage that
// was there before the script is its gain.
type memory struct {
	samples [2]metrics.Sample
	base    int64 // the heap at the first look, -1 before
	forced  int64 // its size from which on a collection is asked for
}

// The samples of memory.
const (
	heapSize = iota // with garbage that is not found yet
	heapLive        // at the end of the last collection
)

func (m *memory) begin() { m.base = -1 }

// exceeds tells whether the heap has grown by more than limit since the first look.
func (m *memory) exceeds(limit int64) bool {
	m.read()
	size := m.sample(heapSize)
	if m.base < 0 {
		m.base, m.forced = size, size+2*limit
	}
	if size > m.forced && m.sample(heapLive) <= m.base+limit {
		runtime.GC()
		m.read()
		m.forced = max(m.sample(heapSize), m.base) + 2*limit
	}
	return m.sample(heapLive) > m.base+limit
}

// took tells by how much the heap has grown since the first look, with all garbage.
func (m *memory) took() int64 {
	if m.base < 0 {
		return 0
	}
	return m.size() - m.base
}

func (m *memory) read() {
	m.samples[heapSize].Name = "/memory/classes/heap/objects:bytes"
	m.samples[heapLive].Name = "/gc/heap/live:bytes"
	metrics.Read(m.samples[:])
}

func (m *memory) sample(i int) int64 { return int64(m.samples[i].Value.Uint64()) }

// size is the heap as it is now.
func (m *memory) size() int64 {
	m.read()
	return m.sample(heapSize)
}
