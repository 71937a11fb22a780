package lualib
import ("testing";"math/rand/v2";"fmt";"strings";"regexp";"os";"context";lua "github.com/yuin/gopher-lua"
"dragonfly/server/command/commandtest")
var addr = regexp.MustCompile(`0x[0-9a-f]{6,}`)
var tokRe = regexp.MustCompile(`\s+|[A-Za-z_0-9]+|"[^"]*"|'[^']*'|\.\.\.|\.\.|[=~<>]=|.`)
func TestDbg(t *testing.T){
	r := commandtest.StartRedis(t)
	rnd := rand.New(rand.NewPCG(uint64(len(os.Getenv("SEED"))+5), 6))
	diff := func(s string) bool {
		if _, err := Compile(s,"@s"); err != nil { return false }
		here := limited(t, s); if strings.Contains(here, "ended") || strings.Contains(here,"memory") { return false }; there := bulk(r.Do("EVAL", harness, "0", s))
		here = addr.ReplaceAllString(here, "A"); there = addr.ReplaceAllString(there, "A"); return here != there && !strings.Contains(there,"ERR") && !strings.Contains(there,"compile") && !strings.Contains(there,"global") && !strings.Contains(there,"readonly")
	}
	best := ""
	for range 6000 {
		s := randomProgram(rnd)
		if len(s) < 12000 && diff(s) && (best==""||len(s)<len(best)) { best = s }
	}
	if best=="" { fmt.Println("none"); return }
	toks := tokRe.FindAllString(best,-1)
	fmt.Println("best", len(best))
	for n := len(toks)/2; n >= 1; {
		changed := false
		for i := 0; i+n <= len(toks); i++ {
			c := append(append([]string{}, toks[:i]...), toks[i+n:]...)
			if diff(strings.Join(c,"")) { toks = c; changed = true; i-- }
		}
		if !changed { n = n/2 }
	}
	s := strings.Join(toks,"")
	fmt.Println(s)
	fmt.Println("got", runHarness(t,s)); fmt.Println("redis", bulk(r.Do("EVAL", harness, "0", s)))
}

func limited(t *testing.T, s string) string {
	L := newState(t, Options{MaxString: 1<<20})
	L.SetContext(&counter{context.Background(), 300000, make(chan struct{})})
	argv := L.NewTable()
	argv.Append(lua.LString(s))
	L.SetGlobal("ARGV", argv)
	lockGlobals(L)
	return runText(t, L, harness)
}
