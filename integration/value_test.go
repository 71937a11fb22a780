package integration

import (
	"sort"
	"strconv"
	"strings"
	"testing"
)

// value is a reply as a tree.
type value struct {
	kind  byte     // the first byte of the reply
	text  string   // of anything but an aggregate; "" for a null
	null  bool     // $-1, *-1 or _
	items []*value // of an aggregate; keys and values in turn for a map
}

// parseValue reads a raw reply, which readReply has found whole.
func parseValue(raw string) *value {
	v, _ := cutValue(raw)
	return v
}

// cutValue reads the first reply of raw and returns the rest.
func cutValue(raw string) (*value, string) {
	line, rest, _ := strings.Cut(raw, "\r\n")
	v := &value{kind: line[0]}
	switch v.kind {
	case '+', '-', ':', ',', '#', '(':
		v.text = line[1:]
		return v, rest
	case '_':
		v.null = true
		return v, rest
	}
	n, _ := strconv.Atoi(line[1:])
	switch {
	case n < 0:
		v.null = true
	case v.kind == '$' || v.kind == '=':
		v.text, rest = rest[:n], rest[n+2:]
	default:
		if v.kind == '%' {
			n *= 2
		}
		for range n {
			var item *value
			item, rest = cutValue(rest)
			v.items = append(v.items, item)
		}
	}
	return v, rest
}

// texts returns the texts of the items.
func (v *value) texts() []string {
	all := make([]string, len(v.items))
	for i, item := range v.items {
		all[i] = item.text
	}
	return all
}

// field returns what stands after a name in a map or a flat list of pairs.
func (v *value) field(name string) *value {
	for i := 0; i+1 < len(v.items); i += 2 {
		if v.items[i].text == name {
			return v.items[i+1]
		}
	}
	return &value{null: true}
}

// drop removes fields from a map or a flat list of pairs.
func (v *value) drop(names ...string) {
	var kept []*value
next:
	for i := 0; i+1 < len(v.items); i += 2 {
		for _, name := range names {
			if v.items[i].text == name {
				continue next
			}
		}
		kept = append(kept, v.items[i], v.items[i+1])
	}
	v.items = kept
}

// sorted puts groups of so many items in order: 1 for members, 2 for pairs.
func (v *value) sorted(group int) {
	if group == 0 || len(v.items)%group != 0 {
		return
	}
	groups := make([][]*value, 0, len(v.items)/group)
	keys := map[*value]string{}
	for i := 0; i < len(v.items); i += group {
		g := v.items[i : i+group : i+group]
		groups = append(groups, g)
		var b strings.Builder
		for _, item := range g {
			item.print(&b)
		}
		keys[g[0]] = b.String()
	}
	sort.Slice(groups, func(i, j int) bool { return keys[groups[i][0]] < keys[groups[j][0]] })
	items := make([]*value, 0, len(v.items))
	for _, g := range groups {
		items = append(items, g...)
	}
	v.items = items
}

// String returns the tree as text that is equal for equal trees.
func (v *value) String() string {
	var b strings.Builder
	v.print(&b)
	return b.String()
}

// aggregate tells whether the reply has items, or could have.
func (v *value) aggregate() bool { return strings.IndexByte("*%~>|", v.kind) >= 0 && !v.null }

func (v *value) print(b *strings.Builder) {
	b.WriteByte(v.kind)
	switch {
	case v.null:
		b.WriteString("null")
	case v.aggregate():
		b.WriteByte('[')
		for i, item := range v.items {
			if i > 0 {
				b.WriteByte(' ')
			}
			item.print(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(strconv.Quote(v.text))
	}
}

func TestParseValue(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		if got := parseValue(raw).String(); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
	f("+OK\r\n", `+"OK"`)
	f("$-1\r\n", `$null`)
	f("_\r\n", `_null`)
	f("*2\r\n:1\r\n$2\r\n\r\n\r\n", `*[:"1" $"\r\n"]`)
	f("%1\r\n+a\r\n~1\r\n,1.5\r\n", `%[+"a" ~[,"1.5"]]`)
}
