package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// What clients do at the same time must look as if it had happened one after the other: histories of ten clients are
// recorded and judged by porcupine with the models below, while snapshots are taken, keys expire, are evicted, or all are
// dropped at once.

const (
	linearClients = 10
	linearOps     = 20 // of each client
)

// histories is how many are judged: HISTORIES of the environment.
func histories() int {
	if n, err := strconv.Atoi(os.Getenv("HISTORIES")); err == nil {
		return n
	}
	return 10
}

func TestLinearizable(t *testing.T) {
	ours := startOurs(t, t.TempDir(), "--proactor_threads=4", "--num_shards=8")
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	stop := make(chan struct{})
	var saver sync.WaitGroup
	saver.Go(func() {
		c := ours.client()
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				c.do("BGSAVE")
			}
		}
	})
	defer saver.Wait()
	defer close(stop)
	for i := range histories() {
		vanish := i%5 == 4 // an eviction policy is on
		admin := ours.client()
		admin.ok(t, "FLUSHALL")
		setEviction(t, admin, vanish)
		history := record(t, ours, rand.New(rand.NewPCG(uint64(seed), uint64(i))), vanish)
		setEviction(t, admin, false)
		switch porcupine.CheckOperationsTimeout(linearModel(), history, time.Minute) {
		case porcupine.Illegal:
			var b strings.Builder
			slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
			for _, op := range history {
				fmt.Fprintf(&b, "%d..%d client %d: %q = %q\n", op.Call, op.Return, op.ClientId, op.Input.(linearOp).commands, op.Output)
			}
			t.Fatalf("history %d is not linearizable:\n%s", i, b.String())
		case porcupine.Unknown:
			t.Errorf("history %d could not be judged within a minute", i)
		}
	}
}

// setEviction makes keys vanish for want of memory, or ends that.
func setEviction(t *testing.T, c *conn, on bool) {
	if !on {
		c.ok(t, "CONFIG", "SET", "maxmemory", "0")
		return
	}
	c.ok(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
	c.ok(t, "CONFIG", "SET", "maxmemory", "1")
}

// linearOp is one step of a client: a command, or a transaction.
type linearOp struct {
	commands [][]string
	// guard, unless empty, makes the transaction depend on the string at this key being old.
	guard, old string
	vanish     bool // keys may be gone at any time
}

// record plays a random history.
func record(t *testing.T, s *server, r *rand.Rand, vanish bool) []porcupine.Operation {
	start := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	var players sync.WaitGroup
	for id := range linearClients {
		c, own := s.client(), rand.New(rand.NewPCG(r.Uint64(), uint64(id)))
		players.Go(func() {
			for n := range linearOps {
				op := randomOp(own, fmt.Sprintf("%d.%d", id, n), vanish)
				if op.guard != "" {
					if !watchGuard(t, c, &op) {
						continue
					}
				}
				call := time.Since(start).Nanoseconds()
				answer, err := playOp(c, op)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: id, Input: op, Call: call, Output: answer, Return: time.Since(start).Nanoseconds()})
				mu.Unlock()
			}
		})
	}
	players.Wait()
	return history
}

// watchGuard watches the key that a transaction depends on and reads what it is. It is no part of the history.
func watchGuard(t *testing.T, c *conn, op *linearOp) bool {
	if _, err := c.do("WATCH", op.guard); err != nil {
		t.Error(err)
		return false
	}
	old, err := c.do("GET", op.guard)
	if err != nil {
		t.Error(err)
		return false
	}
	op.old = old
	return true
}

// playOp sends the commands of an operation, and returns the reply: of a transaction, that of EXEC.
func playOp(c *conn, op linearOp) (string, error) {
	if len(op.commands) == 1 && op.guard == "" {
		return c.do(op.commands[0]...)
	}
	batch := append([][]string{{"MULTI"}}, op.commands...)
	replies, err := c.pipeline(append(batch, []string{"EXEC"}))
	if err != nil {
		return "", err
	}
	return replies[len(replies)-1], nil
}

// randomOp makes an operation up; unique is a value that no other has.
func randomOp(r *rand.Rand, unique string, vanish bool) linearOp {
	if vanish {
		key := []string{"e", "f", "g"}[r.IntN(3)]
		switch r.IntN(3) {
		case 0:
			return linearOp{commands: [][]string{{"GET", key}}, vanish: true}
		case 1:
			return linearOp{commands: [][]string{{"GETDEL", key}}, vanish: true}
		}
		return linearOp{commands: [][]string{{"SET", key, unique}}, vanish: true}
	}
	one := func() []string {
		switch r.IntN(16) {
		case 0:
			return []string{"SET", "s", unique}
		case 1:
			return []string{"GET", "s"}
		case 2:
			return []string{"APPEND", "s", "x"}
		case 3:
			return []string{"INCR", "n"}
		case 4:
			return []string{"RPUSH", "l", unique}
		case 5:
			return []string{"LPOP", "l"}
		case 6:
			return []string{"LRANGE", "l", "0", "-1"}
		case 7:
			return []string{"SADD", "t", strconv.Itoa(r.IntN(5))}
		case 8:
			return []string{"SREM", "t", strconv.Itoa(r.IntN(5))}
		case 9:
			return []string{"SCARD", "t"}
		case 10:
			return []string{"ZADD", "z", strconv.Itoa(r.IntN(9)), strconv.Itoa(r.IntN(5))}
		case 11:
			return []string{"ZPOPMIN", "z"}
		case 12:
			return []string{"HINCRBY", "h", strconv.Itoa(r.IntN(3)), "1"}
		case 13:
			return []string{"HDEL", "h", strconv.Itoa(r.IntN(3))}
		case 14:
			return []string{"SET", "e", unique, "PX", strconv.Itoa(1 + r.IntN(10))}
		}
		return []string{"GET", "e"}
	}
	switch r.IntN(20) {
	case 0:
		return linearOp{commands: [][]string{{"FLUSHALL"}}}
	case 1, 2:
		return linearOp{commands: [][]string{{"BLPOP", "l", "0.01"}}}
	case 3, 4, 5:
		return linearOp{commands: [][]string{one(), one(), one()}}
	case 6, 7:
		return linearOp{commands: [][]string{{"SET", "s", unique}, {"RPUSH", "l", unique}}, guard: "s"}
	}
	return linearOp{commands: [][]string{one()}}
}

// linearState is the data set: the strings s, n and e, the list l, the set t, the sorted set z and the hash h. It is never
// changed in place.
type linearState struct {
	text map[string]string
	list []string
	set  map[string]bool
	zset map[string]int
	hash map[string]int
}

func (s *linearState) clone() *linearState {
	c := &linearState{text: map[string]string{}, list: slices.Clone(s.list), set: map[string]bool{}, zset: map[string]int{}, hash: map[string]int{}}
	for k, v := range s.text {
		c.text[k] = v
	}
	for k := range s.set {
		c.set[k] = true
	}
	for k, v := range s.zset {
		c.zset[k] = v
	}
	for k, v := range s.hash {
		c.hash[k] = v
	}
	return c
}

// linearModel is the data set as one client after the other would see it.
func linearModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return (&linearState{}).clone() },
		Step: func(state, input, output any) (bool, any) {
			return stepLinear(state.(*linearState), input.(linearOp), output.(string))
		},
		Equal: func(a, b any) bool {
			return fmt.Sprint(*a.(*linearState)) == fmt.Sprint(*b.(*linearState))
		},
	}
}

// stepLinear tells whether an operation may have had the reply in a state, and the state after it.
func stepLinear(s *linearState, op linearOp, reply string) (bool, any) {
	next := s.clone()
	if op.guard != "" {
		if reply == "*-1\r\n" {
			return true, s // somebody else changed the key, or changed it and changed it back
		}
		if bulkOrNull(next.text, op.guard) != op.old {
			return false, s
		}
	}
	if len(op.commands) == 1 && op.guard == "" {
		ok := next.step(op.commands[0], &reply, op.vanish)
		return ok && reply == "", next
	}
	rest, ok := strings.CutPrefix(reply, fmt.Sprintf("*%d\r\n", len(op.commands)))
	if !ok {
		return false, s
	}
	for _, args := range op.commands {
		if !next.step(args, &rest, op.vanish) {
			return false, s
		}
	}
	return rest == "", next
}

func bulkOrNull(m map[string]string, key string) string {
	if v, ok := m[key]; ok {
		return bulkReply(v)
	}
	return "$-1\r\n"
}

func bulkReply(v string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(v), v) }

// step runs a command, and takes its reply off the front of rest; it returns false if the reply is another.
func (s *linearState) step(args []string, rest *string, vanish bool) bool {
	take := func(want string) bool {
		after, ok := strings.CutPrefix(*rest, want)
		if ok {
			*rest = after
		}
		return ok
	}
	number := func(n int) bool { return take(fmt.Sprintf(":%d\r\n", n)) }
	flag := func(b bool) bool { return number(map[bool]int{true: 1}[b]) }
	key := args[1%len(args)]
	switch args[0] {
	case "FLUSHALL":
		*s = *(&linearState{}).clone()
		return take("+OK\r\n")
	case "SET":
		if vanish && take("-OOM command not allowed when used memory > 'maxmemory'.\r\n") {
			return true
		}
		s.text[key] = args[2]
		return take("+OK\r\n")
	case "GET", "GETDEL":
		if (vanish || key == "e") && take("$-1\r\n") {
			delete(s.text, key) // it may have gone at any time, but never comes back
			return true
		}
		ok := take(bulkOrNull(s.text, key))
		if args[0] == "GETDEL" {
			delete(s.text, key)
		}
		return ok
	case "APPEND":
		s.text[key] += args[2]
		return number(len(s.text[key]))
	case "INCR":
		n, _ := strconv.Atoi(s.text[key])
		s.text[key] = strconv.Itoa(n + 1)
		return number(n + 1)
	case "RPUSH":
		s.list = append(s.list, args[2])
		return number(len(s.list))
	case "LPOP", "BLPOP":
		if len(s.list) == 0 {
			return take(map[string]string{"LPOP": "$-1\r\n", "BLPOP": "*-1\r\n"}[args[0]])
		}
		first := s.list[0]
		s.list = s.list[1:]
		if args[0] == "BLPOP" {
			return take("*2\r\n" + bulkReply(key) + bulkReply(first))
		}
		return take(bulkReply(first))
	case "LRANGE":
		want := fmt.Sprintf("*%d\r\n", len(s.list))
		for _, v := range s.list {
			want += bulkReply(v)
		}
		return take(want)
	case "SADD":
		had := s.set[args[2]]
		s.set[args[2]] = true
		return flag(!had)
	case "SREM":
		had := s.set[args[2]]
		delete(s.set, args[2])
		return flag(had)
	case "SCARD":
		return number(len(s.set))
	case "ZADD":
		_, had := s.zset[args[3]]
		s.zset[args[3]], _ = strconv.Atoi(args[2])
		return flag(!had)
	case "ZPOPMIN":
		least := ""
		for m, score := range s.zset {
			if least == "" || score < s.zset[least] || score == s.zset[least] && m < least {
				least = m
			}
		}
		if least == "" {
			return take("*0\r\n")
		}
		score := strconv.Itoa(s.zset[least])
		delete(s.zset, least)
		return take("*2\r\n" + bulkReply(least) + bulkReply(score))
	case "HINCRBY":
		s.hash[args[2]]++
		return number(s.hash[args[2]])
	case "HDEL":
		_, had := s.hash[args[2]]
		delete(s.hash, args[2])
		return flag(had)
	}
	panic("no model of " + args[0])
}
