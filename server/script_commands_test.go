package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/config"
)

func TestEval(t *testing.T) {
	c := dial(t, newServer(t, nil))
	const sha = "a42059b356c875f0717db19a51f6aaca9ae659ea" // of "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}"
	c.expect(t,
		`eval "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}" 2 a b c d`, "*4 $a $b $c $d",
		"evalsha "+sha+" 1 a b", "*1 $a",
		"evalsha "+strings.ToUpper(sha)+" 0", "*0",
		"evalsha_ro "+sha+" 0", "*0",
		"evalsha nosuch 0", "-NOSCRIPT No matching script. Please use EVAL.",
		"eval x", "-ERR wrong number of arguments for 'eval' command",
		`eval "return 1" x`, "-ERR value is not an integer or out of range",
		`eval "return 1" 1`, "-ERR Number of keys can't be greater than number of args",
		`eval "return 1" -1`, "-ERR Number of keys can't be negative",
		`eval "return (" 0`, "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
		`eval "return redis.call('set', KEYS[1], ARGV[1])" 1 k v`, "+OK",
		`eval_ro "return redis.call('get', KEYS[1])" 1 k`, "$v",
		`eval_ro "return redis.pcall('del', KEYS[1])" 1 k`, "-ERR Write commands are not allowed from read-only scripts.",
		"get k", "$v",
		`eval "return redis.pcall('xread', 'block', '0', 'streams', 's', '0')" 0`, "-ERR xread command is not allowed with BLOCK option from scripts",
		`eval "return redis.call('xread', 'streams', 's', '0')" 0`, "$-1",
		`eval "redis.call('sadd', 's', 'c', 'a', 'b') return redis.call('sort', 's', 'by', 'x')" 0`, "*3 $a $b $c",
		`eval "return redis.call('select', 3)" 0`, "+OK",
		"get k", "$v",
		`eval "redis.setresp(3) return redis.call('client', 'list')" 0`, "-ERR This Redis command is not allowed from script script: "+
			"fc3869a6ef6bc8c54d60186b7ebc001e23f0472b, on @user_script:1.",
		"debug set-disable-deny-scripts 1", "+OK",
		`eval "return type(redis.call('client', 'list'))" 0`, "$string",
		`eval "return redis.call('debug', 'protocol', 'integer')" 0`, ":12345",
		"debug set-disable-deny-scripts 0", "+OK",
	)
}

func TestScriptCommands(t *testing.T) {
	c := dial(t, newServer(t, nil))
	const one, two = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "7f923f79fe76194c868d7e1d0820de36700eb649"
	c.expect(t,
		`script load "return 1"`, "$"+one,
		`script load "return ("`, "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
		`eval "return 2" 0`, ":2",
		"script exists "+one+" "+two+" x", "*3 :1 :1 :0",
		"script list", "*2 *2 $"+two+" $return 2 *2 $"+one+" $return 1",
		"script flags "+one+" no-writes", "+OK",
		"script flags "+one+" x", "-ERR Invalid config format: x",
		"script flags x no-writes", "-NOSCRIPT No matching script. Please use EVAL.",
		"script gc", "+OK",
		"script debug no", "+OK",
		"script debug yes", "-ERR There is no debugger for scripts",
		"script debug x", "-ERR Use SCRIPT DEBUG YES/SYNC/NO",
		"script kill", "-NOTBUSY No scripts in execution right now.",
		"script flush x", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option",
		"script flush sync sync", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option",
		"script nosuch", "-ERR unknown subcommand 'nosuch'. Try SCRIPT HELP.",
	)
	if got := c.do("script latency"); !strings.HasPrefix(got, "*2 *2 $"+two+" $calls=1,usec=") {
		t.Error(got)
	}
	if got := c.do("info memory"); !strings.Contains(got, "number_of_cached_scripts:2\r\n") {
		t.Error(got)
	}
	if got := c.do("script help"); !strings.Contains(got, "LOAD script") {
		t.Error(got)
	}
	c.expect(t,
		"script flush async", "+OK",
		"script exists "+one+" "+two, "*2 :0 :0",
		"evalsha "+one+" 0", "-NOSCRIPT No matching script. Please use EVAL.",
	)
}

// TestScriptsInSnapshots: scripts of SCRIPT LOAD are there after a restart, those of EVAL are not.
func TestScriptsInSnapshots(t *testing.T) {
	dir := t.TempDir()
	saved := func(cfg *config.Config) { cfg.Dir, cfg.DBFilename = dir, "dump" }
	s := newServer(t, saved)
	dial(t, s).expect(t, `script load "return 1"`, "$e0e1f9fabfc9d4800c877a703b823ac0578ff8db", `eval "return 2" 0`, ":2", "save", "+OK")
	s.Close()
	s = newServer(t, saved)
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s)
	c.expect(t,
		"script list", "*1 *2 $e0e1f9fabfc9d4800c877a703b823ac0578ff8db $return 1",
		"evalsha e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0", ":1",
		"script flush", "+OK", "save", "+OK",
	)
	s.Close()
	s = newServer(t, saved)
	if err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	dial(t, s).expect(t, "script list", "*0")
}

func TestScriptKill(t *testing.T) {
	s := newServer(t, nil)
	c, other := dial(t, s), dial(t, s)
	c.expect(t, "config set busy-reply-threshold 20", "+OK", "set k v", "+OK")
	busy := func() {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if strings.HasPrefix(other.do("get k"), "-BUSY ") {
				return
			}
		}
		t.Fatal("not busy")
	}
	for _, script := range []string{
		"while true do end", "while true do pcall(function() while true do end end) end", "while true do redis.call('get', 'k') end",
		"while true do string.rep('x', 1000):find('y*z') end",
	} {
		c.send(fmt.Sprintf("eval \"%s\" 0", script))
		busy()
		other.expect(t, "script kill", "+OK")
		if got := c.read(); !strings.Contains(got, "Script killed by user with SCRIPT KILL") {
			t.Errorf("%s: %s", script, got)
		}
		other.expect(t, "get k", "$v")
	}
	// What has written cannot be ended halfway.
	c.send(`eval "redis.call('set', 'k', 'w') while redis.call('exists', 'k') == 1 do end" 0`)
	busy()
	if got := other.do("script kill"); !strings.HasPrefix(got, "-UNKILLABLE ") {
		t.Error(got)
	}
}

// TestAnythingFromScript lets scripts run any command with any arguments: none stumbles over the client of a script,
// which has no connection, or answers what the script cannot read.
func TestAnythingFromScript(t *testing.T) {
	s := newServer(t, nil)
	a := anything{rng: rand.New(rand.NewPCG(1, 2))}
	for _, cmd := range s.registry.All() {
		if !notAlone[cmd.Name] && cmd.Run != nil && cmd.Flags&command.NoScript == 0 {
			a.cmds = append(a.cmds, cmd)
		}
	}
	c := dial(t, s)
	c.expect(t,
		"set str0 x", "+OK", "set int0 10", "+OK", "rpush list0 a b c", ":3", "sadd set0 a b c", ":3", "zadd zset0 1 a 2 b", ":2", "hset hash0 f v", ":1",
		"xadd stream0 1-1 f v", "$1-1", "pfadd hll0 a b", ":1")
	for i := range 5000 {
		words := append([][]byte{[]byte("eval"), fmt.Appendf(nil, "redis.setresp(%d) return redis.pcall(unpack(ARGV))", 2+i%2), []byte("0")}, a.command()...)
		b := fmt.Appendf(nil, "*%d\r\n", len(words))
		for _, w := range words {
			b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
		}
		if _, err := c.conn.Write(b); err != nil {
			t.Fatal(err)
		}
		if got := c.read(); strings.Contains(got, "runtime error") {
			t.Errorf("%q: %s", words[3:], got)
		}
	}
	c.expect(t, "ping", "+PONG")
}
