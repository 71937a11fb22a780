package listpack

import (
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRedisBytes plays list commands and compares with the bytes that a real
// redis made of them.
func TestRedisBytes(t *testing.T) {
	file, err := os.ReadFile("testdata/redis-7.0.15.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), " | ")
		lp := New(nil)
		for script := range strings.SplitSeq(fields[0], "; ") {
			lp = play(t, lp, strings.Fields(script))
		}
		got := hex.EncodeToString(lp)
		if head, tail, short := strings.Cut(fields[2], ".."); short {
			got = got[:len(head)] + ".." + got[len(got)-len(tail):]
		}
		if strconv.Itoa(len(lp)) != fields[1] || got != fields[2] {
			t.Errorf("%s:\n%d %s, want\n%s %s", fields[0], len(lp), got, fields[1], fields[2])
		}
		if err := Validate(lp, true); err != nil {
			t.Errorf("%s: %v", fields[0], err)
		}
	}
}

// play does what one list command does to a list of one node.
func play(t *testing.T, lp []byte, args []string) []byte {
	elem := func(i int) []byte {
		if args[i] == "''" {
			return nil
		}
		s, times, repeated := strings.Cut(args[i], "*")
		n, _ := strconv.Atoi(times)
		if repeated {
			return []byte(strings.Repeat(s, n))
		}
		return []byte(s)
	}
	number := func(i int) int {
		n, err := strconv.Atoi(args[i])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch args[0] {
	case "rpush":
		for i := range args[1:] {
			lp = Append(lp, elem(i+1))
		}
	case "lpush":
		for i := range args[1:] {
			lp = Prepend(lp, elem(i+1))
		}
	case "lset":
		lp = Replace(lp, Seek(lp, number(1)), elem(2))
	case "linsert":
		p := Find(lp, First(lp), elem(2), 0)
		if args[1] == "before" {
			lp = Insert(lp, p, elem(3))
		} else {
			lp = InsertAfter(lp, p, elem(3))
		}
	case "lrem":
		for p := First(lp); p >= 0; {
			if Compare(lp, p, elem(2)) {
				lp, p = Delete(lp, p)
			} else {
				p = Next(lp, p)
			}
		}
	case "ltrim":
		lp = DeleteRange(lp, Seek(lp, number(2)+1), Len(lp))
		lp = DeleteRange(lp, First(lp), number(1))
	default:
		t.Fatal(args[0])
	}
	return lp
}
