//go:build container

package integration

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sampleKeys is DBSIZE of database 0 of the sample dump.
const sampleKeys = ":54"

// engine runs the container engine and returns its output.
func engine(t *testing.T, args ...string) (string, error) {
	t.Helper()
	words := strings.Fields(os.Getenv("CONTAINER_ENGINE"))
	if len(words) == 0 {
		t.Fatal("CONTAINER_ENGINE is not set; run make container-test")
	}
	out, err := exec.CommandContext(t.Context(), words[0], append(words[1:], args...)...).CombinedOutput()
	return string(out), err
}

// container is a running container.
type container struct {
	t    *testing.T
	name string
	addr string
}

// runArgs begin every run: no network of its own, no health checks by systemd, and limits low enough for a machine that is
// itself a container.
func runArgs() []string {
	return []string{"run", "--network=host", "--no-healthcheck", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"}
}

// start runs the image with options of the engine before its name and returns once the server answers.
func start(t *testing.T, options ...string) *container {
	t.Helper()
	port := freePort(t)
	c := &container{t: t, name: fmt.Sprintf("dragonfly-test-%s", port), addr: "127.0.0.1:" + port}
	args := append(runArgs(), "-d", "--name", c.name, "-e", "DFLY_port="+port)
	args = append(append(args, options...), os.Getenv("CONTAINER_IMAGE"))
	if out, err := engine(t, args...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { removeContainer(c.name) })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if reply, err := c.ask("PING"); err == nil && reply == "+PONG" {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer; its log:\n%s", c.logs())
		}
	}
}

// removeContainer kills and removes a container; a failure leaves it behind and harms nothing else.
func removeContainer(name string) {
	words := append(strings.Fields(os.Getenv("CONTAINER_ENGINE")), "rm", "-f", name)
	_ = exec.Command(words[0], words[1:]...).Run()
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// ask sends one inline command and returns the first line of its reply; of a bulk string, the second.
func (c *container) ask(command string) (string, error) {
	conn, err := net.DialTimeout("tcp", c.addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return "", err
	}
	lines := bufio.NewReader(conn)
	reply, err := lines.ReadString('\n')
	if err == nil && strings.HasPrefix(reply, "$") && !strings.HasPrefix(reply, "$-") {
		reply, err = lines.ReadString('\n')
	}
	return strings.TrimRight(reply, "\r\n"), err
}

// expect fails the test unless a command has this reply.
func (c *container) expect(command, want string) {
	c.t.Helper()
	if got, err := c.ask(command); err != nil || got != want {
		c.t.Errorf("%s: got %q, %v; want %q", command, got, err, want)
	}
}

// logs returns what the server wrote so far.
func (c *container) logs() string {
	out, _ := engine(c.t, "logs", c.name)
	return out
}

// expectLog fails the test unless a line of the log holds all words.
func (c *container) expectLog(words ...string) {
	c.t.Helper()
	log := c.logs()
next:
	for line := range strings.Lines(log) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		return
	}
	c.t.Errorf("no log line with %q in\n%s", words, log)
}

// stop ends the container as docker stop does and expects exit code 0.
func (c *container) stop() { c.stopWith("0") }

// stopWith ends the container as docker stop does and expects an exit code.
func (c *container) stopWith(code string) {
	c.t.Helper()
	if out, err := engine(c.t, "stop", "-t", "20", c.name); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	if out, err := engine(c.t, "inspect", "--format", "{{.State.ExitCode}}", c.name); err != nil || strings.TrimSpace(out) != code {
		c.t.Errorf("exit code %s, %v, want %s; its log:\n%s", out, err, code, c.logs())
	}
}

// dataDir returns a directory with the sample dump in it, with this owner and mode.
func dataDir(t *testing.T, uid int, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "sample", "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "dump.rdb")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, dir} {
		if err := os.Chown(path, uid, uid); err != nil {
			t.Fatalf("%v (these tests run as root)", err)
		}
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestContainerLoadsAndSaves(t *testing.T) {
	f := func(name string, uid int, options ...string) {
		t.Run(name, func(t *testing.T) {
			dir := dataDir(t, uid, 0o755)
			options = append(options, "-v", dir+":/data")
			c := start(t, options...)
			c.expect("DBSIZE", sampleKeys)
			c.expect("SET written-here 1", "+OK")
			if out, err := engine(t, "exec", c.name, "/dragonfly", "--healthcheck"); err != nil {
				t.Errorf("healthcheck: %v: %s", err, out)
			}
			c.stop()
			c.expectLog("Exiting on signal Terminated")
			removeContainer(c.name)

			again := start(t, options...)
			again.expect("GET written-here", "1")
			again.stop()
		})
	}
	f("default user", 999)
	f("any user", 4321, "--user", "4321:4321")
	f("root", 0, "--user", "0:0")
	f("read-only root", 999, "--read-only")
}

func TestContainerWithoutVolume(t *testing.T) {
	c := start(t, "--user", "4321:4321")
	c.expect("DBSIZE", ":0")
	c.expect("SET k v", "+OK")
	c.expect("SAVE", "+OK")
	c.stop()
}

// What cannot be saved at the end is lost: the log says why, and the exit code that something is wrong.
func TestContainerDataNotWritable(t *testing.T) {
	f := func(name string, owner int, mount, reason string) {
		t.Run(name, func(t *testing.T) {
			dir := dataDir(t, owner, 0o755)
			c := start(t, "-v", dir+":/data"+mount)
			c.expectLog("/data", "not writable", "999")
			c.expect("DBSIZE", sampleKeys)
			c.expect("SET k v", "+OK")
			c.stopWith("1")
			c.expectLog("Failed to perform snapshot at the end", "dump-0000.dfs", reason)
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
				t.Errorf("files %q", left)
			}
		})
	}
	f("owned by root", 0, "", "permission denied (uid 999)")
	f("mounted read-only", 999, ":ro", "read-only file system")
}

func TestContainerFlagsReplaceTheArguments(t *testing.T) {
	out, err := engine(t, append(runArgs(), "--rm", os.Getenv("CONTAINER_IMAGE"), "--port=abc")...)
	if err == nil || !strings.Contains(out, "ERROR: Illegal value 'abc' specified for flag 'port'") {
		t.Errorf("%v: %s", err, out)
	}
}
