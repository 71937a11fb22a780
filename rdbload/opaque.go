package rdbload

import (
	"encoding/json"
	"math"

	"dragonfly/persistence/rdbfmt"
)

// Dragonfly's JSON and sketches are handed over whole. What each is made of is
// verified; then it is spelled in one way whatever the file had, so that equal
// values have equal bytes: lengths in their shortest form, strings without LZF,
// filter bytes in chunks of filterChunk.
//
//	JSON    string text
//	Bloom   len 0, f64 growth, f64 error rate, len items in full filters, len items and len capacity of the last one,
//	        len filters, filters × (len hashes, bit array)
//	CMS     len width, len depth, len total, width·depth × i64
//	TopK    len 0, len k, len width, len depth, f64 decay, len n, n × (string item, len count),
//	        string of width·depth × u32
//	Cuckoo  len slots of a bucket, len max iterations, len expansion, len buckets, len items, len deletes,
//	        len filters, filters × fingerprints
//
// where bit array and fingerprints are
//
//	len total, { len n, n bytes } up to the total
//
// but the bit array of the old Bloom form is a string.

const (
	// maxOpaque is the longest value that is taken: a store counts it in 32 bits, signed.
	maxOpaque = math.MaxInt32
	// filterChunk is how much of a filter Dragonfly writes behind one length.
	filterChunk = 1 << 26
	// maxBloomHashes is far above what any error rate asks for: 1075 for the least number above 0.
	maxBloomHashes = math.MaxUint16
)

const errOpaqueSize unsupported = "a value of more than 2 GiB"

// jsonValue reads a JSON text.
func (l *loader) jsonValue() (outcome, error) {
	return l.setJSON(l.string())
}

// setJSON checks text and makes it the record's value.
func (l *loader) setJSON(text []byte, err error) (outcome, error) {
	switch {
	case err != nil:
		return 0, err
	case len(text) > maxOpaque:
		return 0, errOpaqueSize
	case !json.Valid(text): // which bounds the depth, too
		return 0, corrupt("invalid JSON text")
	}
	l.rec.Type, l.rec.Packing, l.rec.Bytes = JSON, Opaque, text
	return present, nil
}

// sketchValue reads a filter or sketch of type byte t.
func (l *loader) sketchValue(typ ValueType, t byte) (outcome, error) {
	r := sketchReader{l: l, buf: l.opaque[:0], chunk: filterChunk}
	switch t {
	case rdbfmt.TypeDFBloomOld, rdbfmt.TypeDFBloom:
		r.bloom(t == rdbfmt.TypeDFBloom)
	case rdbfmt.TypeDFCMS:
		r.cms()
	case rdbfmt.TypeDFTopK:
		r.topK()
	default:
		r.cuckoo()
	}
	l.opaque = r.buf
	l.rec.Type, l.rec.Packing, l.rec.Bytes = typ, Opaque, r.buf
	return present, r.err
}

// sketchReader reads the parts of a value, checks them and spells them anew in
// buf. After an error it reads zeros.
type sketchReader struct {
	l     *loader
	buf   []byte
	chunk uint64 // size of chunks in buf
	err   error
}

func (r *sketchReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// check fails with what is wrong unless ok.
func (r *sketchReader) check(ok bool, wrong corrupt) {
	if !ok {
		r.fail(wrong)
	}
}

// length reads a length from first to last; wrong is what it is outside.
func (r *sketchReader) length(first, last uint64, wrong corrupt) uint64 {
	if r.err != nil {
		return 0
	}
	n, err := r.l.in.length()
	if err != nil {
		r.fail(err)
		return 0
	}
	r.check(n >= first && n <= last, wrong)
	r.buf = rdbfmt.AppendLen(r.buf, n)
	return n
}

// any reads a length that may be anything.
func (r *sketchReader) any() uint64 { return r.length(0, math.MaxUint64, "") }

// double reads a number.
func (r *sketchReader) double() float64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	r.buf = append(r.buf, b...)
	return rdbfmt.Double(b)
}

func (r *sketchReader) take(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	b, err := r.l.in.take(n)
	if err != nil {
		r.fail(err)
		return nil
	}
	return b
}

// string reads a string.
func (r *sketchReader) string() []byte {
	if r.err != nil {
		return nil
	}
	s, err := r.l.string()
	if err != nil {
		r.fail(err)
	}
	return s
}

// bytes copies n bytes.
func (r *sketchReader) bytes(n uint64) {
	if !r.room(n) {
		return
	}
	var err error
	if r.buf, err = r.l.in.appendNext(r.buf, n); err != nil {
		r.fail(err)
	}
}

// room fails if the value is too long with n more bytes.
func (r *sketchReader) room(n uint64) bool {
	if r.err == nil && (n > maxOpaque || len(r.buf)+int(n) > maxOpaque) {
		r.err = errOpaqueSize
	}
	return r.err == nil
}

// chunks reads total bytes that come in chunks, behind their total.
func (r *sketchReader) chunks(total uint64) {
	r.room(total)
	at := uint64(0)
	for at < total && r.err == nil {
		n, err := r.l.in.length()
		switch {
		case err != nil:
			r.fail(err)
		case n == 0 || n > total-at:
			r.fail(errChunks)
		}
		for n > 0 && r.err == nil {
			if at%r.chunk == 0 {
				r.buf = rdbfmt.AppendLen(r.buf, min(total-at, r.chunk))
			}
			k := min(n, r.chunk-at%r.chunk)
			r.bytes(k)
			at += k
			n -= k
		}
	}
}

// chunked appends s in chunks behind its total.
func (r *sketchReader) chunked(s []byte) {
	if !r.room(uint64(len(s))) {
		return
	}
	r.buf = rdbfmt.AppendLen(r.buf, uint64(len(s)))
	for len(s) > 0 {
		n := min(len(s), int(r.chunk))
		r.buf = rdbfmt.AppendPlain(r.buf, s[:n])
		s = s[n:]
	}
}

const errChunks corrupt = "chunks that do not add up to their filter"

func powerOfTwo(n uint64) bool { return n != 0 && n&(n-1) == 0 }

func (r *sketchReader) bloom(chunked bool) {
	r.length(0, 0, "unknown Bloom filter options")
	growth, rate := r.double(), r.double()
	prev, last, capacity := r.any(), r.any(), r.any()
	filters := r.any()
	r.check(growth >= 1 && !math.IsInf(growth, 0), "Bloom filter growth out of range")
	if filters == 0 { // the first of several pieces that a client writes
		r.check(rate == 0 && prev == 0 && last == 0 && capacity == 0, "Bloom filter without a filter")
	} else {
		r.check(rate > 0 && rate <= 0.5, "Bloom filter error rate out of range")
	}
	for ; filters > 0 && r.err == nil; filters-- {
		r.length(1, maxBloomHashes, "Bloom filter hashes out of range")
		var n uint64
		if chunked {
			n = r.any()
			r.chunks(n)
		} else {
			s := r.string()
			n = uint64(len(s))
			r.chunked(s)
		}
		r.check(powerOfTwo(n), "Bloom filter bits are no power of two")
	}
}

// cells returns width times depth, cut where size times that is too long anyway.
func (r *sketchReader) cells(width, depth, size uint64) uint64 {
	if depth != 0 && width > maxOpaque/size/depth {
		r.fail(errOpaqueSize)
		return 0
	}
	return width * depth
}

func (r *sketchReader) cms() {
	width := r.length(1, math.MaxUint32, "sketch width out of range")
	depth := r.length(1, math.MaxUint32, "sketch depth out of range")
	r.any()
	r.bytes(8 * r.cells(width, depth, 8))
}

func (r *sketchReader) topK() {
	r.length(0, 0, "unknown top-k options")
	k := r.length(1, math.MaxUint32, "top-k size out of range")
	width := r.length(1, math.MaxUint32, "sketch width out of range")
	depth := r.length(1, math.MaxUint32, "sketch depth out of range")
	decay := r.double()
	r.check(decay >= 0 && decay <= 1, "top-k decay out of range")
	for n := r.length(0, k, "more items than a top-k has"); n > 0 && r.err == nil; n-- {
		if item := r.string(); r.room(uint64(len(item))) {
			r.buf = rdbfmt.AppendString(r.buf, item, false)
		}
		r.length(0, math.MaxUint32, "top-k count out of range")
	}
	cells := r.cells(width, depth, 4)
	counters := r.string()
	r.check(uint64(len(counters)) == 4*cells, "top-k counters that are not width times depth")
	if r.room(uint64(len(counters))) {
		r.buf = rdbfmt.AppendPlain(r.buf, counters)
	}
}

func (r *sketchReader) cuckoo() {
	slots := r.length(1, math.MaxUint8, "cuckoo filter slots out of range")
	r.length(1, math.MaxUint16, "cuckoo filter iterations out of range")
	expansion := r.length(0, math.MaxUint16, "cuckoo filter expansion out of range")
	buckets := r.any()
	r.any()
	r.any()
	filters := r.length(1, math.MaxUint64, "cuckoo filter without a filter")
	r.check(expansion == 0 || powerOfTwo(expansion), "cuckoo filter expansion is no power of two")
	for ; filters > 0 && r.err == nil; filters-- {
		r.check(powerOfTwo(buckets), "cuckoo filter buckets are no power of two")
		if r.err == nil && buckets > maxOpaque/slots {
			r.fail(errOpaqueSize)
			return
		}
		want := buckets * slots
		r.length(want, want, "fingerprints that are not as many as the cuckoo filter's slots")
		r.chunks(want)
		buckets *= expansion
	}
}
