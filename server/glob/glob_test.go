package glob

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	f := func(pattern, name string, want bool) {
		t.Helper()
		if got := Match([]byte(pattern), []byte(name)); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, name, got)
		}
	}
	f("", "", true)
	f("", "a", false)
	f("*", "", false) // as in Redis
	f("*", "a", true)
	f("a*", "a", true)
	f("a**", "a", true)
	f("*a*", "a", true)
	f("h?llo", "hello", true)
	f("h?llo", "hllo", false)
	f("h*llo", "heeello", true)
	f("h*llo*", "heello world", true)
	f("h*llo", "heello world", false)
	f("h[ae]llo", "hallo", true)
	f("h[ae]llo", "hillo", false)
	f("h[^e]llo", "hallo", true)
	f("h[^e]llo", "hello", false)
	f("h[a-b]llo", "hbllo", true)
	f("h[b-a]llo", "hbllo", true)
	f("h[a-b]llo", "hcllo", false)
	f("[a-]", "a", true) // a range up to the bracket, which so does not close
	f("[a-]", "^", true)
	f("[a-]", "-", false)
	f("[a-\xff]", "A", true) // from -1 to 'a'
	f("[a-\xff]", "b", false)
	f("[abc", "b", true)
	f("[^", "x", true)
	f("[", "[", false)
	f("[]", "x", false)
	f("[^]", "x", true)
	f("[^]x", "yx", true)
	f(`[\]]`, "]", true)
	f(`[\`, `\`, true)
	f(`\*`, "*", true)
	f(`\*`, "a", false)
	f(`\`, `\`, true)
	f(`a\`, `a\`, true)
	f("*b*c*d", "abxxbcxcd", true)
	f("*b*c*d", "abxxbcxce", false)
	f("A", "a", false)
}

func TestMatchFold(t *testing.T) {
	f := func(pattern, name string, want bool) {
		t.Helper()
		if got := MatchFold([]byte(pattern), []byte(name)); got != want {
			t.Errorf("MatchFold(%q, %q) = %v", pattern, name, got)
		}
	}
	f("Max*", "MAXMEMORY", true)
	f("[A-C]x", "bX", true)
	f("[ab]", "B", true)
	f(`[\a]`, "A", false)
	f(`\a`, "A", true)
	f("a", "b", false)
}

// TestPathological: many stars cost no more than a product of lengths.
func TestPathological(t *testing.T) {
	start := time.Now()
	pattern := []byte(strings.Repeat("*a", 5000) + "b")
	if Match(pattern, []byte(strings.Repeat("a", 50_000))) {
		t.Error("matched")
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %v", d)
	}
}

// simple is the textbook recursion.
func simple(p, s []byte) bool {
	if len(p) == 0 {
		return len(s) == 0
	}
	if p[0] == '*' {
		return simple(p[1:], s) || len(s) > 0 && simple(p, s[1:])
	}
	if len(s) == 0 {
		return false
	}
	ok, rest := one(p, s[0], false)
	return ok && simple(rest, s[1:])
}

func TestAgainstSimple(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(alphabet string, n int) []byte {
		b := make([]byte, rng.IntN(n))
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return b
	}
	matched := 0
	for range 200_000 {
		p, s := draw(`ab*?[]^-\*`, 9), draw("ab]", 9)
		want := simple(p, s)
		if len(s) == 0 {
			want = len(p) == 0
		}
		if Match(p, s) != want {
			t.Fatalf("Match(%q, %q) = %v", p, s, !want)
		}
		if want {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches", matched)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, s := []byte("user:*:name"), []byte("user:123456:name")
	for b.Loop() {
		Match(p, s)
	}
}
