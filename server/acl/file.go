package acl

import (
	"errors"
	"fmt"
	"strings"

	"dragonfly/store/resperr"
)

// List is users as a file has them, before they are anybody.
type List struct{ rules map[string]*Rules }

// Parse reads the text of an ACL file, of which every line is empty or "user NAME RULE …", and begins with # if it is a
// comment. It reports all lines that are wrong, as path:line: reason.
func (s *Users) Parse(path, text string) (*List, error) {
	l := &List{rules: map[string]*Rules{}}
	all := s.allChannels.Load()
	var wrong []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := l.add(s.table, strings.Trim(line, " \t\r\n"), all); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", path, number, err))
		}
	}
	return l, errors.Join(wrong...)
}

// add adds the user of a line.
func (l *List) add(t *Table, line string, allChannels bool) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	words := strings.Split(line, " ")
	if !strings.EqualFold(words[0], "user") || len(words) < 2 {
		return resperr.ACLFileLine
	}
	name := words[1]
	if !ValidName(name) {
		return resperr.ACLFileName(name)
	}
	if l.rules[name] != nil {
		return resperr.ACLFileDuplicate(name)
	}
	for i := range words {
		words[i] = strings.Trim(words[i], "\t\r\n")
	}
	words, err := MergeSelectors(words[2:])
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "ERR "))
	}
	rules, err := newRules(t, allChannels).with(words, allChannels)
	var wrong *RuleError
	switch {
	case errors.As(err, &wrong) && errors.Is(err, resperr.ACLUnknownCommand):
		// The name of a command is no secret, unlike other rules.
		return resperr.ACLFileRule(wrong.Rule, err)
	case err != nil:
		return err
	}
	l.rules[name] = rules
	return nil
}

// Format returns the text of a file of all users.
func (s *Users) Format() string {
	var b strings.Builder
	for _, u := range s.All() {
		b.WriteString(u.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// String returns the line of the user in a file.
func (u *User) String() string { return "user " + u.name + " " + u.Rules().String() }
