package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random tests; 0 takes one from the clock")

// newRand returns the random source of a test and prints its seed.
func newRand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("run again with: go test ./integration -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// countFrom is a number from the environment, for longer runs than those of every day.
func countFrom(variable string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return usual
}

// maxFound is how many commands that answer differently end a run.
const maxFound = 20

// slackMs is how far apart the two servers may execute the same command.
const slackMs = 5000

// TestDifferential plays random commands of all types to us and to redis-server 7.0.15, in both protocols, and
// compares every raw reply, and all contents every 5,000 commands. COMMANDS sets how many.
func TestDifferential(t *testing.T) {
	redis := startRedis(t, t.TempDir(), "--loglevel", "warning", "--hz", "500")
	ours := startOurs(t, t.TempDir(), "--dbfilename=")
	rng := newRand(t)
	unknown := unknownCommands(t, ours.client())
	g := newGenerator(rng, func(name string) bool { return slices.Contains(unknown, name) })
	for _, s := range []*server{redis, ours} {
		s.client().expect(t, "$6\r\nrandom\r\n", "FUNCTION", "LOAD", library)
	}
	g.withScripts(20)
	d := &duel{t: t, ours: ours, redis: redis}
	total := countFrom("COMMANDS", 50_000)
	for _, protocol := range []int{2, 3} {
		d.connect(protocol)
		for played := 0; played < total/2 && len(d.found) < maxFound; {
			n := min(5000, total/2-played)
			d.play(g, n)
			played += n
		}
	}
	for _, f := range d.found {
		t.Error(f)
	}
	if len(unknown) > 0 {
		t.Errorf("commands of the grammar that we do not know: %s", unknown)
	}
}

// unknownCommands returns the commands of the grammar that a server does not have.
func unknownCommands(t testing.TB, c *conn) []string {
	t.Helper()
	var names, unknown []string
	newGenerator(nil, func(name string) bool {
		if !slices.Contains(names, name) && name != "nosuchcommand" {
			names = append(names, name)
		}
		return false
	})
	for _, name := range names {
		if reply := c.must(t, name, "x", "x", "x", "x", "x", "x", "x", "x"); strings.HasPrefix(reply, "-ERR unknown command") {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// duel plays the same commands to two servers.
type duel struct {
	t            testing.TB
	ours, redis  *server
	a, b         *conn // to ours and to redis
	viewA, viewB *conn // to read contents, always in RESP2
	protocol     int
	talk         talk
	history      [][]string // since both were empty
	found        []string
	failing      map[string]bool // commands for which a difference was found
}

// connect opens new connections and empties both servers.
func (d *duel) connect(protocol int) {
	d.t.Helper()
	for _, c := range []*conn{d.a, d.b, d.viewA, d.viewB} {
		if c != nil {
			c.Close()
		}
	}
	d.protocol = protocol
	d.a, d.b, d.viewA, d.viewB = d.ours.client(), d.redis.client(), d.ours.client(), d.redis.client()
	for _, c := range []*conn{d.a, d.b} {
		c.ok(d.t, "FLUSHALL")
		c.ok(d.t, "SCRIPT", "FLUSH")
		if reply := c.must(d.t, "HELLO", strconv.Itoa(protocol)); reply[0] == '-' {
			d.t.Fatal(reply)
		}
	}
	d.talk, d.history = talk{}, nil
}

// play plays n random commands in pipelines, then compares contents.
func (d *duel) play(g *generator, n int) {
	for n > 0 && len(d.found) < maxFound {
		batch := make([][]string, 0, 100)
		for range min(n, 1+g.rng.IntN(100)) {
			batch = append(batch, g.next())
		}
		n -= len(batch)
		if i, ours, redis := d.batch(batch); i >= 0 && strays(batch[i], ours) {
			d.connect(d.protocol)
			g.forget()
		} else if i >= 0 {
			d.history = append(d.history, batch[:i+1]...)
			d.fail(batch[i], ours, redis)
			g.forget()
		} else {
			d.history = append(d.history, batch...)
		}
	}
	if lines := d.compareContents(); len(lines) > 0 {
		d.fail(nil, strings.Join(lines[:min(3, len(lines))], "\n"), "")
		g.forget()
	}
}

// strays tells whether the servers may go different ways from here on: Redis notices damage in a HyperLogLog, which other
// commands on strings can do, only when it comes across it.
func strays(args []string, ours string) bool {
	return strings.EqualFold(args[0], "PFADD") && strings.HasPrefix(ours, "-INVALIDOBJ")
}

// batch plays commands in one pipeline and returns the index of the first whose replies differ, or -1.
func (d *duel) batch(commands [][]string) (index int, ours, redis string) {
	var b []string
	var errB error
	done := make(chan struct{})
	go func() {
		defer close(done)
		b, errB = d.b.pipeline(commands)
	}()
	a, errA := d.a.pipeline(commands)
	<-done
	for i, args := range commands {
		if i >= len(a) || i >= len(b) {
			d.t.Fatalf("seed %d: no reply to %s: ours: %v, redis: %v\nlog: %s", *seedFlag, commandText(args), errA, errB, d.ours.log)
		}
		if !d.talk.same(args, a[i], b[i]) {
			return i, a[i], b[i]
		}
	}
	return -1, "", ""
}

// talk follows the transactions of a client.
type talk struct {
	queue [][]string // commands of the open transaction
}

// same tells whether two replies to a command say the same.
func (k *talk) same(args []string, a, b string) bool {
	queued := k.queue
	switch name := strings.ToUpper(args[0]); {
	case a == "+QUEUED\r\n" && a == b:
		k.queue = append(k.queue, args)
		return true
	case name == "EXEC", name == "DISCARD", name == "RESET", name == "MULTI" && a == "+OK\r\n":
		k.queue = nil
	}
	if a == b {
		return true
	}
	x, y := parseValue(a), parseValue(b)
	if strings.ToUpper(args[0]) == "EXEC" && x.kind == '*' && y.kind == '*' && len(queued) > 0 && len(x.items) == len(queued) && len(y.items) == len(queued) {
		for i, q := range queued {
			if !sameReply(q, x.items[i], y.items[i]) {
				return false
			}
		}
		return true
	}
	return sameReply(args, x, y)
}

// compareContents reads both servers whole.
func (d *duel) compareContents() []string {
	// A key past its deadline in one server is so in the other; none is near its deadline.
	return readContents(d.t, d.viewA).leveled().differences(readContents(d.t, d.viewB).leveled(), slackMs)
}

// fail records a difference with the fewest commands that show it, and starts from empty again. One difference is
// kept for each command.
func (d *duel) fail(args []string, ours, redis string) {
	history, protocol := d.history, d.protocol
	name := "contents"
	if args != nil {
		name = strings.ToUpper(args[0])
	}
	if d.failing[name] {
		d.connect(protocol)
		return
	}
	if d.failing == nil {
		d.failing = map[string]bool{}
	}
	d.failing[name] = true
	fewest := d.minimise(history, args == nil)
	// Replies of the shortest script, to show what belongs together.
	d.connect(protocol)
	if i, a, b := d.batch(fewest); i >= 0 && i == len(fewest)-1 {
		ours, redis = a, b
	} else if lines := d.compareContents(); args == nil && len(lines) > 0 {
		ours, redis = strings.Join(lines, "\n"), ""
	} else {
		fewest = append(fewest[:len(fewest):len(fewest)], []string{"(not seen again when played alone)"})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, RESP%d, after %d commands:\n", *seedFlag, protocol, len(history))
	for _, args := range fewest[max(0, len(fewest)-30):] {
		fmt.Fprintf(&b, "\t%s\n", commandText(args))
	}
	fmt.Fprintf(&b, "ours  %.1500q\nredis %.1500q", ours, redis)
	if redis == "" {
		b.Reset()
		fmt.Fprintf(&b, "seed %d, RESP%d, after %d commands, contents differ (ours, redis):\n", *seedFlag, protocol, len(history))
		for _, args := range fewest[max(0, len(fewest)-30):] {
			fmt.Fprintf(&b, "\t%s\n", commandText(args))
		}
		fmt.Fprintf(&b, "%.3000s", ours)
	}
	d.found = append(d.found, b.String())
	d.connect(protocol)
}

// minimise removes commands as long as the last one still differs, or the contents do.
func (d *duel) minimise(history [][]string, contents bool) [][]string {
	differs := func(commands [][]string) bool {
		d.connect(d.protocol)
		if i, _, _ := d.batch(commands); i >= 0 {
			return !contents && i == len(commands)-1
		}
		return contents && len(d.compareContents()) > 0
	}
	if !differs(history) {
		return history
	}
	until := time.Now().Add(10 * time.Second)
	for size := len(history) / 2; size > 0; size /= 2 {
		for from := 0; from < len(history)-1 && time.Now().Before(until); {
			end := min(from+size, len(history))
			if !contents {
				end = min(end, len(history)-1)
			}
			shorter := slices.Concat(history[:from], history[end:])
			if len(shorter) > 0 && differs(shorter) {
				history = shorter
			} else {
				from += size
			}
		}
	}
	return history
}

// commandText is a command as it can be typed into redis-cli.
func commandText(args []string) string {
	var words []string
	for _, a := range args {
		if a == "" || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\'' || r == '\\' }) {
			a = fmt.Sprintf("%.200q", a)
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
