package rdbload

import (
	"bytes"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

// graphs returns the sections of a vector index, with an entry point or without.
func graphs(entry bool) []byte {
	b := append([]byte{rdbfmt.OpDFVectorIndex}, str("index:field")...)
	if entry {
		b = append(b, num(1)...)
	}
	b = append(b, num(2)...)
	for _, level := range []uint32{0, 2} {
		b = append(b, join(u32(level), i64(77), u32(level))...)
		for range level + 1 {
			b = append(b, join(u32(2), u32(0), u32(1))...)
		}
	}
	return append(b, join([]byte{rdbfmt.OpDFShardDocIndex}, num(0), str("index"), num(2), str("a"), num(0), str("b"), num(1))...)
}

func TestGraphsArePassedOver(t *testing.T) {
	f := func(entry bool, aux ...[]byte) {
		t.Helper()
		c, sum, err := load(file(9, join(aux...), graphs(entry), lz4Blob(graphs(entry)), rec(0, "k", str("v"))), Options{})
		if err != nil || len(c.dbs[0]) != 1 {
			t.Errorf("%+v, %v", sum, err)
		} else if len(sum.Warnings) != 1 || sum.Warnings[0].Count != 4 {
			t.Errorf("warnings %+v", sum.Warnings)
		}
	}
	f(true)
	f(true, auxField("df-ver", "df-v1.40.0"))
	f(false, auxField("df-ver", "df-v1.37.2"))
	f(false, auxField("df-ver", "df-v1.38.1"))
	f(false, auxField("hnsw-index-metadata", "{}"))
	checkRefused(t, file(9, graphs(false)), "")
}

func TestReplicationOpcodes(t *testing.T) {
	journal := func(entries ...[]byte) []byte {
		return join([]byte{rdbfmt.OpDFJournalBlob}, num(1), str(string(join(entries...))))
	}
	idle := join(num(6, 3), num(13), num(15, 1<<40), num(13))
	data := file(9, rec(0, "k", str("v")), journal(idle), journal(), []byte{rdbfmt.OpDFJournalOffset}, i64(5), lz4Blob(journal(idle)),
		[]byte{rdbfmt.OpDFFullSyncEnd}, i64(0), rec(0, "l", str("v")))
	if c, sum, err := load(data, Options{}); err != nil || len(c.dbs[0]) != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	f := func(want string, entries ...[]byte) {
		t.Helper()
		checkRefused(t, file(9, journal(entries...)), "Dragonfly JOURNAL_BLOB: "+want)
	}
	f("a command is not supported", idle, num(10, 1, 1, 1, 4), str("PING"))
	f("unknown entry 9", num(9))
	f("malformed entry", num(6))
	f("malformed entry", []byte{0xC0})
	f("malformed entry", num(15), []byte{0x82})
	f("malformed entry", bytes.Repeat([]byte{13}, 5), []byte{0x41})
}
