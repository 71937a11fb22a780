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
// little: the data is not in the heap.
type memory struct {
	sample [1]metrics.Sample
	base   int64 // the heap at the first look
	next   int64 // the size from which on it is worth to collect garbage and measure what is left
}

func (m *memory) begin() { m.base = -1 }

// exceeds tells whether the heap has grown by more than limit since the first look.
func (m *memory) exceeds(limit int64) bool {
	size := m.size()
	if m.base < 0 {
		m.base, m.next = size, size+limit
	}
	if size <= m.next {
		return false
	}
	// Much of it may be garbage. What a collection costs is in proportion to what was allocated since the last one.
	runtime.GC()
	size = m.size()
	m.next = max(size, m.base) + limit/2
	return size > m.base+limit
}

func (m *memory) size() int64 {
	m.sample[0].Name = "/memory/classes/heap/objects:bytes"
	metrics.Read(m.sample[:])
	return int64(m.sample[0].Value.Uint64())
}
