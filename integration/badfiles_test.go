package integration

import (
	"encoding/binary"
	"hash/crc64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// stampRDB replaces the checksum at the end of an RDB file by the right one.
func stampRDB(file []byte) {
	if len(file) < 8 {
		return
	}
	// Redis's CRC64 begins with 0 and is not inverted, as Go's are.
	table := crc64.MakeTable(0x95ac9329ac4bc9b5)
	body := len(file) - 8
	binary.LittleEndian.PutUint64(file[body:], ^crc64.Update(^uint64(0), table, file[:body]))
}

func TestStampRDB(t *testing.T) {
	want, err := os.ReadFile(fixtureFile("7.0.15"))
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Clone(want)
	clear(got[len(got)-8:])
	if stampRDB(got); !slices.Equal(got, want) {
		t.Errorf("checksum %x, want %x", got[len(got)-8:], want[len(want)-8:])
	}
}

// damage changes a file at random places and mostly makes its checksum right again.
func damage(rng *rand.Rand, file []byte) []byte {
	file = slices.Clone(file)
	at := func() int { return 9 + rng.IntN(len(file)-9) } // past the magic
	for range 1 + rng.IntN(3) {
		i := at()
		switch rng.IntN(7) {
		case 0:
			file[i] ^= 1 << rng.IntN(8)
		case 1:
			file[i] = byte(rng.Uint32())
		case 2: // a length of 4 or 8 bytes
			file = slices.Insert(file, i, [][]byte{{0x80, 0xff, 0xff, 0xff, 0xff}, {0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x7f, 0xff}, {0x80, 0, 0, 0, 200}}[rng.IntN(4)]...)
		case 3: // another type or opcode
			file[i] = byte([]int{0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255}[rng.IntN(34)])
		case 4: // a piece is missing
			file = slices.Delete(file, i, min(len(file), i+1+rng.IntN(40)))
		case 5: // a piece is there twice
			piece := slices.Clone(file[i:min(len(file), i+1+rng.IntN(200))])
			file = slices.Insert(file, at(), piece...)
		case 6: // the end is missing
			if rng.IntN(4) == 0 {
				file = file[:i]
			}
		}
		if len(file) < 20 {
			break
		}
	}
	if rng.IntN(10) > 0 {
		stampRDB(file)
	}
	return file
}

// TestDamagedFiles starts the server on damaged snapshots. Either it says in one line which file is wrong at which
// offset, touches nothing and ends with code 1, or it serves all it has read. MUTANTS sets how many.
func TestDamagedFiles(t *testing.T) {
	rng := newRand(t)
	for range countFrom("MUTANTS", 20) {
		name := fixtures[rng.IntN(len(fixtures))].name
		original, err := os.ReadFile(fixtureFile(name))
		if err != nil {
			t.Fatal(err)
		}
		startOnDamaged(t, damage(rng, original))
		if t.Failed() {
			return
		}
	}
}

// startOnDamaged starts the server on a file. When the test fails, the file is kept.
func startOnDamaged(t *testing.T, file []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "dump.rdb")
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	s := launchOurs(t, dir, "--dbfilename=dump.rdb")
	defer s.kill()
	defer func() {
		if t.Failed() {
			kept := filepath.Join(os.TempDir(), "damaged.rdb")
			err := os.WriteFile(kept, file, 0o644)
			t.Logf("the damaged file is kept as %s (%v); the log of the server: %.3000s", kept, err, s.log)
		}
	}()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			checkRefusal(t, s, path, file)
			return
		default:
		}
		c, err := dial(s.addr)
		if err != nil {
			continue
		}
		reply, err := c.do("PING")
		c.Close()
		if err == nil && reply == "+PONG\r\n" {
			c := s.client()
			all := readContents(t, c)
			c.ok(t, "SAVE")
			s.kill()
			again := startOurs(t, dir, "--dbfilename=dump.rdb")
			report(t, "contents after a save and a restart", all.differences(readContents(t, again.client()), 0))
			again.kill()
			return
		}
	}
	t.Errorf("neither an error nor an answer in 5 seconds: %s", s.log)
}

// checkRefusal checks how a server ended that could not load a file.
func checkRefusal(t *testing.T, s *server, path string, file []byte) {
	t.Helper()
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d: %s", code, s.log)
	}
	var lines []string
	for line := range strings.Lines(s.log.String()) {
		if strings.HasPrefix(line, "E") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], path) || !strings.Contains(lines[0], "offset ") {
		t.Errorf("error lines %q", lines)
	}
	if now, err := os.ReadFile(path); err != nil || !slices.Equal(now, file) {
		t.Error("the file was changed")
	}
}
