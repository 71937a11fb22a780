package inspect

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/rdbload"
	"dragonfly/server/loader"
	"dragonfly/store/object"
)

// sink takes what one file holds.
type sink struct {
	in     *inspection
	bench  *loader.Bench
	keys   int64
	badDBs []int // databases that the server would not have
}

// Aux takes a metadata field.
func (s *sink) Aux(name, value []byte) error {
	r := s.in.r
	switch field := strings.ToLower(string(name)); field {
	case rdbfmt.AuxRedisVer, rdbfmt.AuxValkeyVer, rdbfmt.AuxDragonflyVer: // the reader makes the producer of them
	case rdbfmt.AuxCtime:
		r.CreatedUnix = number(value)
	case rdbfmt.AuxUsedMem:
		r.UsedMemBytes = number(value)
	case rdbfmt.AuxSnapshotID:
		r.SnapshotID = string(value)
	case rdbfmt.AuxShardCount:
		r.ShardCount = int(number(value))
	case rdbfmt.AuxFunction:
		return s.Function(value)
	case rdbfmt.AuxLua:
		s.script(value)
	case rdbfmt.AuxSearchIndex:
		s.searchIndex(value)
	case rdbfmt.AuxSearchSyn:
		r.SearchSynonyms++
	default:
		r.Aux[field] = string(value[:min(len(value), maxKey)])
	}
	return nil
}

// number returns a number of a metadata field, 0 if it is none.
func number(text []byte) int64 {
	n, _ := strconv.ParseInt(string(text), 10, 64)
	return max(0, n)
}

// script counts a Lua script.
func (s *sink) script(body []byte) {
	sum := sha1.Sum(body)
	s.in.r.Scripts = addNew(s.in.r.Scripts, Script{SHA1: hex.EncodeToString(sum[:]), Bytes: int64(len(body))})
}

// searchIndex takes a definition.
func (s *sink) searchIndex(value []byte) {
	name, definition, _ := strings.Cut(string(value), " ")
	s.in.r.searchIndex(SearchIndex{name, definition})
}

// Function takes the source of a function library.
func (s *sink) Function(code []byte) error {
	f := Function{Bytes: int64(len(code))}
	line, _, _ := bytes.Cut(code, []byte("\n"))
	for i, word := range strings.Fields(string(line[:min(len(line), maxKey)])) {
		if engine, ok := strings.CutPrefix(word, "#!"); ok && i == 0 {
			f.Engine = engine
		} else if name, ok := strings.CutPrefix(word, "name="); ok {
			f.Name = name
		}
	}
	s.in.r.Functions = addNew(s.in.r.Functions, f)
	return nil
}

// ModuleAux takes a piece of a module's global data.
func (s *sink) ModuleAux(raw []byte) error {
	s.in.tally.module(moduleName(raw)).AuxPieces++
	return nil
}

// DB takes the number of the database to come. One that the server would not have ends no inspection: the rest of the
// file says how many it should have.
func (s *sink) DB(index int) error {
	if n := s.in.opt.Databases; index >= n && !slices.Contains(s.badDBs, index) {
		s.badDBs = append(s.badDBs, index)
		s.in.r.problem(Problem{Message: fmt.Sprintf("database %d, but --dbnum is %d", index, n)})
	}
	return nil
}

// ResizeHint takes the announced size of a database, which the progress of an inspection does not need.
func (s *sink) ResizeHint(uint64, uint64) {}

// Put takes one record.
func (s *sink) Put(rec *rdbload.Record) error {
	s.keys++
	db := rec.DB
	return s.bench.Try(rec, func(c object.Cell) { s.in.tally.add(db, c) })
}
