package server

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// queue is a way to hand elements from clients that push to clients that wait.
type queue struct {
	name string
	// setUp prepares the keys; nil for nothing.
	setUp func(ctx context.Context, c redis.Cmdable, keys []string) error
	push  func(ctx context.Context, c redis.Cmdable, key string, elems []any)
	// take waits for elements.
	take func(ctx context.Context, w *worker) error
	// regain finds what was taken for a worker whose connection ended before it was told; nil if that is lost, so that no
	// connection may be ended.
	regain func(ctx context.Context, w *worker) error
}

// worker is a client that waits for elements, again and again.
type worker struct {
	number int
	rng    *rand.Rand
	c      *redis.Client
	keys   []string
	h      *handOff
	had    map[string]bool // what it has taken
}

// handOff is one run: every element that is pushed must be taken once.
type handOff struct {
	q     *queue
	s     *Server
	keys  []string
	total int

	taken [][]atomic.Int32 // by number of producer and element
	done  atomic.Int64     // elements taken
	over  atomic.Bool
}

// got notes an element, "producer:number", that a worker has taken.
func (w *worker) got(elem string) error {
	producer, number, ok := strings.Cut(elem, ":")
	p, err := strconv.Atoi(producer)
	n, err2 := strconv.Atoi(number)
	if !ok || err != nil || err2 != nil || p >= len(w.h.taken) || n >= len(w.h.taken[p]) {
		return fmt.Errorf("element %q was never pushed", elem)
	}
	if w.had[elem] {
		return fmt.Errorf("element %s came twice", elem)
	}
	w.had[elem] = true
	if w.h.taken[p][n].Add(1) > 1 {
		return fmt.Errorf("element %s was given to two", elem)
	}
	w.h.done.Add(1)
	return nil
}

// wait is a time to wait in ms, often short and sometimes for ever.
func (w *worker) wait() int {
	if w.rng.IntN(3) == 0 {
		return 0
	}
	return 1 + w.rng.IntN(30)
}

// seconds is wait as most commands have it.
func (w *worker) seconds() string { return strconv.FormatFloat(float64(w.wait())/1000, 'f', -1, 64) }

// ask runs a command that answers a list with a key first.
func (w *worker) ask(ctx context.Context, words ...any) (list []any, err error) {
	list, err = w.c.Do(ctx, words...).Slice()
	if err == nil && !slices.Contains(w.keys, list[0].(string)) {
		err = fmt.Errorf("%q: from no key of ours: %q", words, list)
	}
	return list, err
}

// words returns the words of a command, with some of the keys, in any order, and as first their number if counted.
func (w *worker) words(before []any, counted bool, after ...any) []any {
	keys := w.some()
	if counted {
		before = append(before, len(keys))
	}
	for _, k := range keys {
		before = append(before, k)
	}
	return append(before, after...)
}

// some returns some of the keys, in any order.
func (w *worker) some() []string {
	keys := slices.Clone(w.keys)
	w.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:1+w.rng.IntN(len(keys))]
}

var lists = queue{
	name: "lists",
	push: pushList,
	take: func(ctx context.Context, w *worker) error {
		side := [...]string{"LEFT", "RIGHT"}[w.rng.IntN(2)]
		if w.rng.IntN(3) > 0 {
			list, err := w.ask(ctx, w.words([]any{[...]string{"BLPOP", "BRPOP"}[w.rng.IntN(2)]}, false, w.seconds())...)
			if err != nil {
				return err
			}
			return w.got(list[1].(string))
		}
		list, err := w.ask(ctx, w.words([]any{"BLMPOP", w.seconds()}, true, side, "COUNT", 1+w.rng.IntN(4))...)
		if err != nil {
			return err
		}
		for _, e := range list[1].([]any) {
			if err := w.got(e.(string)); err != nil {
				return err
			}
		}
		return nil
	},
}

func pushList(ctx context.Context, c redis.Cmdable, key string, elems []any) {
	if len(elems)%2 == 0 {
		c.LPush(ctx, key, elems...)
	} else {
		c.RPush(ctx, key, elems...)
	}
}

// moves are lists of which each worker moves elements to a list of its own.
var moves = queue{
	name: "moves",
	push: pushList,
	take: func(ctx context.Context, w *worker) error {
		own := fmt.Sprint("own:", w.number)
		key := w.keys[w.rng.IntN(len(w.keys))]
		words := []any{"BRPOPLPUSH", key, own, w.seconds()}
		if w.rng.IntN(2) == 0 {
			words = []any{"BLMOVE", key, own, "LEFT", "RIGHT", w.seconds()}
		}
		elem, err := w.c.Do(ctx, words...).Text()
		if err != nil {
			return err
		}
		if err := w.got(elem); err != nil {
			return err
		}
		n, err := w.c.LRem(ctx, own, 1, elem).Result()
		if err == nil && n != 1 {
			return fmt.Errorf("%s is not in the worker's list", elem)
		}
		return err
	},
	regain: func(ctx context.Context, w *worker) error {
		own := fmt.Sprint("own:", w.number)
		elems, err := w.c.LRange(ctx, own, 0, -1).Result()
		if err != nil {
			return err
		}
		for _, e := range elems {
			if w.had[e] {
				continue // LREM did not come through
			}
			if err := w.got(e); err != nil {
				return err
			}
		}
		return w.c.Del(ctx, own).Err()
	},
}

var zsets = queue{
	name: "sorted sets",
	push: func(ctx context.Context, c redis.Cmdable, key string, elems []any) {
		var members []redis.Z
		for i, e := range elems {
			members = append(members, redis.Z{Score: float64(i), Member: e})
		}
		c.ZAdd(ctx, key, members...)
	},
	take: func(ctx context.Context, w *worker) error {
		if w.rng.IntN(3) > 0 {
			list, err := w.ask(ctx, w.words([]any{[...]string{"BZPOPMIN", "BZPOPMAX"}[w.rng.IntN(2)]}, false, w.seconds())...)
			if err != nil {
				return err
			}
			return w.got(list[1].(string))
		}
		list, err := w.ask(ctx, w.words([]any{"BZMPOP", w.seconds()}, true, "MIN", "COUNT", 1+w.rng.IntN(4))...)
		if err != nil {
			return err
		}
		for _, pair := range list[1].([]any) {
			if err := w.got(pair.([]any)[0].(string)); err != nil {
				return err
			}
		}
		return nil
	},
}

var groups = queue{
	name: "groups",
	setUp: func(ctx context.Context, c redis.Cmdable, keys []string) error {
		for _, key := range keys {
			if err := c.XGroupCreateMkStream(ctx, key, "g", "$").Err(); err != nil {
				return err
			}
		}
		return nil
	},
	push: func(ctx context.Context, c redis.Cmdable, key string, elems []any) {
		for _, e := range elems {
			c.XAdd(ctx, &redis.XAddArgs{Stream: key, Values: []any{"e", e}})
		}
	},
	take: func(ctx context.Context, w *worker) error {
		return w.readGroup(ctx, w.some(), ">", time.Duration(w.wait())*time.Millisecond)
	},
	// What is pending for the worker was given to it.
	regain: func(ctx context.Context, w *worker) error { return w.readGroup(ctx, w.keys, "0", -1) },
}

// readGroup notes and acknowledges what the worker is given of streams.
func (w *worker) readGroup(ctx context.Context, keys []string, id string, wait time.Duration) error {
	args := &redis.XReadGroupArgs{Group: "g", Consumer: fmt.Sprint("c", w.number), Block: wait, Streams: slices.Clone(keys)}
	for range keys {
		args.Streams = append(args.Streams, id)
	}
	streams, err := w.c.XReadGroup(ctx, args).Result()
	if err != nil {
		return err
	}
	for _, s := range streams {
		var ids []string
		for _, m := range s.Messages {
			elem := m.Values["e"].(string)
			if id == ">" || !w.had[elem] { // else XACK did not come through
				if err := w.got(elem); err != nil {
					return err
				}
			}
			ids = append(ids, m.ID)
		}
		if len(ids) > 0 {
			if err := w.c.XAck(ctx, s.Stream, "g", ids...).Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneConn returns a client of one connection that tries everything once.
func oneConn(s *Server) *redis.Client {
	return redis.NewClient(&redis.Options{
		Dialer:   func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) },
		PoolSize: 1, MaxRetries: -1, ReadTimeout: -1, DisableIdentity: true,
	})
}

// TestHandOffs: many clients wait for elements in many keys while others push them, alone, in pipelines and in
// transactions, keys are renamed, waits are ended and connections killed, and snapshots are taken. Every element is
// given to one client, once. HANDOFFS is how many there are of each kind.
func TestHandOffs(t *testing.T) {
	for _, q := range []*queue{&lists, &moves, &zsets, &groups} {
		t.Run(q.name, func(t *testing.T) {
			newHandOff(t, q, countOf(t, "HANDOFFS", 1500)).run(t)
		})
	}
}

const (
	handOffProducers = 4
	handOffWorkers   = 16
	handOffKeys      = 6
)

func newHandOff(t *testing.T, q *queue, total int) *handOff {
	h := &handOff{q: q, s: newServer(t, nil), total: total / handOffProducers * handOffProducers}
	for i := range handOffKeys {
		h.keys = append(h.keys, fmt.Sprint("queue:", i))
	}
	for range handOffProducers {
		h.taken = append(h.taken, make([]atomic.Int32, total/handOffProducers))
	}
	if q.setUp != nil {
		if err := q.setUp(t.Context(), inMemory(t, h.s), h.keys); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *handOff) run(t *testing.T) {
	ctx := t.Context()
	var workers, others sync.WaitGroup
	for i := range handOffWorkers {
		w := &worker{number: i, rng: rand.New(rand.NewPCG(1, uint64(i))), c: oneConn(h.s), keys: h.keys, h: h, had: map[string]bool{}}
		workers.Go(func() {
			defer w.c.Close()
			if err := w.work(ctx); err != nil {
				t.Error(err)
				h.over.Store(true)
			}
		})
	}
	for p := range handOffProducers {
		others.Go(func() {
			if err := h.produce(ctx, p); err != nil {
				t.Error(err)
			}
		})
	}
	others.Go(func() { h.disturb(ctx, t) })
	for last, since := int64(-1), time.Now(); h.done.Load() < int64(h.total) && !h.over.Load(); time.Sleep(time.Millisecond) {
		if n := h.done.Load(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) > 10*time.Second {
			t.Errorf("%d of %d elements were taken, %d clients wait", last, h.total, h.s.clients.blocked.Load())
			break
		}
	}
	h.over.Store(true)
	others.Wait()
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	for alive := true; alive; {
		select {
		case <-done:
			alive = false
		case <-time.After(time.Millisecond):
			for _, cl := range h.s.clients.all() {
				h.s.unblock(cl.ID, false)
			}
		}
	}
	h.audit(t)
}

// work takes elements until the run is over.
func (w *worker) work(ctx context.Context) error {
	for !w.h.over.Load() {
		err := w.h.q.take(ctx, w)
		switch {
		case err == nil || err == redis.Nil || strings.HasPrefix(err.Error(), "UNBLOCKED "):
			continue
		case w.h.q.regain == nil || !disconnected(err):
			return err
		}
		for err = w.h.q.regain(ctx, w); err != nil && err != redis.Nil; err = w.h.q.regain(ctx, w) {
			if !disconnected(err) {
				return err
			}
		}
	}
	return nil
}

// disconnected tells whether an error is the end of a connection.
func disconnected(err error) bool {
	text := err.Error()
	return strings.Contains(text, "EOF") || strings.Contains(text, "closed") || strings.Contains(text, "reset")
}

// produce pushes the elements of one producer.
func (h *handOff) produce(ctx context.Context, number int) error {
	c := oneConn(h.s)
	defer c.Close()
	rng := rand.New(rand.NewPCG(2, uint64(number)))
	next, size := 0, len(h.taken[number])
	some := func() (elems []any) {
		for n := 1 + rng.IntN(3); n > 0 && next < size; n-- {
			elems = append(elems, fmt.Sprint(number, ":", next))
			next++
		}
		return elems
	}
	pushes := func(p redis.Pipeliner) error {
		for n := 1 + rng.IntN(5); n > 0 && next < size; n-- {
			h.q.push(ctx, p, h.keys[rng.IntN(len(h.keys))], some())
		}
		return nil
	}
	for next < size && !h.over.Load() {
		// Mostly there is somebody to hand things to.
		for range 20 {
			if rng.IntN(50) == 0 || h.s.clients.blocked.Load() >= handOffWorkers/2 {
				break
			}
			time.Sleep(50 * time.Microsecond)
		}
		var err error
		switch rng.IntN(3) {
		case 0:
			_, err = c.Pipelined(ctx, pushes)
		case 1:
			_, err = c.TxPipelined(ctx, pushes)
		default:
			_, err = c.Pipelined(ctx, func(p redis.Pipeliner) error {
				h.q.push(ctx, p, h.keys[rng.IntN(len(h.keys))], some())
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// disturb does what may get in the way of hand-offs, until the run is over.
func (h *handOff) disturb(ctx context.Context, t *testing.T) {
	c := oneConn(h.s)
	defer c.Close()
	rng := rand.New(rand.NewPCG(3, 3))
	for !h.over.Load() {
		var err error
		switch n := rng.IntN(40); {
		case n == 0:
			err = c.Do(ctx, "BGSAVE").Err()
			if err != nil && strings.Contains(err.Error(), "progress") {
				err = nil
			}
		case n < 10 && h.q.setUp == nil:
			from, to := h.keys[rng.IntN(len(h.keys))], h.keys[rng.IntN(len(h.keys))]
			if err = c.RenameNX(ctx, from, to).Err(); err != nil && strings.Contains(err.Error(), "no such key") {
				err = nil
			}
		default:
			var ids []int64
			for _, cl := range h.s.clients.all() {
				if cl.blocked.Load() != nil {
					ids = append(ids, cl.ID)
				}
			}
			if len(ids) == 0 {
				break
			}
			id := strconv.FormatInt(ids[rng.IntN(len(ids))], 10)
			switch {
			case h.q.regain != nil && rng.IntN(4) == 0:
				err = c.Do(ctx, "CLIENT", "KILL", "ID", id).Err()
			case rng.IntN(2) == 0:
				err = c.Do(ctx, "CLIENT", "UNBLOCK", id, "ERROR").Err()
			default:
				err = c.Do(ctx, "CLIENT", "UNBLOCK", id).Err()
			}
		}
		if err != nil {
			t.Error(err)
			return
		}
		time.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
	}
}

// audit checks that everything was taken once, and that nothing is left of those who waited.
func (h *handOff) audit(t *testing.T) {
	for p := range h.taken {
		for n := range h.taken[p] {
			if times := h.taken[p][n].Load(); times != 1 {
				t.Fatalf("element %d:%d was taken %d times", p, n, times)
			}
		}
	}
	waitBlocked(t, h.s, 0)
	if h.s.store.Waiters() {
		t.Error("somebody is still in a queue")
	}
}
