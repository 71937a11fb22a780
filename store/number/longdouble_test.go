package number

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// longTexts are the texts of floatTexts and some at the edges of a long double.
func longTexts() []string {
	return append([]string{
		"1e4932", "1.18973149535723176502e4932", "1.18973149535723176509e4932", "1e4933", "-1e4940", "1e-4931", "1e-4950", "3.6e-4951", "1.9e-4951", "1.8e-4951", "1e-4952", "1e-5000", "0e5000",
		"0x1p16383", "0x1p16384", "0xffffffffffffffffp16320", "0xffffffffffffffff8p16316", "0x1p-16445", "0x1p-16446", "0x1.8p-16446",
		"0.00000000000000001", "0.000000000000000005", "0.0000000000000000050000001", "0.000000000000000015", "0.99999999999999999", "0.999999999999999999",
		"1e19", "1e20", "12345678901234567890.125", "123456789012345678.5", "0.1234567890123456789", "0.12345678901234567891", "1e-19", "1e-20", "1e-38",
		strings.Repeat("9", 4932), strings.Repeat("9", 4933), strings.Repeat("1", 5119), strings.Repeat("0", 5118) + "7", strings.Repeat("0", 5119) + "7",
		"0." + strings.Repeat("0", 4900) + "1", "1" + strings.Repeat("0", 4000) + "e-4000", "0." + strings.Repeat("0", 4000) + "1e4001",
	}, floatTexts...)
}

// randomLong is a number as clients send it, or an odd one.
func randomLong(rng *rand.Rand) string {
	f := rng.NormFloat64() * math.Pow10(rng.IntN(12)-4)
	switch rng.IntN(8) {
	case 0:
		a, b := rng.Int64()>>rng.IntN(60), rng.Int64()>>rng.IntN(60)
		return strconv.FormatInt(a-b, 10)
	case 1:
		return strconv.FormatFloat(f, 'f', -1, 64)
	case 2:
		return strconv.FormatFloat(f, 'e', rng.IntN(25), 64)
	case 3:
		return strconv.FormatFloat(f, 'x', -1, 64)
	case 4:
		return strconv.FormatFloat(math.Float64frombits(rng.Uint64()&^(1<<62)), 'e', -1, 64)
	case 5:
		return strconv.FormatInt(rng.Int64(), 10) + "." + strconv.FormatUint(rng.Uint64(), 10)
	default:
		return strconv.FormatFloat(f, 'f', rng.IntN(18), 64)
	}
}

func TestIncrByFloatRedis(t *testing.T) {
	redis := startRedis(t)
	rng := rand.New(rand.NewPCG(3, 4))
	type pair struct{ a, b string }
	var pairs []pair
	for _, s := range longTexts() {
		pairs = append(pairs, pair{"0", s}, pair{s, "1"}, pair{s, "-0.1"}, pair{s, s})
	}
	for range 4000 {
		p := pair{randomLong(rng), randomLong(rng)}
		pairs = append(pairs, p)
		if rng.IntN(4) == 0 { // nearly cancelling
			pairs = append(pairs, pair{p.a, "-" + strings.TrimPrefix(p.a, "-") + "1"})
		}
	}
	var commands [][]string
	for _, p := range pairs {
		commands = append(commands, []string{"SET", "k", p.a}, []string{"INCRBYFLOAT", "k", p.b})
	}
	replies := redis.pipeline(commands)
	bad := 0
	for i, p := range pairs {
		got := "-ERR value is not a valid float"
		if x, ok := ParseLongDouble([]byte(p.a)); ok {
			if y, ok := ParseLongDouble([]byte(p.b)); ok {
				if sum := x.Add(y); sum.Finite() {
					got = string(sum.Append(nil))
				} else {
					got = "-ERR increment would produce NaN or Infinity"
				}
			}
		}
		if want := replies[2*i+1]; got != want {
			t.Errorf("%.60s + %.60s = %.60s, redis says %.60s", p.a, p.b, got, want)
			if bad++; bad > 20 {
				t.Fatal("and more")
			}
		}
	}
}

func TestLongDouble(t *testing.T) {
	f := func(a, b, want string) {
		t.Helper()
		x, ok := ParseLongDouble([]byte(a))
		y, ok2 := ParseLongDouble([]byte(b))
		if got := string(x.Add(y).Append(nil)); !ok || !ok2 || got != want {
			t.Errorf("%s + %s = %s, want %s", a, b, got, want)
		}
		if got := string(y.Add(x).Append(nil)); got != want {
			t.Errorf("%s + %s = %s, want %s", b, a, got, want)
		}
	}
	f("0.1", "0.2", "0.3")
	f("0", "-0", "0")
	f("-0", "-0", "0")
	f("1", "-1", "0")
	f("3.0e3", "0.00", "3000")
	f("5.0e3", "200", "5200")
	f("-1e-18", "0", "0")
	f("18446744073709551615", "1", "18446744073709551616")
	f("18446744073709551616", "-1", "18446744073709551615")
	f("18446744073709551616", "-0.5", "18446744073709551616")
	f("9223372036854775808", "0.5", "9223372036854775808")
	f("9223372036854775809", "0.5", "9223372036854775810")
	f("0", "13.361389338970184", "13.361389338970184")
	f("1e100", "0", "9999999999999999999669353532207342619498699019828496079271391541752018669482644324418977840117055488")
	for _, s := range []string{"1e4932", "-1e4932"} {
		x, _ := ParseLongDouble([]byte(s))
		if x.Add(x).Finite() {
			t.Errorf("twice %s is finite", s)
		}
	}
	inf, ok := ParseLongDouble([]byte("-inf"))
	if !ok || inf.Finite() || LongDoubleFromInt(1).Add(inf).Finite() || inf.Add(LongDoubleFromInt(1)).Finite() || string(inf.Append(nil)) != "-inf" {
		t.Error("-inf")
	}
}

func TestLongDoubleFrom(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 123, math.MaxInt64, math.MinInt64} {
		if got := string(LongDoubleFromInt(n).Append(nil)); got != strconv.FormatInt(n, 10) {
			t.Errorf("LongDoubleFromInt(%d) = %s", n, got)
		}
	}
	f := func(x float64, want string) {
		t.Helper()
		if got := string(LongDoubleFromFloat(x).Append(nil)); got != want {
			t.Errorf("LongDoubleFromFloat(%v) = %s, want %s", x, got, want)
		}
	}
	f(0, "0")
	f(math.Copysign(0, -1), "0")
	f(13.361389338970184, "13.36138933897018433")
	f(-0.1, "-0.10000000000000001")
	f(5e-324, "0")
	f(1e20, "100000000000000000000")
	f(math.Inf(1), "inf")
	f(math.Inf(-1), "-inf")
	for _, x := range randomFloats(10000) {
		want := new(big.Float).SetFloat64(x).Text('f', 17)
		want = strings.TrimRight(strings.TrimRight(want, "0"), ".")
		if want == "-0" || want == "" {
			want = "0"
		}
		f(x, want)
		if got := LongDoubleFromFloat(x).Float64(); got != x {
			t.Errorf("LongDoubleFromFloat(%v).Float64() = %v", x, got)
		}
	}
	g := func(text string, want float64) {
		t.Helper()
		if x, _ := ParseLongDouble([]byte(text)); x.Float64() != want {
			t.Errorf("%s: Float64() = %v, want %v", text, x.Float64(), want)
		}
	}
	g("-0x1.00000000000008p3", -8)
	g("1e4000", math.Inf(1))
	g("-1e4000", math.Inf(-1))
	g("-inf", math.Inf(-1))
	g("1e-4000", math.SmallestNonzeroFloat64)
	g("-0", 0)
}

// bigLong is ParseLongDouble done with math/big alone, for texts in range.
func bigLong(s string) *big.Float {
	f, _, err := big.ParseFloat(s, 0, 64, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return f
}

// TestLongDoubleBig compares parsing and adding in 64-bit integers with
// math/big on many more pairs than redis is asked about.
func TestLongDoubleBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		a, b := randomLong(rng), randomLong(rng)
		x, ok := ParseLongDouble([]byte(a))
		y, ok2 := ParseLongDouble([]byte(b))
		if !ok || !ok2 {
			t.Fatal(a, b)
		}
		want := new(big.Float).SetPrec(64).Add(bigLong(a), bigLong(b))
		sum := x.Add(y)
		got := new(big.Float).SetMantExp(new(big.Float).SetUint64(sum.mant), int(sum.exp))
		if sum.neg {
			got.Neg(got)
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("%s + %s = %s, want %s", a, b, got.Text('p', 0), want.Text('p', 0))
		}
	}
}

func FuzzLongDouble(f *testing.F) {
	for i, s := range longTexts() {
		f.Add([]byte(s), []byte(floatTexts[i%len(floatTexts)]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, ok := ParseLongDouble(a)
		y, ok2 := ParseLongDouble(b)
		if !ok || !ok2 {
			return
		}
		sum := x.Add(y)
		if sum != y.Add(x) && sum.mant != 0 && sum.Finite() {
			t.Fatalf("%s + %s depends on the order", a, b)
		}
		text := sum.Append(nil)
		if back, ok := ParseLongDouble(text); !ok || string(back.Append(nil)) != string(text) {
			t.Fatalf("%s reads back as %s", text, back.Append(nil))
		}
	})
}

func BenchmarkLongDouble(b *testing.B) {
	var buf [64]byte
	one, two := []byte("10.5"), []byte("0.1")
	for b.Loop() {
		x, _ := ParseLongDouble(one)
		y, _ := ParseLongDouble(two)
		x.Add(y).Append(buf[:0])
	}
}
