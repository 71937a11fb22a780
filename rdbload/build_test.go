package rdbload

import (
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/types/listpack"
)

// Small appenders with which tests spell RDB bytes.

// header returns the start of a file under the REDIS magic.
func header(version int) []byte { return fmt.Appendf(nil, "REDIS%04d", version) }

// complete ends a file with the end opcode and the checksum.
func complete(b []byte) []byte {
	b = append(b, rdbfmt.OpEOF)
	return binary.LittleEndian.AppendUint64(b, rdbfmt.CRC64(0, b))
}

// file returns a whole file of the given records.
func file(version int, records ...[]byte) []byte {
	return complete(append(header(version), join(records...)...))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// rec returns a key record.
func rec(typ byte, key string, val ...[]byte) []byte {
	return append(append([]byte{typ}, str(key)...), join(val...)...)
}

func str(s string) []byte { return rdbfmt.AppendPlain(nil, []byte(s)) }

func strs(s ...string) (b []byte) {
	for _, s := range s {
		b = append(b, str(s)...)
	}
	return b
}

func num(n ...uint64) (b []byte) {
	for _, n := range n {
		b = rdbfmt.AppendLen(b, n)
	}
	return b
}

func i64(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

func f64(f float64) []byte { return rdbfmt.AppendDouble(nil, f) }

// id returns the 16 bytes of a stream ID.
func id(ms, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, ms), seq)
}

// lp returns a listpack of the given texts.
func lp(texts ...string) []byte {
	b := listpack.New(nil)
	for _, s := range texts {
		b = listpack.Append(b, []byte(s))
	}
	return b
}

// blob returns a listpack as a string.
func blob(texts ...string) []byte { return str(string(lp(texts...))) }

// dumped returns a DUMP payload.
func dumped(typ byte, val ...[]byte) []byte {
	return rdbfmt.AppendFooter(append([]byte{typ}, join(val...)...), 0, rdbfmt.Version)
}

// discard is a Sink that reads everything and keeps nothing.
type discard struct{ keys, elems int }

func (d *discard) Aux(_, _ []byte) error           { return nil }
func (d *discard) Function([]byte) error           { return nil }
func (d *discard) ModuleAux([]byte) error          { return nil }
func (d *discard) DB(int) error                    { return nil }
func (d *discard) ResizeHint(keys, expires uint64) {}
func (d *discard) Put(rec *Record) error {
	d.keys++
	if rec.Elems == nil {
		return nil
	}
	for rec.Elems.Next() {
		d.elems++
	}
	return rec.Elems.Err()
}

func smallStrings(n int) []byte {
	b := header(12)
	for i := range n {
		b = append(b, rec(rdbfmt.TypeString, fmt.Sprintf("key:%010d", i),
			str(fmt.Sprintf("value-of-a-usual-size-%010d", i)))...)
	}
	return complete(b)
}

func smallHashes(n int) []byte {
	b := header(12)
	for i := range n {
		b = append(b, rec(rdbfmt.TypeHashListpack, fmt.Sprintf("user:%08d", i),
			blob("name", fmt.Sprintf("user %d", i), "mail", fmt.Sprintf("user%d@example.org", i), "age", "42", "visits", fmt.Sprint(i)))...)
	}
	return complete(b)
}

func smallZsets(n int) []byte {
	b := header(12)
	for i := range n {
		b = append(b, rec(rdbfmt.TypeZsetListpack, fmt.Sprintf("board:%08d", i),
			blob("anna", "1", "bernd", "2.5", "carla", "17", "dieter", "100.25"))...)
	}
	return complete(b)
}

func largeSet(n int) []byte {
	b := append(header(12), rec(rdbfmt.TypeSet, "set", num(uint64(n)))...)
	for i := range n {
		b = append(b, str(fmt.Sprintf("member-%010d", i))...)
	}
	return complete(b)
}

// blobs returns a file of strings in blobs of 64 KiB.
func blobs(blob func(...[]byte) []byte) []byte {
	b := header(9)
	for n := range 200 {
		items := selectDB(0)
		for i := range 1300 {
			items = append(items, rec(rdbfmt.TypeString, fmt.Sprintf("key:%010d", n*1300+i),
				str(fmt.Sprintf("value-of-a-usual-size-%010d", i)))...)
		}
		b = append(b, blob(items)...)
	}
	return complete(b)
}

// chunkedSet returns a file of a set in tagged chunks of 64 KiB.
func chunkedSet(n int) []byte {
	set := rec(rdbfmt.TypeSet, "set", num(uint64(n)))
	for i := range n {
		set = append(set, str(fmt.Sprintf("member-%010d", i))...)
	}
	b := header(9)
	for len(set) > 0 {
		k := min(64<<10, len(set))
		b = append(b, chunk(1, set[:k])...)
		set = set[k:]
	}
	return complete(b)
}

func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"strings", smallStrings(200_000)},
		{"hashes", smallHashes(100_000)},
		{"zsets", smallZsets(100_000)},
		{"set", largeSet(500_000)},
		{"LZ4", blobs(lz4Blob)},
		{"ZSTD", blobs(zstdBlob)},
		{"chunks", chunkedSet(500_000)},
		{"largeStrings", file(12, rec(0, "k", str(string(make([]byte, 10<<20)))), rec(0, "l", str(string(make([]byte, 10<<20)))))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				r := &chunks{c.data}
				if _, err := Load(r, Options{}, new(discard)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// chunks is a reader as a file is one.
type chunks struct{ data []byte }

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}
