package rdbload

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// redis is a private redis-server and one connection to it.
type redis struct {
	t    *testing.T
	dir  string
	conn net.Conn
	r    *bufio.Reader
}

// startRedis starts a server that listens on a socket in a fresh directory only.
func startRedis(t *testing.T) *redis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: no redis-server found; its DUMP payloads and files are not compared")
	}
	dir, err := os.MkdirTemp("", "rdbload") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(path, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "",
		"--enable-debug-command", "yes", "--daemonize", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &redis{t, dir, conn, bufio.NewReader(conn)}
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// do sends a command and returns the reply's text; an array's are joined by NUL.
func (r *redis) do(args ...string) string {
	r.t.Helper()
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatal(err)
	}
	return r.reply()
}

func (r *redis) reply() string {
	r.t.Helper()
	line, err := r.r.ReadString('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	line = strings.TrimSuffix(line, "\r\n")
	switch line[0] {
	case '-':
		r.t.Fatalf("redis: %s", line)
	case '$':
		n, _ := strconv.Atoi(line[1:])
		if n < 0 {
			return ""
		}
		text := make([]byte, n+2)
		if _, err := io.ReadFull(r.r, text); err != nil {
			r.t.Fatal(err)
		}
		return string(text[:n])
	case '*':
		n, _ := strconv.Atoi(line[1:])
		parts := make([]string, n)
		for i := range parts {
			parts[i] = r.reply()
		}
		return strings.Join(parts, "\x00")
	}
	return line[1:]
}

// fill makes a data set of every type in small and large, from a seed. Scores
// are such that all versions print them alike; a stream's seq falls as its ms
// rises, which makes negative deltas.
const fill = `
math.randomseed(tonumber(ARGV[1]))
local function text()
	local kind = math.random(4)
	if kind == 1 then return tostring(math.random(-100000, 100000)) end
	if kind == 2 then return string.rep('ab', math.random(0, 100)) end
	if kind == 3 then return 'text-' .. math.random(1, 1000000) end
	return string.char(math.random(0, 255), math.random(0, 255), 0)
end
local sizes = {1, 2, 10, 100, 300, 700}
for i = 1, 60 do
	local key, n = 'key:' .. i, sizes[math.random(#sizes)]
	local kind = i % 6
	for j = 1, n do
		if kind == 0 then redis.call('RPUSH', key, text())
		elseif kind == 1 then redis.call('SADD', key, i % 12 == 1 and math.random(1000000) or text())
		elseif kind == 2 then redis.call('ZADD', key, math.random(-1000, 1000) / 4, text())
		elseif kind == 3 then redis.call('HSET', key, text(), text())
		elseif kind == 4 then redis.call('XADD', key, (math.floor(j / 3) + 1) .. '-' .. (1000 - math.floor(j / 3) + j % 3), text(), text(), 'same', j)
		else redis.call('APPEND', key, text()) end
	end
	if kind == 4 then
		redis.call('XGROUP', 'CREATE', key, 'group', '0')
		redis.call('XGROUP', 'CREATE', key, 'unread', '$')
		redis.call('XREADGROUP', 'GROUP', 'group', 'anna', 'COUNT', 3, 'STREAMS', key, '>')
		redis.call('XREADGROUP', 'GROUP', 'group', 'ben', 'COUNT', 20, 'STREAMS', key, '>')
		local got = redis.call('XRANGE', key, '-', '+', 'COUNT', 5)
		for k = 2, #got do redis.call('XDEL', key, got[k][1]) end
	end
	if i % 7 == 0 then redis.call('PEXPIREAT', key, 4102444800000 + i) end
end
return 'OK'`

// What redis-server saves and dumps is read back as it was.
func TestAgainstRedis(t *testing.T) {
	r := startRedis(t)
	for seed := range 4 {
		r.do("FLUSHALL")
		r.do("EVAL", fill, "0", strconv.Itoa(seed))
		r.do("SAVE")
		data, err := os.ReadFile(filepath.Join(r.dir, "dump.rdb"))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := load(data, Options{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, want := c.digest(), r.do("DEBUG", "DIGEST"); got != want {
			t.Errorf("seed %d: digest %s, want %s", seed, got, want)
		}
		for key, v := range c.dbs[0] {
			s := keep{}
			if err := LoadValue([]byte(r.do("DUMP", key)), &s); err != nil {
				t.Errorf("seed %d: DUMP of %s: %v", seed, key, err)
				continue
			}
			s.v.deadlineMs, s.v.hasDeadline = v.deadlineMs, v.hasDeadline
			if got, want := s.v.dump(), v.dump(); got != want {
				t.Errorf("seed %d: DUMP of %s gives\n%sthe file\n%s", seed, key, got, want)
			}
		}
		for n := 1; n < len(data); n += 997 {
			if _, err := Load(bytes.NewReader(data[:n]), Options{}, new(discard)); err == nil {
				t.Fatalf("seed %d: the first %d bytes load", seed, n)
			}
		}
	}
}
