// Package library keeps the function libraries of a server: those that FUNCTION LOAD or a snapshot brought, by their names
// and by those of their functions, and the payload of FUNCTION DUMP.
//
// A Set does not change: whoever changes the libraries makes a new one. So commands on all loops look functions up without
// a lock, and a snapshot has the libraries of one instant.
package library

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/script"
	"dragonfly/store/resperr"
)

// Library is a library whose body has run: it has registered its functions.
type Library struct {
	*script.Library
	Functions []script.Function
}

// Function is a function of a library.
type Function struct {
	script.Function
	Library *Library
}

// Set is the libraries of a server. The nil Set is empty.
type Set struct {
	libraries map[string]*Library
	functions map[string]Function // by their names in lower case
	// broken are libraries in a snapshot that did not compile here: they are saved again.
	broken []broken
}

// broken is a library that cannot be run.
type broken struct {
	name   string // "" if its first line is broken too
	source []byte
}

// Find returns the function with a name, in any case.
func (s *Set) Find(name []byte) (Function, bool) {
	if s == nil {
		return Function{}, false
	}
	f, ok := s.functions[strings.ToLower(string(name))]
	return f, ok
}

// Has tells whether there is a library of a name.
func (s *Set) Has(name string) bool {
	return s != nil && (s.libraries[name] != nil || s.isBroken(name))
}

func (s *Set) isBroken(name string) bool {
	return slices.ContainsFunc(s.broken, func(b broken) bool { return b.name == name })
}

// Suspect returns the name of a library that cannot be run and seems to contain a function that was not found: its source has the name in
// it. ok is false if there is none.
func (s *Set) Suspect(function []byte) (library string, ok bool) {
	if s == nil {
		return "", false
	}
	for _, b := range s.broken {
		if bytes.Contains(b.source, function) {
			return b.name, true
		}
	}
	return "", false
}

// Libraries lists the libraries, by their names.
func (s *Set) Libraries() []*Library {
	if s == nil {
		return nil
	}
	list := slices.Collect(maps.Values(s.libraries))
	slices.SortFunc(list, func(a, b *Library) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Counts returns the numbers of libraries and functions, and the bytes of their sources.
func (s *Set) Counts() (libraries, functions int, bytes int64) {
	if s == nil {
		return 0, 0, 0
	}
	for _, l := range s.libraries {
		bytes += int64(len(l.Code))
	}
	return len(s.libraries), len(s.functions), bytes
}

// Sources lists the sources of all libraries, those that did not compile last.
func (s *Set) Sources() [][]byte {
	if s == nil {
		return nil
	}
	var list [][]byte
	for _, l := range s.Libraries() {
		list = append(list, []byte(l.Code))
	}
	for _, b := range s.broken {
		list = append(list, b.source)
	}
	return list
}

// clone returns a set that may be changed until others see it.
func (s *Set) clone() *Set {
	if s == nil {
		return &Set{libraries: map[string]*Library{}, functions: map[string]Function{}}
	}
	return &Set{libraries: maps.Clone(s.libraries), functions: maps.Clone(s.functions), broken: slices.Clone(s.broken)}
}

// With returns the set with one more library, in place of that of its name if replace is set. A function must not have
// the name of one in another library.
func (s *Set) With(l *Library, replace bool) (*Set, error) {
	next := s.clone()
	if next.Has(l.Name) {
		if !replace {
			return nil, resperr.LibraryExists(l.Name)
		}
		next.remove(l.Name)
	}
	for _, f := range l.Functions {
		key := strings.ToLower(f.Name)
		if _, ok := next.functions[key]; ok {
			return nil, resperr.FunctionExists(f.Name)
		}
		next.functions[key] = Function{f, l}
	}
	next.libraries[l.Name] = l
	return next, nil
}

// Without returns the set without a library; ok is false if it is not there.
func (s *Set) Without(name string) (next *Set, ok bool) {
	if !s.Has(name) {
		return s, false
	}
	next = s.clone()
	next.remove(name)
	return next, true
}

// WithBroken returns the set with the source of a library that did not compile.
func (s *Set) WithBroken(source []byte) *Set {
	next := s.clone()
	next.broken = append(next.broken, broken{script.LibraryName(string(source)), source})
	return next
}

// remove drops a library and its functions.
func (s *Set) remove(name string) {
	if l := s.libraries[name]; l != nil {
		for _, f := range l.Functions {
			delete(s.functions, strings.ToLower(f.Name))
		}
		delete(s.libraries, name)
	}
	s.broken = slices.DeleteFunc(s.broken, func(b broken) bool { return b.name == name })
}

// Retire tells the machines that ran the libraries of s, which keep them ready, that those are gone which next has not.
func (s *Set) Retire(next *Set) {
	for _, l := range s.Libraries() {
		if next == nil || next.libraries[l.Name] != l {
			l.Library.Retire()
		}
	}
}

// AppendDump appends the payload of FUNCTION DUMP: the libraries as they stand in an RDB file, and the footer of DUMP.
//
//	| 245 | string source | … | version u16le | CRC64 u64le |
func (s *Set) AppendDump(dst []byte) []byte {
	start := len(dst)
	for _, source := range s.Sources() {
		dst = append(dst, rdbfmt.OpFunction)
		dst = rdbfmt.AppendString(dst, source, true)
	}
	return rdbfmt.AppendFooter(dst, start, dumpVersion)
}

// dumpVersion is the version of RDB that has function libraries.
const dumpVersion = 10

// errNoLibrary is what is wrong with a payload that holds something else.
var errNoLibrary = errors.New("given type is not a function")

// ParseDump returns the sources in a payload of FUNCTION DUMP.
func ParseDump(payload []byte) (sources [][]byte, err error) {
	body, _, err := rdbfmt.CheckFooter(payload)
	if err != nil {
		return nil, resperr.FunctionPayload
	}
	for len(body) > 0 {
		if body[0] != rdbfmt.OpFunction {
			return nil, resperr.New(errNoLibrary.Error())
		}
		source, rest, err := rdbfmt.CutString(body[1:])
		if err != nil {
			return nil, resperr.FunctionPayloadFailed
		}
		sources, body = append(sources, source), rest
	}
	return sources, nil
}
