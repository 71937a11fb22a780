package rdbload

import (
	"strconv"

	"dragonfly/persistence/rdbfmt"
)

// A module's value describes itself: each piece is led by an opcode, the last
// one is ModuleEOF. So it can be skipped exactly without knowing the module.

// skipModuleValue passes over a module's value and counts it.
func (l *loader) skipModuleValue() error {
	if l.dump {
		return errType
	}
	id, err := l.in.length()
	if err != nil {
		return err
	}
	if err := l.skipModulePieces(); err != nil {
		return moduleError(id, err)
	}
	s := l.skippedModule(id)
	if s.Keys == 0 {
		s.FirstKey = l.quotedKey()
	}
	s.Keys++
	return nil
}

// skipModuleAux passes over a module's global data and counts it.
func (l *loader) skipModuleAux() error {
	id, err := l.in.length()
	if err != nil {
		return err
	}
	// When it is to be loaded, as an unsigned piece.
	op, err := l.in.length()
	if err != nil {
		return err
	}
	if op != rdbfmt.ModuleUint {
		return moduleError(id, corrupt("no time of loading"))
	}
	if _, err := l.in.length(); err != nil {
		return err
	}
	if err := l.skipModulePieces(); err != nil {
		return moduleError(id, err)
	}
	l.skippedModule(id).Aux++
	return nil
}

// skippedModule returns the count kept for the module of a type id.
func (l *loader) skippedModule(id uint64) *Skipped {
	name, _ := rdbfmt.ModuleName(id)
	if l.sum.Skipped == nil {
		l.sum.Skipped = make(map[string]*Skipped)
	}
	s := l.sum.Skipped[name]
	if s == nil {
		s = new(Skipped)
		l.sum.Skipped[name] = s
	}
	return s
}

// skipModulePieces passes over module opcodes up to and including the end.
func (l *loader) skipModulePieces() error {
	for {
		op, err := l.in.length()
		if err != nil {
			return err
		}
		switch op {
		case rdbfmt.ModuleEOF:
			return nil
		case rdbfmt.ModuleSint, rdbfmt.ModuleUint:
			_, err = l.in.length()
		case rdbfmt.ModuleFloat:
			err = l.in.skip(4)
		case rdbfmt.ModuleDouble:
			err = l.in.skip(8)
		case rdbfmt.ModuleString:
			err = l.skipString()
		default:
			err = corrupt("unknown module opcode " + strconv.FormatUint(op, 10))
		}
		if err != nil {
			return err
		}
	}
}

// maxKeyMetaClasses is how many classes of metadata a key may have.
const maxKeyMetaClasses = 7

// skipKeyMeta passes over the module metadata of a key. We have no such classes.
func (l *loader) skipKeyMeta() error {
	classes, err := l.in.length()
	if err != nil {
		return err
	}
	if classes > maxKeyMetaClasses {
		return corrupt("impossible number of metadata classes")
	}
	for range classes {
		if _, err := l.in.uint32(); err != nil {
			return err
		}
		if err := l.skipModulePieces(); err != nil {
			return err
		}
	}
	l.warn("module metadata of keys was dropped")
	return nil
}

// moduleError names the module in err.
func moduleError(id uint64, err error) error {
	name, encver := rdbfmt.ModuleName(id)
	return &inModuleError{name + " version " + strconv.Itoa(encver), err}
}

type inModuleError struct {
	module string
	err    error
}

func (e *inModuleError) Error() string { return "module " + e.module + ": " + e.err.Error() }
func (e *inModuleError) Unwrap() error { return e.err }
