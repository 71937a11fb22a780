package integration

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// crowd is the grammar of several clients: commands that wait, and all that can end the waiting, on a few keys that are
// mostly missing; transactions that watch. Nobody waits for several streams, nor for several other keys while there are
// transactions, or others who move what comes: when two of them come at once, Redis 7.0 answers with the one that came first,
// later versions with both, or with the first that was asked for. Commands that store their result do so in keys that never hold
// another type: where they overwrite one, Redis lets those go on waiting who could be served.
var crowd = []lines{
	{30, `
		3: (BLPOP|BRPOP) {<ql>} <wait>
		2: BLMOVE <ql> <ql> <place> <place> <wait>
		BRPOPLPUSH <ql> <ql> <wait>
		2: BLMPOP <wait> (1 <ql>|2 <ql> <ql>|3 <ql> <qz> <ql>) <place> (|COUNT <n>)
		3: (BZPOPMIN|BZPOPMAX) {<qz>} <wait>
		2: BZMPOP <wait> (1 <qz>|2 <qz> <qz>) (MIN|MAX) (|COUNT <n>)
		3: XREAD (|COUNT <n>) BLOCK <waitms> STREAMS <qx> ($|<newid>)
		3: XREADGROUP GROUP <group> <consumer> (|COUNT <n>) BLOCK <waitms> (|NOACK) STREAMS <qx> (>|0)
	`},
	{40, `
		6: (LPUSH|RPUSH) <ql> {<v>}
		(LPUSHX|RPUSHX) <ql> {<v>}
		2: (LPOP|RPOP) <ql> (||<n>)
		2: (RPOPLPUSH <ql> <ql>|LMOVE <ql> <ql> <place> <place>)
		LINSERT <ql> BEFORE <v> <v>
		LMPOP 2 <ql> <ql> <place>
		SORT <ql> BY nosort STORE <sl>
		4: ZADD <qz> (|NX|XX|GT) {<float> <member>}
		ZINCRBY <qz> <float> <member>
		(ZPOPMIN|ZPOPMAX) <qz> (|<n>)
		ZREM <qz> <member>
		(ZUNIONSTORE|ZINTERSTORE) <sz> 2 <qz> <qz>
		ZRANGESTORE <sz> <qz> 0 -1
		GEOADD <qz> <lon> <lat> <place5>
		4: XADD <qx> (|MAXLEN 3) <newid> {<member> <v>}
		XDEL <qx> <id>
		XTRIM <qx> MAXLEN <n>
		2: XGROUP (CREATE <qx> <group> (0|$) (|MKSTREAM)|SETID <qx> <group> 0|DESTROY <qx> <group>|DELCONSUMER <qx> <group> <consumer>)
		XACK <qx> <group> <id>
		XREADGROUP GROUP <group> <consumer> STREAMS <qx> (>|0)
		XCLAIM <qx> <group> <consumer> 0 <id>
		4: EVAL <script> 3 <ql> <qz> <qx> <v> <newid>
	`},
	{16, `
		5: DEL {<q>}
		2: RENAME <q> <q>
		COPY <q> <q> (|REPLACE|DB 1)
		MOVE <q> 1
		SET <q> <v>
		SADD <q> <member>
		PEXPIREAT <q> <past>
		(TYPE|EXISTS|TTL) <q>
		LRANGE <ql> 0 -1
		ZRANGE <qz> 0 -1 WITHSCORES
		XLEN <qx>
		SELECT (0|0|0|1)
		FLUSHDB
	`},
	{14, `
		5: MULTI
		3: EXEC
		DISCARD
		4: WATCH {<q>}
		UNWATCH
		PING
		INCR counter
		GET counter
	`},
}

// crowdWords are the kinds of words of crowd: keys of lists, sorted sets and streams, any of them, and times to wait.
func crowdWords(g *generator) {
	key := func(kind string) func(g *generator) string {
		return func(g *generator) string {
			switch {
			case g.rng.IntN(12) == 0:
				return g.words["q"](g)
			case kind != "qx" && g.rng.IntN(6) == 0:
				return g.words["s"+kind[1:]](g)
			}
			return kind + g.int(0, 2)
		}
	}
	g.words["sl"] = func(g *generator) string { return "sl" + g.int(0, 1) }
	g.words["sz"] = func(g *generator) string { return "sz" + g.int(0, 1) }
	for _, kind := range []string{"ql", "qz", "qx"} {
		g.words[kind] = key(kind)
	}
	g.words["q"] = func(g *generator) string { return g.pick("ql", "qz", "qx") + g.int(0, 2) }
	g.words["script"] = func(g *generator) string { return g.pick(crowdScripts...) }
	g.words["wait"] = func(g *generator) string { return g.pick("0", "0", "1000", "0.002", "0.002", "-1", "x") }
	g.words["waitms"] = func(g *generator) string { return g.pick("0", "0", "100000", "2", "-1", "x") }
}

// crowdScripts bring what others wait for, and some take it away again, before anybody has seen it.
var crowdScripts = []string{
	`return redis.call('rpush', KEYS[1], ARGV[1], ARGV[1])`,
	`return {redis.pcall('zadd', KEYS[2], 5, ARGV[1]), redis.pcall('lpush', KEYS[1], ARGV[1])}`,
	`return {redis.pcall('rpush', KEYS[1], 'gone'), redis.pcall('lpop', KEYS[1])}`,
	`return {redis.pcall('zadd', KEYS[2], 0, 'gone'), redis.pcall('del', KEYS[2])}`,
	`return {redis.pcall('xadd', KEYS[3], ARGV[2], 'by', 'script'), redis.pcall('zadd', KEYS[2], 1, 'm')}`,
	`redis.call('xadd', KEYS[3], ARGV[2], 'by', 'script') redis.call('incr', KEYS[1])`,
	`return {redis.pcall('blpop', KEYS[1], 0), redis.pcall('bzpopmin', KEYS[2], 0)}`,
	`return {redis.pcall('blmove', KEYS[1], KEYS[1], 'left', 'right', 0), redis.pcall('xread', 'block', 0, 'streams', KEYS[3], '$')}`,
}

// briefWaits are the times after which a command of crowd gives up by itself before anything else happens.
var briefWaits = []string{"0.002", "2"}

// mayBlock tells whether a command may wait for longer than a moment.
func mayBlock(args []string) bool {
	name := strings.ToUpper(args[0])
	if !slices.Contains([]string{"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD", "XREADGROUP"}, name) {
		return false
	}
	var wait string
	switch i := slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, "BLOCK") }); {
	case name == "XREAD" || name == "XREADGROUP":
		if i < 0 || i+1 == len(args) {
			return false
		}
		wait = args[i+1]
	case name == "BLMPOP" || name == "BZMPOP":
		wait = args[1]
	default:
		wait = args[len(args)-1]
	}
	return !slices.Contains(briefWaits, wait)
}

// oneKey makes a command that waits for several lists or sorted sets wait for the first only.
func oneKey(args []string) []string {
	if !slices.Contains([]string{"BLPOP", "BRPOP", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP"}, strings.ToUpper(args[0])) {
		return args
	}
	first := ""
	for i, a := range args {
		switch {
		case !crowdKey.MatchString(a):
		case first == "":
			first = a
		default:
			args[i] = first
		}
	}
	return args
}

// crowdKey is what keys of crowd look like.
var crowdKey = regexp.MustCompile(`^[qs][lzx][0-2]$`)

// step is what one of the clients does before another does something.
type step struct {
	who      int
	commands [][]string // at once; one that may wait is alone, since those before it could release others
	unblock  string     // instead: somebody else ends the waiting of who, with this mode
	leave    bool       // instead: the connection ends, and who connects again
}

func (s step) String() string {
	switch {
	case s.unblock != "":
		return fmt.Sprintf("somebody: CLIENT UNBLOCK of client %d %s", s.who, s.unblock)
	case s.leave:
		return fmt.Sprintf("client %d leaves and comes again", s.who)
	}
	var texts []string
	for _, args := range s.commands {
		texts = append(texts, commandText(args))
	}
	return fmt.Sprintf("client %d: %s", s.who, strings.Join(texts, "\n\t          "))
}

// patience is how long a reply may take.
const patience = 10 * time.Second

// party is one server with several clients.
type party struct {
	t       testing.TB
	s       *server
	clients []*partner
	control *conn
}

// partner is a client of a party.
type partner struct {
	*conn
	id      string
	replies chan string
	blocked bool
}

// join connects a client.
func (p *party) join(protocol int) *partner {
	p.t.Helper()
	c, err := dial(p.s.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	c.must(p.t, "HELLO", strconv.Itoa(protocol))
	m := &partner{conn: c, id: strings.TrimSpace(c.must(p.t, "CLIENT", "ID")[1:]), replies: make(chan string, 1000)}
	c.SetDeadline(time.Time{})
	go func() {
		defer close(m.replies)
		for {
			reply, err := m.reply()
			if err != nil {
				return
			}
			m.replies <- reply
		}
	}()
	return m
}

// open connects all clients to an empty server.
func (p *party) open(n, protocol int) {
	p.t.Helper()
	for _, c := range p.clients {
		c.Close()
	}
	p.clients = nil
	p.waitBlocked(0)
	p.control.ok(p.t, "FLUSHALL")
	for range n {
		p.clients = append(p.clients, p.join(protocol))
	}
}

// blocked asks the server how many clients wait.
func (p *party) blocked() int {
	p.t.Helper()
	_, rest, _ := strings.Cut(p.control.must(p.t, "INFO", "clients"), "\r\nblocked_clients:")
	number, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(number)
	if err != nil {
		p.t.Fatalf("blocked_clients:%s", number)
	}
	return n
}

// waitBlocked waits until so many clients wait and tells whether they do.
func (p *party) waitBlocked(n int) bool {
	p.t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Microsecond) {
		if p.blocked() == n {
			return true
		}
		if time.Now().After(until) {
			return false
		}
	}
}

// waiting returns how many clients are known to wait.
func (p *party) waiting() (n int) {
	for _, c := range p.clients {
		if c.blocked {
			n++
		}
	}
	return n
}

// outcome is what a step has brought.
type outcome struct {
	replies  []string       // to the commands
	blocks   bool           // the last one waits
	released map[int]string // replies to those who waited, by client
	wrong    string         // instead: what did not come
}

// receive returns the next reply of a client.
func (c *partner) receive() (string, bool) {
	select {
	case r, ok := <-c.replies:
		return r, ok
	case <-time.After(patience):
		return "", false
	}
}

// play makes a step. Whether it released others is to be found out afterwards.
func (p *party) play(s step, protocol int) (o outcome) {
	p.t.Helper()
	c := p.clients[s.who]
	o.released = map[int]string{}
	switch {
	case s.unblock != "":
		o.replies = []string{p.control.must(p.t, "CLIENT", "UNBLOCK", c.id, s.unblock)}
	case s.leave:
		c.Close()
		c.blocked = false
		p.clients[s.who] = p.join(protocol)
		if !p.waitBlocked(p.waiting()) {
			o.wrong = "a client that has left still waits"
		}
	default:
		o.replies, o.blocks, o.wrong = p.send(c, s.commands)
	}
	return o
}

// findReleased finds out which clients do not wait any more, from the number of those who do: that is certain in a server of
// one thread.
func (p *party) findReleased(o *outcome) {
	p.t.Helper()
	for n := p.waiting(); n > 0 && p.blocked() < n; n = p.waiting() {
		for until := time.Now().Add(patience); p.waiting() == n; time.Sleep(20 * time.Microsecond) {
			p.takeReplies(o)
			if time.Now().After(until) {
				o.wrong = "fewer clients wait than before, and no reply came"
				return
			}
		}
	}
}

// expectReleased waits for the replies of clients that another server has released.
func (p *party) expectReleased(o *outcome, like map[int]string) {
	p.t.Helper()
	p.takeReplies(o)
	for i := range like {
		c := p.clients[i]
		if !c.blocked {
			continue
		}
		if r, ok := c.receive(); ok {
			o.released[i] = r
			c.blocked = false
		}
	}
	if len(like) > 0 && !p.waitBlocked(p.waiting()) {
		o.wrong = "blocked_clients is wrong"
	}
}

// takeReplies takes what has come to clients who wait.
func (p *party) takeReplies(o *outcome) {
	for i, c := range p.clients {
		if !c.blocked {
			continue
		}
		select {
		case r, ok := <-c.replies:
			if ok {
				o.released[i] = r
				c.blocked = false
			}
		default:
		}
	}
}

// send sends commands and reads their replies, or finds that the last one waits.
func (p *party) send(c *partner, commands [][]string) (replies []string, blocks bool, wrong string) {
	p.t.Helper()
	var b []byte
	for _, args := range commands {
		b = appendCommand(b, args...)
	}
	if _, err := c.Write(b); err != nil {
		return nil, false, err.Error()
	}
	last := commands[len(commands)-1]
	for i := range commands {
		if i == len(commands)-1 && mayBlock(last) {
			break
		}
		r, ok := c.receive()
		if !ok {
			return replies, false, "no reply to " + commandText(commands[i])
		}
		replies = append(replies, r)
	}
	if len(replies) == len(commands) {
		return replies, false, ""
	}
	for until := time.Now().Add(patience); ; {
		select {
		case r, ok := <-c.replies:
			if !ok {
				return replies, false, "the connection ended at " + commandText(last)
			}
			return append(replies, r), false, ""
		default:
		}
		if p.blocked() > p.waiting() {
			c.blocked = true
			return replies, true, ""
		}
		if time.Now().After(until) {
			return replies, false, "neither a reply nor a waiting client after " + commandText(last)
		}
	}
}

// meeting plays the same steps to two servers.
type meeting struct {
	t           testing.TB
	ours, redis *party
	protocol    int
	clients     int
	talks       []talk
	waits       [][]string // what each client waits with
	together    bool       // there are transactions
	history     []step
	found       []string
	viewA       *conn
	viewB       *conn
}

func (m *meeting) open(protocol int) {
	m.t.Helper()
	m.protocol = protocol
	m.ours.open(m.clients, protocol)
	m.redis.open(m.clients, protocol)
	m.talks, m.waits = make([]talk, m.clients), make([][]string, m.clients)
	m.history = nil
}

// play makes a step with both servers and returns how they differ, "" if they do not.
func (m *meeting) play(s step) string {
	m.t.Helper()
	if m.redis.clients[s.who].blocked && len(s.commands) > 0 {
		return "" // a step of a shorter script that has lost its sense
	}
	m.history = append(m.history, s)
	var a outcome
	done := make(chan struct{})
	go func() {
		defer close(done)
		a = m.ours.play(s, m.protocol)
	}()
	b := m.redis.play(s, m.protocol)
	<-done
	m.redis.findReleased(&b)
	if a.wrong == "" {
		m.ours.expectReleased(&a, b.released)
	}
	switch {
	case b.wrong != "":
		return "redis: " + b.wrong
	case a.wrong != "":
		return "ours: " + a.wrong
	}
	if s.leave {
		m.talks[s.who], m.waits[s.who] = talk{}, nil
	}
	if d := m.compare(s, &a, &b); d != "" {
		return d
	}
	if b.blocks {
		m.waits[s.who] = s.commands[len(s.commands)-1]
	}
	return ""
}

// compare compares what a step has brought.
func (m *meeting) compare(s step, a, b *outcome) string {
	if a.blocks != b.blocks {
		return fmt.Sprintf("%s\nwaits: ours %v, redis %v; ours %q, redis %q", s, a.blocks, b.blocks, a.replies, b.replies)
	}
	for i, args := range s.commands {
		if i < len(b.replies) && !m.talks[s.who].same(args, a.replies[i], b.replies[i]) {
			return fmt.Sprintf("%s\nours  %.1000q\nredis %.1000q", commandText(args), a.replies[i], b.replies[i])
		}
	}
	if s.unblock != "" && a.replies[0] != b.replies[0] {
		return fmt.Sprintf("%s\nours  %q\nredis %q", s, a.replies[0], b.replies[0])
	}
	for i := range m.ours.clients {
		ours, okA := a.released[i]
		redis, okB := b.released[i]
		switch {
		case !okA && !okB:
			continue
		case okA != okB:
			return fmt.Sprintf("client %d, who waits with %s, is released: ours %v %.300q, redis %v %.300q", i, commandText(m.waits[i]), okA, ours, okB, redis)
		case !m.talks[i].same(m.waits[i], ours, redis):
			return fmt.Sprintf("client %d, who waits with %s, gets\nours  %.1000q\nredis %.1000q", i, commandText(m.waits[i]), ours, redis)
		}
		m.waits[i] = nil
	}
	return ""
}

// crowdStep makes the next step.
func (m *meeting) crowdStep(rng *rand.Rand, gs []*generator) step {
	var free, waiting []int
	for i, c := range m.redis.clients {
		if c.blocked {
			waiting = append(waiting, i)
		} else {
			free = append(free, i)
		}
	}
	if len(waiting) > 0 && (len(free) == 0 || rng.IntN(25) == 0) {
		who := waiting[rng.IntN(len(waiting))]
		if rng.IntN(4) == 0 {
			return step{who: who, leave: true}
		}
		return step{who: who, unblock: gs[0].pick("TIMEOUT", "ERROR")}
	}
	who := free[rng.IntN(len(free))]
	s := step{who: who}
	for range 1 + rng.IntN(4) {
		args := gs[who].next()
		if m.together {
			args = oneKey(args)
		} else if name := strings.ToUpper(args[0]); name == "MULTI" || name == "BLMOVE" || name == "BRPOPLPUSH" {
			gs[who].inMulti = false
			continue
		}
		switch {
		case !mayBlock(args):
			s.commands = append(s.commands, args)
			continue
		case len(free) > 1 && len(s.commands) == 0: // one must stay who can end the waiting of the others
			s.commands = [][]string{args}
		}
		break
	}
	if len(s.commands) == 0 {
		s.commands = [][]string{{"PING"}}
	}
	return s
}

// minimise removes steps as long as the rest shows a difference.
func (m *meeting) minimise(history []step) ([]step, string) {
	replay := func(steps []step) string {
		m.open(m.protocol)
		for _, s := range steps {
			if d := m.play(s); d != "" {
				return d
			}
		}
		return m.contents()
	}
	difference := replay(history)
	if difference == "" {
		return history, "(not seen again)"
	}
	until := time.Now().Add(20 * time.Second)
	for size := (len(history) + 1) / 2; size > 0; size /= 2 {
		for from := 0; from < len(history) && time.Now().Before(until); {
			shorter := slices.Concat(history[:from], history[min(from+size, len(history)):])
			if d := replay(shorter); d != "" {
				history, difference = shorter, d
			} else {
				from += size
			}
		}
	}
	return history, difference
}

// contents compares the contents of both servers.
func (m *meeting) contents() string {
	lines := readContents(m.t, m.viewA).leveled().differences(readContents(m.t, m.viewB).leveled(), slackMs)
	if len(lines) == 0 {
		return ""
	}
	return "contents differ:\n" + strings.Join(lines, "\n")
}

// TestInterleaved plays random commands of several clients to us and to redis-server 7.0.15, in both protocols: clients
// wait for keys that others push to, in transactions or not, watch what others change, are released and leave. It compares
// every raw reply, and which step brought it. There are two for each five of TestDifferential.
func TestInterleaved(t *testing.T) {
	redis := startRedis(t, t.TempDir(), "--loglevel", "warning", "--hz", "500")
	ours := startOurs(t, t.TempDir(), "--dbfilename=", "--proactor_threads=4")
	rng := newRand(t)
	m := &meeting{t: t, clients: 4, viewA: ours.client(), viewB: redis.client()}
	m.ours = &party{t: t, s: ours, control: ours.client()}
	m.redis = &party{t: t, s: redis, control: redis.client()}
	var gs []*generator
	for range m.clients {
		g := newGeneratorOf(rng, crowd, func(string) bool { return false })
		crowdWords(g)
		gs = append(gs, g)
	}
	total := countFrom("COMMANDS", 50_000) * 2 / 5
	for played, round := 0, 0; played < total && len(m.found) < 5; round++ {
		m.open(2 + round%2)
		m.together = round%3 > 0
		difference := ""
		for n := 0; n < 500 && difference == ""; n++ {
			s := m.crowdStep(rng, gs)
			difference = m.play(s)
			played += max(1, len(s.commands))
		}
		if difference == "" {
			difference = m.contents()
		}
		for _, g := range gs {
			g.inMulti = false
		}
		if difference != "" {
			m.report(difference)
		}
	}
	for _, f := range m.found {
		t.Error(f)
	}
}

// report records a difference with the fewest steps that show it.
func (m *meeting) report(difference string) {
	all := m.history
	fewest, again := m.minimise(all)
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, RESP%d, after %d steps: %s\n", *seedFlag, m.protocol, len(all), difference)
	for _, s := range fewest[max(0, len(fewest)-40):] {
		fmt.Fprintf(&b, "\t%s\n", s)
	}
	b.WriteString(again)
	m.found = append(m.found, b.String())
}

// TestStreamReader keeps bufio's reader and replies of any length together: it is what partners are read with.
func TestStreamReader(t *testing.T) {
	c := &conn{r: bufio.NewReader(strings.NewReader("*2\r\n$-1\r\n%1\r\n+a\r\n_\r\n:5\r\n"))}
	for _, want := range []string{"*2\r\n$-1\r\n%1\r\n+a\r\n_\r\n", ":5\r\n"} {
		if got, err := c.reply(); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}
