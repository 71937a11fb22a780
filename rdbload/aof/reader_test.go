package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// command returns a command as it stands in a file.
func command(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// readAll returns what a Reader yields: a line "offset: words" for each command, and how it ended.
func readAll(src io.Reader, last bool) (lines []string, r *Reader) {
	r = NewReader(src, "f", 0, last)
	for r.Next() {
		lines = append(lines, fmt.Sprintf("%d: %q", r.Offset(), r.Args()))
	}
	return lines, r
}

func TestReader(t *testing.T) {
	f := func(in string, ignored int64, wantErr string, want ...string) {
		t.Helper()
		for name, src := range map[string]io.Reader{
			"whole": strings.NewReader(in), "bytewise": iotest.OneByteReader(strings.NewReader(in)),
			"with EOF": iotest.DataErrReader(strings.NewReader(in)),
		} {
			got, r := readAll(src, true)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%.80q %s:\n got %q\nwant %q", in, name, got, want)
			}
			errText := ""
			if r.Err() != nil {
				errText = r.Err().Error()
			}
			if r.Ignored() != ignored || errText != wantErr {
				t.Errorf("%.80q %s: %d bytes ignored, %q; want %d, %q", in, name, r.Ignored(), errText, ignored, wantErr)
			}
			if r.Err() == nil && r.Offset()+r.Ignored() != int64(len(in)) {
				t.Errorf("%.80q %s: ends at %d with %d bytes ignored", in, name, r.Offset(), r.Ignored())
			}
			if r.Next() {
				t.Errorf("%.80q %s: goes on behind its end", in, name)
			}
		}
	}
	set := command("SET", "k", "v1\r\n")

	f("", 0, "")
	f(set, 0, "", `0: ["SET" "k" "v1\r\n"]`)
	f(set+set, 0, "", `0: ["SET" "k" "v1\r\n"]`, `30: ["SET" "k" "v1\r\n"]`)
	f("*1\r\n$0\r\n\r\n", 0, "", `0: [""]`)
	f("*01\r\n$0004\r\nPING\r\n", 0, "", `0: ["PING"]`)

	// Annotations.
	f("#TS:1700000000\r\n"+set, 0, "", `16: ["SET" "k" "v1\r\n"]`)
	f("#\n#"+strings.Repeat("x", 300<<10)+"\r\n"+set+"#\r\n", 0, "", `307205: ["SET" "k" "v1\r\n"]`)
	f(set+"#TS:17000", 9, "", `0: ["SET" "k" "v1\r\n"]`)

	// Transactions.
	multi, exec := command("MULTI"), command("exec")
	f(multi+set+exec, 0, "", `0: ["MULTI"]`, `15: ["SET" "k" "v1\r\n"]`, `45: ["exec"]`)
	f(set+multi, 15, "", `0: ["SET" "k" "v1\r\n"]`, `30: ["MULTI"]`)
	f(set+multi+set, 45, "", `0: ["SET" "k" "v1\r\n"]`, `30: ["MULTI"]`, `45: ["SET" "k" "v1\r\n"]`)
	f(set+multi+set+exec[:7], 52, "", `0: ["SET" "k" "v1\r\n"]`, `30: ["MULTI"]`, `45: ["SET" "k" "v1\r\n"]`)
	f(multi+exec+set[:1], 1, "", `0: ["MULTI"]`, `15: ["exec"]`)
	f(multi+command("DISCARD")+set[:4], 4, "", `0: ["MULTI"]`, `15: ["DISCARD"]`)

	// Flaws.
	f("PING\r\n", 0, `f: offset 0: a command begins with '*', not with "P"`)
	f(set+"\x00\x00", 0, `f: offset 30: a command begins with '*', not with "\x00"`, `0: ["SET" "k" "v1\r\n"]`)
	f("*0\r\n", 0, "f: offset 0: a command of 0 arguments")
	f("*-1\r\n", 0, `f: offset 0: "-" in a number`)
	f("*\r\n", 0, `f: offset 0: "\r" in a number`)
	f("*2147483648\r\n", 0, "f: offset 0: a command of 2147483648 arguments")
	f("*99999999999999999999\r\n", 0, `f: offset 0: "9" in a number`)
	f("*1\rX", 0, `f: offset 0: "X" behind a number instead of a line end`)
	f("*1\n", 0, `f: offset 0: "\n" in a number`)
	f("*1\r\n:1\r\n", 0, `f: offset 0: argument 1 begins with '$', not with ":"`)
	f("*1\r\n$-1\r\n", 0, `f: offset 0: "-" in a number`)
	f("*2\r\n$1\r\na\r\n$536870913\r\n", 0, `f: offset 0: argument 2 has 536870913 bytes, more than 536870912`)
	f("*2\r\n$1\r\nab\n$1\r\n", 0, "f: offset 0: no line end behind the 1 bytes of argument 1")
	f("*1\r\n$1\r\nab\r\n", 0, "f: offset 0: no line end behind the 1 bytes of argument 1")
	f("*1\r\n$3\r\na\r\n\r\n", 0, "", `0: ["a\r\n"]`)
}

// TestCutAnywhere: a last file cut at any byte yields all commands before the cut and no part of a transaction that is
// not whole as the end; any other file yields the same and is refused unless it is cut between commands.
func TestCutAnywhere(t *testing.T) {
	parts := []string{
		command("SELECT", "0"), "#TS:1700000000\r\n", command("SET", "k", "a value"), command("MULTI"), command("INCR", "n"),
		command("RPUSH", "l", "", "x"), command("EXEC"), command("DEL", "k"),
	}
	whole := strings.Join(parts, "")
	good := map[int]bool{0: true} // cuts between commands and outside the transaction
	for i, at := 0, 0; i < len(parts); i++ {
		at += len(parts[i])
		good[at] = i < 3 || i >= 6
	}
	all, _ := readAll(strings.NewReader(whole), true)
	for cut := range whole {
		in := whole[:cut]
		got, r := readAll(strings.NewReader(in), true)
		if r.Err() != nil || strings.Join(got, "\n") != strings.Join(all[:len(got)], "\n") {
			t.Fatalf("cut at %d: %q, %v", cut, got, r.Err())
		}
		if want := good[cut]; want != (r.Ignored() == 0) || r.Offset()+r.Ignored() != int64(cut) || !good[int(r.Offset())] {
			t.Fatalf("cut at %d: ends at %d, %d bytes ignored", cut, r.Offset(), r.Ignored())
		}
		_, r = readAll(strings.NewReader(in), false)
		if want := good[cut]; want != (r.Err() == nil) || r.Ignored() != 0 {
			t.Fatalf("cut at %d, not the last: %d bytes ignored, %v", cut, r.Ignored(), r.Err())
		}
		if r.Err() != nil && !strings.Contains(r.Err().Error(), "not the last file") {
			t.Fatalf("cut at %d: %v", cut, r.Err())
		}
	}
}

// TestOffset: a Reader that begins within a file counts from its start.
func TestOffset(t *testing.T) {
	r := NewReader(strings.NewReader(command("PING")+"*"), "f", 100, true)
	if !r.Next() || r.Offset() != 100 || r.Next() || r.Offset() != 114 || r.Ignored() != 1 {
		t.Fatalf("offset %d, %d ignored", r.Offset(), r.Ignored())
	}
	r = NewReader(strings.NewReader("x"), "f", 100, true)
	var e *Error
	if r.Next() || !errors.As(r.Err(), &e) || e.Offset != 100 || e.File != "f" {
		t.Fatal(r.Err())
	}
}

// TestReadError: an error of the source is no end of the file.
func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	for _, in := range []string{"", command("PING"), command("PING") + "*1\r\n$4\r\nPI", command("MULTI"), "#TS"} {
		r := NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), "f", 0, true)
		for r.Next() {
		}
		if !errors.Is(r.Err(), broken) || r.Ignored() != 0 {
			t.Errorf("%q: %v, %d bytes ignored", in, r.Err(), r.Ignored())
		}
	}
	r := NewReader(noProgress{}, "f", 0, true)
	if r.Next() || !errors.Is(r.Err(), io.ErrNoProgress) {
		t.Error(r.Err())
	}
}

type noProgress struct{}

func (noProgress) Read([]byte) (int, error) { return 0, nil }

// TestLargeCommands: commands larger than the window come out whole, and their memory is given up behind them.
func TestLargeCommands(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<20) // 16 MiB
	many := make([]string, 300_000)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	small := command("SET", "k", "v")
	in := small + command("SET", "big", big) + small + command(many...) + strings.Repeat(small, 20_000)
	r := NewReader(strings.NewReader(in), "f", 0, true)
	var sizes []int
	for n := 0; r.Next(); n++ {
		switch n {
		case 1:
			if string(r.Args()[2]) != big {
				t.Fatal("the big argument is another")
			}
		case 3:
			for i, a := range r.Args() {
				if string(a) != many[i] {
					t.Fatalf("argument %d is %q", i, a)
				}
			}
		}
		sizes = append(sizes, len(r.Args()))
	}
	if r.Err() != nil || len(sizes) != 20_004 || sizes[3] != len(many) || r.Offset() != int64(len(in)) {
		t.Fatalf("%d commands, %v, ends at %d of %d", len(sizes), r.Err(), r.Offset(), len(in))
	}
	if len(r.buf) > keepBytes || cap(r.args) > keepArgs {
		t.Fatalf("%d bytes and %d arguments are kept", len(r.buf), cap(r.args))
	}
}

// TestHostileLengths: what a length announces costs nothing until it arrives.
func TestHostileLengths(t *testing.T) {
	for _, in := range []string{
		"*2147483647\r\n$1\r\na\r\n", "*1\r\n$536870912\r\nabc", "*2147483647\r\n$536870912\r\n",
		"*1000000\r\n" + strings.Repeat("$536870912\r\n", 10),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, r := readAll(strings.NewReader(in), true)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%.40q: %d bytes allocated", in, n)
		}
		if r.Err() != nil || r.Ignored() != int64(len(in)) {
			t.Errorf("%.40q: %v, %d bytes ignored", in, r.Err(), r.Ignored())
		}
	}
}

// TestNextAllocations: reading allocates nothing per command.
func TestNextAllocations(t *testing.T) {
	r := NewReader(strings.NewReader(strings.Repeat(command("SET", "key", "value"), 10_000)), "f", 0, true)
	r.Next()
	if n := testing.AllocsPerRun(9000, func() { r.Next() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// plain reads commands the simple way: all bytes at hand.
func plain(in string) (commands []string, end int) {
	number := func(s string, first byte) (n, size int) {
		if s == "" || s[0] != first {
			return -1, 0
		}
		digits, _, ok := strings.Cut(s[1:], "\r\n")
		if !ok || digits == "" || len(digits) > 18 || strings.Trim(digits, "0123456789") != "" {
			return -1, 0
		}
		_, _ = fmt.Sscan(strings.TrimLeft(digits, "0")+" ", &n)
		return n, len(digits) + 3
	}
	for pos := 0; pos < len(in); end = pos {
		if in[pos] == '#' {
			i := strings.IndexByte(in[pos:], '\n')
			if i < 0 {
				return commands, end
			}
			pos += i + 1
			continue
		}
		count, size := number(in[pos:], '*')
		if pos += size; count < 1 {
			return commands, end
		}
		var args []string
		for range count {
			n, size := number(in[pos:], '$')
			if pos += size; n < 0 || n > len(in)-pos-2 || in[pos+n:pos+n+2] != "\r\n" {
				return commands, end
			}
			args = append(args, in[pos:pos+n])
			pos += n + 2
		}
		commands = append(commands, fmt.Sprintf("%q", args))
	}
	return commands, end
}

// FuzzReader: whatever the bytes, the Reader yields what the simple way yields, at every size of reads.
func FuzzReader(f *testing.F) {
	f.Add([]byte(command("SET", "k", "v")+command("MULTI")+command("INCR", "n")+command("EXEC")), false)
	f.Add([]byte("#TS:1\r\n*1\r\n$4\r\nPING\r\n*1\r\n$3\r\nab"), true)
	f.Add([]byte("*0\r\n"), true)
	f.Fuzz(func(t *testing.T, in []byte, bytewise bool) {
		var src io.Reader = bytes.NewReader(in)
		if bytewise {
			src = iotest.OneByteReader(src)
		}
		r := NewReader(src, "f", 0, true)
		var got []string
		for r.Next() {
			got = append(got, fmt.Sprintf("%q", r.Args()))
		}
		want, end := plain(string(in))
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %q\nwant %q", got, want)
		}
		if r.Err() == nil && r.Offset()+r.Ignored() != int64(len(in)) {
			t.Fatalf("ends at %d with %d ignored of %d", r.Offset(), r.Ignored(), len(in))
		}
		if r.Offset() > int64(end) && r.Err() == nil {
			t.Fatalf("ends at %d, the last command at %d", r.Offset(), end)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	in := []byte(strings.Repeat(command("SET", "key:123456", "value of some length"), 10_000))
	b.SetBytes(int64(len(in)) / 10_000)
	src := bytes.NewReader(in)
	r := NewReader(src, "f", 0, true)
	for b.Loop() {
		if !r.Next() {
			src.Reset(in)
			r = NewReader(src, "f", 0, true)
		}
	}
}
