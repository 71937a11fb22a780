package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
)

// Software of other projects that is built on Redis, run against our server. Its parts are in testdata/software; what they
// are installed by is `make deps`.

// systemPython is the interpreter that the Debian packages of Python belong to.
const systemPython = "/usr/bin/python3"

// software runs a program of testdata/software until it ends, with the port of the server in PORT, and returns what it printed.
func software(t *testing.T, s *server, name string, args ...string) string {
	t.Helper()
	cmd := softwareCommand(t, t.Context(), s, name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func softwareCommand(t *testing.T, ctx context.Context, s *server, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, tool(t, name), args...)
	cmd.Dir = filepath.Join("testdata", "software")
	modules, err := filepath.Abs(filepath.Join("..", "bin", "npm", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "PORT="+portOf(s), "NODE_PATH="+modules, "PYTHONDONTWRITEBYTECODE=1", "C_FORCE_ROOT=1")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// background starts a program of testdata/software, that ends with the test, and returns what it prints.
func background(t *testing.T, s *server, name string, args ...string) *logBuffer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := softwareCommand(t, ctx, s, name, args...)
	out := &logBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s: %.5000s", name, out)
		}
	})
	return out
}

func portOf(s *server) string {
	_, port, _ := net.SplitHostPort(s.addr)
	return port
}

// needs skips a test unless a command succeeds: it asks for a library.
func needs(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(tool(t, name), args...)
	modules, err := filepath.Abs(filepath.Join("..", "bin", "npm", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: %s %q fails; make deps installs what it asks for: %.200s", name, args, out)
	}
}

func softwareServer(t *testing.T) *server {
	t.Helper()
	t.Parallel() // much of it is waiting
	return startOurs(t, t.TempDir(), "--dbfilename=")
}

func TestRQ(t *testing.T) {
	needs(t, systemPython, "-c", "import rq")
	s := softwareServer(t)
	contains(t, software(t, s, systemPython, "rq_jobs.py", portOf(s)), "rq: ok")
}

func TestCelery(t *testing.T) {
	needs(t, systemPython, "-c", "import celery")
	s := softwareServer(t)
	background(t, s, systemPython, "-m", "celery", "-A", "celery_tasks", "worker", "--pool", "threads", "-c", "2", "--loglevel", "info")
	contains(t, software(t, s, systemPython, "celery_tasks.py"), "celery: ok")
}

func TestDjangoRedis(t *testing.T) {
	needs(t, systemPython, "-c", "import django_redis")
	s := softwareServer(t)
	contains(t, software(t, s, systemPython, "django_cache.py", portOf(s)), "django-redis: ok")
}

func TestSidekiq(t *testing.T) {
	needs(t, "ruby", "-e", "require 'sidekiq'")
	s := softwareServer(t)
	background(t, s, "sidekiq", "-r", "./sidekiq_worker.rb", "-c", "2")
	contains(t, software(t, s, "ruby", "sidekiq_worker.rb", "client"), "sidekiq: ok")
}

func TestPHPSession(t *testing.T) {
	needs(t, "php", "-r", "exit(extension_loaded('redis') ? 0 : 1);")
	s := softwareServer(t)
	contains(t, software(t, s, "php", "session.php", portOf(s)), "php session: ok")
}

func TestBullMQ(t *testing.T) {
	needs(t, "node", "-e", "require('bullmq')")
	s := softwareServer(t)
	contains(t, software(t, s, "node", "node_queue.js", portOf(s)), "bullmq: ok")
}

func TestConnectRedis(t *testing.T) {
	needs(t, "node", "-e", "require('connect-redis')")
	s := softwareServer(t)
	contains(t, software(t, s, "node", "node_session.js", portOf(s)), "connect-redis: ok")
}

// TestAsynq runs a queue of asynq, which is made of Lua scripts.
func TestAsynq(t *testing.T) {
	s := softwareServer(t)
	opt := asynq.RedisClientOpt{Addr: s.addr}
	var sum, failures atomic.Int64
	mux := asynq.NewServeMux()
	mux.HandleFunc("add", func(_ context.Context, task *asynq.Task) error {
		n, err := strconv.ParseInt(string(task.Payload()), 10, 64)
		sum.Add(n)
		return err
	})
	mux.HandleFunc("flaky", func(context.Context, *asynq.Task) error {
		if failures.Add(1) < 2 {
			return errors.New("on purpose")
		}
		return nil
	})
	worker := asynq.NewServer(opt, asynq.Config{
		Concurrency: 4, LogLevel: asynq.FatalLevel, DelayedTaskCheckInterval: 100 * time.Millisecond, TaskCheckInterval: 50 * time.Millisecond,
		RetryDelayFunc: func(int, error, *asynq.Task) time.Duration { return 0 },
	})
	if err := worker.Start(mux); err != nil {
		t.Fatal(err)
	}
	defer worker.Shutdown()
	client := asynq.NewClient(opt)
	defer client.Close()
	add := func(kind string, n int, options ...asynq.Option) {
		t.Helper()
		if _, err := client.Enqueue(asynq.NewTask(kind, []byte(strconv.Itoa(n))), options...); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 100 {
		add("add", n)
	}
	add("add", 50, asynq.ProcessIn(300*time.Millisecond))
	add("flaky", 0, asynq.MaxRetry(3))
	add("add", 1000, asynq.ProcessIn(time.Hour), asynq.TaskID("late"))
	if _, err := client.Enqueue(asynq.NewTask("add", nil), asynq.TaskID("late")); !errors.Is(err, asynq.ErrTaskIDConflict) {
		t.Errorf("a second task of the same id: %v", err)
	}
	for range 200 {
		if sum.Load() == 5000 && failures.Load() == 2 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if sum.Load() != 5000 || failures.Load() != 2 {
		t.Errorf("sum %d, %d runs of the flaky task", sum.Load(), failures.Load())
	}
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	info, err := inspector.GetQueueInfo("default")
	if err != nil || info.Scheduled != 1 {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestPrometheusExporter lets prometheus's exporter for Redis read what it can.
func TestPrometheusExporter(t *testing.T) {
	s := softwareServer(t)
	c := s.client()
	c.must(t, "SET", "greeting", "hello")
	c.must(t, "RPUSH", "queue", "a", "b", "c")
	addr := fmt.Sprintf("127.0.0.1:%d", unusedPort(t))
	background(t, s, "prometheus-redis-exporter", "--web.listen-address", addr, "--redis.addr", "redis://"+s.addr, "--check-keys", "db0=*", "--include-system-metrics")
	var page string
	for range 100 {
		if page = get("http://" + addr + "/metrics"); page != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	contains(t, page, "\nredis_up 1\n", `redis_db_keys{db="db0"} 2`, `redis_key_size{db="db0",key="queue"} 3`, "redis_connected_clients ",
		`redis_commands_total{cmd="set"} 1`, "redis_memory_used_bytes ", `redis_exporter_last_scrape_error{err=""} 0`, `redis_instance_info{`,
		`redis_version="7.4.0"`, "redis_uptime_in_seconds ", "redis_keyspace_hits_total ", "redis_blocked_clients 0", "redis_evicted_keys_total 0",
		"redis_slowlog_length ", "redis_config_maxclients ", "redis_commands_duration_seconds_total{")
}

// get returns a page, empty if there is none.
func get(url string) string {
	r, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return ""
	}
	return string(page)
}

// TestSentinel lets redis-sentinel watch our server, and notice its end.
func TestSentinel(t *testing.T) {
	s := softwareServer(t)
	port := unusedPort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor ours 127.0.0.1 %s 1\nsentinel down-after-milliseconds ours 1000\n", port, t.TempDir(), portOf(s))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := launch(t, t.TempDir(), port, tool(t, "redis-sentinel"), file)
	sentinel.ready()
	c := sentinel.client()
	state := func() string { return c.must(t, "SENTINEL", "MASTER", "ours") }
	wait := func(what string, ok func(state string) bool) {
		t.Helper()
		for range 100 {
			if ok(state()) {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("%s: %q\n%s", what, state(), sentinel.log)
	}
	// It publishes its greeting through the server and hears it.
	wait("it does not find its master", func(s string) bool {
		return strings.Contains(s, "flags\r\n$6\r\nmaster\r\n") && strings.Contains(s, "role-reported\r\n$6\r\nmaster\r\n") && !strings.Contains(s, "runid\r\n$0\r\n")
	})
	if channels := s.client().must(t, "PUBSUB", "CHANNELS"); !strings.Contains(channels, "__sentinel__:hello") {
		t.Errorf("channels: %q", channels)
	}
	contains(t, c.must(t, "SENTINEL", "CKQUORUM", "ours"), "+OK 1 usable Sentinels")
	s.kill()
	wait("it does not notice the end of its master", func(s string) bool { return strings.Contains(s, "s_down") })
}
