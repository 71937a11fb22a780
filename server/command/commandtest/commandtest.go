// Package commandtest runs commands in tests of the families: on a store of their own, without a server, and on
// a real redis-server to compare with.
package commandtest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/server/tx"
	"dragonfly/store"
	"dragonfly/store/object"
)

// DB is a store with the commands of some families.
type DB struct {
	Store  *store.Store
	Limits *object.Limits
	NowMs  int64  // time of the commands; it stands still unless moved
	Events string // keyspace events since they were last cleared, as "set(k) expire(k)"
	Quiet  bool   // collects no events: for tests of allocations and benchmarks

	t        testing.TB
	registry *command.Registry
	out      reply.Writer
	ctx      command.Ctx
	keys     []int
}

// New returns an empty store that is closed when the test ends.
func New(t testing.TB, tables ...[]command.Command) *DB {
	t.Helper()
	d := &DB{t: t, NowMs: 1_700_000_000_000, registry: command.NewRegistry(tables...)}
	st, err := store.New(store.Options{Shards: 4, Databases: 2, Limits: object.DefaultLimits(), Notify: d.notify})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	d.Store, d.Limits = st, &st.Limits
	d.ctx = command.Ctx{Reply: &d.out, Session: &session.Session{}, Tx: tx.New(st), Registry: d.registry}
	return d
}

func (d *DB) notify(_ int, _ store.Class, event string, key []byte) {
	if d.Quiet {
		return
	}
	if d.Events != "" {
		d.Events += " "
	}
	d.Events += event + "(" + string(key) + ")"
}

// RESP3 makes further replies RESP3.
func (d *DB) RESP3() { d.out.Proto = 3 }

// Args turns words into a request.
func Args(words ...string) [][]byte {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	return args
}

// Do runs a command given by its words and returns the raw reply.
func (d *DB) Do(words ...string) string {
	d.t.Helper()
	return string(d.Run(Args(words...)))
}

// Run runs a request and returns the raw reply, valid until the next one.
func (d *DB) Run(args [][]byte) []byte {
	cmd := d.registry.Find(args[0])
	if cmd == nil {
		d.t.Helper()
		d.t.Fatalf("no command %q", args[0])
	}
	if len(args) > 1 {
		if sub := cmd.Sub(args[1]); sub != nil {
			cmd = sub
		}
	}
	d.out.Buf = d.out.Buf[:0]
	d.ctx.Waiting = nil
	if !cmd.ArityOK(len(args)) {
		return fmt.Appendf(d.out.Buf, "-ERR wrong number of arguments for '%s' command\r\n", cmd.Name)
	}
	d.ctx.Args, d.ctx.Cmd, d.ctx.DB = args, cmd, d.Store.View(0, d.NowMs)
	d.keys = cmd.Keys.Append(d.keys[:0], args)
	switch {
	case cmd.Flags&command.LockAll != 0:
		d.ctx.Tx.LockAll()
	case len(d.keys) > 0:
		d.ctx.Tx.LockKeys(args, d.keys)
	}
	cmd.Run(&d.ctx)
	d.ctx.Tx.Unlock()
	return d.out.Buf
}

// Waiting returns what the last command waits for, nil if it has answered.
func (d *DB) Waiting() *command.Wait { return d.ctx.Waiting }

// ExpectWait runs a command line that must wait, and compares the keys it waits for, parted by blanks, and the time.
func (d *DB) ExpectWait(line, keys string, timeout time.Duration) {
	d.t.Helper()
	got := d.Do(strings.Fields(line)...)
	w := d.Waiting()
	switch {
	case w == nil:
		d.t.Errorf("%s\n got %s\nwant a wait for %s", line, Compact(got), keys)
	case got != "" || string(bytes.Join(w.Keys, []byte(" "))) != keys || w.Timeout != timeout:
		d.t.Errorf("%s\n got %q, waits %v for %q\nwant a wait of %v for %s", line, got, w.Timeout, w.Keys, timeout, keys)
	}
}

// ExpectResumed runs a command line as that of a client that has waited, and compares the reply as Expect does; nothing
// is the reply of a command that waits on.
func (d *DB) ExpectResumed(line, want string) {
	d.t.Helper()
	d.ctx.Resumed = true
	d.Expect(line, want)
	d.ctx.Resumed = false
	if got := d.Waiting() != nil; got != (want == "") {
		d.t.Errorf("%s: waits on: %v", line, got)
	}
}

// ExpectInExec is Expect inside EXEC.
func (d *DB) ExpectInExec(line, want string) {
	d.t.Helper()
	d.ctx.InExec = true
	d.Expect(line, want)
	d.ctx.InExec = false
}

// TimeOut returns the reply of the last command, which waits, when time runs out.
func (d *DB) TimeOut() string {
	d.out.Buf = d.out.Buf[:0]
	d.ctx.Waiting.TimedOut(&d.out)
	return string(d.out.Buf)
}

// Expect runs a command line, words parted by blanks, and compares its reply: in the notation of Compact.
func (d *DB) Expect(line, want string) {
	d.t.Helper()
	if got := Compact(d.Do(strings.Fields(line)...)); got != want {
		d.t.Errorf("%s\n got %s\nwant %s", line, got, want)
	}
}

// ExpectEvents runs a command line and compares the keyspace events it causes.
func (d *DB) ExpectEvents(line, want string) {
	d.t.Helper()
	d.Events = ""
	d.Do(strings.Fields(line)...)
	if d.Events != want {
		d.t.Errorf("%s\n got events %s\nwant %s", line, d.Events, want)
	}
}

// Cell returns the entry of a key, the zero Cell if there is none.
func (d *DB) Cell(key string) object.Cell {
	v := d.Store.View(0, d.NowMs)
	return v.Peek([]byte(key))
}

// Encoding returns what OBJECT ENCODING says of a key, "" if it does not exist.
func (d *DB) Encoding(key string) string {
	if c := d.Cell(key); c.Ok() {
		return c.Encoding().String()
	}
	return ""
}

// Compact writes a reply on one line: elements parted by blanks, without the lengths of bulk strings, as in
// "*2 $a :1".
func Compact(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); {
		end := strings.Index(raw[i:], "\r\n")
		if end < 0 {
			return b.String() + " incomplete: " + raw[i:]
		}
		head := raw[i : i+end]
		i += end + 2
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		var n int
		if head[0] == '$' && head != "$-1" {
			if _, err := fmt.Sscanf(head, "$%d", &n); err != nil || i+n+2 > len(raw) {
				return b.String() + " bad bulk string: " + head
			}
			b.WriteString("$" + raw[i:i+n])
			i += n + 2
			continue
		}
		b.WriteString(head)
	}
	return b.String()
}
