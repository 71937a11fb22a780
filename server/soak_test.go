package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dragonfly/server/digest"
	"dragonfly/store/object"
)

// soakCommands are what the clients of TestSoak send, one command a line. Of the words, $k is a key, $K one that holds
// large values, $f a field or member, $v a value, $n a small integer, $N any integer, $s a score, $t a time to live in
// ms, $d a database, $i a stream ID, $c a consumer. A word with a * is repeated.
const soakCommands = `
SET $k $v
SET $k $v PX $t
SET $k $n
SET $k $v KEEPTTL GET
SETEX $k 100 $v
MSET $k $v $k $v $k $n
MSETNX $k $v $k $v
MGET $k $k $k
GET $k
GETDEL $k
GETEX $k PX $t
GETRANGE $k $n $n
APPEND $k $v
SETRANGE $k $n $v
INCR $k
INCRBYFLOAT $k 0.5
STRLEN $k
LCS $k $k
SETBIT $k $n 1
BITCOUNT $k
BITPOS $k 1
BITOP XOR $k $k $k
BITFIELD $k INCRBY u8 $n 7
PFADD $k $f* $n*
PFCOUNT $k $k
PFMERGE $k $k $k
RPUSH $k $v $n
RPUSH $K $v* $v* $n*
LPUSH $K $n* $n* $n*
LPOP $k 2
RPOP $K $n
LINSERT $k BEFORE $n $v
LSET $k $n $v
LREM $k 1 $n
LTRIM $K $n 1500
LRANGE $k 0 20
LINDEX $K $n
LPOS $k $n
LMOVE $k $k LEFT RIGHT
LMPOP 2 $k $k LEFT COUNT 3
RPOPLPUSH $k $k
BLPOP $k $k 0.003
BRPOP $K $k 0.002
BLMPOP 0.003 2 $k $k RIGHT COUNT 3
BLMOVE $k $k LEFT RIGHT 0.003
BRPOPLPUSH $k $K 0.003
SADD $k $f $n
SADD $K $f* $n* $v*
SADD $K $n* $n* $n*
SREM $k $f $n
SPOP $k
SPOP $K $n
SMOVE $k $k $f
SRANDMEMBER $k -5
SINTER $k $K
SUNIONSTORE $k $k $k
SDIFFSTORE $k $K $k
SINTERSTORE $k $k $k
SMEMBERS $k
SSCAN $K 0 COUNT 50
HSET $k $f $v $f $n
HSET $K $f* $v* $n* $v*
HDEL $k $f $f
HINCRBY $k $n $n
HINCRBYFLOAT $k $n 1.5
HGETALL $k
HRANDFIELD $k 3 WITHVALUES
HSCAN $K 0 COUNT 30
HPEXPIRE $k $t FIELDS 2 $f $f
HPERSIST $k FIELDS 1 $f
HPTTL $k FIELDS 1 $f
HGET $k $f
ZADD $k $s $f $s $n
ZADD $K $s* $f* $n* $f*
ZADD $k XX CH $s $f
ZINCRBY $k $s $f
ZREM $k $f $n
ZPOPMIN $k 2
ZPOPMAX $K $n
ZRANGE $k 0 -1 WITHSCORES
ZRANGEBYSCORE $k -inf +inf LIMIT 0 10
ZREVRANK $k $f
ZREMRANGEBYRANK $k $n 50
ZUNIONSTORE $k 2 $k $k WEIGHTS 1 2
ZINTERSTORE $k 2 $k $K
ZDIFFSTORE $k 2 $k $k
ZRANGESTORE $k $K 0 100
ZMPOP 2 $k $k MIN COUNT 2
BZPOPMIN $k $k 0.003
BZPOPMAX $K 0.002
BZMPOP 0.003 2 $k $k MIN COUNT 2
ZSCAN $K 0
GEOADD $k 13.3 52.5 $f 2.35 48.85 $n
GEOSEARCHSTORE $k $k FROMLONLAT 10 50 BYRADIUS 1000 km
XADD $k * $f $v
XADD $K * $f $v $f $n
XADD $k MAXLEN ~ 100 * $f $v
XDEL $k $i
XTRIM $k MAXLEN $n
XRANGE $k - + COUNT 10
XREVRANGE $k + - COUNT 3
XGROUP CREATE $k group 0 MKSTREAM
XGROUP DESTROY $k group
XGROUP DELCONSUMER $k group $c
XREADGROUP GROUP group $c COUNT 5 STREAMS $k >
XREADGROUP GROUP group $c COUNT 5 STREAMS $K >
XREADGROUP GROUP group $c BLOCK 3 STREAMS $k >
XREAD BLOCK 3 STREAMS $k $k $ +
XACK $k group $i
XCLAIM $k group $c 0 $i
XAUTOCLAIM $k group $c 0 0
XPENDING $k group
XINFO STREAM $k FULL
XSETID $k 9999999999999-0
DEL $k
DEL $k $K
UNLINK $K
UNLINK $k $k $k
EXISTS $k $k
TYPE $k
EXPIRE $k 100
PEXPIRE $k $t
PEXPIRE $K $t
PEXPIREAT $k $N
PERSIST $k
PTTL $k
RENAME $k $k
RENAMENX $k $K
COPY $k $k REPLACE
COPY $K $k REPLACE
COPY $k $k DB $d REPLACE
COPY $K $K DB $d REPLACE
MOVE $k $d
TOUCH $k $k
OBJECT ENCODING $k
MEMORY USAGE $k
DUMP $k
SORT $k ALPHA LIMIT 0 10
SORT $K ALPHA STORE $k
SORT $k BY nosort GET # GET $k
RANDOMKEY
KEYS *1*
SCAN 0 COUNT 20
SCAN $n TYPE hash
DBSIZE
SELECT $d
INFO
INFO everything
CLIENT LIST
CLIENT NO-TOUCH ON
CLIENT SETNAME $c
COMMAND COUNT
SLOWLOG GET
MEMORY STATS
MEMORY PURGE
CONFIG SET hash-max-listpack-entries $n
CONFIG SET set-max-intset-entries $n
CONFIG SET zset-max-listpack-entries $n
CONFIG SET list-max-listpack-size $n
CONFIG SET hash-max-listpack-entries 128
DEBUG OBJECT $k
DEBUG DIGEST-VALUE $k $k
LASTSAVE
WATCH $k $k
UNWATCH
MULTI
EXEC
EXEC
EXEC
DISCARD
RESET
`

// soakRare are commands that change much at once: one in rarely.
const (
	rarely   = 400
	soakRare = `
BGSAVE
BGSAVE
BGSAVE
SAVE
DEBUG RELOAD
DEBUG RELOAD NOSAVE
DEBUG DIGEST
FLUSHALL
FLUSHDB
DEBUG POPULATE 3000 pop
DEBUG POPULATE 300 pop 100
CONFIG RESETSTAT
SWAPDB $d $d
CLIENT PAUSE 3 WRITE
CLIENT PAUSE 2
CLIENT UNPAUSE
CLIENT KILL TYPE normal
CLIENT KILL ID $n
CLIENT UNBLOCK $n
CLIENT UNBLOCK $n ERROR
QUIT
`
)

// soaker is one client of the soak.
type soaker struct {
	s    *Server
	rng  *rand.Rand
	conn net.Conn
	r    *bufio.Reader
	sent int
}

// lines splits a list of commands.
func lines(text string) [][]string {
	var list [][]string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		list = append(list, strings.Fields(line))
	}
	return list
}

// word spells one word of a command.
func (k *soaker) word(w string) string {
	rng := k.rng
	switch strings.TrimSuffix(w, "*") {
	case "$k":
		return fmt.Sprint("key:", rng.IntN(30))
	case "$K":
		return fmt.Sprint("big:", rng.IntN(6))
	case "$f":
		return fmt.Sprint("field:", rng.IntN(20+rng.IntN(3000)))
	case "$v":
		return strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN([]int{2, 20, 100, 5000}[rng.IntN(4)]))
	case "$n":
		return strconv.Itoa(rng.IntN(200))
	case "$N":
		return strconv.FormatInt(time.Now().UnixMilli()-50+rng.Int64N(300), 10)
	case "$s":
		return strconv.FormatFloat(rng.NormFloat64()*100, 'g', -1, 64)
	case "$t":
		return strconv.Itoa(1 + rng.IntN(300))
	case "$d":
		return strconv.Itoa(rng.IntN(3))
	case "$i":
		return fmt.Sprint(time.Now().UnixMilli()-rng.Int64N(2000), "-0")
	case "$c":
		return fmt.Sprint("consumer:", rng.IntN(4))
	}
	return w
}

// spell makes a command of a line. Words with a * are repeated together, up to some hundred times.
func (k *soaker) spell(line []string) []byte {
	var words []string
	times := 1 + k.rng.IntN(1+k.rng.IntN(300))
	for i := 0; i < len(line); i++ {
		if !strings.HasPrefix(line[i], "$") || !strings.HasSuffix(line[i], "*") {
			words = append(words, k.word(line[i]))
			continue
		}
		for range times {
			for _, w := range line[i:] {
				words = append(words, k.word(w))
			}
		}
		break
	}
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b
}

// errReply is a reply that no server should send.
type errReply string

func (e errReply) Error() string { return "bad reply: " + string(e) }

// reply reads one reply and returns its elements that are plain.
func (k *soaker) reply() (text []string, err error) {
	for left := 1; left > 0; left-- {
		line, err := k.r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if len(line) < 3 || !strings.HasSuffix(line, "\r\n") {
			return nil, errReply(strconv.Quote(line))
		}
		line = line[:len(line)-2]
		n, bad := strconv.Atoi(line[1:])
		switch line[0] {
		case '+', '-', ':', ',', '#', '_', '(':
			text = append(text, line)
			continue
		}
		if bad != nil {
			return nil, errReply(strconv.Quote(line))
		}
		switch line[0] {
		case '$', '=':
			if n < 0 {
				text = append(text, "")
				continue
			}
			b := make([]byte, n+2)
			if _, err := io.ReadFull(k.r, b); err != nil {
				return nil, err
			}
			if string(b[n:]) != "\r\n" {
				return nil, errReply(strconv.Quote(line))
			}
			text = append(text, string(b[:n]))
		case '*', '~', '>':
			left += max(n, 0)
		case '%':
			left += 2 * n
		default:
			return nil, errReply(strconv.Quote(line))
		}
	}
	return text, nil
}

// round sends a pipeline of some commands, and reads what they answer.
func (k *soaker) round(all, rare [][]string) error {
	if k.conn == nil {
		conn, err := k.s.Dial(context.Background())
		if err != nil {
			return err
		}
		k.conn, k.r = conn, bufio.NewReader(conn)
	}
	var b []byte
	n := 1
	if k.rng.IntN(3) == 0 {
		n += k.rng.IntN(30)
	}
	for range n {
		list := all
		if k.rng.IntN(rarely) == 0 {
			list = rare
		}
		b = append(b, k.spell(list[k.rng.IntN(len(list))])...)
	}
	return k.exchange(b, n, nil)
}

// exchange sends n commands and hands every reply to got. A connection that was killed is no error.
func (k *soaker) exchange(b []byte, n int, got func(i int, text []string)) error {
	k.sent += n
	k.conn.SetDeadline(time.Now().Add(60 * time.Second))
	// A peer may be slow to read, too; so both directions are served at a time.
	written := make(chan struct{})
	conn := k.conn
	go func() { conn.Write(b); close(written) }()
	defer func() { <-written }()
	for i := range n {
		text, err := k.reply()
		var bad errReply
		switch {
		case errors.As(err, &bad), errors.Is(err, os.ErrDeadlineExceeded):
			k.conn.Close()
			return err
		case err != nil:
			k.conn.Close()
			k.conn = nil
			return nil
		case got != nil:
			got(i, text)
		}
	}
	return nil
}

// transfer moves an amount between two accounts, atomically.
const soakTransfer = "*1\r\n$5\r\nMULTI\r\n*3\r\n$6\r\nINCRBY\r\n$6\r\nacct:a\r\n$1\r\n7\r\n*3\r\n$6\r\nDECRBY\r\n$6\r\nacct:b\r\n$1\r\n7\r\n*1\r\n$4\r\nEXEC\r\n"

// soakAudit reads both.
const soakAudit = "*3\r\n$4\r\nMGET\r\n$6\r\nacct:a\r\n$6\r\nacct:b\r\n"

// audit makes a transfer and checks that the accounts are balanced, in whichever database the connection is.
func (k *soaker) audit() (err error) {
	if k.conn == nil {
		return nil
	}
	discard := "*1\r\n$7\r\nDISCARD\r\n"
	failed := k.exchange([]byte(discard+soakTransfer+soakAudit), 6, func(i int, text []string) {
		if i < 5 || len(text) != 2 {
			return
		}
		a, _ := strconv.Atoi(text[0])
		b, _ := strconv.Atoi(text[1])
		if a+b != 0 {
			err = fmt.Errorf("the accounts have %q", text)
		}
	})
	return errors.Join(err, failed)
}

// checkStore compares what the store counts with what is there.
func checkStore(t *testing.T, s *Server) {
	t.Helper()
	st := s.store
	for i := range st.NumShards() {
		st.Shard(i).Lock()
	}
	for db := range st.NumDBs() {
		v := st.View(db, 0)
		seen := map[string]bool{}
		for i := range st.NumShards() {
			sh, keys, expires := st.Shard(i), 0, 0
			v.Each(sh, func(c object.Cell) bool {
				keys++
				if _, ok := c.Deadline(); ok {
					expires++
				}
				if key := string(c.Key()); seen[key] || st.ShardOf(c.Key()) != i {
					t.Errorf("database %d, shard %d: %q is there twice or in the wrong place", db, i, key)
				} else {
					seen[key] = true
				}
				return true
			})
			if keys != sh.Len(db) || expires != sh.DB(db).Expires() {
				t.Errorf("database %d, shard %d: %d keys and %d with expiry, %d and %d counted", db, i, keys, expires, sh.Len(db), sh.DB(db).Expires())
			}
		}
	}
	digest.Of(st)
	for i := range st.NumShards() {
		st.Shard(i).Unlock()
	}
}

// inUse returns the bytes in use in all arenas.
func inUse(s *Server) (n int64) {
	for i := range s.store.NumShards() {
		sh := s.store.Shard(i)
		sh.Lock()
		n += sh.A.Used()
		sh.Unlock()
	}
	return n
}

// TestSoak lets several clients send anything for some seconds, or as many as $SOAK says: nothing panics, hangs or
// races, and what the store counts is there.
func TestSoak(t *testing.T) {
	seconds, seed := 5.0, uint64(time.Now().UnixNano())
	if text := os.Getenv("SOAK"); text != "" {
		seconds, _ = strconv.ParseFloat(text, 64)
	}
	if text := os.Getenv("SOAKSEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("SOAKSEED=%d", seed)
	goroutines := runtime.NumGoroutine()
	s := newServer(t, nil)
	all, rare := lines(soakCommands), lines(soakRare)
	var wg sync.WaitGroup
	var sent atomic.Int64
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for i := range 6 {
		wg.Go(func() {
			k := &soaker{s: s, rng: rand.New(rand.NewPCG(seed, uint64(i)))}
			for time.Now().Before(end) && !t.Failed() {
				err := k.round(all, rare)
				if err == nil && k.rng.IntN(10) == 0 {
					err = k.audit()
				}
				if err != nil {
					t.Errorf("client %d: %v", i, err)
				}
			}
			if k.conn != nil {
				k.conn.Close()
			}
			sent.Add(int64(k.sent))
		})
	}
	for time.Now().Before(end) {
		time.Sleep(200 * time.Millisecond)
		checkStore(t, s)
	}
	wg.Wait()
	s.persist.wait()
	checkStore(t, s)
	s.flushAll()
	for start := time.Now(); inUse(s) != 0 && time.Since(start) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	if used := inUse(s); used != 0 {
		t.Errorf("%d bytes are in use when all keys are gone", used)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for start := time.Now(); runtime.NumGoroutine() > goroutines && time.Since(start) < 5*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before:\n%s", n, goroutines, buf[:runtime.Stack(buf, true)])
	}
	t.Logf("%d commands", sent.Load())
}
