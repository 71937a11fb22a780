package rdbfmt

import (
	"bytes"
	"encoding/hex"
	"hash/crc64"
	"math"
	"math/rand/v2"
	"testing"
)

func TestCRC64CheckValue(t *testing.T) {
	if got, want := CRC64(0, []byte("123456789")), uint64(0xe9c6d914c4b8d9ca); got != want {
		t.Fatalf("CRC64 = %x, want %x", got, want)
	}
}

// The standard library's CRC64 starts and ends inverted; with that undone it is
// a second opinion on every length and on continuation.
func TestCRC64AgainstStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	table := crc64.MakeTable(crcPoly)
	p := make([]byte, 300)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	for n := range p {
		want := ^crc64.Update(^uint64(0), table, p[:n])
		if got := CRC64(0, p[:n]); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
		cut := rng.IntN(n + 1)
		if got := CRC64(CRC64(0, p[:cut]), p[cut:n]); got != want {
			t.Fatalf("%d bytes in two parts: %x, want %x", n, got, want)
		}
	}
}

func BenchmarkCRC64(b *testing.B) {
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	var crc uint64
	for b.Loop() {
		crc = CRC64(crc, p)
	}
}

func TestLen(t *testing.T) {
	f := func(n uint64, want string) {
		t.Helper()
		b := AppendLen(nil, n)
		if hex.EncodeToString(b) != want {
			t.Errorf("AppendLen(%d) = %x, want %s", n, b, want)
		}
		got, encoded, size := ParseLen(b)
		if got != n || encoded || size != len(b) {
			t.Errorf("ParseLen(%x) = %d, %v, %d", b, got, encoded, size)
		}
		for cut := range b {
			if _, _, size := ParseLen(b[:cut]); size != 0 {
				t.Errorf("ParseLen(%x) has size %d", b[:cut], size)
			}
		}
	}
	f(0, "00")
	f(63, "3f")
	f(64, "4040")
	f(16383, "7fff")
	f(16384, "8000004000")
	f(math.MaxUint32, "80ffffffff")
	f(math.MaxUint32+1, "810000000100000000")
	f(math.MaxUint64, "81ffffffffffffffff")

	if n, encoded, size := ParseLen([]byte{0xC3}); n != EncLZF || !encoded || size != 1 {
		t.Errorf("ParseLen(c3) = %d, %v, %d", n, encoded, size)
	}
	if _, _, size := ParseLen([]byte{0x82, 0, 0, 0, 0}); size != -1 {
		t.Errorf("ParseLen(82) has size %d, want -1", size)
	}
}

func TestAppendString(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		if got := AppendString(nil, []byte(s), true); hex.EncodeToString(got) != want {
			t.Errorf("AppendString(%q) = %x, want %s", s, got, want)
		}
	}
	f("", "00")
	f("hello", "0568656c6c6f")
	f("12345", "c13930")
	f("0", "c000")
	f("-0", "022d30")
	f("-", "012d")
	f("00", "023030")
	f("+1", "022b31")
	f("127", "c07f")
	f("128", "c18000")
	f("-128", "c080")
	f("-32768", "c10080")
	f("32768", "c200800000")
	f("2147483647", "c2ffffff7f")
	f("2147483648", "0a32313437343833363438")
	f("-2147483648", "c200000080")
	f("-2147483649", "0b2d32313437343833363439")
	f("99999999999", "0b3939393939393939393939")
	f(string(bytes.Repeat([]byte("a"), 20)), "14"+hex.EncodeToString(bytes.Repeat([]byte("a"), 20)))

	s := bytes.Repeat([]byte("a"), 40)
	got := AppendString([]byte("x"), s, true)
	if len(got) > 14 || got[0] != 'x' || got[1] != 0xC3 {
		t.Fatalf("AppendString of 40 a = %x", got)
	}
	n, _, used := ParseLen(got[2:])
	body := got[2+used:]
	size, _, used := ParseLen(body)
	body = body[used:]
	out := make([]byte, size)
	if err := Decompress(out, body); int(n) != len(body) || err != nil || !bytes.Equal(out, s) {
		t.Fatalf("%x does not unpack: %v", got, err)
	}
}

func TestDecompressExample(t *testing.T) {
	src := []byte{0x01, 0x61, 0x61, 0xE0, 0x1B, 0x00, 0x01, 0x61, 0x61}
	if n, err := DecompressedSize(src); n != 40 || err != nil {
		t.Fatalf("DecompressedSize = %d, %v", n, err)
	}
	out := make([]byte, 40)
	if err := Decompress(out, src); err != nil || !bytes.Equal(out, bytes.Repeat([]byte("a"), 40)) {
		t.Fatalf("Decompress = %q, %v", out, err)
	}
}

func TestDecompressCorrupt(t *testing.T) {
	f := func(src string, size int, want error) {
		t.Helper()
		b, err := hex.DecodeString(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decompress(make([]byte, size), b); err != want {
			t.Errorf("Decompress(%s, %d): %v, want %v", src, size, err, want)
		}
	}
	f("", 0, nil)
	f("", 1, ErrLZFOutput)
	f("0061", 2, ErrLZFOutput)
	f("0161", 2, ErrLZFInput)
	f("016161", 1, ErrLZFOutput)
	f("2000", 3, ErrLZFOffset)
	f("0061e0", 30, ErrLZFInput)
	f("0061e000", 30, ErrLZFInput)
	f("006120", 30, ErrLZFInput)
	f("0061e00000", 9, ErrLZFOutput)
	f("0061e00000", 10, nil)
}

func compressible(rng *rand.Rand, n int) []byte {
	p := make([]byte, 0, n+64)
	for len(p) < n {
		if len(p) > 0 && rng.IntN(2) == 0 {
			from := rng.IntN(len(p))
			p = append(p, p[from:min(len(p), from+1+rng.IntN(300))]...)
		} else {
			for range 1 + rng.IntN(40) {
				p = append(p, byte(rng.Uint32()))
			}
		}
	}
	return p[:n]
}

func checkRoundTrip(t *testing.T, p []byte) {
	t.Helper()
	prefix := []byte("prefix")
	out, ok := Compress(prefix, p)
	if !ok {
		if string(out) != "prefix" {
			t.Fatalf("a failed Compress left %d bytes", len(out))
		}
		return
	}
	src := out[len(prefix):]
	if len(src) > len(p)-lzfMinSaving {
		t.Fatalf("%d bytes compressed to %d", len(p), len(src))
	}
	if n, err := DecompressedSize(src); n != len(p) || err != nil {
		t.Fatalf("DecompressedSize = %d, %v, want %d", n, err, len(p))
	}
	back := make([]byte, len(p))
	if err := Decompress(back, src); err != nil || !bytes.Equal(back, p) {
		t.Fatalf("round trip of %d bytes: %v", len(p), err)
	}
}

func TestLZFRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		checkRoundTrip(t, compressible(rng, n))
		checkRoundTrip(t, make([]byte, n))
	}
	// Beyond the 16-bit positions of the hash table.
	checkRoundTrip(t, compressible(rng, 200_000))
	checkRoundTrip(t, make([]byte, 200_000))
	zeros, _ := Compress(nil, make([]byte, 200_000))
	if len(zeros) > 200_000/80 {
		t.Errorf("200000 zeros compress to %d bytes", len(zeros))
	}
}

// TestLZFRepeats: the short way out of Compress gives up nothing that the search would have found.
func TestLZFRepeats(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		p := make([]byte, lzfMinSaving+2+rng.IntN(lzfSmall-lzfMinSaving-1))
		for letters, i := 1+rng.IntN(255), 0; i < len(p); i++ {
			p[i] = byte(rng.IntN(letters))
		}
		var table [1 << lzfSmallBits]uint16
		want, wantOK := compress(nil, p, table[:], lzfSmallBits)
		if got, ok := Compress(nil, p); ok != wantOK || !bytes.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", p, ok, wantOK)
		}
	}
}

func FuzzLZFRoundTrip(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
	f.Add(bytes.Repeat([]byte("abcabcabd"), 50))
	f.Fuzz(func(t *testing.T, p []byte) {
		checkRoundTrip(t, p)
		// The same bytes as hostile input: the announced size must be exact.
		n, err := DecompressedSize(p)
		if err != nil || n > 1<<20 {
			return
		}
		out := make([]byte, n)
		if err := Decompress(out, p); err != nil && err != ErrLZFOffset {
			t.Fatalf("size %d was counted, then %v", n, err)
		}
		if err := Decompress(make([]byte, n+1), p); err == nil {
			t.Fatal("a wrong size is accepted")
		}
	})
}

func FuzzParseLen(f *testing.F) {
	f.Add([]byte{0x80, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, encoded, size := ParseLen(b)
		if size > len(b) || size > MaxLenSize {
			t.Fatalf("size %d of %d bytes", size, len(b))
		}
		if size > 0 && !encoded {
			if m, _, _ := ParseLen(AppendLen(nil, n)); m != n {
				t.Fatalf("%d became %d", n, m)
			}
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	p := compressible(rand.New(rand.NewPCG(5, 6)), 4096)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		out, _ = Compress(out[:0], p)
	}
}

func BenchmarkDecompress(b *testing.B) {
	p := compressible(rand.New(rand.NewPCG(5, 6)), 4096)
	src, _ := Compress(nil, p)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		if err := Decompress(p, src); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFooter(t *testing.T) {
	// DUMP of "hello" by redis-server 7.0.15.
	payload, _ := hex.DecodeString("000568656c6c6f0a006372df766534200a")
	body, version, err := CheckFooter(payload)
	if err != nil || version != 10 || hex.EncodeToString(body) != "000568656c6c6f" {
		t.Fatalf("CheckFooter = %x, %d, %v", body, version, err)
	}
	own := AppendFooter(append([]byte("head"), body...), 4, Version)[4:]
	if body, version, err = CheckFooter(own); err != nil || version != Version || len(body) != 7 {
		t.Fatalf("CheckFooter of our own = %x, %d, %v", body, version, err)
	}

	f := func(p []byte, want error) {
		t.Helper()
		if _, _, err := CheckFooter(p); err != want {
			t.Errorf("CheckFooter(%x): %v, want %v", p, err, want)
		}
	}
	f(nil, ErrFooterShort)
	f(payload[:9], ErrFooterShort)
	for i := range payload {
		p := bytes.Clone(payload)
		p[i] ^= 0x80
		want := ErrFooterChecksum
		if i == len(body) || i == len(body)+1 {
			want = ErrFooterVersion
		}
		f(p, want)
	}
	zero := bytes.Clone(payload)
	clear(zero[len(zero)-8:])
	f(zero, ErrFooterChecksum)
}

func TestDoubles(t *testing.T) {
	for _, x := range []float64{0, 1.5, -math.MaxFloat64, math.Inf(1)} {
		if got := Double(AppendDouble(nil, x)); got != x {
			t.Errorf("Double = %v, want %v", got, x)
		}
	}
}

func TestNames(t *testing.T) {
	if name, v := ModuleName(0x45e25238df912c03); name != "ReJSON-RL" || v != 3 {
		t.Errorf("ModuleName = %q, %d", name, v)
	}
	if name, v := ModuleName(0xbde72da2bb1eb400); name != "vectorset" || v != 0 {
		t.Errorf("ModuleName = %q, %d", name, v)
	}
	f := func(typ byte, flavor Flavor, want string) {
		t.Helper()
		if got := TypeName(typ, flavor); got != want {
			t.Errorf("TypeName(%d, %d) = %q, want %q", typ, flavor, got, want)
		}
	}
	f(19, FlavorDragonfly, "stream 2")
	f(22, FlavorRedis, "hash with field TTL, Redis 7.4-rc")
	f(22, FlavorValkey, "Valkey hash with field TTL")
	f(30, FlavorDragonfly, "Dragonfly JSON")
	f(30, FlavorRedis, "hash template listpack reference")
	f(33, FlavorRedis, "Redis 8.10 GCRA limiter")
	f(30, FlavorValkey, UnknownType)
	f(38, FlavorDragonfly, UnknownType)
	f(99, FlavorDragonfly, UnknownType)
}
