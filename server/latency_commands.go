package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// latencyCommands are LATENCY and its subcommands.
var latencyCommands = []command.Command{
	{
		Name: "latency", Arity: -2, Since: "2.8.13", Complexity: "That of the subcommand",
		Flags: command.Container, Summary: "Tells where time is lost.",
	},
	{
		Name: "latency|latest", Arity: 2, Since: "2.8.13", Complexity: "O(1)", Flags: latencyFlags,
		Summary: "Answers the latest and the worst spike of every event.", Run: latencyLatest,
	},
	{
		Name: "latency|history", Arity: 3, Since: "2.8.13", Complexity: "O(1)", Flags: latencyFlags,
		Summary: "Lists the spikes of an event.", Syntax: "event", Run: latencyHistory,
	},
	{
		Name: "latency|reset", Arity: -2, Since: "2.8.13", Complexity: "O(1)", Flags: latencyFlags,
		Summary: "Forgets the spikes of events, of all unless told.", Syntax: "[event [event ...]]", Run: latencyReset,
	},
	{
		Name: "latency|graph", Arity: 3, Since: "2.8.13", Complexity: "O(1)", Flags: latencyFlags,
		Summary: "Draws the spikes of an event.", Syntax: "event", Run: latencyGraph,
	},
	{
		Name: "latency|doctor", Arity: 2, Since: "2.8.13", Complexity: "O(1)", Flags: latencyFlags,
		Summary: "Reports in words what was slow.", Run: latencyDoctor,
	},
	{
		Name: "latency|histogram", Arity: -2, Since: "7.0.0", Complexity: "O(N) in the number of commands", Flags: latencyFlags,
		Summary: "Answers how long commands took, in doubling steps of microseconds.", Syntax: "[command [command ...]]", Run: latencyHistogram,
	},
	{
		Name: "latency|help", Arity: 2, Since: "2.8.13", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

const latencyFlags = command.Admin | command.NoScript | command.WhileLoading

// names lists the events that had spikes.
func (m *latencyMonitor) names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.events))
}

// event returns a copy of an event; ok is false if it had no spikes.
func (m *latencyMonitor) event(name string) (e latencyEvent, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.events[name]
	if p == nil {
		return e, false
	}
	return latencyEvent{samples: slices.Clone(p.samples), max: p.max}, true
}

// reset forgets an event, and tells whether there was one.
func (m *latencyMonitor) reset(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.events[name]
	delete(m.events, name)
	return ok
}

func latencyLatest(c *command.Ctx) {
	m := &of(c).s.latency
	mark, n := c.Reply.Defer(), 0
	for _, name := range m.names() {
		e, ok := m.event(name)
		if !ok {
			continue
		}
		last := e.samples[len(e.samples)-1]
		c.Reply.Array(4)
		c.Reply.BulkString(name)
		c.Reply.Int(last.unix)
		c.Reply.Int(last.ms)
		c.Reply.Int(e.max)
		n++
	}
	c.Reply.CloseArray(mark, n)
}

func latencyHistory(c *command.Ctx) {
	e, _ := of(c).s.latency.event(string(c.Args[2]))
	c.Reply.Array(len(e.samples))
	for _, s := range e.samples {
		c.Reply.Array(2)
		c.Reply.Int(s.unix)
		c.Reply.Int(s.ms)
	}
}

func latencyReset(c *command.Ctx) {
	m := &of(c).s.latency
	names := m.names()
	if len(c.Args) > 2 {
		names = nil
		for _, arg := range c.Args[2:] {
			names = append(names, string(arg))
		}
	}
	n := int64(0)
	for _, name := range names {
		if m.reset(name) {
			n++
		}
	}
	c.Reply.Int(n)
}

func latencyGraph(c *command.Ctx) {
	name := string(c.Args[2])
	e, ok := of(c).s.latency.event(name)
	if !ok {
		c.Fail(resperr.New("No samples available for event '" + name + "'"))
		return
	}
	c.Reply.Verbatim(latencyChart(name, e, time.Now()))
}

// latencyChart draws spikes as bars, one below the other, with their age.
func latencyChart(name string, e latencyEvent, now time.Time) string {
	const width = 50
	low := e.max
	for _, s := range e.samples {
		low = min(low, s.ms)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n%s\n", name, highest(e.samples), low, e.max, strings.Repeat("-", width))
	for _, s := range e.samples {
		age := now.Sub(time.Unix(s.unix, 0)).Round(time.Second)
		fmt.Fprintf(&b, "%8s ago %6d ms %s\n", age, s.ms, strings.Repeat("#", int(max(1, s.ms*width/max(1, e.max)))))
	}
	return b.String()
}

func highest(samples []latencySample) int64 {
	n := int64(0)
	for _, s := range samples {
		n = max(n, s.ms)
	}
	return n
}

func latencyDoctor(c *command.Ctx) {
	m := &of(c).s.latency
	c.Reply.Verbatim(m.report(time.Now()))
}

// report tells about all events in words.
func (m *latencyMonitor) report(now time.Time) string {
	if m.threshold.Load() == 0 {
		return "Latency monitoring is off: nothing is known. " +
			"\"CONFIG SET latency-monitor-threshold <milliseconds>\" turns it on.\n"
	}
	names := m.names()
	if len(names) == 0 {
		return fmt.Sprintf("No latency spike of %d ms or more was seen.\n", m.threshold.Load())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Latency spikes of %d ms or more:\n\n", m.threshold.Load())
	for i, name := range names {
		e, ok := m.event(name)
		if !ok {
			continue
		}
		sum := int64(0)
		for _, s := range e.samples {
			sum += s.ms
		}
		first := now.Sub(time.Unix(e.samples[0].unix, 0)).Round(time.Second)
		fmt.Fprintf(&b, "%d. %s: %d spikes in the last %s, average %d ms, worst %d ms.\n",
			i+1, name, len(e.samples), first, sum/int64(len(e.samples)), e.max)
	}
	b.WriteString("\nCommands: SLOWLOG GET shows which were slow, DEL and KEYS on much data are usual ones.\n")
	return b.String()
}

func latencyHistogram(c *command.Ctx) {
	var cmds []*command.Command
	if len(c.Args) == 2 {
		cmds = c.Registry.All()
	}
	for _, arg := range c.Args[2:] {
		cmd := c.Registry.Get(strings.ToLower(string(arg)))
		switch {
		case cmd == nil:
		case cmd.Flags&command.Container != 0:
			cmds = append(cmds, cmd)
			for _, name := range slices.Sorted(maps.Keys(cmd.Subs)) {
				cmds = append(cmds, cmd.Subs[name])
			}
		default:
			cmds = append(cmds, cmd)
		}
	}
	mark, n := c.Reply.Defer(), 0
	for _, cmd := range cmds {
		h := cmd.Stats.Latency.Load()
		if h == nil || h.Count() == 0 {
			continue
		}
		c.Reply.BulkString(cmd.Name)
		writeHistogram(c, h)
		n++
	}
	c.Reply.CloseMap(mark, n)
}

// writeHistogram answers the number of calls and, for doubling limits in µs, the number below.
func writeHistogram(c *command.Ctx, h *command.Histogram) {
	c.Reply.Map(2)
	c.Reply.BulkString("calls")
	c.Reply.Int(h.Count())
	c.Reply.BulkString("histogram_usec")
	mark, n := c.Reply.Defer(), 0
	h.Doublings(func(limit time.Duration, cumulative int64) {
		// Redis shows the largest value that its histogram cannot tell from the limit.
		c.Reply.Int((limit + limit/128 - 1).Microseconds())
		c.Reply.Int(cumulative)
		n++
	})
	c.Reply.CloseMap(mark, n)
}
