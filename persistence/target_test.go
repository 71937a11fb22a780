package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dragonfly/persistence/snapshot"
	"dragonfly/persistence/vfs"
	"dragonfly/store/object"
	"dragonfly/store/types/hash"
	"dragonfly/store/types/set"
)

// TestTargets: a file for older readers says so in its header, and holds all that they know.
func TestTargets(t *testing.T) {
	s := newStore(t, 3)
	e := &every{s, s.View(0, 1000)}
	e.redisTypes(false)
	dir := NewDir(vfs.OS{}, t.TempDir())
	save := func(version int, m Meta) (*contents, Result) {
		t.Helper()
		m.Target.Version = version
		res, err := SaveRDB(t.Context(), s, dir, "dump.rdb", m, &Progress{})
		if err != nil {
			t.Fatal(err)
		}
		return readRDB(t, dir, "dump.rdb"), res
	}
	want, _ := save(0, Meta{})
	digests := map[string]bool{}
	for _, compression := range []Compression{NoCompression, LZF} {
		for version := 9; version <= 12; version++ {
			got, res := save(version, Meta{Compression: compression})
			if head := fmt.Sprintf("REDIS%04d", version); res.Version != version || !bytes.HasPrefix(read(t, dir, "dump.rdb"), []byte(head)) {
				t.Errorf("version %d: %+v", version, res)
			}
			switch version {
			case 9: // the reader estimates what streams do not tell
				without(got, "stream:").same(t, without(want, "stream:"))
				if res.Dropped["stream counters"] != 3 || len(res.Dropped) != 1 {
					t.Errorf("dropped %v", res.Dropped)
				}
			case 10: // nor does it know when a consumer was active
				without(got, "stream:").same(t, without(want, "stream:"))
			default:
				got.same(t, want)
			}
			if version > 10 {
				continue
			}
			digests[redisDigest(t, dir, "dump.rdb")] = true
		}
	}
	if len(digests) > 1 {
		t.Errorf("a real Redis has other data from other versions: %v", digests)
	}
	for _, version := range []int{-1, 1, 8, 13} {
		if _, err := SaveRDB(t.Context(), s, dir, "other.rdb", Meta{Target: snapshot.Target{Version: version}}, &Progress{}); err == nil {
			t.Errorf("version %d", version)
		}
	}
}

// without returns c without the keys of a prefix.
func without(c *contents, prefix string) *contents {
	out := newContents()
	for name, value := range c.keys {
		if !strings.HasPrefix(name[2:], prefix) {
			out.keys[name] = value
		}
	}
	return out
}

// redisDigest returns the digest that a real Redis has of a file that it has loaded.
func redisDigest(t *testing.T, dir *Dir, name string) string {
	t.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("SKIPPED: no redis-server found; files for older readers are not loaded by one")
	}
	if out, err := exec.Command("redis-check-rdb", dir.Path(name)).CombinedOutput(); err != nil {
		t.Errorf("redis-check-rdb: %v\n%s", err, out)
	}
	sockets, err := os.MkdirTemp("", "target") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(sockets)
	socket := filepath.Join(sockets, "s")
	cmd := exec.Command(server, "--port", "0", "--unixsocket", socket, "--dir", filepath.Dir(dir.Path(name)), "--dbfilename", name,
		"--save", "", "--enable-debug-command", "yes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		// DEBUG is answered while the file is being loaded, PING is not.
		if out, err := exec.Command("redis-cli", "-s", socket, "PING").Output(); err != nil || !bytes.HasPrefix(out, []byte("PONG")) {
			continue
		}
		out, err := exec.Command("redis-cli", "-s", socket, "DEBUG", "DIGEST").Output()
		if digest := strings.TrimSpace(string(out)); err == nil && len(digest) == 40 {
			if strings.Trim(digest, "0") == "" {
				t.Error("no data was loaded")
			}
			return digest
		}
	}
	t.Fatal("redis-server did not load the file")
	return ""
}

// TestTargetCannotHold: what a target cannot hold is refused by name, or dropped and counted.
func TestTargetCannotHold(t *testing.T) {
	now := time.UnixMilli(farMs)
	dir := NewDir(vfs.OS{}, t.TempDir())
	f := func(what snapshot.Loss, first int, count int64, left string, fill func(e *every), m Meta) {
		t.Helper()
		s := newStore(t, 1)
		e := &every{s, s.View(0, 1000)}
		fill(e)
		m.Now = now
		for version := 9; version <= 12; version++ {
			m.Target = snapshot.Target{Version: version}
			_, err := SaveRDB(t.Context(), s, dir, "dump.rdb", m, &Progress{})
			if version >= first {
				if err != nil {
					t.Errorf("version %d refuses %s: %v", version, what, err)
				}
				continue
			}
			var te *snapshot.TargetError
			if !errors.As(err, &te) || te.What != what || te.Version != version {
				t.Errorf("version %d takes %s: %v", version, what, err)
				continue
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("RDB version %d has no ", version)) || te.Key != nil && !strings.Contains(err.Error(), fmt.Sprintf(`key %q in database 0`, te.Key)) {
				t.Errorf("%v", err)
			}
			m.Target.Drop = true
			res, err := SaveRDB(t.Context(), s, dir, "dump.rdb", m, &Progress{})
			if err != nil || len(res.Dropped) != 1 || res.Dropped[what.String()] != count {
				t.Errorf("%s in version %d: %v, %v", what, version, res.Dropped, err)
				continue
			}
			c := readRDB(t, dir, "dump.rdb")
			got := "nothing"
			for name, value := range c.keys {
				got = name + ": " + value
			}
			if len(c.keys) > 1 || len(c.functions)+len(c.modules) > 0 || res.Keys != len(c.keys) || !strings.Contains(got, left) {
				t.Errorf("%s in version %d: left %s, want %s", what, version, got, left)
			}
		}
	}
	for _, n := range []int{5, 5000} {
		f(snapshot.FieldTTLs, 12, int64(n-n/5), fmt.Sprintf("hash, deadline 0, idle -1, freq -1, sticky false, flags 0, %d items", n-expiredOf(n)), func(e *every) {
			e.timedHash("x", n, 1)
			expireSome(e, n)
		}, Meta{})
		f(snapshot.MemberTTLs, 99, int64(n-n/5), fmt.Sprintf("set, deadline 0, idle -1, freq -1, sticky false, flags 0, %d items", n-expiredOf(n)), func(e *every) {
			set.InitEmpty(e.add("x", object.Attrs{Type: object.Set}, 0))
			for i := range n {
				set.Add(e.cell("x"), item(i), e.v.Limits())
				if i%5 != 0 {
					set.SetDeadline(e.cell("x"), item(i), farMs-1500+int64(i)*1000)
				}
			}
		}, Meta{})
	}
	f(snapshot.MemberTTLs, 99, 1, "nothing", func(e *every) {
		set.InitEmpty(e.add("expired", object.Attrs{Type: object.Set}, 0))
		set.Add(e.cell("expired"), item(1), e.v.Limits())
		set.SetDeadline(e.cell("expired"), item(1), farMs)
	}, Meta{})
	f(snapshot.StickyMarks, 99, 1, "0/x: string", func(e *every) {
		e.bytes("x", []byte("v"), object.Attrs{Type: object.String, Encoding: object.Raw, Sticky: true})
	}, Meta{})
	f(snapshot.MemcacheFlags, 99, 1, "0/x: string", func(e *every) {
		e.bytes("x", []byte("v"), object.Attrs{Type: object.String, Encoding: object.Raw, MemcacheFlags: 1})
	}, Meta{})
	for _, n := range []int{10, 1 << 20} {
		f(snapshot.OtherTypes, 99, 1, "nothing", func(e *every) {
			e.bytes("x", []byte(`"`+strings.Repeat("x", n)+`"`), object.Attrs{Type: object.JSON, Encoding: object.Raw})
		}, Meta{})
	}
	f(snapshot.Functions, 10, 2, "nothing", func(e *every) {}, Meta{Carried: Carried{Functions: carried.Functions}})
	f(snapshot.ModuleData, 99, 2, "nothing", func(e *every) {}, Meta{Carried: Carried{ModuleAux: carried.ModuleAux}})
}

// expiredOf is how many fields of a hash of n have expired when it is saved: one, which expireSome has given its time.
func expiredOf(n int) int { return 1 }

func expireSome(e *every, n int) {
	hash.SetDeadline(e.cell("x"), item(n-2), farMs-1000, 1000, hash.Always)
}
