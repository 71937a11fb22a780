package number

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// floatTexts are texts at the edges of what strtod accepts.
var floatTexts = []string{
	"0", "-0", "+0", "1", "+1", "-1", "00", "007", "1.", ".5", "-.5", "+.5", "1.5", "1e3", "1E3", "1e+3", "1e-3", "1.e1", ".1e1", "0e0",
	"3.14159265358979323846264338327950288419716939937510582097494459", "17976931348623157e292", "1.7976931348623159e308", "-1.7976931348623159e308",
	"1e308", "1e309", "-1e309", "1e400", "1e-307", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-323", "1e-324", "1e-400", "-1e-400", "0e-400", "0.0e400", "0e99999999999999999999",
	"1e99999999999999999999", "1e-99999999999999999999", "9007199254740993", "9007199254740992", "18446744073709551616", "123456789012345678901234567890",
	"9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551617", "9223372036854775808.5", "9223372036854775809.5",
	"inf", "+inf", "-inf", "INF", "Infinity", "-iNfInItY", "infinit", "infx", "in", "i", "nan", "-nan", "NaN", "nan(1)", "nan()",
	"0x10", "0X10", "-0x10", "0x1.8", "0x.8", "0x8.", "0x1p3", "0x1P-3", "0x1.8p+1", "0x", "0x.", "0xp1", "0x1p", "0x1p+", "0xg", "0x1e5", "x10", "0x0", "0x0p5", "0x1p1023", "0x1p1024", "0x1p-1074", "0x1p-1075", "0x1.8p-1075", "0x1p-1076",
	"0x1fffffffffffff8", "0x1fffffffffffff81", "0xffffffffffffffffffffffffffffff", "0x1_0", "1_0", "0x_10", "0b1", "0o7",
	"", " ", " 1", "1 ", "\t1", "1\n", "1\x00", "1\x002", "a", "1a", "e", "e5", ".", "-", "+", "-.", ".e1", "1e", "1e+", "1e1.5", "1..", "1.2.3", "--1", "+-1", "1,5", "1f", "1d", "1l", "1p3", "٣",
	"0." + strings.Repeat("0", 300) + "1", strings.Repeat("1", 300), strings.Repeat("0", 400) + "12.5", "1" + strings.Repeat("0", 400) + "e-400",
}

func TestParseFloatRedis(t *testing.T) {
	redis := startRedis(t)
	var commands [][]string
	for _, s := range floatTexts {
		commands = append(commands, []string{"ZADD", "z", s, "m"}, []string{"ZSCORE", "z", "m"})
	}
	replies := redis.pipeline(commands)
	for i, s := range floatTexts {
		f, ok := ParseFloat([]byte(s))
		wantOK := !strings.HasPrefix(replies[2*i], "-")
		if ok != wantOK {
			t.Errorf("ParseFloat(%.60q) = %v, %v; redis says %s", s, f, ok, replies[2*i])
			continue
		}
		// This redis prints %.17g, as all did before 7.2. A set of one member
		// is a listpack and knows no -0.
		if got := string(AppendG17(nil, f)); ok && got != replies[2*i+1] && !(got == "-0" && replies[2*i+1] == "0") {
			t.Errorf("ParseFloat(%.60q) = %s; redis says %s", s, got, replies[2*i+1])
		}
	}
}

func TestParseFloat(t *testing.T) {
	f := func(s string, want float64, wantOK bool) {
		t.Helper()
		got, ok := ParseFloat([]byte(s))
		if ok != wantOK || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("ParseFloat(%q) = %v, %v; want %v, %v", s, got, ok, want, wantOK)
		}
	}
	f("0", 0, true)
	f("-0", math.Copysign(0, -1), true)
	f("9007199254740993", 9007199254740992, true)
	f("-9007199254740993", -9007199254740992, true)
	f("+.5e1", 5, true)
	f("0x1.8", 1.5, true)
	f("-0X10p-1", -8, true)
	f("-Inf", math.Inf(-1), true)
	f("+infinity", math.Inf(1), true)
	f("nan", 0, false)
	f("1e309", 0, false)
	f("1e-400", 0, false)
	f("0e-400", 0, true)
	f("4.9e-324", 5e-324, true)
	f(" 1", 0, false)
	f("1_0", 0, false)
	f("", 0, false)
}

func TestFloatToInt(t *testing.T) {
	f := func(x float64, want int64, wantOK bool) {
		t.Helper()
		if n, ok := FloatToInt(x); ok != wantOK || ok && n != want {
			t.Errorf("FloatToInt(%v) = %d, %v", x, n, ok)
		}
	}
	f(0, 0, true)
	f(math.Copysign(0, -1), 0, true)
	f(-3, -3, true)
	f(0.5, 0, false)
	f(1<<62, 1<<62, true)
	f(-1<<62, -1<<62, true)
	f(1<<62+1024, 0, false)
	f(5e18, 0, false)
	f(math.Inf(1), 0, false)
	f(math.Inf(-1), 0, false)
	f(math.NaN(), 0, false)
}

func TestAppendScore(t *testing.T) {
	f := func(x float64, score, fpconv, g17 string) {
		t.Helper()
		for _, c := range []struct{ name, got, want string }{
			{"AppendScore", string(AppendScore(nil, x)), score},
			{"AppendFpconv", string(AppendFpconv(nil, x)), fpconv},
			{"AppendG17", string(AppendG17(nil, x)), g17},
		} {
			if c.got != c.want {
				t.Errorf("%s(%v) = %s, want %s", c.name, x, c.got, c.want)
			}
			if len(c.got) > MaxScoreLen {
				t.Errorf("%s(%v) is longer than MaxScoreLen", c.name, x)
			}
		}
	}
	f(0, "0", "0", "0")
	f(math.Copysign(0, -1), "-0", "-0", "-0")
	f(math.Inf(1), "inf", "inf", "inf")
	f(math.Inf(-1), "-inf", "-inf", "-inf")
	f(math.NaN(), "nan", "nan", "nan")
	f(1, "1", "1", "1")
	f(-17, "-17", "-17", "-17")
	f(2.5, "2.5", "2.5", "2.5")
	f(0.1, "0.1", "0.1", "0.10000000000000001")
	f(1e7, "10000000", "10000000", "10000000")
	f(1e8, "100000000", "1e+8", "100000000")
	f(12e8, "1200000000", "1.2e+9", "1200000000")
	f(4.6e18, "4600000000000000000", "4.6e+18", "4.6e+18")
	f(1<<62, "4611686018427387904", "4611686018427388000", "4.6116860184273879e+18")
	f(5e18, "5e+18", "5e+18", "5e+18")
	f(1e21, "1e+21", "1e+21", "1e+21")
	f(1e100, "1e+100", "1e+100", "1e+100")
	f(123456789012345680, "123456789012345680", "123456789012345680", "1.2345678901234568e+17")
	f(0.00001, "0.00001", "0.00001", "1.0000000000000001e-05")
	f(0.000001234, "1.234e-6", "1.234e-6", "1.234e-06")
	f(2.5e-7, "2.5e-7", "2.5e-7", "2.4999999999999999e-07")
	f(0.00123456789, "0.00123456789", "0.00123456789", "0.0012345678899999999")
	f(0.000123456789, "1.23456789e-4", "1.23456789e-4", "0.000123456789")
	f(171422365113461.13, "171422365113461.13", "171422365113461.13", "171422365113461.12") // a tie
	f(-2.2092781970116107e+23, "-220927819701161070000000", "-220927819701161070000000", "-2.2092781970116107e+23")
	f(5e-324, "5e-324", "5e-324", "4.9406564584124654e-324")
	f(-math.MaxFloat64, "-1.7976931348623157e+308", "-1.7976931348623157e+308", "-1.7976931348623157e+308")
	f(2.2250738585072014e-308, "2.2250738585072014e-308", "2.2250738585072014e-308", "2.2250738585072014e-308")
}

// randomFloats are of all exponents, of everyday sizes, and near powers of two
// and ten, where the intervals change.
func randomFloats(n int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []float64
	for len(all) < n {
		f := math.Float64frombits(rng.Uint64())
		if f-f != 0 {
			continue
		}
		power := math.Ldexp(1, rng.IntN(2098)-1074)
		ten := math.Pow10(rng.IntN(40) - 20)
		all = append(all, f, math.Round(rng.Float64()*1e6)/1e3, rng.NormFloat64(), float64(rng.Int64()), math.Trunc(rng.ExpFloat64()*1e15),
			power, math.Nextafter(power, 0), math.Nextafter(power, math.Inf(1)), ten, math.Nextafter(ten, 0), float64(rng.IntN(100))*ten)
	}
	return all
}

// TestFpconvReadsBack checks what Grisu2 promises: the text is the same double
// again, in at most 17 digits and nearly always the shortest.
func TestFpconvReadsBack(t *testing.T) {
	all := randomFloats(20000)
	longer := 0
	for _, f := range all {
		text := AppendFpconv(nil, f)
		back, ok := ParseFloat(text)
		if !ok || math.Float64bits(back) != math.Float64bits(f) {
			t.Fatalf("AppendFpconv(%v) = %s reads back as %v, %v", f, text, back, ok)
		}
		if f == 0 {
			continue
		}
		var digits [maxDigits]byte
		n, _ := grisu2(math.Abs(f), &digits)
		shortest := strconv.FormatFloat(math.Abs(f), 'e', -1, 64)
		mantissa, _, _ := strings.Cut(shortest, "e")
		if n < len(strings.Replace(mantissa, ".", "", 1)) {
			t.Fatalf("%v: %s is shorter than the shortest", f, digits[:n])
		}
		if n > len(strings.Replace(mantissa, ".", "", 1)) {
			longer++
		}
	}
	if longer == 0 || longer > len(all)/100 {
		t.Errorf("%d of %d are not the shortest; Grisu2 has a few in a thousand", longer, len(all))
	}
}

func TestPowers(t *testing.T) {
	for i, p := range powers {
		k := int64(firstPower + i*powerStep)
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(max(k, -k)), nil)
		f := new(big.Float).SetPrec(64).SetInt(ten)
		if k < 0 {
			f.Quo(big.NewFloat(1), new(big.Float).SetInt(ten))
		}
		mant := new(big.Float)
		exp := f.MantExp(mant) - 64
		frac, _ := mant.SetMantExp(mant, 64).Uint64()
		if p.frac != frac || int(p.exp) != exp {
			t.Errorf("1e%d: %#x, %d; want %#x, %d", k, p.frac, p.exp, frac, exp)
		}
	}
}

func FuzzParseFloat(f *testing.F) {
	for _, s := range floatTexts {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		x, ok := ParseFloat(s)
		if !ok {
			return
		}
		if math.IsNaN(x) {
			t.Fatal("NaN")
		}
		for _, text := range [][]byte{AppendScore(nil, x), AppendFpconv(nil, x), AppendG17(nil, x)} {
			if back, ok := ParseFloat(text); !ok || back != x {
				t.Fatalf("%v printed as %s reads back as %v, %v", x, text, back, ok)
			}
		}
		if _, ok := ParseLongDouble(s); !ok {
			t.Fatal("a double is no long double")
		}
	})
}

func TestAllocs(t *testing.T) {
	buf := make([]byte, 0, 64)
	pi, n, hex := []byte("3.14159265358979312"), []byte("12345"), []byte("0x1.8")
	if n := testing.AllocsPerRun(100, func() {
		f, _ := ParseFloat(pi)
		g, _ := ParseFloat(hex)
		AppendScore(buf, f*g)
		AppendFpconv(buf, f)
		AppendG17(buf, f)
		ParseInt(n)
		AppendInt(buf, math.MinInt64)
		x, _ := ParseLongDouble(pi)
		y, _ := ParseLongDouble(n)
		x.Add(y).Append(buf)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendScore(b *testing.B) {
	for name, f := range map[string]float64{"integer": 1234567, "fraction": 3.14159, "seventeen": 0.1 + 0.2} {
		b.Run(name, func(b *testing.B) {
			var buf [MaxScoreLen]byte
			for b.Loop() {
				AppendScore(buf[:0], f)
			}
		})
	}
}

func BenchmarkParseFloat(b *testing.B) {
	for _, s := range []string{"1234567", "3.14159", "0.30000000000000004"} {
		b.Run(s, func(b *testing.B) {
			text := []byte(s)
			for b.Loop() {
				ParseFloat(text)
			}
		})
	}
}

// TestFpconvVectors compares with what Redis's own code printed.
func TestFpconvVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/fpconv.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		hex, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		if hex == "#" {
			continue
		}
		b, err := strconv.ParseUint(hex, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(AppendFpconv(nil, math.Float64frombits(b))); got != want {
			t.Errorf("%s: %s, want %s", hex, got, want)
		}
	}
}
