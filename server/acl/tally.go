package acl

import "strings"

// Tally counts what is known of all users.
type Tally struct {
	Users, Passwords              int
	CategoryRules, CommandRules   int // rules about categories, +@all among them, and about commands
	KeyPatterns, KeyBytes         int
	ChannelPatterns, ChannelBytes int
	Bytes                         int // of all of it, about
}

// Tally counts what is known of all users.
func (s *Users) Tally() Tally {
	var t Tally
	for _, u := range s.All() {
		r := u.Rules()
		t.Users++
		t.Passwords += len(r.hashes)
		t.Bytes += len(u.name) + len(r.hashes)*len(hashOf(nil))
		for i := range r.sel {
			t.add(&r.sel[i])
		}
	}
	return t
}

func (t *Tally) add(s *Selector) {
	if s.base {
		t.CategoryRules++
	}
	for _, r := range s.rules {
		if strings.HasPrefix(r.name, "@") {
			t.CategoryRules++
		} else {
			t.CommandRules++
		}
		t.Bytes += len(r.name)
	}
	before := t.KeyBytes + t.ChannelBytes
	for _, k := range s.keys {
		t.KeyPatterns++
		t.KeyBytes += len(k.pattern)
	}
	for _, c := range s.channels {
		t.ChannelPatterns++
		t.ChannelBytes += len(c)
	}
	t.Bytes += t.KeyBytes + t.ChannelBytes - before + 8*len(s.commands)
}
