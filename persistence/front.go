package persistence

import (
	"strconv"
	"time"

	"dragonfly/persistence/rdbfmt"
)

func appendAux(dst []byte, name, value string) []byte {
	dst = append(dst, rdbfmt.OpAux)
	dst = rdbfmt.AppendString(dst, []byte(name), false)
	return rdbfmt.AppendString(dst, []byte(value), false)
}

func appendAuxInt(dst []byte, name string, value int64) []byte {
	return appendAux(dst, name, strconv.FormatInt(value, 10))
}

// rdbFront returns what stands in an RDB file before the keys, in the order of Redis: metadata, global data of modules
// that wants to be there, functions.
func (m *Meta) rdbFront(now time.Time) []byte {
	var b []byte
	b = appendAux(b, rdbfmt.AuxRedisVer, m.RedisVersion)
	b = appendAuxInt(b, rdbfmt.AuxRedisBits, strconv.IntSize)
	b = appendAuxInt(b, rdbfmt.AuxCtime, now.Unix())
	b = appendAuxInt(b, rdbfmt.AuxUsedMem, m.UsedMemory)
	b = appendAuxInt(b, rdbfmt.AuxAOFBase, 0)
	b = appendAux(b, rdbfmt.AuxDragonflyVer, m.Version)
	for _, kv := range m.Carried.Aux {
		b = appendAux(b, kv[0], kv[1])
	}
	b = appendModuleAux(b, m.Carried.ModuleAux, false)
	for _, code := range m.Carried.Functions {
		b = append(b, rdbfmt.OpFunction)
		b = rdbfmt.AppendString(b, code, m.Compression != NoCompression)
	}
	return b
}

// appendModuleAux appends the global data of modules that they want to get after the keys, or the rest.
func appendModuleAux(dst []byte, data [][]byte, after bool) []byte {
	for _, raw := range data {
		if loadsAfter(raw) == after {
			dst = append(append(dst, rdbfmt.OpModuleAux), raw...)
		}
	}
	return dst
}

// moduleAfter is the time in a module's global data at which it is to be loaded: after the keys.
const moduleAfter = 2

// loadsAfter tells whether a module wants its global data after the keys. It begins with
//
//	len module id | len 2 (an integer follows) | len time
func loadsAfter(raw []byte) bool {
	var n uint64
	for range 3 {
		size := 0
		if n, _, size = rdbfmt.ParseLen(raw); size <= 0 {
			return false
		}
		raw = raw[size:]
	}
	return n == moduleAfter
}

// dfsFront returns the metadata that all files of a DFS set begin with, in the order of Dragonfly.
func (m *Meta) dfsFront(id string, now time.Time) []byte {
	b := []byte(dfsHeader)
	b = appendAux(b, rdbfmt.AuxSnapshotID, id)
	b = appendAux(b, rdbfmt.AuxRedisVer, m.RedisVersion)
	b = appendAux(b, rdbfmt.AuxDragonflyVer, m.Version)
	b = appendAuxInt(b, rdbfmt.AuxRedisBits, strconv.IntSize)
	b = appendAuxInt(b, rdbfmt.AuxCtime, now.Unix())
	b = appendAuxInt(b, rdbfmt.AuxUsedMem, m.UsedMemory)
	return appendAuxInt(b, rdbfmt.AuxAOFPreamble, 0)
}

// shardFront returns what stands in the file of a shard before the keys.
func (m *Meta) shardFront(id string, now time.Time, shard int) []byte {
	b := m.dfsFront(id, now)
	for _, kv := range m.Carried.Aux {
		if kv[0] == rdbfmt.AuxSearchIndex {
			b = appendAux(b, kv[0], kv[1])
		}
	}
	return appendAuxInt(b, rdbfmt.AuxShardID, int64(shard))
}

// summaryFront returns the summary but for its end. Functions are in fields of our own, since Dragonfly refuses a file
// with the opcode that Redis has for them, and passes over fields it does not know.
func (m *Meta) summaryFront(id string, now time.Time, shards int) []byte {
	b := m.dfsFront(id, now)
	for _, name := range []string{rdbfmt.AuxLua, rdbfmt.AuxSearchIndex, rdbfmt.AuxSearchSyn} {
		for _, kv := range m.Carried.Aux {
			if kv[0] == name {
				b = appendAux(b, kv[0], kv[1])
			}
		}
	}
	for _, code := range m.Carried.Functions {
		b = appendAux(b, rdbfmt.AuxFunction, string(code))
	}
	b = appendAuxInt(b, rdbfmt.AuxShardCount, int64(shards))
	b = appendAuxInt(b, rdbfmt.AuxTableMem, m.TableMemory)
	b = appendModuleAux(b, m.Carried.ModuleAux, false)
	return appendModuleAux(b, m.Carried.ModuleAux, true)
}
