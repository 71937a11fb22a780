package stream

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"dragonfly/store/object"
)

// redisConn is a connection to a real redis-server, the judge of what a node's bytes are.
type redisConn struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func startRedis(t *testing.T) *redisConn {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED, NOTHING WAS COMPARED: no redis-server found: ", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(), "--rdbcompression", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if c, err := net.Dial("tcp", addr); err == nil {
			t.Cleanup(func() { c.Close() })
			return &redisConn{t, c, bufio.NewReader(c)}
		}
	}
	t.Fatal("redis-server does not answer")
	return nil
}

// do sends a command and returns its reply: the text of a string, integer or error.
func (c *redisConn) do(args ...string) string {
	c.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c.c, b.String()); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line[0] != '$' {
		return line[1:]
	}
	n, _ := strconv.Atoi(line[1:])
	buf := make([]byte, max(0, n+2))
	if _, err := io.ReadFull(c.r, buf); err != nil {
		c.t.Fatal(err)
	}
	return string(buf[:max(0, n)])
}

// dumpReader reads a stream's DUMP payload.
type dumpReader struct {
	b []byte
}

func (r *dumpReader) len() uint64 {
	b := r.b[0]
	switch {
	case b < 0x40:
		r.b = r.b[1:]
		return uint64(b)
	case b < 0x80:
		v := uint64(b&0x3f)<<8 | uint64(r.b[1])
		r.b = r.b[2:]
		return v
	case b == 0x80:
		v := binary.BigEndian.Uint32(r.b[1:])
		r.b = r.b[5:]
		return uint64(v)
	default:
		v := binary.BigEndian.Uint64(r.b[1:])
		r.b = r.b[9:]
		return v
	}
}

func (r *dumpReader) take(n uint64) []byte {
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *dumpReader) id() ID { return ID{r.len(), r.len()} }

// compare compares the nodes and metadata of s with those of a payload.
func compareDump(t *testing.T, s Stream, payload string) {
	t.Helper()
	r := &dumpReader{[]byte(payload)[1:]}
	nodes := r.len()
	if int(nodes) != s.Nodes() {
		t.Fatalf("%d nodes, want %d", s.Nodes(), nodes)
	}
	for p := s.Parts(); p.Next() == PartNode; {
		id := IDFromBinary(r.take(r.len()))
		lp := r.take(r.len())
		if id != p.ID || !bytes.Equal(lp, p.Listpack) {
			t.Fatalf("node %v\n%q, want %v\n%q", p.ID, p.Listpack, id, lp)
		}
	}
	length, last, first, maxDeleted, added := r.len(), r.id(), r.id(), r.id(), r.len()
	if int(length) != s.Len() || last != s.LastID() || first != s.FirstID() || maxDeleted != s.MaxDeletedID() || int64(added) != s.Added() {
		t.Fatalf("length %d, last %v, first %v, max deleted %v, added %d; want %d %v %v %v %d",
			s.Len(), s.LastID(), s.FirstID(), s.MaxDeletedID(), s.Added(), length, last, first, maxDeleted, added)
	}
}

// TestNodesAreRedis does the same to a stream here and in redis-server and compares the bytes of all nodes.
func TestNodesAreRedis(t *testing.T) {
	c := startRedis(t)
	for seed := range uint64(12) {
		a := newArena(t)
		cell, s := newStream(a)
		c.do("DEL", "s")
		r := rand.New(rand.NewPCG(seed, 7))
		ops := make([]byte, 6000)
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		src := &source{ops}
		lim := object.DefaultLimits()
		lim.StreamNodeMaxEntries = []int{3, 20, 150, 0}[src.n(4)]
		lim.StreamNodeMaxBytes = []int{0, 300, 4096}[src.n(3)]
		c.do("CONFIG", "SET", "stream-node-max-entries", strconv.Itoa(lim.StreamNodeMaxEntries))
		c.do("CONFIG", "SET", "stream-node-max-bytes", strconv.Itoa(lim.StreamNodeMaxBytes))
		for step := 0; len(src.b) > 0; step++ {
			compareStep(t, c, s, src, &lim)
			if step%10 == 0 {
				compareDump(t, s, c.do("DUMP", "s"))
			}
		}
		compareDump(t, s, c.do("DUMP", "s"))
		Free(cell)
	}
}

func compareStep(t *testing.T, c *redisConn, s Stream, src *source, lim *object.Limits) {
	t.Helper()
	last := s.LastID()
	pick := ID{uint64(src.n(int(last.Ms) + 2)), uint64(src.n(4))}
	text := string(pick.AppendText(nil))
	switch src.n(10) {
	default:
		pairs := src.pairs()
		id := ID{last.Ms + uint64(src.n(2)), uint64(src.n(5))}
		if !last.Less(id) {
			id, _ = last.Next()
		}
		if err := s.Append(id, pairs, lim); err != nil {
			t.Fatal(err)
		}
		args := []string{"XADD", "s", string(id.AppendText(nil))}
		for _, p := range pairs {
			args = append(args, string(p))
		}
		if got := c.do(args...); got != args[2] {
			t.Fatal(got)
		}
	case 0:
		want := c.do("XDEL", "s", text) == "1"
		if got := s.Delete(pick); got != want {
			t.Fatalf("Delete(%v) = %v", pick, got)
		}
	case 1, 2:
		tr := Trim{ByID: src.n(2) == 0, MinID: pick, MaxLen: int64(src.n(s.Len() + 1)), Approx: src.n(2) == 0}
		args := []string{"XTRIM", "s", "MAXLEN", "=", strconv.FormatInt(tr.MaxLen, 10)}
		if tr.ByID {
			args[2], args[4] = "MINID", text
		}
		if tr.Approx {
			tr.Limit = int64(src.n(40))
			args[3] = "~"
			args = append(args, "LIMIT", strconv.FormatInt(tr.Limit, 10))
		}
		want := c.do(args...)
		if got := s.Trim(tr); strconv.FormatInt(got, 10) != want {
			t.Fatalf("%v = %d, want %s", args, got, want)
		}
	}
}
