package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/push"
	"github.com/redis/rueidis"
)

// TestOwnChanges: what a client changes itself it is told behind the reply of the command, or of the transaction.
func TestOwnChanges(t *testing.T) {
	s := newServer(t, nil)
	w := connect(t, s)
	w.do("hello 3")
	const told = ">2 $invalidate *1 $k"
	f := func(request string, replies ...string) {
		t.Helper()
		for _, line := range strings.Split(request, "; ") {
			w.send(line)
		}
		w.send("echo end")
		for _, want := range append(replies, "$end") {
			if got := w.read(); got != want {
				t.Errorf("%s: got %s, want %s", request, got, want)
			}
		}
	}
	f("client tracking on; set k 1", "+OK", "+OK")
	f("get k; set k 2; get k; ping", "$1", "+OK", told, "$2", "+PONG")
	f("multi; incr k; get k; incr k; exec", "+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 :3 $3 :4", told, told)
	f("get k; flushall; ping", "$4", "+OK", ">2 $invalidate _", "+PONG")
	f("multi; flushdb; ping; exec", "+OK", "+QUEUED", "+QUEUED", "*2 +OK +PONG", ">2 $invalidate _")
	f("get k; client reply skip; set k 1; set k 2", "_", told, "+OK")
	f("get k; getex k px 1; debug sleep 0.01; get k", "$2", "$2", told, "+OK", "_")
	// A script that is interrupted, so that others are served meanwhile.
	f(`set k 1; eval "local v = redis.call('get', KEYS[1]) for i = 1, 1000000 do end redis.call('set', KEYS[1], 2) return v" 1 k; ping`,
		"+OK", told, "$1", told, "+PONG")
	f("get k; client tracking off; set k 1", "$2", "+OK", "+OK")
	f("client tracking on bcast; set k 1; reset", "+OK", "+OK", "+RESET")
}

// TestCachingIsForOneCommand: CLIENT CACHING counts for what follows it, even if that is refused.
func TestCachingIsForOneCommand(t *testing.T) {
	s := newServer(t, nil)
	w := connect(t, s)
	w.expect(t, "hello", w.do("hello 3"), "client tracking on optin", "+OK", "client caching no", "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	tracked := func(request string, want int64) {
		t.Helper()
		for _, line := range strings.Split(request, "; ") {
			w.do(line)
		}
		if got := s.tracking.Stats().Keys; got != want {
			t.Errorf("%s: %d keys are tracked, not %d", request, got, want)
		}
		s.tracking.Flushed(0)
		w.read()
	}
	tracked("get a", 0)
	tracked("client caching yes; get a; get b", 1)
	tracked("client caching yes; mget a b; get c", 2)
	tracked("client caching yes; client id; get a", 1)
	tracked("client caching yes; nonsense; get a", 0)
	tracked("client caching yes; get; get a", 0)
	tracked("client caching yes; multi; get a; get b; exec; get c", 2)
	tracked("client caching yes; multi; get a; discard; get c", 0)
	tracked("client tracking off; client tracking on optout; get a; client caching no; get b; get c", 2)
	tracked("client caching no; multi; get a; get b; exec; get c", 1)
	tracked("client tracking off; client tracking on; set a 1; exists a; type b; scan 0; strlen c; append d 1", 3)
}

// TestTrackingLimit: keys that are too many are treated as changed, at once or by the ticks that follow.
func TestTrackingLimit(t *testing.T) {
	s := newServer(t, nil)
	w := connect(t, s)
	w.do("hello 3")
	w.do("client tracking on")
	for i := range 200 {
		w.do(fmt.Sprint("get ", i))
	}
	other := connect(t, s)
	other.expect(t, "config set tracking-table-max-keys 50", "+OK", "config get tracking-table-max-keys", "*2 $tracking-table-max-keys $50")
	for range 150 {
		if got := w.read(); !strings.HasPrefix(got, ">2 $invalidate *1 ") {
			t.Fatal(got)
		}
	}
	w.expect(t, "ping", "+PONG")
	if st := s.tracking.Stats(); st.Keys != 50 {
		t.Errorf("%+v", st)
	}
	s.tracking.SetLimit(20)
	for range 30 {
		w.read()
	}
}

// cachingClient is a rueidis client, which caches what it reads.
func cachingClient(t testing.TB, s *Server, options ...string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{"memory:0"}, ForceSingleClient: true, PipelineMultiplex: -1, ClientTrackingOptions: options,
		DialCtxFn: func(ctx context.Context, _ string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return s.Dial(ctx)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestRueidis: a library that caches sees every change, soon.
func TestRueidis(t *testing.T) {
	for _, options := range [][]string{nil, {"PREFIX", "k", "BCAST"}} {
		s := newServer(t, nil)
		cached, writer := cachingClient(t, s, options...), inMemory(t, s)
		ctx := t.Context()
		get := func() (value string, hit bool) {
			t.Helper()
			r := cached.DoCache(ctx, cached.B().Get().Key("k").Cache(), time.Hour)
			value, err := r.ToString()
			if err != nil && !rueidis.IsRedisNil(err) {
				t.Fatal(err)
			}
			return value, r.IsCacheHit()
		}
		sees := func(want string) {
			t.Helper()
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				switch got, _ := get(); {
				case got == want:
				case time.Now().Before(deadline):
					continue
				default:
					t.Fatalf("%q is still cached, the value is %q", got, want)
				}
				if _, hit := get(); !hit {
					t.Error("not cached")
				}
				return
			}
		}
		sees("")
		for i, change := range []func() error{
			func() error { return writer.Set(ctx, "k", "1", 0).Err() },
			func() error { return writer.Incr(ctx, "k").Err() },
			func() error { return writer.Rename(ctx, "k", "other").Err() },
			func() error { return writer.Copy(ctx, "other", "k", 0, false).Err() },
			func() error { return writer.FlushDB(ctx).Err() },
			func() error { return writer.Set(ctx, "k", "3", 50*time.Millisecond).Err() },
			func() error { return nil }, // it expires
			func() error {
				_, err := writer.TxPipelined(ctx, func(p redis.Pipeliner) error {
					p.Set(ctx, "k", "4", 0)
					return p.Incr(ctx, "k").Err()
				})
				return err
			},
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			sees([]string{"1", "2", "", "2", "", "3", "", "5"}[i])
		}
	}
}

// invalidated collects the keys that go-redis is told of.
type invalidated struct {
	mu   sync.Mutex
	keys []string
}

func (v *invalidated) HandlePushNotification(_ context.Context, _ push.NotificationHandlerContext, n []any) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys, ok := n[1].([]any)
	if !ok {
		v.keys = append(v.keys, fmt.Sprint(n[1]))
	}
	for _, key := range keys {
		v.keys = append(v.keys, fmt.Sprint(key))
	}
	return nil
}

// TestGoRedisTracking: go-redis hands its pushes to whoever registered for them.
func TestGoRedisTracking(t *testing.T) {
	s := newServer(t, nil)
	c, writer := inMemory(t, s), inMemory(t, s)
	ctx := t.Context()
	v := &invalidated{}
	if err := c.RegisterPushNotificationHandler("invalidate", v, true); err != nil {
		t.Fatal(err)
	}
	conn := c.Conn()
	defer conn.Close()
	if err := conn.Do(ctx, "client", "tracking", "on").Err(); err != nil {
		t.Fatal(err)
	}
	if err := conn.MGet(ctx, "a", "b", "c").Err(); err != nil {
		t.Fatal(err)
	}
	if err := writer.MSet(ctx, "c", 1, "a", 2, "d", 3).Err(); err != nil {
		t.Fatal(err)
	}
	if err := writer.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := conn.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		v.mu.Lock()
		got := strings.Join(v.keys, " ")
		v.mu.Unlock()
		if got == "c a <nil>" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("told %q", got)
		}
	}
}

// TestCachesAgree: while many write, caches may be late; when all is quiet, none has anything that is not so.
func TestCachesAgree(t *testing.T) {
	const keys, writes = 20, 3000
	s := newServer(t, nil)
	ctx := t.Context()
	setup := inMemory(t, s)
	if err := setup.ConfigSet(ctx, "tracking-table-max-keys", "10").Err(); err != nil {
		t.Fatal(err)
	}
	var readers []rueidis.Client
	for _, options := range [][]string{nil, nil, {"NOLOOP", "OPTIN"}, {"PREFIX", "k", "BCAST"}, {"PREFIX", "k:1", "PREFIX", "k:0", "BCAST"}} {
		readers = append(readers, cachingClient(t, s, options...))
	}
	read := func(c rueidis.Client, key string) string {
		v, err := c.DoCache(ctx, c.B().Get().Key(key).Cache(), time.Hour).ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			t.Error(err)
		}
		return v
	}
	name := func(i int) string { return fmt.Sprintf("k:%d%d", i%2, i) }
	writing, stop := context.WithCancel(ctx)
	var writers, all sync.WaitGroup
	for i := range 3 {
		w := inMemory(t, s)
		random := rand.New(rand.NewPCG(uint64(i), 1))
		writers.Go(func() {
			for n := range writes {
				key := name(random.IntN(keys))
				value := strconv.Itoa(i*writes + n)
				switch random.IntN(20) {
				case 0:
					w.Del(ctx, key)
				case 1:
					w.Set(ctx, key, value, time.Duration(1+random.IntN(20))*time.Millisecond)
				case 2:
					w.Rename(ctx, key, name(random.IntN(keys)))
				case 3:
					w.MSet(ctx, key, value, name(random.IntN(keys)), value)
				case 4:
					if random.IntN(20) == 0 {
						w.FlushAll(ctx)
					}
				default:
					w.Set(ctx, key, value, 0)
				}
			}
		})
	}
	for i, c := range readers {
		random := rand.New(rand.NewPCG(uint64(i), 2))
		all.Go(func() {
			for writing.Err() == nil {
				read(c, name(random.IntN(keys)))
			}
		})
	}
	writers.Wait()
	stop()
	all.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		stale := ""
		for i := range keys {
			want, err := setup.Get(ctx, name(i)).Result()
			if err != nil && err != redis.Nil {
				t.Fatal(err)
			}
			for n, c := range readers {
				if got := read(c, name(i)); got != want {
					stale = fmt.Sprintf("client %d has %s as %q, it is %q", n, name(i), got, want)
				}
			}
		}
		if stale == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(stale)
		}
	}
}
