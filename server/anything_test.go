package server

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
)

// notAlone are commands that TestAnything leaves out: they wait, end the server, need a connection of their own, or take too long.
var notAlone = map[string]bool{
	"shutdown": true, "save": true, "bgsave": true, "client|pause": true, "client|kill": true, "monitor": true, "quit": true,
	"client|reply": true, "debug": true, "config|rewrite": true, "config|set": true, "pfselftest": true,
	"dfly|expire": true, "memory|defragment": true,
}

// edges are arguments that commands may stumble on.
var edges = strings.Fields(`-9223372036854775808 9223372036854775807 9223372036854775808 -1 0 1 2 3 10 63 64 100 255 4294967295 4294967296
	2147483647 -2147483648 1e308 -1e308 1e-308 nan inf -inf +inf 0x10 1.5 -0 00 + - ( [ (1 (5 [a (zz * ? a* [^a] \ $ > 0-0 1-1 1-*
	18446744073709551615-18446744073709551615 9223372036854775807-1 u64 i64 u63 i1 u0 #0 #9223372036854775807 WITHSCORES`)

// anything spells commands at random.
type anything struct {
	rng  *rand.Rand
	cmds []*command.Command
}

// arg returns an argument for a command: a key, an edge, a word of its syntax, or noise.
func (a *anything) arg(cmd *command.Command, first bool) []byte {
	rng := a.rng
	switch n := rng.IntN(10); {
	case first && n < 8, n < 3:
		return fmt.Append(nil, []string{"str", "int", "list", "set", "zset", "hash", "stream", "hll", "biglist", "bigset",
			"bigzset", "bighash", "ttlhash", "new"}[rng.IntN(14)], rng.IntN(2))
	case n < 6:
		edge := edges[rng.IntN(len(edges))]
		if big := edge == "4294967295" || edge == "2147483647"; big && (cmd.Name == "setbit" || cmd.Name == "bitfield" || cmd.Name == "setrange") {
			edge = "70000" // half a gigabyte takes too long to make
		}
		return []byte(edge)
	case n < 9:
		words := strings.FieldsFunc(cmd.Syntax, func(r rune) bool { return strings.ContainsRune(" []|.", r) })
		if len(words) > 0 {
			w := words[rng.IntN(len(words))]
			switch w {
			case "group", "consumer", "field", "member", "element", "value":
				w += strconv.Itoa(rng.IntN(3))
			}
			return []byte(w)
		}
	}
	noise := make([]byte, rng.IntN([]int{3, 30, 300}[rng.IntN(3)]))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	return noise
}

// command returns the words of a command with a number of arguments that it takes.
func (a *anything) command() (words [][]byte) {
	cmd := a.cmds[a.rng.IntN(len(a.cmds))]
	for _, part := range strings.Split(cmd.Name, "|") {
		words = append(words, []byte(part))
	}
	n := cmd.Arity
	if n < 0 {
		n = -n + a.rng.IntN(1+a.rng.IntN(8))
	}
	if n > 2 && a.rng.IntN(2) == 0 { // the options of the syntax in its order: more of them are well formed
		for _, w := range strings.Fields(cmd.Syntax) {
			if a.rng.IntN(3) > 0 && strings.ToUpper(w) == w {
				words = append(words, []byte(strings.Trim(w, "[]|")))
			} else {
				words = append(words, a.arg(cmd, len(words) == 1))
			}
		}
		return words
	}
	for len(words) < n {
		words = append(words, a.arg(cmd, len(words) == strings.Count(cmd.Name, "|")+1))
	}
	return words
}

// TestAnything runs commands with any arguments against values of all types: none panics, leaves a shard locked, makes
// the reply anything but one reply, or what the store counts wrong.
func TestAnything(t *testing.T) {
	seed, rounds := uint64(1), 60_000
	if text := os.Getenv("SOAKSEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	if text := os.Getenv("ANYTHING"); text != "" {
		rounds, _ = strconv.Atoi(text)
	}
	s := newServer(t, nil)
	c := inMemory(t, s)
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	cl := s.clients.all()[0]
	co := newCoordinator(s, 0)
	run := func(words [][]byte) {
		defer func() {
			if x := recover(); x != nil {
				panic(fmt.Sprintf("seed %d: %q: %v", seed, words, x))
			}
		}()
		co.nowMs = time.Now().UnixMilli()
		co.out.Buf = co.out.Buf[:0]
		if cap(co.out.Buf) > 1<<20 {
			co.out.Buf = nil
		}
		r := &request{args: words}
		co.resolve(r)
		co.command(cl, r)
		co.tx.Unlock()
		co.account()
	}
	populate := func() {
		for i := range 2 {
			n := strconv.Itoa(i)
			many := func(name string, count int, word func(i int) string) {
				text := name + n
				for j := range count {
					text += " " + word(j)
				}
				var words [][]byte
				for _, w := range strings.Fields(text) {
					words = append(words, []byte(w))
				}
				kind := strings.TrimPrefix(name, "big")
				verb := map[string]string{"list": "RPUSH", "set": "SADD", "zset": "ZADD", "hash": "HSET", "ttlhash": "HSET", "hll": "PFADD"}[kind]
				run(append([][]byte{[]byte(verb)}, words...))
			}
			run(bytes.Fields([]byte("SET str" + n + " some-text")))
			run(bytes.Fields([]byte("SET int" + n + " 41")))
			for name, count := range map[string]int{"list": 5, "set": 5, "biglist": 3000, "bigset": 600, "hll": 100} {
				many(name, count, func(j int) string { return "element" + strconv.Itoa(j) })
			}
			for name, count := range map[string]int{"zset": 5, "bigzset": 300} {
				many(name, 2*count, func(j int) string { return []string{strconv.Itoa(j / 3), "member" + strconv.Itoa(j)}[j&1] })
			}
			for name, count := range map[string]int{"hash": 5, "bighash": 700, "ttlhash": 6} {
				many(name, 2*count, func(j int) string { return "field" + strconv.Itoa(j/2) })
			}
			run(bytes.Fields([]byte("HPEXPIRE ttlhash" + n + " 100000 FIELDS 3 field0 field1 field2")))
			for j := range 150 {
				run(bytes.Fields([]byte("XADD stream" + n + " " + strconv.Itoa(j+1) + "-1 field0 value")))
			}
			run(bytes.Fields([]byte("XGROUP CREATE stream" + n + " group0 0")))
			run(bytes.Fields([]byte("XREADGROUP GROUP group0 consumer0 COUNT 20 STREAMS stream" + n + " >")))
		}
	}
	a := &anything{rng: rand.New(rand.NewPCG(seed, 3))}
	for _, cmd := range s.registry.All() {
		// Clients that wait and scripts need a loop: the soak test has them.
		if !notAlone[cmd.Name] && cmd.Run != nil && cmd.Flags&(command.Blocking|command.Script) == 0 {
			a.cmds = append(a.cmds, cmd)
		}
	}
	start, done, answered := time.Now(), 0, map[string]bool{}
	for ; done < rounds && (time.Since(start) < 3*time.Second || rounds > 60_000); done++ {
		if done%500 == 0 {
			run(bytes.Fields([]byte("RESET")))
			run(bytes.Fields([]byte("FLUSHALL")))
			populate()
		}
		words := a.command()
		subscribes := strings.HasSuffix(string(bytes.ToLower(words[0])), "subscribe")
		if subscribes { // not in a transaction, which has one reply for each command
			run(bytes.Fields([]byte("RESET")))
		}
		run(words)
		k := soaker{r: bufio.NewReader(bytes.NewReader(co.out.Buf))}
		_, err := k.reply()
		if subscribes && co.out.Buf[0] != '-' {
			for range len(words) - 2 { // one reply for each channel
				if err == nil {
					_, err = k.reply()
				}
			}
			run(bytes.Fields([]byte("RESET")))
		}
		if err != nil {
			t.Errorf("%q: %v", words, err)
		} else if rest, _ := k.r.ReadString('\n'); rest != "" {
			t.Errorf("%q: more than one reply: %q", words, rest)
		} else if co.out.Buf[0] != '-' {
			answered[strings.ToLower(string(words[0]))] = true
		}
		if cl.waiting || cl.closing {
			t.Fatalf("%q: the client waits or goes", words)
		}
		if done%5000 == 0 {
			checkStore(t, s)
		}
	}
	checkStore(t, s)
	t.Logf("%d commands, %d names with a reply other than an error, %v", done, len(answered), time.Since(start))
}
