package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"

	"dragonfly/store/resperr"
)

// Rules is what is known of a user at one time. It never changes.
type Rules struct {
	enabled  bool
	noPass   bool
	sanitize sanitize
	hashes   []string   // SHA-256 of the passwords, in lower-case hexadecimal digits
	sel      []Selector // the first is the one outside of parentheses

	unrestricted bool // some selector allows everything
	deleted      bool // of a user who is no more
	table        *Table
}

// sanitize is what was said of checks of RESTORE's payloads; it is kept and shown, since all payloads are checked.
type sanitize uint8

const (
	sanitizeUnsaid sanitize = iota
	sanitizeOn
	sanitizeSkip
)

// newRules makes the rules of a new user: off, and allowed nothing, or only all channels.
func newRules(t *Table, allChannels bool) *Rules {
	return &Rules{table: t, sel: []Selector{t.newSelector(allChannels)}}
}

// with returns the rules after the changes that words ask for. allChannels is what new selectors are allowed.
func (r *Rules) with(words []string, allChannels bool) (*Rules, error) {
	n := *r
	n.hashes = slices.Clone(r.hashes)
	n.sel = make([]Selector, len(r.sel))
	for i := range r.sel {
		n.sel[i] = r.sel[i].clone()
	}
	for _, word := range words {
		if err := n.apply(word, allChannels); err != nil {
			return nil, &RuleError{Rule: word, Err: err}
		}
	}
	n.unrestricted = slices.ContainsFunc(n.sel, func(s Selector) bool { return s.unrestricted() })
	return &n, nil
}

// RuleError says which rule was refused, and why.
type RuleError struct {
	Rule string
	Err  error
}

// Error returns the reason without the rule, which may be a password.
func (e *RuleError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RuleError) Unwrap() error { return e.Err }

// apply changes rules that nobody else has seen yet.
func (r *Rules) apply(word string, allChannels bool) error {
	if word == "" {
		return nil
	}
	switch strings.ToLower(word) {
	case "on":
		r.enabled = true
	case "off":
		r.enabled = false
	case "nopass":
		r.noPass, r.hashes = true, nil
	case "resetpass":
		r.noPass, r.hashes = false, nil
	case "sanitize-payload":
		r.sanitize = sanitizeOn
	case "skip-sanitize-payload":
		r.sanitize = sanitizeSkip
	case "$all":
		// Files of Dragonfly say so of users who may use all databases, as all do here.
	case "clearselectors":
		r.sel = r.sel[:1]
	case "reset":
		*r = Rules{table: r.table, sanitize: sanitizeOn, sel: []Selector{r.table.newSelector(allChannels)}}
	default:
		return r.applyPrefixed(word, allChannels)
	}
	return nil
}

func (r *Rules) applyPrefixed(word string, allChannels bool) error {
	switch word[0] {
	case '>':
		r.addHash(hashOf([]byte(word[1:])))
		return nil
	case '<':
		return r.removeHash(hashOf([]byte(word[1:])))
	case '#', '!':
		hash := word[1:]
		switch {
		case !isHash(hash):
			return resperr.ACLHash
		case word[0] == '!':
			return r.removeHash(hash)
		}
		r.addHash(hash)
		return nil
	case '(':
		if word[len(word)-1] == ')' {
			return r.addSelector(strings.Trim(word[1:len(word)-1], " "), allChannels)
		}
	}
	return r.sel[0].apply(r.table, word)
}

// addSelector adds the selector of the rules between parentheses.
func (r *Rules) addSelector(text string, allChannels bool) error {
	s := r.table.newSelector(allChannels)
	for word := range strings.SplitSeq(text, " ") {
		if word == "" {
			continue
		}
		if err := s.apply(r.table, word); err != nil {
			return err
		}
	}
	r.sel = append(r.sel, s)
	return nil
}

func (r *Rules) addHash(hash string) {
	r.noPass = false
	if !slices.Contains(r.hashes, hash) {
		r.hashes = append(r.hashes, hash)
	}
}

func (r *Rules) removeHash(hash string) error {
	i := slices.Index(r.hashes, hash)
	if i < 0 {
		return resperr.ACLNoSuchPassword
	}
	r.hashes = slices.Delete(r.hashes, i, i+1)
	return nil
}

// hashOf returns the hash of a password as rules show it.
func hashOf(password []byte) string {
	sum := sha256.Sum256(password)
	return hex.EncodeToString(sum[:])
}

func isHash(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}

// accepts tells whether a password is one of the user's. How long it takes does not depend on where passwords differ.
func (r *Rules) accepts(password []byte) bool {
	hash, ok := []byte(hashOf(password)), 0
	for _, h := range r.hashes {
		ok |= subtle.ConstantTimeCompare(hash, []byte(h))
	}
	return r.enabled && (r.noPass || ok == 1)
}

// Enabled tells whether the user may authenticate.
func (r *Rules) Enabled() bool { return r.enabled }

// NoPass tells whether any password is right.
func (r *Rules) NoPass() bool { return r.noPass }

// Unrestricted tells whether everything is allowed.
func (r *Rules) Unrestricted() bool { return r.unrestricted }

// Deleted tells whether the user is no more; nothing is allowed then.
func (r *Rules) Deleted() bool { return r.deleted }

// Flags lists the words that are neither passwords nor permissions.
func (r *Rules) Flags() []string {
	flags := []string{"off"}
	if r.enabled {
		flags[0] = "on"
	}
	if r.noPass {
		flags = append(flags, "nopass")
	}
	switch r.sanitize {
	case sanitizeOn:
		flags = append(flags, "sanitize-payload")
	case sanitizeSkip:
		flags = append(flags, "skip-sanitize-payload")
	}
	return flags
}

// Hashes lists the hashes of the passwords. The list must not be changed.
func (r *Rules) Hashes() []string { return r.hashes }

// Selectors lists the selectors, of which there is at least one. The list must not be changed.
func (r *Rules) Selectors() []Selector { return r.sel }

// String returns the rules that make a new user this one.
func (r *Rules) String() string {
	words := r.Flags()
	for _, h := range r.hashes {
		words = append(words, "#"+h)
	}
	for i := range r.sel {
		if text := r.sel[i].String(); i == 0 {
			words = append(words, text)
		} else {
			words = append(words, "("+text+")")
		}
	}
	return strings.Join(words, " ")
}

// MergeSelectors joins words that are parts of one selector, as in "(+get", "~a:*)". A selector that is not closed is the
// error.
func MergeSelectors(words []string) ([]string, error) {
	var merged []string
	open := ""
	for _, word := range words {
		switch {
		case open != "":
			merged[len(merged)-1] += " " + word
		case strings.HasPrefix(word, "("):
			open = word
			merged = append(merged, word)
		default:
			merged = append(merged, word)
		}
		if open != "" && strings.HasSuffix(word, ")") {
			open = ""
		}
	}
	if open != "" {
		return nil, resperr.ACLUnmatched(open)
	}
	return merged, nil
}
