package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// bank is a run of transactions that move units between accounts. Whatever runs at the same time, the sum of all
// accounts stays, and of the increments that a WATCH guards none is lost.
type bank struct {
	s        *Server
	accounts []string
	sum      int64
	left     atomic.Int64 // transactions to do
	guarded  atomic.Int64 // increments of "guarded" that went through
	lost     atomic.Int64 // transactions that EXEC refused since a watched key was changed
}

// TestTransactions: TRANSACTIONS is how many there are.
func TestTransactions(t *testing.T) {
	b := &bank{s: newServer(t, nil)}
	b.left.Store(int64(countOf(t, "TRANSACTIONS", 6000)))
	ctx, c := t.Context(), oneConn(b.s)
	defer c.Close()
	for i := range 20 {
		b.accounts = append(b.accounts, fmt.Sprint("account:", i))
		if err := c.Set(ctx, b.accounts[i], 1000, 0).Err(); err != nil {
			t.Fatal(err)
		}
		b.sum += 1000
	}
	if err := c.LPush(ctx, "a list", "x").Err(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if err := b.work(ctx, rand.New(rand.NewPCG(5, uint64(i)))); err != nil {
				t.Error(err)
				b.left.Store(0)
			}
		})
	}
	wg.Wait()
	if err := b.audit(ctx, c); err != nil {
		t.Error(err)
	}
	if n, err := c.Get(ctx, "guarded").Int64(); err != nil || n != b.guarded.Load() {
		t.Errorf("%d guarded increments went through, and %d are there: %v", b.guarded.Load(), n, err)
	}
	if b.lost.Load() == 0 {
		t.Error("no transaction ever met another")
	}
}

// work does random transactions until there are none left to do.
func (b *bank) work(ctx context.Context, rng *rand.Rand) error {
	c := oneConn(b.s)
	defer c.Close()
	for b.left.Add(-1) >= 0 {
		from, to, n := b.account(rng), b.account(rng), rng.Int64N(50)
		var err error
		switch rng.IntN(14) {
		case 0, 1, 2:
			err = b.transfer(ctx, c, from, to, n)
		case 3, 4:
			err = b.carefully(ctx, c, from, to, n)
		case 5, 6:
			err = b.increment(ctx, c)
		case 7:
			err = b.spoiled(ctx, c, from, to)
		case 8:
			err = b.discarded(ctx, c, from, to)
		case 9:
			err = b.withErrors(ctx, c, from, to, n)
		case 10:
			err = b.renamed(ctx, c, from, rng)
		case 11:
			err = b.scripted(ctx, c, from, to, n)
		case 12:
			err = b.handed(ctx, c, from, to, n)
		default:
			err = b.audit(ctx, c)
		}
		if err != nil {
			return err
		}
		if rng.IntN(500) == 0 {
			if err := c.Do(ctx, "BGSAVE").Err(); err != nil && !strings.Contains(err.Error(), "progress") {
				return err
			}
		}
	}
	return nil
}

func (b *bank) account(rng *rand.Rand) string { return b.accounts[rng.IntN(len(b.accounts))] }

// transfer moves units in a plain transaction.
func (b *bank) transfer(ctx context.Context, c *redis.Client, from, to string, n int64) error {
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.DecrBy(ctx, from, n)
		p.Ping(ctx)
		p.IncrBy(ctx, to, n)
		return nil
	})
	return err
}

// carefully writes what it has read before, if nobody has changed it since.
func (b *bank) carefully(ctx context.Context, c *redis.Client, from, to string, n int64) error {
	if from == to {
		return nil
	}
	err := c.Watch(ctx, func(tx *redis.Tx) error {
		values, err := tx.MGet(ctx, from, to).Result()
		if err != nil {
			return err
		}
		x, err := strconv.ParseInt(values[0].(string), 10, 64)
		if err != nil {
			return err
		}
		y, err := strconv.ParseInt(values[1].(string), 10, 64)
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.MSet(ctx, from, x-n, to, y+n)
			return nil
		})
		return err
	}, from, to)
	return b.failed(err)
}

// failed is the error of a guarded transaction, none if it only met another one.
func (b *bank) failed(err error) error {
	if errors.Is(err, redis.TxFailedErr) {
		b.lost.Add(1)
		return nil
	}
	return err
}

// increment adds one to a number that it has read and watches.
func (b *bank) increment(ctx context.Context, c *redis.Client) error {
	err := c.Watch(ctx, func(tx *redis.Tx) error {
		n, err := tx.Get(ctx, "guarded").Int64()
		if err != nil && err != redis.Nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "guarded", n+1, 0)
			return nil
		})
		return err
	}, "guarded")
	if err == nil {
		b.guarded.Add(1)
	}
	return b.failed(err)
}

// spoiled is a transaction that is refused as a whole, for a command that does not exist.
func (b *bank) spoiled(ctx context.Context, c *redis.Client, from, to string) error {
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, from, 0, 0)
		p.Do(ctx, "NOSUCHCOMMAND")
		p.Set(ctx, to, 0, 0)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "unknown command") && !strings.HasPrefix(err.Error(), "EXECABORT") {
		return fmt.Errorf("a spoiled transaction: %v", err)
	}
	return nil
}

// discarded is a transaction that its client thinks better of.
func (b *bank) discarded(ctx context.Context, c *redis.Client, from, to string) error {
	cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Do(ctx, "WATCH", from)
		p.Do(ctx, "MULTI")
		p.Set(ctx, to, 0, 0)
		p.Do(ctx, "DISCARD")
		p.Do(ctx, "MULTI")
		p.Do(ctx, "EXEC")
		return nil
	})
	if err != nil {
		return fmt.Errorf("%v: %v", err, cmds)
	}
	return nil
}

// withErrors has a command in the middle that fails, which keeps none of the others from running.
func (b *bank) withErrors(ctx context.Context, c *redis.Client, from, to string, n int64) error {
	cmds, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.DecrBy(ctx, from, n)
		p.Incr(ctx, "a list")
		p.IncrBy(ctx, to, n)
		return nil
	})
	if err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
		return fmt.Errorf("INCR of a list: %v, %v", err, cmds)
	}
	return nil
}

// renamed takes an account away and brings it back.
func (b *bank) renamed(ctx context.Context, c *redis.Client, account string, rng *rand.Rand) error {
	other := fmt.Sprint("other:", rng.IntN(3))
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Rename(ctx, account, other)
		p.Exists(ctx, account)
		p.Rename(ctx, other, account)
		return nil
	})
	return err
}

// scripted moves units in a script.
func (b *bank) scripted(ctx context.Context, c *redis.Client, from, to string, n int64) error {
	const script = "redis.call('decrby', KEYS[1], ARGV[1]); redis.call('get', KEYS[2]); return redis.call('incrby', KEYS[2], ARGV[1])"
	return c.Eval(ctx, script, []string{from, to}, n).Err()
}

// handed moves units in a transaction with a command that would wait elsewhere.
func (b *bank) handed(ctx context.Context, c *redis.Client, from, to string, n int64) error {
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.DecrBy(ctx, from, n)
		p.BLPop(ctx, 0, "no such list")
		p.RPush(ctx, "queue", "x")
		p.BLPop(ctx, 0, "queue")
		p.IncrBy(ctx, to, n)
		return nil
	})
	if err == redis.Nil {
		err = nil // of the list that does not exist
	}
	return err
}

// audit counts the units, in one command and in one transaction.
func (b *bank) audit(ctx context.Context, c *redis.Client) error {
	values, err := c.MGet(ctx, b.accounts...).Result()
	if err != nil {
		return err
	}
	if n := total(values); n != b.sum {
		return fmt.Errorf("MGET sees %d units, not %d", n, b.sum)
	}
	values = values[:0]
	cmds, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, a := range b.accounts {
			p.Get(ctx, a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, cmd := range cmds {
		values = append(values, cmd.(*redis.StringCmd).Val())
	}
	if n := total(values); n != b.sum {
		return fmt.Errorf("a transaction sees %d units, not %d", n, b.sum)
	}
	return nil
}

// total adds numbers; what is none counts nothing.
func total(values []any) (sum int64) {
	for _, v := range values {
		text, _ := v.(string)
		n, _ := strconv.ParseInt(text, 10, 64)
		sum += n
	}
	return sum
}
