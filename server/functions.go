package server

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"dragonfly/server/command"
	"dragonfly/server/script"
	"dragonfly/server/script/library"
	"dragonfly/server/tx"
	"dragonfly/store/resperr"
)

// functions are the function libraries of the server.
type functions struct {
	set atomic.Pointer[library.Set]
	mu  sync.Mutex // held by who changes set
}

func (f *functions) get() *library.Set { return f.set.Load() }

// change makes a new set of the one there is, unless that fails.
func (f *functions) change(next func(old *library.Set) (*library.Set, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.set.Load()
	set, err := next(old)
	if err != nil {
		return err
	}
	f.set.Store(set)
	old.Retire(set)
	return nil
}

// library runs the body of a library, which registers its functions.
func (x *executor) library(code string) (*library.Library, error) {
	lib, err := script.NewLibrary(code)
	if err != nil {
		return nil, err
	}
	list, err := x.machine().LoadLibrary(lib)
	if err != nil {
		return nil, err
	}
	return &library.Library{Library: lib, Functions: list}, nil
}

// changeFunctions has a command change the function libraries with an executor, at an instant when nothing else happens:
// a snapshot contains all of a change or nothing. next returns how to answer.
func changeFunctions(c *command.Ctx, next func(x *executor, old *library.Set) (set *library.Set, answer func(), err error)) {
	co := of(c)
	s := co.s
	co.execute(c, job{
		lock: (*tx.Tx).LockAll,
		run: func(x *executor) {
			var answer func()
			err := s.functions.change(func(old *library.Set) (set *library.Set, err error) {
				set, answer, err = next(x, old)
				return set, err
			})
			if err != nil {
				x.co.out.Err(err)
				return
			}
			s.store.AddDirty(1)
			if answer == nil {
				x.co.out.OK()
				return
			}
			answer()
		},
	})
}

// adoptFunctions makes the libraries that a load brought callable, beside those there are or in their place. Of two
// libraries of one name the later counts; but where those stay that are there, it is an error. A library that does not
// compile here is kept as it is.
func (s *Server) adoptFunctions(sources [][]byte, beside, replace bool) error {
	x := newSteadyExecutor(newCoordinator(s, 0))
	return s.functions.change(func(old *library.Set) (*library.Set, error) {
		if !beside {
			old = nil
		}
		for _, source := range sources {
			lib, err := x.library(string(source))
			if err == nil {
				var next *library.Set
				if next, err = old.With(lib, replace || !beside); err == nil {
					old = next
					continue
				}
				if beside && !replace {
					return nil, err
				}
			}
			first, _, _ := strings.Cut(string(source[:min(len(source), 200)]), "\n")
			s.log.Warn(fmt.Sprintf("A function library cannot be run here and is kept as it is: %q: %s", first, err))
			old = old.WithBroken(source)
		}
		return old, nil
	})
}

// restoreFunctions adds the libraries of a payload of FUNCTION DUMP as policy says: all of them or none.
func (x *executor) restoreFunctions(old *library.Set, sources [][]byte, policy restorePolicy) (*library.Set, error) {
	if policy == restoreFlush {
		old = nil
	}
	for _, source := range sources {
		lib, err := x.library(string(source))
		if err != nil {
			return nil, resperr.FunctionPayloadFailed
		}
		if policy == restoreAppend && old.Has(lib.Name) {
			return nil, resperr.LibraryThere(lib.Name)
		}
		if old, err = old.With(lib, policy == restoreReplace); err != nil {
			return nil, err
		}
	}
	return old, nil
}
