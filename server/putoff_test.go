package server

import (
	"strings"
	"testing"
	"time"

	"dragonfly/server/config"
)

// TestPutOff: while a slow snapshot has still to write a big value, who changes it waits, alone and in a transaction;
// others do not, who reads it neither, and the snapshot has the value as it was.
func TestPutOff(t *testing.T) {
	s := newServer(t, func(c *config.Config) { c.NumShards, c.CompressionMode = 1, config.CompressNone })
	c := dial(t, s)
	var b strings.Builder
	for i := range 100 {
		b.Reset()
		b.WriteString("sadd big")
		for j := range 1000 {
			b.WriteString(" member:" + strings.Repeat("x", 20) + string(rune('a'+i%26)) + time.Duration(i*1000+j).String())
		}
		if got := c.do(b.String()); got != ":1000" {
			t.Fatal(got)
		}
	}
	c.expect(t, "set small v", "+OK", "config set snapshot_egress_limit_bytes 4000000", "+OK") // 3 MB, so a second
	saver, writer, exec, gone := dial(t, s), dial(t, s), dial(t, s), dial(t, s)
	saver.send("save")
	for !s.store.Snapshotting() {
		time.Sleep(time.Millisecond)
	}
	writer.send("sadd big new1")
	exec.expect(t, "multi", "+OK", "set other v", "+QUEUED", "srem big new1 new2", "+QUEUED", "sadd big new3", "+QUEUED")
	exec.send("exec")
	gone.send("del big")
	gone.conn.Close() // it is forgotten while it waits, or its command runs: it was sent
	start := time.Now()
	c.expect(t, "set small w", "+OK", "get small", "$w", "exists big", ":1", "append small x", ":2", "type big", "+set")
	if took := time.Since(start); took > 300*time.Millisecond {
		t.Errorf("others waited for %v", took)
	}
	if !s.store.Snapshotting() {
		t.Fatal("the snapshot was not slow enough to show anything")
	}
	if got := saver.read(); got != "+OK" {
		t.Fatal(got)
	}
	if got := writer.read(); got != ":1" {
		t.Errorf("SADD: %s", got)
	}
	if got := exec.read(); !strings.HasPrefix(got, "*3 +OK") {
		t.Errorf("EXEC: %s", got)
	}
	again := newServer(t, func(c *config.Config) { c.Dir = s.cfg.Dir })
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	dial(t, again).expect(t, "scard big", ":100000", "get small", "$v", "sismember big new1", ":0")
}
