package rdbload

import (
	"bytes"
	"math"
	"strconv"

	"dragonfly/persistence/rdbfmt"
)

// isOpcode tells opcodes from type bytes. Both share one byte; types count up,
// opcodes count down, and Redis Enterprise put its own between.
func isOpcode(c byte) bool { return c >= rdbfmt.OpGCAS }

// opcode reads one opcode record other than the end.
func (l *loader) opcode(op byte) error {
	if err := l.opcodeBody(op); err != nil {
		return &opcodeError{op, err}
	}
	return nil
}

// opcodeError says in which opcode an error lies.
type opcodeError struct {
	op  byte
	err error
}

func (e *opcodeError) Error() string { return rdbfmt.OpName(e.op) + ": " + e.err.Error() }
func (e *opcodeError) Unwrap() error { return e.err }

func (l *loader) opcodeBody(op byte) error {
	switch op {
	case rdbfmt.OpEOF: // of a blob; that of the data ends run
		return errBlobNested
	case rdbfmt.OpSelectDB:
		return l.selectDB()
	case rdbfmt.OpExpireTime:
		// Redis reads these four bytes signed and drops a key that lives past
		// 2038. Read unsigned it is kept, as whoever saved it meant.
		sec, err := l.in.uint32()
		l.rec.HasDeadline, l.rec.DeadlineMs = true, int64(sec)*1000
		return err
	case rdbfmt.OpExpireTimeMs:
		ms, err := l.in.int64()
		l.rec.HasDeadline, l.rec.DeadlineMs = true, ms
		return err
	case rdbfmt.OpResizeDB:
		keys, err := l.in.length()
		if err != nil {
			return err
		}
		expires, err := l.in.length()
		if err != nil {
			return err
		}
		l.sink.ResizeHint(keys, expires)
		return nil
	case rdbfmt.OpAux:
		return l.aux()
	case rdbfmt.OpFreq:
		freq, err := l.in.next()
		l.rec.Freq = int(freq)
		return err
	case rdbfmt.OpIdle:
		idle, err := l.in.length()
		l.rec.Idle = int64(min(idle, math.MaxInt64))
		return err
	case rdbfmt.OpFunction, rdbfmt.OpFunctionPreGA:
		return l.function(op == rdbfmt.OpFunctionPreGA)
	case rdbfmt.OpModuleAux:
		return l.moduleAux()
	case rdbfmt.OpSlotInfo:
		return l.skipLengths(3)
	case rdbfmt.OpSlotNum, rdbfmt.OpRAMLRU:
		return l.skipLengths(1)
	case rdbfmt.OpDFMask:
		return l.dragonflyMask()
	case rdbfmt.OpKeyMeta: // and OpSlotImport
		if l.sum.Valkey {
			return l.skipSlotImport()
		}
		return l.skipKeyMeta()
	case rdbfmt.OpHashTemplate: // and OpValkeyUpdate
		if l.sum.Valkey {
			return unsupported("Valkey's UPDATE opcode")
		}
		return l.readTemplate()
	case rdbfmt.OpDFVectorIndex:
		return l.skipVectorIndex()
	case rdbfmt.OpDFShardDocIndex:
		return l.skipShardDocIndex()
	case rdbfmt.OpDFJournalBlob:
		return l.readJournal()
	case rdbfmt.OpDFJournalOffset, rdbfmt.OpDFFullSyncEnd:
		return l.in.skip(8)
	case rdbfmt.OpDFBlobEnd:
		return corrupt("never stands in a file")
	case rdbfmt.OpGFlags, rdbfmt.OpGCAS:
		return unsupported("this opcode")
	}
	return corrupt("unknown")
}

func (l *loader) selectDB() error {
	n, err := l.in.length()
	if err != nil {
		return err
	}
	if n > math.MaxInt32 {
		return corrupt("impossible database " + strconv.FormatUint(n, 10))
	}
	l.rec.DB = int(n)
	return l.sink.DB(l.rec.DB)
}

// ErrOtherSnapshot is the cause of an Error for a file that does not belong to
// Options.SnapshotID.
const ErrOtherSnapshot corrupt = "the file belongs to another snapshot"

func (l *loader) aux() error {
	if l.inBlob {
		return errBlobNested
	}
	name, err := l.stringInto(&l.key)
	if err != nil {
		return err
	}
	value, err := l.string()
	if err != nil {
		return err
	}
	switch string(bytes.ToLower(name)) {
	case rdbfmt.AuxRedisVer:
		l.redisVer = printable(value)
	case rdbfmt.AuxValkeyVer:
		l.valkeyVer = printable(value)
	case rdbfmt.AuxDragonflyVer:
		l.dragonflyVer = printable(value)
		l.oldGraphs = l.oldGraphs || bytes.HasPrefix(value, []byte("df-v1.37.")) || bytes.HasPrefix(value, []byte("df-v1.38."))
	case rdbfmt.AuxVectorMeta:
		l.oldGraphs = true
	case rdbfmt.AuxSnapshotID:
		if l.opts.SnapshotID != "" && string(value) != l.opts.SnapshotID {
			return ErrOtherSnapshot
		}
		l.awaitID = false
	}
	err = l.sink.Aux(name, value)
	l.trim()
	return err
}

// function reads a function library. Release candidates of Redis 7.0 kept name
// and engine apart from the source; they belong into its first line.
func (l *loader) function(preGA bool) error {
	var head []byte
	if preGA {
		name, err := l.string()
		if err != nil {
			return err
		}
		name = bytes.Clone(name)
		engine, err := l.string()
		if err != nil {
			return err
		}
		head = append(append(append(append([]byte("#!"), bytes.ToLower(engine)...), " name="...), name...), '\n')
		described, err := l.in.length()
		if err != nil {
			return err
		}
		if described != 0 {
			if err := l.skipString(); err != nil {
				return err
			}
		}
	}
	code, err := l.string()
	if err != nil {
		return err
	}
	if head != nil {
		code = append(head, code...)
	}
	l.sum.Functions++
	err = l.sink.Function(code)
	l.trim()
	return err
}

func (l *loader) dragonflyMask() error {
	flags, err := l.in.uint32()
	if err != nil {
		return err
	}
	if flags&^(rdbfmt.DFMaskSticky|rdbfmt.DFMaskMemcacheFlags) != 0 {
		return corrupt("unknown flags 0x" + strconv.FormatUint(uint64(flags), 16))
	}
	l.rec.Sticky = flags&rdbfmt.DFMaskSticky != 0
	if flags&rdbfmt.DFMaskMemcacheFlags == 0 {
		return nil
	}
	l.rec.HasMemcacheFlags = true
	l.rec.MemcacheFlags, err = l.in.uint32()
	return err
}

func (l *loader) skipLengths(n int) error {
	for range n {
		if _, err := l.in.length(); err != nil {
			return err
		}
	}
	return nil
}

// skipSlotImport passes over a job name and its slot ranges.
func (l *loader) skipSlotImport() error {
	if err := l.skipString(); err != nil {
		return err
	}
	ranges, err := l.in.length()
	if err != nil {
		return err
	}
	for ; ranges > 0; ranges-- {
		if err := l.skipLengths(2); err != nil {
			return err
		}
	}
	return nil
}

// warn counts an occurrence of text, for the record under way if there is one.
func (l *loader) warn(text string) { l.note(text, false) }

// lose counts something that was in the input and is not handed over.
func (l *loader) lose(text string) { l.note(text, true) }

func (l *loader) note(text string, lost bool) {
	for i := range l.sum.Warnings {
		if l.sum.Warnings[i].Text == text {
			l.sum.Warnings[i].Count++
			return
		}
	}
	w := Warning{Text: text, Count: 1, Lost: lost}
	if l.inRecord {
		w.FirstKey = l.quotedKey()
	}
	l.sum.Warnings = append(l.sum.Warnings, w)
}

// quotedKey returns the start of the record's key, copied.
func (l *loader) quotedKey() string {
	return string(l.rec.Key[:min(len(l.rec.Key), maxQuotedKey)])
}
