package rdbload

import (
	"strconv"

	"dragonfly/persistence/rdbfmt"
)

// A module's value describes itself: each piece is led by an opcode, the last
// one is ModuleEOF. So its bytes can be taken exactly without knowing the module.

// moduleJSON is RedisJSON's name. In encoding version moduleJSONVersion a value
// is its text: ModuleString, string, ModuleEOF.
const (
	moduleJSON        = "ReJSON-RL"
	moduleJSONVersion = 3
)

// moduleValue takes a module's value as it is, but reads RedisJSON's.
func (l *loader) moduleValue() (outcome, error) {
	l.in.startCopy(l.opaque)
	id, err := l.in.length()
	if err == nil {
		err = l.modulePieces()
	}
	l.opaque = l.in.endCopy()
	if err != nil {
		return 0, moduleError(id, err)
	}
	if name, encver := rdbfmt.ModuleName(id); name == moduleJSON && encver == moduleJSONVersion {
		if text, err := l.moduleText(); err != nil || text != nil {
			return l.setJSON(text, err)
		}
	}
	l.rec.Type, l.rec.Packing, l.rec.Bytes = Module, Opaque, l.opaque
	m := l.moduleCount(id)
	if m.Keys == 0 {
		m.FirstKey = l.quotedKey()
	}
	m.Keys++
	return present, nil
}

// moduleText returns the text in the value of RedisJSON that opaque holds, nil
// if it is anything but one string.
func (l *loader) moduleText() ([]byte, error) {
	file := l.in
	defer func() { l.in = file }()
	l.in = window{buf: l.opaque, w: len(l.opaque), noSum: true}
	if err := l.skipLengths(1); err != nil {
		return nil, err
	}
	if op, err := l.in.length(); err != nil || op != rdbfmt.ModuleString {
		return nil, err
	}
	text, err := l.string()
	if err != nil {
		return nil, err
	}
	if op, err := l.in.length(); err != nil || op != rdbfmt.ModuleEOF {
		return nil, err
	}
	return text, nil
}

// moduleAux hands over a module's global data as it is.
func (l *loader) moduleAux() error {
	l.in.startCopy(l.opaque)
	id, err := l.in.length()
	if err == nil {
		err = l.moduleAuxPieces()
	}
	l.opaque = l.in.endCopy()
	if err != nil {
		return moduleError(id, err)
	}
	l.moduleCount(id).Aux++
	err = l.sink.ModuleAux(l.opaque)
	l.trim()
	return err
}

// moduleAuxPieces passes over a module's global data.
func (l *loader) moduleAuxPieces() error {
	// When it is to be loaded, as an unsigned piece.
	op, err := l.in.length()
	if err != nil {
		return err
	}
	if op != rdbfmt.ModuleUint {
		return corrupt("no time of loading")
	}
	if _, err := l.in.length(); err != nil {
		return err
	}
	return l.modulePieces()
}

// moduleCount returns the count kept for the module of a type id.
func (l *loader) moduleCount(id uint64) *ModuleCount {
	name, _ := rdbfmt.ModuleName(id)
	if l.sum.Modules == nil {
		l.sum.Modules = make(map[string]*ModuleCount)
	}
	m := l.sum.Modules[name]
	if m == nil {
		m = new(ModuleCount)
		l.sum.Modules[name] = m
	}
	return m
}

// modulePieces passes over module opcodes up to and including the end.
func (l *loader) modulePieces() error {
	for {
		if !l.in.copyRoom(0) {
			return errOpaqueSize
		}
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
		if err := l.modulePieces(); err != nil {
			return err
		}
	}
	l.lose("module metadata of keys was dropped")
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
