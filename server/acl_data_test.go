package server

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
)

// What clients can find out and change, whatever the check of permissions believes: real handlers run on keys of all
// types, and it is looked at what they answer, and at the keys afterwards. A value of the key x:list has the words
// secret-x in it, and so on.

// dataMatrix runs random commands as a user.
type dataMatrix struct {
	t           *testing.T
	s           *Server
	admin, user *wire
	rng         *rand.Rand
	cmds        []*command.Command
	keys        []string
}

// dataTypes are the keys of each prefix, with the command that makes them.
var dataTypes = map[string]string{
	"str":    "SET KEY WORD",
	"int":    "SET KEY 17",
	"list":   "RPUSH KEY WORD1 WORD2 WORD3 3 1 2",
	"set":    "SADD KEY WORD1 WORD2 3 1 2",
	"zset":   "ZADD KEY 1 WORD1 2 WORD2 3 3",
	"geo":    "GEOADD KEY 13.361389 38.115556 WORD1 15.087269 37.502669 WORD2",
	"hash":   "HSET KEY f1 WORD1 f2 WORD2 f3 3",
	"hll":    "PFADD KEY WORD1 WORD2",
	"stream": "XADD KEY 1-1 f1 WORD1",
}

// notData are commands that the data is not asked by: they end the connection, or change what the test goes by.
var notData = []string{"auth", "hello", "quit", "reset", "select", "multi", "exec", "discard", "monitor", "subscribe", "psubscribe", "ssubscribe",
	"client|reply", "client|pause", "client|kill", "client|no-touch", "client|tracking", "shutdown", "move", "debug"}

func newDataMatrix(t *testing.T) *dataMatrix {
	d := &dataMatrix{t: t, s: newServer(t, nil), rng: rand.New(rand.NewPCG(1, 9))}
	d.admin, d.user = connect(t, d.s), connect(t, d.s)
	if got := d.admin.words([]byte("function"), []byte("load"), []byte("#!lua name=lib\nredis.register_function('any', function(keys, args) return redis.call(unpack(args)) end)")); got != "$lib" {
		t.Fatal(got)
	}
	for _, prefix := range []string{"a:", "b:", "x:"} {
		for name := range dataTypes {
			d.keys = append(d.keys, prefix+name)
		}
	}
	d.keys = append(d.keys, "new:1") // which is not there
	slices.Sort(d.keys)
	for _, cmd := range d.s.registry.All() {
		// What names no keys works on all of them or on none: Redis does not limit it to some.
		if cmd.Run != nil && cmd.Keys.Has() && cmd.Flags&command.Script == 0 && !slices.Contains(notData, cmd.Name) {
			d.cmds = append(d.cmds, cmd)
		}
	}
	return d
}

// words sends a command and returns its reply.
func (w *wire) words(args ...[]byte) string {
	w.t.Helper()
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := w.conn.Write(b); err != nil {
		w.t.Fatal(err)
	}
	return w.read()
}

// populate makes all keys anew.
func (d *dataMatrix) populate() {
	d.admin.do("flushall")
	for _, key := range d.keys {
		prefix, name, _ := strings.Cut(key, ":")
		if dataTypes[name] == "" {
			continue
		}
		line := strings.NewReplacer("KEY", key, "WORD", "secret-"+prefix).Replace(dataTypes[name])
		if got := d.admin.do(line); got[0] == '-' {
			d.t.Fatal(line, got)
		}
	}
	for _, key := range d.keys {
		if strings.HasSuffix(key, "stream") {
			d.admin.do("xgroup create " + key + " g1 0")
			d.admin.do("xreadgroup group g1 c1 streams " + key + " >")
		}
	}
}

// state describes keys of a prefix: what they hold, and when they expire.
func (d *dataMatrix) state(prefix string) string {
	digest, expire := "debug digest-value", []string{}
	for _, key := range d.keys {
		if strings.HasPrefix(key, prefix) {
			digest += " " + key
			expire = append(expire, key)
		}
	}
	d.admin.send(digest)
	for _, key := range expire {
		d.admin.send("pexpiretime " + key)
	}
	state := d.admin.read()
	for range expire {
		state += d.admin.read()
	}
	return state
}

// arg returns a word that commands may make something of.
func (d *dataMatrix) arg() []byte {
	pool := []string{"0", "1", "2", "3", "-1", "10", "f1", "f2", "f3", "secret", "1-1", "$", ">", "+", "-", "-inf", "+inf", "*", "x:*", "x:hash->*", "#", "g1", "c1", "g2",
		"left", "right", "min", "max", "m", "km", "get", "set", "u8", "and", "or", "fields", "streams", "store", "by", "keys", "numkeys", "replace", "withscores",
		"limit", "group", "count", "match", "new:1"}
	if d.rng.IntN(3) == 0 {
		return []byte(d.keys[d.rng.IntN(len(d.keys))])
	}
	return []byte(pool[d.rng.IntN(len(pool))])
}

// command makes a command: by a form of its syntax with keys of all kinds, or of any words.
func (d *dataMatrix) command() (cmd *command.Command, args [][]byte) {
	cmd = d.cmds[d.rng.IntN(len(d.cmds))]
	all := formsOf(cmd)
	args, _ = filled(cmd, all[d.rng.IntN(len(all))], -1)
	parts := strings.Count(cmd.Name, "|") + 1
	mess := d.rng.IntN(3) == 0
	for i := parts; i < len(args); i++ {
		switch {
		case string(args[i]) == "a:1":
			// Mostly keys of the type that the command is for: the others answer WRONGTYPE.
			args[i] = []byte(d.likely(cmd))
		case mess, string(args[i]) == "v", string(args[i]) == "p", string(args[i]) == "1" && d.rng.IntN(8) == 0:
			args[i] = d.arg()
		}
	}
	for mess && d.rng.IntN(2) == 0 {
		args = append(args, d.arg())
	}
	return cmd, args
}

// likely returns a key that suits a command.
func (d *dataMatrix) likely(cmd *command.Command) string {
	types := map[command.Categories][]string{command.CatString: {"str", "int"}, command.CatBitmap: {"str"}, command.CatList: {"list"}, command.CatSet: {"set"},
		command.CatSortedSet: {"zset", "geo"}, command.CatGeo: {"geo"}, command.CatHash: {"hash"}, command.CatHyperLogLog: {"hll"}, command.CatStream: {"stream"}}
	for cat, names := range types {
		if cmd.ACL&cat != 0 && d.rng.IntN(8) > 0 {
			return []string{"a:", "a:", "b:", "x:"}[d.rng.IntN(4)] + names[d.rng.IntN(len(names))]
		}
	}
	return d.keys[d.rng.IntN(len(d.keys))]
}

// run runs random commands as a user with rules. hidden are the prefixes of keys that the user may not read, frozen of
// those that the user may not change. Commands for which Redis makes an exception are left out.
func (d *dataMatrix) run(rules string, rounds int, hidden, frozen []string, except ...string) {
	d.t.Helper()
	if got := d.admin.do("acl setuser u reset on nopass " + rules); got != "+OK" {
		d.t.Fatal(got)
	}
	if got := d.user.do("auth u x"); got != "+OK" {
		d.t.Fatal(got)
	}
	frozen = append(frozen, "new:")
	before := map[string]string{}
	ran, refused := 0, 0
	for n := range rounds {
		if n%100 == 0 {
			d.populate()
			for _, prefix := range frozen {
				before[prefix] = d.state(prefix)
			}
		}
		cmd, args := d.command()
		if slices.Contains(except, cmd.Name) {
			continue
		}
		var reply string
		switch way := d.rng.IntN(6); {
		case way == 0 || cmd.Flags&command.Blocking != 0:
			d.user.do("multi")
			reply = d.user.words(args...)
			reply += d.user.do("exec")
		case way == 1 && cmd.Flags&command.NoScript == 0:
			reply = d.user.words(append([][]byte{[]byte("eval"), []byte("return redis.call(unpack(ARGV))"), []byte("0")}, args...)...)
		case way == 2 && cmd.Flags&command.NoScript == 0:
			reply = d.user.words(append([][]byte{[]byte("fcall"), []byte("any"), []byte("0")}, args...)...)
		default:
			reply = d.user.words(args...)
		}
		if strings.Contains(reply, "NOPERM") {
			refused++
		} else if reply[0] != '-' {
			ran++
		}
		for _, prefix := range hidden {
			if strings.Contains(reply, "secret-"+strings.TrimSuffix(prefix, ":")) {
				d.t.Errorf("%s: %q tells what %s holds: %.300q", rules, args, prefix, reply)
			}
		}
		if strings.HasPrefix(reply, "-NOPERM") && n%16 != 0 {
			continue // if it changed something, that is found a little later
		}
		for _, prefix := range frozen {
			if now := d.state(prefix); now != before[prefix] {
				d.t.Errorf("%s: %q changed a key of %s: %.300q", rules, args, prefix, reply)
				d.populate()
				before[prefix] = d.state(prefix)
			}
		}
	}
	d.t.Logf("%s: %d commands ran, %d were refused, 0 outside of the grant", rules, ran, refused)
}

// TestMatrixData: nothing is read or changed that the rules of a user do not allow.
func TestMatrixData(t *testing.T) {
	rounds := 1000
	if text := os.Getenv("MATRIX"); text != "" {
		rounds, _ = strconv.Atoi(text)
	}
	start := time.Now()
	d := newDataMatrix(t)
	const all, more = "+@all ", " +multi +exec +eval +fcall"
	d.run(all+"~a:*", rounds, []string{"b:", "x:"}, []string{"b:", "x:"})
	// Exceptions of Redis: XREADGROUP counts as reading, though it changes the group; PFCOUNT and PFDEBUG too, though it keeps what it
	// has counted; and XCLAIM as changing only, though it answers what is claimed.
	d.run(all+"%R~a:*", rounds, []string{"b:", "x:"}, []string{"a:", "b:", "x:"}, "xreadgroup", "pfcount", "pfdebug")
	d.run(all+"%W~a:*", rounds, []string{"a:", "b:", "x:"}, []string{"b:", "x:"}, "xclaim")
	d.run(all+"%R~a:* %W~b:*", rounds, []string{"b:", "x:"}, []string{"a:", "x:"}, "xreadgroup", "pfcount", "pfdebug", "xclaim")
	d.run("(+@read ~a:*) (+@write +@scripting +multi +exec %W~b:*)", rounds, []string{"b:", "x:"}, []string{"a:", "x:"}, "xreadgroup", "pfcount", "pfdebug", "xclaim")
	d.run("-@all +get ~a:*"+more, rounds, []string{"b:", "x:"}, []string{"a:", "b:", "x:"})
	t.Logf("%v", time.Since(start))
}
