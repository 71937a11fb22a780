package acl

import "strings"

// Command is what rules need to know of a command.
type Command struct {
	Name       string // lower case; a subcommand is "container|sub"
	Categories uint64 // bit i is the i-th category of the table
	Open       bool   // everybody may run it: AUTH and its like
}

// Table is all commands of a server and their categories. It does not change. The index of a command is its place in the
// list that the table was made of.
type Table struct {
	commands   []Command
	categories []string
	byName     map[string]int
	subs       map[int][]int // subcommands of each container
	words      int           // of a bitmap of all commands
}

// NewTable makes the table of commands, of which a container stands before its subcommands, and of categories.
func NewTable(commands []Command, categories []string) *Table {
	t := &Table{
		commands: commands, categories: categories,
		byName: map[string]int{}, subs: map[int][]int{}, words: (len(commands) + 63) / 64,
	}
	for i, c := range commands {
		t.byName[c.Name] = i
		if container, _, isSub := strings.Cut(c.Name, "|"); isSub {
			p, ok := t.byName[container]
			if !ok {
				panic("acl: " + c.Name + " has no container before it")
			}
			t.subs[p] = append(t.subs[p], i)
		}
	}
	return t
}

// find returns the index of a command by its full name in any case.
func (t *Table) find(name string) (int, bool) {
	i, ok := t.byName[strings.ToLower(name)]
	return i, ok
}

// category returns the bit of a category by its name in any case.
func (t *Table) category(name string) (uint64, bool) {
	for i, c := range t.categories {
		if strings.EqualFold(c, name) {
			return 1 << i, true
		}
	}
	return 0, false
}
