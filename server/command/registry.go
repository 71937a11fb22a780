package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Registry is the set of all commands.
type Registry struct {
	byName map[string]*Command // by full name
	names  []string            // top-level names, sorted
	// top is a hash table of the top-level commands, for Find: open addressing, less than a quarter full.
	top [topSlots]*Command
}

// NewRegistry collects tables of commands. It panics on a mistake in a declaration: they are all known when
// the program is written.
func NewRegistry(tables ...[]Command) *Registry {
	r := &Registry{byName: map[string]*Command{}}
	for _, table := range tables {
		for i := range table {
			c := table[i].clone()
			r.add(c)
		}
	}
	for i, name := range slices.Sorted(maps.Keys(r.byName)) {
		c := r.byName[name]
		c.Index = i
		container, sub, isSub := strings.Cut(name, "|")
		if !isSub {
			r.addTop(c)
			continue
		}
		p := r.byName[container]
		if p == nil || p.Flags&Container == 0 {
			panic("command: " + name + " has no container")
		}
		if p.Subs == nil {
			p.Subs = map[string]*Command{}
		}
		p.Subs[sub] = c
		c.Parent = p
		if c.Group == "" {
			c.Group = p.Group
		}
	}
	return r
}

// clone copies what a table declares; statistics belong to one registry.
func (c *Command) clone() *Command {
	return &Command{
		Name: c.Name, Arity: c.Arity, Flags: c.Flags, ACL: c.ACL, Keys: c.Keys, Channels: c.Channels,
		Since: c.Since, Complexity: c.Complexity, Summary: c.Summary, Syntax: c.Syntax, Group: c.Group, Run: c.Run,
	}
}

func (r *Registry) add(c *Command) {
	switch {
	case c.Name == "" || c.Name != strings.ToLower(c.Name):
		panic(fmt.Sprintf("command: bad name %q", c.Name))
	case r.byName[c.Name] != nil:
		panic("command: " + c.Name + " is declared twice")
	case (c.Run == nil) != (c.Flags&Container != 0 && c.Arity < -1):
		if c.Run == nil {
			panic("command: " + c.Name + " has no handler")
		}
	case c.Keys.First >= max(c.Arity, -c.Arity):
		panic("command: " + c.Name + " has keys beyond its arity")
	}
	if c.Keys.Find != nil && c.Keys.First == 0 {
		c.Flags |= MovableKeys
	}
	if c.Group == "" {
		c.Group = groupOf(c)
	}
	c.ACL |= implied(c)
	r.byName[c.Name] = c
}

// implied returns the categories that follow from the flags of a command.
func implied(c *Command) Categories {
	var cat Categories
	if c.Flags&Write != 0 {
		cat |= CatWrite
	}
	// As in Redis, scripting commands are not counted as reads for being read-only.
	if c.Flags&ReadOnly != 0 && c.ACL&CatScripting == 0 {
		cat |= CatRead
	}
	if c.Flags&Admin != 0 {
		cat |= CatAdmin | CatDangerous
	}
	if c.Flags&PubSub != 0 {
		cat |= CatPubSub
	}
	if c.Flags&Blocking != 0 {
		cat |= CatBlocking
	}
	if c.Flags&Fast != 0 {
		cat |= CatFast
	} else {
		cat |= CatSlow
	}
	return cat
}

// groupOf returns the documentation group that follows from the ACL categories.
func groupOf(c *Command) string {
	for _, g := range [...]struct {
		cat  Categories
		name string
	}{
		{CatBitmap, "bitmap"}, {CatHyperLogLog, "hyperloglog"}, {CatGeo, "geo"}, {CatString, "string"},
		{CatHash, "hash"}, {CatList, "list"}, {CatSet, "set"}, {CatSortedSet, "sorted-set"}, {CatStream, "stream"},
		{CatPubSub, "pubsub"}, {CatTransaction, "transactions"}, {CatScripting, "scripting"},
		{CatConnection, "connection"}, {CatKeyspace, "generic"},
	} {
		if c.ACL&g.cat != 0 {
			return g.name
		}
	}
	return "server"
}

// Names lists the top-level commands in order.
func (r *Registry) Names() []string { return r.names }

// All lists every command and subcommand, in order of their names.
func (r *Registry) All() []*Command {
	var all []*Command
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		all = append(all, r.byName[name])
	}
	return all
}

// Get returns the command with the full lower-case name, as in "get" or "config|get".
func (r *Registry) Get(name string) *Command { return r.byName[name] }

const maxName = 32 // no command name is longer

// topSlots is a power of two.
const topSlots = 2048

// addTop enters a command that is no subcommand.
func (r *Registry) addTop(c *Command) {
	r.names = append(r.names, c.Name)
	if len(r.names) > topSlots/4 {
		panic("command: more commands than topSlots is meant for")
	}
	i := topSlot([]byte(c.Name))
	for r.top[i] != nil {
		i = (i + 1) % topSlots
	}
	r.top[i] = c
}

// topSlot is the hash of Find, of a name in any case: three letters tell nearly all commands apart.
func topSlot(name []byte) uint {
	n := uint(len(name))
	first, middle, last := name[0]|0x20, name[n/2]|0x20, name[n-1]|0x20
	return (n*1021 + uint(first)*331 + uint(middle)*73 + uint(last)) % topSlots
}

// Find returns the command of a request whose name may have any case; nil if unknown. The full name of a subcommand,
// as in "config|get", is no command.
func (r *Registry) Find(name []byte) *Command {
	if len(name) == 0 {
		return nil
	}
	for i := topSlot(name); ; i = (i + 1) % topSlots {
		if c := r.top[i]; c == nil || c.named(name) {
			return c
		}
	}
}

// named tells whether a name in any case is that of the command.
func (c *Command) named(name []byte) bool {
	if len(name) != len(c.Name) {
		return false
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		if b != c.Name[i] {
			return false
		}
	}
	return true
}

// Sub returns the subcommand of a container named in a request, nil if there is none.
func (c *Command) Sub(name []byte) *Command {
	var lower [maxName]byte
	if len(name) > maxName {
		return nil
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		lower[i] = b
	}
	return c.Subs[string(lower[:len(name)])]
}
