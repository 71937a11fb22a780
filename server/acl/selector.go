package acl

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"dragonfly/server/glob"
	"dragonfly/store/resperr"
)

// Access is what a command does to a key: none, which is to ask whether it exists, or some of the bits.
type Access uint8

// The bits of Access.
const (
	Read Access = 1 << iota
	Write
)

// Selector is a set of permissions. It does not change once it belongs to Rules.
type Selector struct {
	allCommands bool // every command, also of every first argument
	allKeys     bool
	allChannels bool

	// base tells whether the rules about commands begin with +@all.
	base     bool
	commands []uint64         // bitmap by index
	first    map[int][]string // commands that are allowed with these first arguments, in lower case
	rules    []commandRule    // what was said of commands behind base, in order
	keys     []keyPattern
	channels [][]byte
}

// commandRule is +name or -name, where a name is that of a command, a category or a command with a first argument.
type commandRule struct {
	name  string
	allow bool
}

type keyPattern struct {
	pattern []byte
	access  Access
}

// newSelector makes a selector that allows nothing, or only all channels.
func (t *Table) newSelector(allChannels bool) Selector {
	return Selector{allChannels: allChannels, commands: make([]uint64, t.words)}
}

// clone copies what apply changes in place.
func (s *Selector) clone() Selector {
	c := *s
	c.commands = slices.Clone(s.commands)
	c.first = maps.Clone(s.first)
	c.rules = slices.Clone(s.rules)
	c.keys = slices.Clone(s.keys)
	c.channels = slices.Clone(s.channels)
	return c
}

// unrestricted tells whether the selector allows everything.
func (s *Selector) unrestricted() bool { return s.allCommands && s.allKeys && s.allChannels }

// apply changes the selector by a rule. The selector is the caller's alone.
func (s *Selector) apply(t *Table, rule string) error {
	switch strings.ToLower(rule) {
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
		return nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
		return nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
		return nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
		return nil
	case "allcommands", "+@all":
		s.setBase(true)
		return nil
	case "nocommands", "-@all":
		s.setBase(false)
		return nil
	}
	switch rule[0] {
	case '~', '%':
		return s.addKeys(rule)
	case '&':
		return s.addChannels(rule[1:])
	case '+', '-':
		allow, name := rule[0] == '+', strings.ToLower(rule[1:])
		if strings.HasPrefix(name, "@") {
			return s.setCategory(t, name, allow)
		}
		return s.setCommand(t, name, allow)
	}
	return resperr.ACLSyntax
}

func (s *Selector) setBase(allow bool) {
	s.base, s.allCommands = allow, allow
	s.rules, s.first = nil, nil
	word := uint64(0)
	if allow {
		word = ^word
	}
	for i := range s.commands {
		s.commands[i] = word
	}
}

// addKeys adds the pattern of a rule ~pattern or %RW~pattern.
func (s *Selector) addKeys(rule string) error {
	if s.allKeys {
		return resperr.ACLKeysAfterAll
	}
	pattern, access := rule[1:], Read|Write
	if rule[0] == '%' {
		var letters string
		letters, pattern, _ = strings.Cut(pattern, "~") // as in Redis, what has no ~ is an empty pattern
		if access = parseAccess(letters); access == 0 {
			return resperr.ACLSyntax
		}
	}
	if hasSpace(pattern) {
		return resperr.ACLSyntax
	}
	for i := range s.keys {
		if string(s.keys[i].pattern) == pattern {
			s.keys[i].access |= access
			return nil
		}
	}
	s.keys = append(s.keys, keyPattern{[]byte(pattern), access})
	return nil
}

// parseAccess reads R, W or both; it returns 0 for anything else.
func parseAccess(letters string) Access {
	switch strings.ToUpper(letters) {
	case "R":
		return Read
	case "W":
		return Write
	case "RW", "WR":
		return Read | Write
	}
	return 0
}

func (s *Selector) addChannels(pattern string) error {
	switch {
	case s.allChannels:
		return resperr.ACLChannelsAfterAll
	case hasSpace(pattern):
		return resperr.ACLSyntax
	case !slices.ContainsFunc(s.channels, func(c []byte) bool { return string(c) == pattern }):
		s.channels = append(s.channels, []byte(pattern))
	}
	return nil
}

// setCategory allows or forbids the commands of a category; name begins with @. A container stands for all its
// subcommands, whatever their categories are.
func (s *Selector) setCategory(t *Table, name string, allow bool) error {
	category, ok := t.category(name[1:])
	if !ok {
		return resperr.ACLUnknownCommand
	}
	for i := range t.commands {
		if t.commands[i].Categories&category != 0 {
			s.set(t, i, allow)
		}
	}
	s.note(name, allow)
	return nil
}

// setCommand allows or forbids a command, a subcommand, or allows a command with one first argument only.
func (s *Selector) setCommand(t *Table, name string, allow bool) error {
	i, known := t.find(name)
	bar := strings.LastIndexByte(name, '|')
	if bar >= 0 && allow {
		command, argument := name[:bar], name[bar+1:]
		c, ok := t.find(command)
		switch {
		case !ok:
			return resperr.ACLUnknownCommand
		case strings.Contains(command, "|"):
			return resperr.ACLFirstArgOfSub
		case argument == "" || hasSpace(argument):
			return resperr.ACLSyntax
		case t.subs[c] == nil:
			s.allowFirst(c, argument)
			s.note(name, true)
			return nil
		}
	}
	if !known {
		return resperr.ACLUnknownCommand
	}
	s.set(t, i, allow)
	s.note(name, allow)
	return nil
}

// allowFirst allows a command with a first argument.
func (s *Selector) allowFirst(command int, argument string) {
	if slices.Contains(s.first[command], argument) {
		return
	}
	if s.first == nil {
		s.first = map[int][]string{}
	}
	// The old list may be shared with the selector this one was cloned from.
	s.first[command] = append(slices.Clip(s.first[command]), argument)
}

// set allows or forbids a command and its subcommands.
func (s *Selector) set(t *Table, command int, allow bool) {
	delete(s.first, command)
	if !allow {
		s.allCommands = false
	}
	s.setBit(command, allow)
	for _, sub := range t.subs[command] {
		s.setBit(sub, allow)
	}
}

func (s *Selector) setBit(i int, on bool) {
	if on {
		s.commands[i/64] |= 1 << (i % 64)
	} else {
		s.commands[i/64] &^= 1 << (i % 64)
	}
}

// note remembers a rule about commands in the place of those that it makes void: the same name, and those for its
// subcommands and first arguments. To allow something when everything is allowed says nothing.
func (s *Selector) note(name string, allow bool) {
	if allow && s.allCommands {
		return
	}
	s.rules = slices.DeleteFunc(s.rules, func(r commandRule) bool {
		return r.name == name || strings.HasPrefix(r.name, name) && r.name[len(name)] == '|'
	})
	s.rules = append(s.rules, commandRule{name, allow})
}

// check tells what the selector refuses in a call. Arg is only of a meaning for keys and channels.
func (s *Selector) check(t *Table, c *Call) Denial {
	if !s.allCommands && !s.allowsCommand(t, c) {
		return Denial{Reason: DeniedCommand}
	}
	if !s.allKeys {
		for _, k := range c.Keys {
			if !s.allowsKey(c.Args[k.Arg], k.Access) {
				return Denial{DeniedKey, k.Arg}
			}
		}
	}
	if !s.allChannels {
		for _, i := range c.Channels {
			if !s.allowsChannel(c.Args[i], c.Patterns) {
				return Denial{DeniedChannel, i}
			}
		}
	}
	return Denial{}
}

func (s *Selector) allowsCommand(t *Table, c *Call) bool {
	i := c.Command
	if s.commands[i/64]&(1<<(i%64)) != 0 || t.commands[i].Open {
		return true
	}
	if len(c.Args) < 2 {
		return false
	}
	for _, argument := range s.first[i] {
		if len(argument) == len(c.Args[1]) && strings.EqualFold(argument, string(c.Args[1])) {
			return true
		}
	}
	return false
}

func (s *Selector) allowsKey(key []byte, access Access) bool {
	for i := range s.keys {
		k := &s.keys[i]
		if k.access&access == access && glob.Match(k.pattern, key) {
			return true
		}
	}
	return false
}

// allowsChannel tells whether a channel is matched by a pattern of the selector, or a pattern is one of them.
func (s *Selector) allowsChannel(channel []byte, isPattern bool) bool {
	for _, p := range s.channels {
		if isPattern && bytes.Equal(p, channel) || !isPattern && glob.Match(p, channel) {
			return true
		}
	}
	return false
}

// allowsAllKeys tells whether the selector gives an access to keys of any name.
func (s *Selector) allowsAllKeys(access Access) bool {
	return s.allKeys || slices.ContainsFunc(s.keys, func(k keyPattern) bool {
		return string(k.pattern) == "*" && k.access&access == access
	})
}

// Commands returns the rules about commands: +@all or -@all, and what was said after it.
func (s *Selector) Commands() string {
	b := []byte("-@all")
	if s.base {
		b[0] = '+'
	}
	for _, r := range s.rules {
		sign := byte('-')
		if r.allow {
			sign = '+'
		}
		b = append(append(b, ' ', sign), r.name...)
	}
	return string(b)
}

// Keys returns the rules about keys.
func (s *Selector) Keys() string {
	if s.allKeys {
		return "~*"
	}
	words := make([]string, len(s.keys))
	for i, k := range s.keys {
		prefix := "~"
		switch k.access {
		case Read:
			prefix = "%R~"
		case Write:
			prefix = "%W~"
		}
		words[i] = prefix + string(k.pattern)
	}
	return strings.Join(words, " ")
}

// Channels returns the rules about channels.
func (s *Selector) Channels() string {
	if s.allChannels {
		return "&*"
	}
	words := make([]string, len(s.channels))
	for i, c := range s.channels {
		words[i] = "&" + string(c)
	}
	return strings.Join(words, " ")
}

// String returns the rules that make the selector.
func (s *Selector) String() string {
	var words []string
	if keys := s.Keys(); keys != "" {
		words = append(words, keys)
	}
	if !s.allChannels {
		words = append(words, "resetchannels")
	}
	if channels := s.Channels(); channels != "" {
		words = append(words, channels)
	}
	return strings.Join(append(words, s.Commands()), " ")
}

// hasSpace tells whether a text could not stand as one word in a line.
func hasSpace(text string) bool { return strings.ContainsAny(text, " \t\n\v\f\r\x00") }
