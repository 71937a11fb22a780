package resp

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// parseAll offers in as cut into pieces and returns the commands, one line each, then "error: …" or "rest: n" for what is left.
// The bytes of each offer lie in a fresh allocation, so that a slice that outlives its call shows.
func parseAll(in []byte, lim Limits, cuts ...int) []string {
	var p Parser
	var got []string
	var args [][]byte
	from := 0
	for _, to := range append(cuts, len(in)) {
		for {
			offer := append([]byte(nil), in[from:to]...)
			out, n, err := p.Next(offer, args, &lim)
			if err != nil {
				return append(got, "error: "+err.Error())
			}
			if n == 0 {
				break
			}
			if len(out) > 0 {
				got = append(got, fmt.Sprintf("%q", out))
			}
			from += n
			args = out
		}
	}
	if from < len(in) || p.Pending() {
		got = append(got, fmt.Sprintf("rest: %d", len(in)-from))
	}
	return got
}

func TestParser(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		if got := parseAll([]byte(in), Limits{}); !slices.Equal(got, want) {
			t.Errorf("%.100q:\n got %q\nwant %q", in, got, want)
		}
	}

	// Multibulk.
	f("")
	f("*1\r\n$4\r\nPING\r\n", `["PING"]`)
	f("*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n", `["GET" ""]`, `["PING"]`)
	f("*0\r\n*-1\r\n*-7\r\n*1\r\n$1\r\nx\r\n", `["x"]`)
	f("*1\rX$1\rYaZZ", `["a"]`) // the second byte of a line end is not looked at, as in Redis
	f("*3\r\n$1\r\na\r\n$1", "rest: 13")
	f("*1\r\n$3\r\na\r\n\r\n", `["a\r\n"]`)

	// Inline.
	f("PING\r\n", `["PING"]`)
	f("\r\n\n  \t \r\nPING\n", `["PING"]`)
	f("set  a\tb \r\n", `["set" "a" "b"]`)
	f(`set "a b" 'c d'`+"\n", `["set" "a b" "c d"]`)
	f(`x "\x41\xff\n\r\t\b\a\\\"\q\x4"`+"\n", `["x" "A\xff\n\r\t\b\a\\\"qx4"]`)
	f(`x '\x41\n\'"'`+"\n", `["x" "\\x41\\n'\""]`)
	f(`pre"mid" "" ''`+"\n", `["premid" "" ""]`)
	f("a\vb\x00c \v d\n", `["a\vb\x00c" "d"]`)
	f(`x "a"b`+"\n", "error: Protocol error: unbalanced quotes in request")
	f(`x "a`+"\n", "error: Protocol error: unbalanced quotes in request")
	f(`x 'a`+"\n", "error: Protocol error: unbalanced quotes in request")
	f(`x "a\`+"\n", "error: Protocol error: unbalanced quotes in request")
	f("\"\r\n", "error: Protocol error: unbalanced quotes in request")
	f(strings.Repeat("a", maxLine)+"\n", fmt.Sprintf("[%q]", strings.Repeat("a", maxLine)))
	f(strings.Repeat("a", maxLine), "rest: 65536")
	f(strings.Repeat("a", maxLine+1), "error: Protocol error: too big inline request")
	f(strings.Repeat("a", maxLine+1)+"\n", "error: Protocol error: too big inline request")

	// Commands before a malformed one come out first.
	f("PING\r\n*1\r\n$1\r\na\r\n*x\r\n", `["PING"]`, `["a"]`, "error: Protocol error: invalid multibulk length")

	count := func(line string) { f("*"+line+"\r\n", "error: Protocol error: invalid multibulk length") }
	for _, line := range []string{"", "x", "+1", "01", "-0", "1 ", " 1", "--1", "-", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", strings.Repeat("9", 100), "1\x00"} {
		count(line)
	}
	length := func(line string) { f("*1\r\n$"+line+"\r\n", "error: Protocol error: invalid bulk length") }
	for _, line := range []string{"", "x", "+1", "01", "-0", "-1", "536870913", "9223372036854775807", "18446744073709551616"} {
		length(line)
	}
	f("*1\r\n$536870912\r\n", "rest: 16")
	f("*1\r\n:1\r\n", "error: Protocol error: expected '$', got ':'")
	f("*1\r\n\r\n\r\n", "error: Protocol error: expected '$', got ' '")
	f("*2\r\n$1\r\na\r\n\n\r\n", "error: Protocol error: expected '$', got ' '")
	f("*"+strings.Repeat("1", maxLine), "error: Protocol error: too big mbulk count string")
	f("*1\r\n$"+strings.Repeat("1", maxLine), "error: Protocol error: too big bulk count string")
	f("*1\r\n"+strings.Repeat("1", maxLine+1), "error: Protocol error: too big bulk count string")
}

func TestParserUnauthenticated(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		if got := parseAll([]byte(in), Limits{Unauthenticated: true}); !slices.Equal(got, want) {
			t.Errorf("%.100q:\n got %q\nwant %q", in, got, want)
		}
	}
	f("*10\r\n", "rest: 5")
	f("*11\r\n", "error: Protocol error: unauthenticated multibulk length")
	f("*1\r\n$16384\r\n", "rest: 12")
	f("*1\r\n$16385\r\n", "error: Protocol error: unauthenticated bulk length")
	f("*1\r\n$536870913\r\n", "error: Protocol error: invalid bulk length")
}

// TestKillOfClaimedBulkLength is the request that ends servers which reserve what a client claims, or add to it without care.
func TestKillOfClaimedBulkLength(t *testing.T) {
	got := parseAll([]byte("*1\r\n$9223372036854775807\r\nx"), Limits{})
	if want := []string{"error: Protocol error: invalid bulk length"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	// Without a limit it is an argument that never completes.
	got = parseAll([]byte("*1\r\n$9223372036854775807\r\nx"), Limits{MaxBulk: 1<<63 - 1})
	if want := []string{"rest: 27"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// TestKillOfEndlessInline is the line without end that fills the memory of servers which wait for it.
func TestKillOfEndlessInline(t *testing.T) {
	var p Parser
	var buf []byte
	piece := bytes.Repeat([]byte("a"), 1000)
	for range 1000 {
		buf = append(buf, piece...)
		_, n, err := p.Next(buf, nil, &Limits{})
		if n != 0 {
			t.Fatalf("a command of %d bytes", n)
		}
		if err != nil {
			if len(buf) > maxLine+len(piece) {
				t.Errorf("refused after %d bytes only", len(buf))
			}
			if !errors.Is(err, errBigInline) {
				t.Errorf("got %v", err)
			}
			return
		}
	}
	t.Fatalf("still waiting after %d bytes", len(buf))
}

// TestEverySplit cuts the same stream in two and in three at every place; what comes out must not depend on it.
func TestEverySplit(t *testing.T) {
	streams := []string{
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\n*0\r\n*-1\r\nPING \"a\\x00b\"\r\n\r\n*1\r\n$4\r\nQUIT\r\n",
		"*2\r\n$1\r\na\r\n$0\r\n\r\n*1\r\n$x\r\n",
		"*2\r\n$1\r\na\r\n:0\r\n",
		"*-3\r\n*02\r\n",
		"get 'a b' c\n\n\nx \"",
		"x 'y\n",
		"*1\rX$1\rYaZZ*10\r\n$10",
	}
	for _, s := range streams {
		in := []byte(s)
		want := parseAll(in, Limits{})
		for i := 0; i <= len(in); i++ {
			for j := i; j <= len(in); j++ {
				if got := parseAll(in, Limits{}, i, j); !slices.Equal(got, want) {
					t.Fatalf("%q cut at %d, %d:\n got %q\nwant %q", s, i, j, got, want)
				}
			}
		}
		all := make([]int, len(in))
		for i := range all {
			all[i] = i
		}
		if got := parseAll(in, Limits{}, all...); !slices.Equal(got, want) {
			t.Fatalf("%q byte by byte:\n got %q\nwant %q", s, got, want)
		}
	}
}

// TestPiecesAreLinear lets a command of a million arguments arrive in small pieces. Scanning it anew for each would take minutes.
func TestPiecesAreLinear(t *testing.T) {
	const count = 1 << 20
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", count)
	for range count {
		b.WriteString("$1\r\nx\r\n")
	}
	in := b.Bytes()
	var p Parser
	for to := 0; to < len(in); to += 100 {
		if _, n, err := p.Next(in[:to], nil, &Limits{}); n != 0 || err != nil {
			t.Fatalf("at %d of %d: n %d, %v", to, len(in), n, err)
		}
	}
	out, n, err := p.Next(in, nil, &Limits{})
	if len(out) != count || n != len(in) || err != nil {
		t.Fatalf("%d arguments, n %d of %d, %v", len(out), n, len(in), err)
	}
	for i, arg := range out {
		if string(arg) != "x" {
			t.Fatalf("argument %d is %q", i, arg)
		}
	}
}

// TestClaimsCostNothing holds that a claimed count or length is not paid for before its bytes are there.
func TestClaimsCostNothing(t *testing.T) {
	for _, in := range []string{"*1000000\r\n", "*2147483647\r\n$1\r\na\r\n", "*1\r\n$536870912\r\n"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var p Parser
		for to := range len(in) + 1 {
			if _, n, err := p.Next([]byte(in[:to]), nil, &Limits{}); n != 0 || err != nil {
				t.Fatalf("%q: n %d, %v", in[:to], n, err)
			}
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<10 {
			t.Errorf("%q: %d bytes allocated", in, got)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	f := func(name string, in []byte) {
		t.Helper()
		var p Parser
		args := make([][]byte, 0, 16)
		lim := &Limits{}
		avg := testing.AllocsPerRun(100, func() {
			for from := 0; from < len(in); {
				out, n, err := p.Next(in[from:], args, lim)
				if n == 0 || err != nil {
					t.Fatalf("%s: n %d, %v", name, n, err)
				}
				args = out
				from += n
			}
		})
		if avg != 0 {
			t.Errorf("%s: %v allocations", name, avg)
		}
	}
	f("multibulk", bytes.Repeat([]byte("*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$64\r\n"+strings.Repeat("v", 64)+"\r\n*0\r\n"), 100))
	f("inline", bytes.Repeat([]byte("set key value\r\n\r\n"), 100))

	in := []byte("*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$5\r\nvalue\r\n")
	args := make([][]byte, 0, 16)
	lim := &Limits{}
	avg := testing.AllocsPerRun(100, func() {
		var p Parser
		for to := range len(in) + 1 {
			if _, _, err := p.Next(in[:to], args, lim); err != nil {
				t.Fatal(err)
			}
		}
	})
	if avg != 0 {
		t.Errorf("in pieces: %v allocations", avg)
	}
}

// FuzzParser holds the parser against itself under another cutting of the same bytes, and against its promises.
func FuzzParser(f *testing.F) {
	for _, s := range []string{
		"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "PING\r\n", "*1\r\n$9223372036854775807\r\nx", "set \"\\x00\" 'a'\n", "*-1\r\n*0\r\n\r\n",
	} {
		f.Add([]byte(s), uint16(3), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, step uint16, unauth bool) {
		lim := Limits{Unauthenticated: unauth}
		want := parseAll(in, lim)
		var cuts []int
		for i := 0; i < len(in); i += int(step%64) + 1 {
			cuts = append(cuts, i)
		}
		if got := parseAll(in, lim, cuts...); !slices.Equal(got, want) {
			t.Fatalf("%q:\nwhole %q\n cuts %q", in, want, got)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	for _, size := range []int{3, 64, 1024} {
		b.Run(fmt.Sprintf("set-%d", size), func(b *testing.B) {
			one := fmt.Sprintf("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$%d\r\n%s\r\n", size, strings.Repeat("v", size))
			in := []byte(strings.Repeat(one, 100))
			var p Parser
			args := make([][]byte, 0, 16)
			lim := &Limits{}
			b.ReportAllocs()
			b.SetBytes(int64(len(one)))
			from := 0
			for b.Loop() {
				out, n, err := p.Next(in[from:], args, lim)
				if err != nil {
					b.Fatal(err)
				}
				args = out
				if from += n; from == len(in) {
					from = 0
				}
			}
		})
	}
}
