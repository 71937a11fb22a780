package acl

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"dragonfly/store/resperr"
)

// DefaultName is the name of the user that a connection has before it authenticates. This user always exists.
const DefaultName = "default"

// User is a user as long as it exists. Any goroutine may use it. A nil User is the server itself: it is unrestricted, and
// has no rules to ask for.
type User struct {
	name  string
	rules atomic.Pointer[Rules] // never nil
}

// Name returns the user's name.
func (u *User) Name() string { return u.name }

// Rules returns what is known of the user now.
func (u *User) Rules() *Rules { return u.rules.Load() }

// Unrestricted tells whether the user is allowed everything now.
func (u *User) Unrestricted() bool { return u == nil || u.rules.Load().unrestricted }

// Users is the set of all users. Any goroutine may use it.
type Users struct {
	table *Table
	// allChannels is whether new users and selectors are allowed all channels: acl-pubsub-default.
	allChannels atomic.Bool

	mu       sync.Mutex // guards byName, password, and changes of rules; readers of rules do without
	byName   map[string]*User
	password string // of the default user, if nothing else is said of it
	def      *User  // changes no more
}

// NewUsers makes a set with the default user, who is allowed everything without a password.
func NewUsers(t *Table) *Users {
	s := &Users{table: t, byName: map[string]*User{}, def: &User{name: DefaultName}}
	s.def.rules.Store(s.defaultRules())
	s.byName[DefaultName] = s.def
	return s
}

// defaultRules are those of the default user as long as nobody has changed them.
func (s *Users) defaultRules() *Rules {
	words := []string{"on", "nopass", "~*", "&*", "+@all"}
	if s.password != "" {
		words[1] = ">" + s.password
	}
	return mustWith(newRules(s.table, false), words)
}

// mustWith changes rules by others that are never wrong.
func mustWith(r *Rules, words []string) *Rules {
	r, err := r.with(words, false)
	if err != nil {
		panic("acl: rules of the default user: " + err.Error())
	}
	return r
}

// AllowNewAllChannels says whether users and selectors that are made from now on are allowed all channels.
func (s *Users) AllowNewAllChannels(on bool) { s.allChannels.Store(on) }

// Default returns the default user.
func (s *Users) Default() *User { return s.def }

// Get returns the user of a name, nil if there is none.
func (s *Users) Get(name string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[name]
}

// All lists the users in the order of their names.
func (s *Users) All() []*User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allLocked()
}

func (s *Users) allLocked() []*User {
	list := slices.Collect(maps.Values(s.byName))
	slices.SortFunc(list, func(a, b *User) int { return strings.Compare(a.name, b.name) })
	return list
}

// Authenticate returns the user if the password is right and the user enabled, else nil.
func (s *Users) Authenticate(name string, password []byte) *User {
	u := s.Get(name)
	if u == nil || !u.Rules().accepts(password) {
		return nil
	}
	return u
}

// ValidName tells whether a user may have a name.
func ValidName(name string) bool { return !hasSpace(name) }

// Set makes a user, or changes it by rules: all of them or, with an error, none. The words of a selector may stand apart.
func (s *Users) Set(name string, words []string) (*User, error) {
	if !ValidName(name) {
		return nil, resperr.ACLUserName
	}
	words, err := MergeSelectors(words)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, all := s.byName[name], s.allChannels.Load()
	old := newRules(s.table, all)
	if u != nil {
		old = u.Rules()
	}
	rules, err := old.with(words, all)
	if err != nil {
		return nil, err
	}
	if u == nil {
		u = &User{name: name}
		s.byName[name] = u
	}
	u.rules.Store(rules)
	return u, nil
}

// SetDefaultPassword makes a password the only one of the default user; the empty one means that any will do. It is also
// that of a default user that a later Replace does not mention.
func (s *Users) SetDefaultPassword(password string) {
	words := []string{"resetpass", "nopass"}
	if password != "" {
		words[1] = ">" + password
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password = password
	s.def.rules.Store(mustWith(s.def.Rules(), words))
}

// Delete removes a user, who is allowed nothing from now on, and returns it; nil if there was none. The default user
// cannot be removed.
func (s *Users) Delete(name string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.byName[name]
	if u == nil || u == s.def {
		return nil
	}
	s.deleteLocked(u)
	return u
}

func (s *Users) deleteLocked(u *User) {
	delete(s.byName, u.name)
	u.rules.Store(&Rules{table: s.table, deleted: true, sel: []Selector{s.table.newSelector(false)}})
}

// Replace makes these the only users, besides the default one, who is as at the start if it is not among them.
func (s *Users) Replace(l *List) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.rules[DefaultName] == nil {
		s.def.rules.Store(s.defaultRules())
	}
	for name, rules := range l.rules {
		u := s.byName[name]
		if u == nil {
			u = &User{name: name}
			s.byName[name] = u
		}
		u.rules.Store(rules)
	}
	for name, u := range s.byName {
		if l.rules[name] == nil && u != s.def {
			s.deleteLocked(u)
		}
	}
}
