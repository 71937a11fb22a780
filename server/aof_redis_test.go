package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	process "os/exec" // exec is the command here
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startRedis starts a redis-server with an append-only log in dir, and returns its client. end kills it.
func startRedis(t *testing.T, dir string, options ...string) (c *redis.Client, end func()) {
	t.Helper()
	path, err := process.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: no redis-server found; its append-only logs are not loaded")
	}
	socket := filepath.Join(dir, "s")
	args := append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--enable-debug-command", "yes",
		"--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"}, options...)
	cmd := process.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c = redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})
	end = func() {
		c.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := c.Ping(t.Context()).Err()
		if err == nil {
			return c, end
		}
		if time.Now().After(deadline) {
			end()
			t.Fatal(err)
		}
	}
}

// shortTempDir returns a directory of which a path to a socket is not too long.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aof")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// aofScript writes values of all types, in several databases, in all ways that a log has its own words for.
var aofScript = strings.Split(strings.TrimSpace(`
SET str value
SET int 42
SET float 1.5
SETEX ttl 10000 v
SET px v PX 10000000
SET keep v EX 5000
INCRBYFLOAT float 2.25
SET keepttl 1 EX 9999
INCRBYFLOAT keepttl 0.5
APPEND str more
SETRANGE str 30 far
SETBIT bits 100 1
BITFIELD bits SET u8 #3 77 INCRBY i5 0 3
GETEX keep PERSIST
GETDEL int
MSET a 1 b 2 c 3
MSETNX a 1 z 2
GETSET a new
INCR b
DECRBY b 100
EXPIRE a 100000
PEXPIREAT b 9999999999999
EXPIREAT c 1000
SETNX nx 1
PFADD hll a b c d e
PFADD hll2 x y
PFMERGE hll3 hll hll2
RPUSH list 1 2 3 4 5 six seven
LPUSH list 0 -1
LPOP list 2
RPOPLPUSH list list2
LMOVE list list2 LEFT RIGHT
LINSERT list BEFORE 4 inserted
LSET list 0 set
LREM list 1 5
LTRIM list 0 3
BLPOP list 1
BRPOPLPUSH list list3 1
LMPOP 1 list2 LEFT COUNT 1
RPUSH gone 1
LPOP gone
SADD set a b c d e f g h
SADD ints 1 2 3 4 5 6
SPOP set
SPOP set 2
SPOP ints 100
SADD ints 7 8 9
SREM set a
SMOVE ints set 7
SUNIONSTORE union set ints
SDIFFSTORE diff set ints
ZADD zset 1 a 2 b 3 c 4.5 d -inf e +inf f
ZADD zset GT CH 10 a 1 b
ZINCRBY zset 1.25 c
ZPOPMIN zset
BZPOPMAX zset 1
ZREMRANGEBYSCORE zset 2 2
ZUNIONSTORE zu 2 zset set WEIGHTS 2 3
ZRANGESTORE zr zu 0 2
ZDIFFSTORE zd 2 zu zr
GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
GEOSEARCHSTORE geo2 geo FROMLONLAT 15 37 BYRADIUS 200 km
GEORADIUS geo 15 37 200 km STORE geo3
HSET hash f 1 g 2 h 3
HMSET hash i 4 j 5
HINCRBY hash f 10
HINCRBYFLOAT hash g 0.125
HDEL hash h
HSETNX hash k v
XADD stream * f v
XADD stream 9999999999999-1 f v g w
XADD stream 9999999999999-* f x
XADD stream MAXLEN ~ 1000 * f y
XADD stream * f z
XGROUP CREATE stream grp 0
XGROUP CREATE stream grp2 $ ENTRIESREAD 3
XREADGROUP GROUP grp alice COUNT 2 STREAMS stream >
XREADGROUP GROUP grp bob NOACK COUNT 1 STREAMS stream >
XREADGROUP GROUP grp carol COUNT 1 STREAMS stream >
XACK stream grp 9999999999999-1
XAUTOCLAIM stream grp dave 0 0 COUNT 1
XDEL stream 9999999999999-2
XGROUP CREATECONSUMER stream grp2 eve
XGROUP DELCONSUMER stream grp carol
XTRIM stream MAXLEN 4
XADD empty 5-5 f v
XDEL empty 5-5
XGROUP CREATE nostream g $ MKSTREAM
XSETID empty 7-7 ENTRIESADDED 12 MAXDELETEDID 6-0
RENAME zd renamed
COPY hash copied
COPY hash copied DB 3
MOVE copied 5
RPUSH tosort 3 1 2
SORT tosort STORE sorted
SORT tosort BY nosort GET # STORE sorted2
UNLINK union
SELECT 2
SET in2 v EX 100000
MULTI
SET multi 1
INCR multi
EXPIRE multi 100000
SPOP nothing
EXEC
SWAPDB 2 4
SET in2 again
SELECT 6
SET flushed 1
FLUSHDB
SET kept 1
SELECT 0
PUBLISH ch message
GETEX str EX 100000
RESTORE-ASKING x 0 x
SPUBLISH ch message
`), "\n")

// play sends the commands of a script, and a few that no line can hold; what they answer does not matter.
func play(t *testing.T, c *redis.Client, script []string) {
	t.Helper()
	conn := c.Conn()
	defer conn.Close()
	do := func(args ...any) {
		if err := conn.Do(t.Context(), args...).Err(); err != nil && errors.As(err, new(interface{ Timeout() bool })) {
			t.Fatal(err)
		}
	}
	for _, line := range script {
		args := []any{}
		for _, w := range strings.Fields(line) {
			args = append(args, w)
		}
		do(args...)
	}
	do("SET", "binary\x00\r\n", "\x00\r\n\xff$5\r\n*1\r\n")
	do("SET", "", "")
	do("HSET", "emptyfield", "", "")
	do("SET", "large", strings.Repeat("0123456789", 50_000))
	do("EVAL", "redis.call('SET', KEYS[1], 'by script'); redis.call('INCR', KEYS[2]); return redis.call('SPOP', 'set')", 2, "script", "counter")
	if dump, err := conn.Dump(t.Context(), "zset").Result(); err == nil {
		do("RESTORE", "restored", "5000000", dump, "REPLACE")
	}
	for i := range 700 {
		do("RPUSH", "biglist", fmt.Sprint("element ", i))
		do("HSET", "bighash", fmt.Sprint("field ", i), i)
		do("SADD", "bigset", fmt.Sprint("member ", i))
		do("ZADD", "bigzset", float64(i)/8, fmt.Sprint("member ", i))
	}
}

// playRandom sends n random writes for few keys.
func playRandom(t *testing.T, c *redis.Client, n int, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	pipe := c.Pipeline()
	word := func(prefix string, n int) string { return fmt.Sprint(prefix, r.IntN(n)) }
	forms := []string{
		"SET S V", "APPEND S V", "INCRBY S N", "SETRANGE S N V", "DEL S", "PEXPIRE S 10000000", "PERSIST S", "INCRBYFLOAT S 0.25", "SETBIT S N 1",
		"RPUSH L V V", "LPUSH L V", "LPOP L", "RPOP L 2", "LINSERT L AFTER V V", "LREM L 0 V", "LSET L 0 V", "LTRIM L 1 -2", "RPOPLPUSH L L",
		"SADD T V N", "SREM T V", "SPOP T", "SPOP T 3", "SMOVE T T V", "SINTERSTORE T T T", "SUNIONSTORE T T T",
		"ZADD Z N V", "ZADD Z XX INCR N V", "ZREM Z V", "ZPOPMAX Z 2", "ZINTERSTORE Z 2 Z Z", "ZREMRANGEBYRANK Z 0 0", "ZRANGESTORE Z Z 0 3",
		"HSET H V N", "HDEL H V", "HINCRBY H V N", "HINCRBYFLOAT H V 0.5", "EXPIRE H 10000",
		"XADD X * V V", "XADD X MAXLEN 5 * V N", "XTRIM X MAXLEN N", "XGROUP CREATE X g 0 MKSTREAM", "XREADGROUP GROUP g V COUNT 2 STREAMS X >",
		"XAUTOCLAIM X g V 0 0", "XGROUP SETID X g 0", "XGROUP DELCONSUMER X g V",
		"RENAME L L", "COPY Z Z REPLACE", "COPY S H", "SORT T BY nosort STORE L", "PFADD P V", "PFMERGE P P", "GEOADD G 1 2 V",
	}
	for i := range n {
		args := []any{}
		for _, w := range strings.Fields(forms[r.IntN(len(forms))]) {
			switch w {
			case "S", "L", "T", "Z", "H", "X", "P", "G":
				w = word(w, 4)
			case "V":
				w = word("v", 12)
			case "N":
				w = word("", 40)
			}
			args = append(args, w)
		}
		pipe.Do(t.Context(), args...)
		if i%500 == 499 {
			_, _ = pipe.Exec(t.Context()) // some commands fail: that is as it should be
		}
	}
	_, _ = pipe.Exec(t.Context())
}

// sameData compares all that two servers hold.
func sameData(t *testing.T, what string, want, got *redis.Client) {
	t.Helper()
	ctx := t.Context()
	digest := func(c *redis.Client) string {
		v, err := c.Do(ctx, "DEBUG", "DIGEST").Text()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a, b := digest(want), digest(got); a != b {
		t.Errorf("%s: the digest is %s, of Redis %s", what, b, a)
	}
	a, b := details(t, want), details(t, got)
	for k, v := range a {
		if w, ok := b[k]; !ok || !reflect.DeepEqual(v, w) {
			t.Errorf("%s: %s: %s\nof Redis %s", what, k, w, v)
		}
	}
	if len(a) != len(b) {
		t.Errorf("%s: %d keys, of Redis %d", what, len(b), len(a))
	}
}

// details tells of every key what the digest does not: when it expires, and the state of a stream.
func details(t *testing.T, c *redis.Client) map[string]string {
	t.Helper()
	ctx := t.Context()
	all := map[string]string{}
	conn := c.Conn()
	defer conn.Close()
	for db := range 16 {
		conn.Select(ctx, db)
		for _, key := range conn.Keys(ctx, "*").Val() {
			text := fmt.Sprint(conn.PExpireTime(ctx, key).Val())
			digest, err := conn.Do(ctx, "DEBUG", "DIGEST-VALUE", key).Text()
			if err != nil {
				text += " " + fmt.Sprint(conn.Do(ctx, "DEBUG", "DIGEST-VALUE", key).Val())
			}
			text += " " + digest
			if conn.Type(ctx, key).Val() == "stream" {
				text += streamDetails(t, conn, key)
			}
			all[fmt.Sprintf("%d %q", db, key)] = text
		}
	}
	return all
}

// streamDetails tells the state of a stream, the times at which consumers were seen aside.
func streamDetails(t *testing.T, c *redis.Conn, key string) string {
	t.Helper()
	ctx := t.Context()
	info, err := c.XInfoStream(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	info.RadixTreeKeys, info.RadixTreeNodes = 0, 0
	groups := c.XInfoGroups(ctx, key).Val()
	text := fmt.Sprintf(" %+v %+v", info, groups)
	for _, g := range groups {
		consumers := []string{}
		for _, k := range c.XInfoConsumers(ctx, key, g.Name).Val() {
			consumers = append(consumers, fmt.Sprint(k.Name, ":", k.Pending))
		}
		slices.Sort(consumers)
		text += fmt.Sprint(" ", consumers)
		pending := c.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: key, Group: g.Name, Start: "-", End: "+", Count: 10000}).Val()
		for _, p := range pending {
			text += fmt.Sprint(" ", p.ID, p.Consumer, p.RetryCount)
		}
	}
	return text
}

// logged is a Redis with its log.
type logged struct {
	*redis.Client
	t       *testing.T
	dir     string
	options []string
	end     func()
}

func (r *logged) start() { r.Client, r.end = startRedis(r.t, r.dir, r.options...) }

// loads ends Redis, loads its log at path, has Redis start from its log again, and checks that both hold the same. (What
// Redis held before may be a little more: its log does not tell how many entries a group has read.)
func (r *logged) loads(what, path string) aofSummary {
	t := r.t
	t.Helper()
	r.end()
	s := newServer(t, nil)
	sum, err := s.loadAOF(t.Context(), path)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if sum.Errors != 0 || sum.Ignored != 0 {
		t.Errorf("%s: %v, %s", what, &sum, sum.FirstError)
	}
	r.start()
	sameData(t, what, r.Client, inMemory(t, s))
	return sum
}

// rewrite has Redis rewrite its log.
func rewrite(t *testing.T, c *redis.Client) {
	t.Helper()
	if err := c.BgRewriteAOF(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		info := c.Info(t.Context(), "persistence").Val()
		if strings.Contains(info, "aof_rewrite_in_progress:0") && strings.Contains(info, "aof_rewrite_scheduled:0") {
			if !strings.Contains(info, "aof_last_bgrewrite_status:ok") {
				t.Fatal(info)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(info)
		}
	}
}

// TestRedisLogs: what Redis writes into its logs is what we make of them: with a base in either form, with and without
// rewriting, and as the one file of old.
func TestRedisLogs(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		t.Run("preamble "+preamble, func(t *testing.T) {
			dir := shortTempDir(t)
			r := &logged{t: t, dir: dir, options: []string{"--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", preamble}}
			r.start()
			defer func() { r.end() }()
			logs := filepath.Join(dir, "appendonlydir")
			play(t, r.Client, aofScript)
			sum := r.loads("not rewritten", logs)
			if sum.Files != 2 || sum.Commands < 2800 || sum.Base.Keys != 0 {
				t.Error(sum.String())
			}
			if preamble == "yes" {
				if err := r.FunctionLoad(t.Context(), "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)").Err(); err != nil {
					t.Fatal(err)
				}
			}
			rewrite(t, r.Client)
			sum = r.loads("rewritten", logs)
			if preamble == "yes" && (sum.Commands != 0 || sum.Base.Keys < 50 || sum.Base.Functions != 1) || preamble == "no" && sum.Commands < 100 {
				t.Error(sum.String())
			}
			playRandom(t, r.Client, 5000, 7)
			if preamble == "yes" {
				if err := r.FCall(t.Context(), "f", []string{"counted"}).Err(); err != nil {
					t.Fatal(err)
				}
			}
			r.loads("and written", logs)

			// One file, as up to Redis 6.
			files, err := filepath.Glob(filepath.Join(logs, "*.*.*.*"))
			if err != nil || len(files) != 2 || !strings.Contains(files[0], ".base.") {
				t.Fatal(files, err)
			}
			var text []byte
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				text = append(text, b...)
			}
			r.loads("in one file", aofFile(t, string(text)))
		})
	}
}

// TestRedisLoadsTheSame: of a log that is cut, or whose keys have expired meanwhile, we load what Redis loads.
func TestRedisLoadsTheSame(t *testing.T) {
	dir := shortTempDir(t)
	c, end := startRedis(t, dir)
	playRandom(t, c, 1500, 3)
	play(t, c, []string{
		"SET short v PX 300", "APPEND short w", "SET saved v PX 300", "PERSIST saved", "SET longer v PX 300", "PEXPIRE longer 10000000",
		"RPUSH shortlist a", "PEXPIRE shortlist 300", "RPUSH shortlist b", "RENAME shortlist renamedlist", "MULTI", "SET m 1", "INCR m", "EXEC",
	})
	end()
	time.Sleep(400 * time.Millisecond) // until the deadlines have passed
	logs := filepath.Join(dir, "appendonlydir")
	incr := filepath.Join(logs, "appendonly.aof.1.incr.aof")
	whole, err := os.ReadFile(incr)
	if err != nil {
		t.Fatal(err)
	}
	multi := strings.LastIndex(string(whole), "EXEC")
	for _, cut := range []int{len(whole), len(whole) - 3, multi, multi - 60, len(whole) / 2, len(whole)/3 + 1} {
		if err := os.WriteFile(incr, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		// We are first: Redis cuts the file.
		s := newServer(t, nil)
		sum, err := s.loadAOF(t.Context(), logs)
		if err != nil || sum.Errors != 0 {
			t.Fatalf("cut at %d: %v, %v", cut, err, &sum)
		}
		c, end := startRedis(t, dir)
		sameData(t, fmt.Sprint("cut at ", cut), c, inMemory(t, s))
		end()
	}
}
