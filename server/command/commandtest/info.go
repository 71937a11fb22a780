package commandtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dragonfly/server/command"
)

var flagNames = map[command.Flags]string{
	command.Write: "write", command.ReadOnly: "readonly", command.DenyOOM: "denyoom", command.Admin: "admin",
	command.PubSub: "pubsub", command.NoScript: "noscript", command.Blocking: "blocking",
	command.WhileLoading: "loading", command.Fast: "fast", command.NoAuth: "no_auth",
	command.MovableKeys: "movablekeys",
}

// SameInfo compares what the commands of a table declare with what COMMAND INFO of a real server says: arity, flags,
// keys and ACL categories. Commands that the server lacks are passed over.
func (d *DB) SameInfo(r *Redis, table []command.Command) {
	d.t.Helper()
	for i := range table {
		name := table[i].Name
		want := r.info(name)
		if want == "" {
			continue
		}
		if got := info(d.registry.Get(name)); got != want {
			d.t.Errorf("%s\n  got %s\nredis %s", name, got, want)
		}
	}
}

// info writes the declaration of a command on one line.
func info(c *command.Command) string {
	var flags []string
	for flag, name := range flagNames {
		if c.Flags&flag != 0 {
			flags = append(flags, name)
		}
	}
	categories := c.ACL.Names()
	slices.Sort(flags)
	slices.Sort(categories)
	return fmt.Sprintf("%d %v keys %d %d %d %v", c.Arity, flags, c.Keys.First, c.Keys.Last, c.Keys.Step, categories)
}

// info is the same of the server's command, "" if it has none.
func (r *Redis) info(name string) string {
	words := strings.Fields(Compact(r.Do("COMMAND", "INFO", name)))[1:]
	if words[0][1:] == "-1" { // a null
		return ""
	}
	next := func() string {
		w := words[0][1:]
		words = words[1:]
		return w
	}
	list := func() []string {
		n, _ := strconv.Atoi(next())
		var l []string
		for range n {
			l = append(l, strings.TrimPrefix(next(), "@"))
		}
		slices.Sort(l)
		return l
	}
	next() // elements
	next() // name
	arity := next()
	known := slices.Collect(maps.Values(flagNames))
	flags := slices.DeleteFunc(list(), func(f string) bool { return !slices.Contains(known, f) })
	first, last, step := next(), next(), next()
	return fmt.Sprintf("%s %v keys %s %s %s %v", arity, flags, first, last, step, list())
}
