package rdbload

import (
	"strconv"

	"dragonfly/persistence/rdbfmt"
)

const warnGraphs = "graphs of vector indexes were passed over: an index is made anew from its keys"

// skipVectorIndex passes over the graph of a vector index:
//
//	string index:field, [len entry point,] len n,
//	n × (u32 id, u64 global id, u32 level, (level + 1) × (u32 links, links × u32))
//
// without the entry point in files of the first releases.
func (l *loader) skipVectorIndex() error {
	if err := l.skipString(); err != nil {
		return err
	}
	if !l.oldGraphs {
		if err := l.skipLengths(1); err != nil {
			return err
		}
	}
	nodes, err := l.in.length()
	if err != nil {
		return err
	}
	for ; nodes > 0; nodes-- {
		if err := l.in.skip(4 + 8); err != nil {
			return err
		}
		level, err := l.in.uint32()
		if err != nil {
			return err
		}
		for i := uint64(0); i <= uint64(level); i++ {
			links, err := l.in.uint32()
			if err != nil {
				return err
			}
			if err := l.in.skip(4 * uint64(links)); err != nil {
				return err
			}
		}
	}
	l.warn(warnGraphs)
	return nil
}

// skipShardDocIndex passes over the numbers that graphs know keys by:
//
//	len shard, string index, len n, n × (string key, len number)
func (l *loader) skipShardDocIndex() error {
	if err := l.skipLengths(1); err != nil {
		return err
	}
	if err := l.skipString(); err != nil {
		return err
	}
	docs, err := l.in.length()
	if err != nil {
		return err
	}
	for ; docs > 0; docs-- {
		if err := l.skipString(); err != nil {
			return err
		}
		if err := l.skipLengths(1); err != nil {
			return err
		}
	}
	l.warn(warnGraphs)
	return nil
}

// The entries of a journal, each led by its number as a length.
const (
	journalSelect  = 6  // len db
	journalCommand = 10 // len tx, len 1, len strings, len bytes, strings × (len, bytes)
	journalPing    = 13
	journalLSN     = 15 // len
)

// readJournal reads a piece of the replication log: len entries, string. Here
// nothing can execute the commands in it, and without them data would be missing.
func (l *loader) readJournal() error {
	if err := l.skipLengths(1); err != nil {
		return err
	}
	entries, err := l.string()
	if err != nil {
		return err
	}
	next := func() (n uint64) {
		n, encoded, size := rdbfmt.ParseLen(entries)
		if encoded || size <= 0 {
			err = corrupt("malformed entry")
			return 0
		}
		entries = entries[size:]
		return n
	}
	for len(entries) > 0 && err == nil {
		switch op := next(); {
		case err != nil:
		case op == journalSelect || op == journalLSN:
			next()
		case op == journalPing:
		case op == journalCommand:
			return unsupported("a command")
		default:
			return corrupt("unknown entry " + strconv.FormatUint(op, 10))
		}
	}
	return err
}
