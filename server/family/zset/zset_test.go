package zset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// addSet makes a key a set; the family of sets is not imported here.
func addSet(d *commandtest.DB, key string, members ...string) {
	v := d.Store.View(0, d.NowMs)
	c := v.Add([]byte(key), object.Attrs{Type: object.Set, Encoding: object.Intset}, 0)
	set.Init(c, []byte(members[0]), len(members), d.Limits)
	for _, m := range members {
		set.Add(c, []byte(m), d.Limits)
	}
}

func TestReplyShapes(t *testing.T) {
	f := func(line, resp2, resp3 string) {
		t.Helper()
		for _, want := range []string{resp2, resp3} {
			d := commandtest.New(t, Commands)
			d.Do(strings.Fields("zadd z 1 a 2.5 b 3 c")...)
			d.Do(strings.Fields("zadd zp 4 d")...)
			if want == resp3 {
				d.RESP3()
			}
			d.Expect(line, want)
			if resp2 == resp3 {
				break
			}
		}
	}
	f("zrange z 0 -1 withscores", "*6 $a $1 $b $2.5 $c $3", "*3 *2 $a ,1 *2 $b ,2.5 *2 $c ,3")
	f("zrange none 0 -1", "*0", "*0")
	f("zscore z b", "$2.5", ",2.5")
	f("zscore z none", "$-1", "_")
	f("zmscore z a none", "*2 $1 $-1", "*2 ,1 _")
	f("zmscore none a", "*1 $-1", "*1 _")
	f("zadd z incr 1 a", "$2", ",2")
	f("zadd z nx incr 1 a", "$-1", "_")
	f("zincrby z 1.5 a", "$2.5", ",2.5")
	f("zrank z a withscore", "*2 :0 $1", "*2 :0 ,1")
	f("zrevrank z a", ":2", ":2")
	f("zrank z none withscore", "*-1", "_")
	f("zrank none none", "$-1", "_")
	f("zpopmin z", "*2 $a $1", "*2 $a ,1")
	f("zpopmax z 2", "*4 $c $3 $b $2.5", "*2 *2 $c ,3 *2 $b ,2.5")
	f("zpopmin none", "*0", "*0")
	f("zpopmin z 0", "*0", "*0")
	f("zmpop 2 none zp min count 5", "*2 $zp *1 *2 $d $4", "*2 $zp *1 *2 $d ,4")
	f("zmpop 1 none min", "*-1", "_")
	f("zrandmember zp 1 withscores", "*2 $d $4", "*1 *2 $d ,4")
	f("zrandmember none", "$-1", "_")
	f("zrandmember none 2", "*0", "*0")
	f("zrandmember zp", "$d", "$d")
	f("zrandmember zp -2", "*2 $d $d", "*2 $d $d")
	f("zdiff 2 z zp withscores", "*6 $a $1 $b $2.5 $c $3", "*3 *2 $a ,1 *2 $b ,2.5 *2 $c ,3")
	f("zscan z 0", "*2 $0 *6 $a $1 $b $2.5 $c $3", "*2 $0 *6 $a $1 $b $2.5 $c $3")
	f("zscan none 0", "*2 $0 *0", "*2 $0 *0")
}

func TestErrors(t *testing.T) {
	d := commandtest.New(t, Commands)
	f := func(line, want string) {
		t.Helper()
		d.Expect(line, "-"+want)
	}
	f("zadd z nx xx 1 a", "ERR XX and NX options at the same time are not compatible")
	f("zadd z gt lt 1 a", "ERR GT, LT, and/or NX options at the same time are not compatible")
	f("zadd z incr 1 a 2 b", "ERR INCR option supports a single increment-element pair")
	f("zadd z nan a", "ERR value is not a valid float")
	f("zadd z 1 a b", "ERR syntax error")
	f("zrange z 0 -1 limit 0 1", "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
	f("zrange z 0 -1 bylex withscores", "ERR syntax error, WITHSCORES not supported in combination with BYLEX")
	f("zrangebyscore z foo 1", "ERR min or max is not a float")
	f("zrangebylex z a b", "ERR min or max not valid string range item")
	f("zunion 0 a", "ERR at least 1 input key is needed for 'zunion' command")
	f("zrandmember z -9223372036854775808", "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
	f("zrandmember z 9223372036854775807 withscores", "ERR value is out of range")
	f("zscan z x", "ERR invalid cursor")
	d.Do("zadd", "z", "1", "a")
	f("zrandmember z -999999999999", "ERR value is out of range")
	addSet(d, "s", "x")
	for _, line := range []string{"zadd s 1 a", "zcard s", "zrem s a", "zrange s 0 -1", "zpopmin s", "zmpop 1 s min", "zrangestore d s 0 -1",
		"zscan s 0", "zrandmember s 1", "zremrangebyrank s 0 1", "zcount s 0 1", "zrank s a"} {
		f(line, "WRONGTYPE Operation against a key holding the wrong kind of value")
	}
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("zadd z 1 a 2 b", "new(z) zadd(z)")
	d.ExpectEvents("zadd z 1 a", "")
	d.ExpectEvents("zadd z 3 a", "zadd(z)")
	d.ExpectEvents("zadd z incr 1 a", "zincr(z)")
	d.ExpectEvents("zincrby z 1 a", "zincr(z)")
	d.ExpectEvents("zpopmin z", "zpopmin(z)")
	d.ExpectEvents("zremrangebyscore z -inf +inf", "zremrangebyscore(z) del(z)")
	d.ExpectEvents("zadd z 1 a 2 b", "new(z) zadd(z)")
	d.ExpectEvents("zunionstore z2 1 z", "new(z2) zunionstore(z2)")
	d.ExpectEvents("zrangestore z3 z 0 -1", "new(z3) zrangestore(z3)")
	d.ExpectEvents("zrangestore z3 z 5 6", "del(z3)")
	d.ExpectEvents("zrangestore z3 z 5 6", "")
	d.ExpectEvents("zdiffstore z2 2 z z", "del(z2)")
	d.ExpectEvents("zrem z a b", "zrem(z) del(z)")
	d.ExpectEvents("zadd z xx 1 a", "")
}

// TestOldScores holds the text of ZSCAN, where Redis prints a big set's
// scores with 17 digits and a small one's as stored.
func TestOldScores(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.Do("zadd", "z", "0.1", "a")
	d.Expect("zscan z 0", "*2 $0 *2 $a $0.1")
	d.Limits.ZsetMaxListpackEntries = 0
	d.Do("zadd", "z", "0.1", "b")
	d.Do("zrem", "z", "a")
	d.Expect("zscan z 0", "*2 $0 *2 $b $0.10000000000000001")

	r := commandtest.StartRedis(t)
	r.Do("config", "set", "zset-max-listpack-entries", "0")
	for _, score := range []string{"0.1", "2.5", "1e17", "-1e16", "123456789012345680", "1e-5", "1e-4", "100000.5", "inf", "-inf", "3e300"} {
		d.SameLines(r, "zadd y "+score+" m", "zscan y 0")
	}
}

func TestScan(t *testing.T) {
	d := commandtest.New(t, Commands)
	for i := range 1000 {
		d.Do("zadd", "z", fmt.Sprint(i), fmt.Sprint("m", i))
	}
	seen := map[string]bool{}
	cursor := "0"
	for calls := 0; ; calls++ {
		reply := strings.Fields(commandtest.Compact(d.Do("zscan", "z", cursor, "match", "m1*", "count", "30")))
		for i := 3; i < len(reply); i += 2 {
			seen[reply[i]] = true
		}
		if cursor = reply[1][1:]; cursor == "0" {
			if calls < 5 {
				t.Errorf("%d calls", calls)
			}
			break
		}
	}
	if len(seen) != 111 {
		t.Fatalf("%d members seen, want 111", len(seen))
	}
}

func TestRandom(t *testing.T) {
	for _, n := range []int{20, 500} {
		d := commandtest.New(t, Commands)
		for i := range n {
			d.Do("zadd", "z", fmt.Sprint(i), fmt.Sprint(i))
		}
		for _, count := range []int{1, n / 5, n - 1, n, 2 * n} {
			reply := strings.Fields(commandtest.Compact(d.Do("zrandmember", "z", fmt.Sprint(count), "withscores")))[1:]
			if len(reply) != 2*min(count, n) {
				t.Fatalf("%d elements for %d of %d", len(reply), count, n)
			}
			var members []string
			for i := 0; i < len(reply); i += 2 {
				if reply[i] != reply[i+1] {
					t.Fatalf("score %s of %s", reply[i+1], reply[i])
				}
				members = append(members, reply[i])
			}
			slices.Sort(members)
			if len(slices.Compact(members)) != min(count, n) {
				t.Fatal("a member was drawn twice")
			}
		}
		if reply := d.Do("zrandmember", "z", "-700"); !strings.HasPrefix(reply, "*700\r\n") {
			t.Fatalf("reply %.20q", reply)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	d := commandtest.New(t, Commands)
	for i := range 300 {
		d.Do("zadd", "big", fmt.Sprint(i), fmt.Sprint("m", i))
	}
	d.Do("zadd", "small", "1", "m1")
	f := func(line string) {
		t.Helper()
		args := commandtest.Args(strings.Fields(line)...)
		d.Run(args)
		if n := testing.AllocsPerRun(100, func() { d.Run(args) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
	for _, key := range []string{"big", "small"} {
		f("zadd " + key + " 17.5 m1 2 m2")
		f("zincrby " + key + " 0 m1")
		f("zscore " + key + " m1")
		f("zrank " + key + " m1")
		f("zcard " + key)
		f("zcount " + key + " 0 10")
		f("zrange " + key + " 0 10 withscores")
		f("zrangebyscore " + key + " (1 +inf limit 1 3")
		f("zlexcount " + key + " - +")
		f("zrem " + key + " nobody")
		f("zrandmember " + key)
		f("zrandmember " + key + " -3")
	}
}

// script is a random list of commands whose replies do not depend on chance.
func script(rng *rand.Rand, n, members int) (lines []string) {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	key := func() string { return fmt.Sprint("z", rng.IntN(4)) }
	member := func() string { return fmt.Sprint(pick("m", "", "x"), rng.IntN(members)) }
	score := func() string {
		switch rng.IntN(8) {
		case 0:
			return pick("inf", "-inf", "1e3", "-0", "0x10", "-4096")
		case 1:
			return fmt.Sprint(rng.IntN(100), ".5")
		}
		return fmt.Sprint(rng.IntN(2*members) - members)
	}
	bound := func() string { return pick("", "", "(") + pick(score(), score(), "-inf", "+inf") }
	lex := func() string { return pick("-", "+", "["+member(), "("+member(), "[", "(") }
	limit := func() string {
		if rng.IntN(3) > 0 {
			return ""
		}
		return fmt.Sprintf(" limit %d %d", rng.IntN(12)-1, rng.IntN(10)-2)
	}
	index := func() int { return rng.IntN(3*members) - members - members/2 }
	scores := func() string { return pick("", " withscores") }
	weights := func(n int) string {
		s := ""
		if rng.IntN(3) == 0 {
			s = " weights" + strings.Repeat(" "+pick("2", "-1.5", "inf", "0"), n)
		}
		return s + pick("", "", " aggregate "+pick("min", "max", "sum"))
	}
	for range n {
		k := key()
		var line string
		switch rng.IntN(30) {
		case 0, 1, 2, 3, 4, 5, 6:
			line = fmt.Sprint("zadd ", k, " ", pick("", "", "", "nx ", "xx ", "gt ", "lt ", "ch ", "xx gt ch ", "incr ", "nx incr ", "gt incr "), score(), " ", member())
		case 7:
			line = "zadd " + k
			for range rng.IntN(20) + 1 {
				line += " " + score() + " " + member()
			}
		case 8:
			line = fmt.Sprint("zincrby ", k, " ", score(), " ", member())
		case 9, 10:
			line = fmt.Sprint("zrem ", k, " ", member(), " ", member())
		case 11:
			line = fmt.Sprint(pick("zscore", "zrank", "zrevrank"), " ", k, " ", member())
		case 12:
			line = fmt.Sprint("zmscore ", k, " ", member(), " ", member())
		case 13:
			line = fmt.Sprint(pick("zrange", "zrevrange"), " ", k, " ", index(), " ", index(), scores())
		case 14:
			line = fmt.Sprint(pick("zrangebyscore", "zrevrangebyscore"), " ", k, " ", bound(), " ", bound(), scores(), limit())
		case 15:
			line = fmt.Sprint("zrange ", k, " ", bound(), " ", bound(), " byscore", pick("", " rev"), scores(), limit())
		case 16:
			line = fmt.Sprint("zcount ", k, " ", bound(), " ", bound())
		case 17:
			line = fmt.Sprint(pick("zpopmin", "zpopmax"), " ", k, pick("", " 2", " 0", " 5"))
		case 18:
			line = fmt.Sprint("zmpop 2 ", k, " ", key(), " ", pick("min", "max"), pick("", " count 3"))
		case 19:
			line = fmt.Sprint("zremrangebyscore ", k, " ", bound(), " ", bound())
		case 20:
			i := index()
			line = fmt.Sprint("zremrangebyrank ", k, " ", i, " ", i+2)
		case 21:
			line = fmt.Sprint(pick("zunionstore", "zinterstore", "zdiffstore"), " d 2 ", k, " ", key())
			if !strings.HasPrefix(line, "zdiff") {
				line += weights(2)
			}
		case 22:
			line = fmt.Sprint(pick("zunion", "zinter"), " 2 ", k, " ", key(), weights(2), scores())
		case 23:
			line = fmt.Sprint("zdiff 3 ", k, " ", key(), " ", key(), scores())
		case 24:
			line = fmt.Sprint("zintercard 2 ", k, " ", key(), pick("", " limit 3", " limit 0"))
		case 25:
			line = fmt.Sprint("zrangestore ", pick("d", k), " ", k, " ", index(), " ", index(), pick("", " rev"))
		case 26:
			line = fmt.Sprint("zrangestore d ", k, " ", bound(), " ", bound(), " byscore", limit())
		case 27:
			line = fmt.Sprint(pick("zrangebylex", "zrevrangebylex"), " l ", lex(), " ", lex(), limit())
		case 28:
			line = fmt.Sprint(pick("zlexcount", "zremrangebylex"), " l ", lex(), " ", lex())
		default:
			line = fmt.Sprint("zadd l 0 ", member(), " 0 ", member(), " 0 ", member())
		}
		lines = append(lines, line)
	}
	return lines
}

// TestAgainstRedis plays random commands on a real server. Scores are chosen
// so that all versions print them alike.
func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	for _, members := range []int{8, 60, 400} {
		for _, limit := range []string{"128", "0"} {
			r.Do("flushall")
			r.Do("config", "set", "zset-max-listpack-entries", limit)
			d := commandtest.New(t, Commands)
			if limit == "0" {
				d.Limits.ZsetMaxListpackEntries = 0
			}
			rng := rand.New(rand.NewPCG(uint64(members), 1))
			keys := []string{"z0", "z1", "z2", "z3", "l", "d"}
			for i, line := range script(rng, 2500, members) {
				d.SameLines(r, line)
				if t.Failed() {
					t.Fatalf("limit %s, command %d", limit, i)
				}
				if i%50 == 0 {
					for _, k := range keys {
						d.Same(r, "zrange", k, "0", "-1", "withscores")
						if got, want := "$"+d.Encoding(k), commandtest.Compact(r.Do("object", "encoding", k)); got != want && want != "$-1" {
							t.Fatalf("%s: encoding %s, want %s, after %s", k, got, want, line)
						}
					}
				}
			}
		}
	}
}

func TestErrorsAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	addSet(d, "s", "a", "b", "7")
	r.Do("sadd", "s", "a", "b", "7")
	for _, bound := range []string{"", " 1", " ", "(", "( 1", "1 ", "\t(1"} {
		d.Same(r, "zcount", "z", bound, "5")
	}
	d.SameLines(r,
		"zadd z 1 a 2 b 3 7 4 c", "zadd z", "zadd z 1", "zadd z 1 a 2", "zadd z nx", "zadd z nx gt 1 a", "zadd z xx nx 1 a", "zadd z x 1",
		"zadd z incr nan a", "zadd z inf i", "zadd z incr -inf i", "zincrby z -inf i", "zincrby z nx i", "zincrby z 1", "zadd z ch gt 5 a",
		"zadd z ch lt 9 a -9 b", "zadd z xx ch 1 nobody", "zadd s 1 a", "zincrby s 1 a",
		"zcard z", "zcard", "zcard s", "zscore z", "zscore s a", "zmscore z", "zmscore s a",
		"zrank z a b c d", "zrank s a", "zrevrank z nobody", "zcount z 1", "zcount z a b", "zcount z 1 (x", "zcount z nan 1",
		"zcount z ( 1", "zcount z 1e999 1", "zcount z -1e999 1e-999", "zcount z 0x 1", "zcount z 1_0 2", "zcount z 0x1_0 2", "zcount z 1e 2", "zcount z (nan 1", "zcount z --1 2", "zlexcount z a b", "zlexcount z -a +", "zlexcount z [a", "zlexcount z - +", "zlexcount z + -",
		"zrange z 0", "zrange z a b", "zrange z 0 b", "zrange z 0 -1 foo", "zrange z 0 -1 limit 1", "zrange z 0 -1 limit 1 2",
		"zrange z 0 -1 limit 0 -1", "zrange z 0 -1 byscore limit a 2", "zrange z 0 -1 byscore limit 1 b", "zrange z 0 -1 byscore bylex",
		"zrange z 0 -1 rev rev", "zrange z - + bylex withscores", "zrange z - + bylex rev", "zrange z + - bylex rev", "zrange z 0 -1 rev withscores",
		"zrange z 1 2 byscore rev", "zrange z 2 1 byscore rev", "zrange s 0 -1", "zrange z -100 100", "zrange z 3 1", "zrange z 9 10",
		"zrange z 9223372036854775807 -9223372036854775808", "zrange z -9223372036854775808 9223372036854775807",
		"zrevrange z 0 -1 limit 0 1", "zrevrange z 0 -1 rev", "zrevrange z 0 -1 withscores", "zrangebyscore z 1 2 rev", "zrangebyscore z (1 (3 withscores limit 0 1",
		"zrangebylex z - + withscores", "zrangebylex z - (", "zrangebylex z [ +", "zrevrangebylex z + -", "zrevrangebyscore z +inf -inf limit 1 1",
		"zrangestore d z 0 -1 withscores", "zrangestore d s 0 -1", "zrangestore d z 1 2 byscore limit 0 1", "zrange d 0 -1 withscores", "zrangestore d none 0 1", "zcard d",
		"zrangestore z z 0 2", "zrange z 0 -1 withscores",
		"zpopmin z a", "zpopmin z -1", "zpopmin z 1 2", "zpopmin s", "zpopmax none 2", "zpopmin none 0",
		"zmpop 0 z min", "zmpop a z min", "zmpop 1 z", "zmpop 2 z min", "zmpop 1 z mid", "zmpop 1 z min count", "zmpop 1 z min count 0",
		"zmpop 1 z min count a", "zmpop 1 z min count 1 count 2", "zmpop 1 z min foo", "zmpop 2 none s max", "zmpop 9223372036854775807 z min",
		"zrandmember z a", "zrandmember z 1 x", "zrandmember z 1 withscores x", "zrandmember s", "zrandmember s 1", "zrandmember none 1", "zrandmember z 0",
		"zrandmember z -9223372036854775808", "zrandmember z 9223372036854775807 withscores", "zrandmember z -4611686018427387904 withscores",
		"zrandmember z 100 withscores", "zrem s a", "zrem z", "zrem z a a", "zremrangebyrank z a 1", "zremrangebyscore z a 1", "zremrangebylex z a b",
		"zremrangebyrank s 0 1", "zscan z", "zscan z a", "zscan z 0 count 0", "zscan z 0 count a", "zscan z 0 foo", "zscan z 0 match", "zscan s 0",
		"zscan none 0 count 0", "zscan z 0 match *", "zscan z 0 match b", "zscan z 0 count 1", "zscan none x",
		"zadd y 1 a 2 b 5.5 d", "zunion 0 z", "zunion a z", "zunion -1 z", "zunion 3 z y", "zunion 2 z y withscores", "zunion 2 z s withscores",
		"zunion 2 z y weights 1", "zunion 2 z y weights 1 a", "zunion 2 z y weights 2 3 withscores", "zunion 2 z y aggregate", "zunion 2 z y aggregate avg",
		"zunion 2 z y aggregate max weights 2 1 withscores", "zunionstore d 2 z y withscores", "zunionstore d 2 s y", "zrange d 0 -1 withscores",
		"zunionstore d 1", "zunionstore d 0 z", "zinterstore d 0 z", "zinterstore d 2 s y weights 3 1 aggregate min", "zrange d 0 -1 withscores",
		"zinterstore d 2 s none", "zcard d", "zdiff 0 z", "zdiff 2 y s withscores", "zdiff 2 y s weights 1 2", "zdiff 2 s y", "zdiffstore d 2 y z", "zdiffstore d 2 y y",
		"zintercard 2 y s", "zintercard 2 y s limit", "zintercard 2 y s limit -1", "zintercard 2 y s limit a", "zintercard 2 y s limit 1", "zintercard 0 y",
		"zintercard 1 y withscores", "zintercard 1 none", "zinter 2 y y withscores", "zinter 1 y weights inf withscores", "zunion 2 y y weights inf -inf withscores",
		"zadd i inf a -inf b 0 c", "zinter 2 i i weights 1 -1 withscores", "zunion 2 i i weights 0 1 withscores", "zunion 1 i weights 0 withscores",
	)
}

// TestDeclarations compares what COMMAND INFO says of arity, flags and keys.
func TestDeclarations(t *testing.T) {
	r := commandtest.StartRedis(t)
	reg := command.NewRegistry(Commands)
	later := map[string]string{"zrank": ":3 ", "zrevrank": ":3 "} // WITHSCORE came after 7.0
	for _, name := range reg.Names() {
		c := reg.Get(name)
		info := commandtest.Compact(r.Do("command", "info", name))
		arity := fmt.Sprintf(":%d ", c.Arity)
		if old, ok := later[name]; ok && strings.Contains(info, "$"+name+" "+old) {
			arity = old
		}
		if !strings.Contains(info, "$"+name+" "+arity) {
			t.Errorf("%s: no arity %s in %s", name, arity, info)
		}
		for flag, word := range map[command.Flags]string{command.Write: "+write", command.ReadOnly: "+readonly", command.DenyOOM: "+denyoom",
			command.Fast: "+fast", command.MovableKeys: "+movablekeys"} {
			if got, want := c.Flags&flag != 0, strings.Contains(info, word+" ") || strings.Contains(info, word+"\n"); got != want {
				t.Errorf("%s: %s is %v in %s", name, word, want, info)
			}
		}
	}
}

// TestAnyArguments runs commands with arguments that rarely make sense: each
// answers something or waits, and none panics.
func TestAnyArguments(t *testing.T) {
	words := []string{"z", "z", "s", "none", "m1", "m2", "", "0", "1", "2", "-1", "3.5", "inf", "-inf", "(1", "nan", "[", "[m1", "(m", "+", "-", "9223372036854775807", "-9223372036854775808", "1e400", "nx", "xx", "gt", "lt", "ch", "incr", "limit", "withscores", "withscore", "rev", "byscore", "bylex", "weights", "aggregate", "sum", "min", "max", "count", "match", "*"}
	d := commandtest.New(t, Commands)
	addSet(d, "s", "m1", "m2")
	rng := rand.New(rand.NewPCG(7, 7))
	for range 30_000 {
		line := []string{Commands[rng.IntN(len(Commands))].Name}
		for range rng.IntN(10) {
			line = append(line, words[rng.IntN(len(words))])
		}
		if reply := d.Do(line...); d.Waiting() == nil && (len(reply) < 3 || !strings.ContainsRune("+-:$*", rune(reply[0]))) {
			t.Fatalf("%q: reply %q", line, reply)
		}
	}
}
