package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"dragonfly/server/config"
)

func TestExecute(t *testing.T) {
	f := func(line string, env environment, wantCode int, wantOut, wantErr string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := execute(strings.Fields(line), env, &stdout, &stderr)
		if code != wantCode {
			t.Errorf("%s: exit code %d", line, code)
		}
		for _, stream := range []struct{ name, got, want string }{{"stdout", stdout.String(), wantOut}, {"stderr", stderr.String(), wantErr}} {
			if ok, _ := regexp.MatchString(`\A(?s:`+stream.want+`)\z`, stream.got); !ok {
				t.Errorf("%s: %s:\n%s\nwant %s", line, stream.name, stream.got, stream.want)
			}
		}
	}
	f("--nosuchflag", nil, 1, "", "ERROR: Unknown command line flag 'nosuchflag'\n")
	f("--port=abc", nil, 1, "", "ERROR: Illegal value 'abc' specified for flag 'port'\n")
	f("--version", nil, 0, "dragonfly \x1b\\[0;32mv0\\.1\\.0-dev\x1b\\[m\nbuild time: \x1b\\[0;33munknown\x1b\\[m\n", "")
	f("--only_check_args --port=1", nil, 0, "", "")
	f("--only_check_args --port=x", nil, 1, "", "ERROR: .*")
	f("--only_check_args file", nil, 0, "", "WARNING: Ignored argument 'file': .*\n")
	f("--help --port=1", nil, 1, ".*  Flags from Server:\n    --port \\(TCP port.*\\); default: 6379; currently: 1;\n.*--flagfile.*", "")
	f("--helpshort", nil, 1, ".*--port .*", "")
	f("--helpfull", nil, 1, ".*--force_epoll .*no effect here.*--MAXSEARCHRESULTS .*--tiered_storage_write_depth \\(retired\\).*", "")
	f("--helpmatch=slowlog", nil, 1, ".*\n  Flags from Server:\n    --slowlog_log_slower_than .*\n    --slowlog_max_len .*; default: 20;\n", "")
	f("--helpon=lua", nil, 1, "dragonfly: .*\\(--flagfile\\)\\.\n", "") // no such section
	f("--helpon=Cluster", nil, 1, ".*Flags from Cluster:\n.*--cluster_node_id .*", "")

	const stamp = `\d{8} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.go:\d+\] `
	f("--logtostderr", environment{"DFLY_PASSWORD=x"}, 134, "", "F"+stamp+"unknown environment variable DFLY_PASSWORD\n")
	f("--logtostderr --omit_basic_usage --port=0", nil, 1, "", "I"+stamp+"Starting dragonfly v0.1.0-dev\nE"+stamp+"received --port 0, yet no unix socket to listen to. Exiting.\n")
	f("--logtostderr --port=0", nil, 1, ".*\n\\* Logs are written to stderr\n\\* For the available flags .*\n", ".*")
	f("--logtostderr --omit_basic_usage --dbfilename=a/b", nil, 1, "", `.*\nE`+stamp+`filename may not contain directory separators \(Got "a/b"\)\. dbfilename .*`)
	f("--logtostderr --omit_basic_usage --df_snapshot_format --dbfilename=dump.rdb", nil, 1, "", ".*\nE"+stamp+"DF snapshot format is used but '.rdb' extension was given\\. .*")
	f("--logtostderr --omit_basic_usage --pidfile=/no/such/dir/pid", nil, 1, "", ".*\nE"+stamp+"could not write the pid file .*")
}

func TestBannerNamesLogFiles(t *testing.T) {
	cl := parsed("--log_dir=/var/log/df")
	var b bytes.Buffer
	printBanner(&b, &cl.cfg.Log)
	if !strings.Contains(b.String(), "first available of the following paths:\n/var/log/df/dragonfly.*\n") {
		t.Error(b.String())
	}
}

// quiet is a log that is thrown away.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestDecideMaxMemory(t *testing.T) {
	f := func(given, avail int64, err error, want int64, wantOK bool) {
		t.Helper()
		cfg := config.Config{MaxMemory: given}
		ok := decideMaxMemory(&cfg, quiet(), func() (int64, error) { return avail, err })
		if ok != wantOK || cfg.MaxMemory != want {
			t.Errorf("given %d, available %d, %v: %d, %v", given, avail, err, cfg.MaxMemory, ok)
		}
	}
	broken := errors.New("broken")
	f(0, 1000, nil, 800, true)
	f(0, 0, broken, 0, false)
	f(500, 1000, nil, 500, true)
	f(5000, 1000, nil, 5000, true)
	f(500, 0, broken, 500, true)
}

func TestPidFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	remove, err := writePidFile(path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("holds %q", text)
	}
	remove()
	remove() // somebody else may have removed it
	if _, err := os.Stat(path); err == nil {
		t.Error("still there")
	}
}

func TestEndOnSignal(t *testing.T) {
	var b bytes.Buffer
	ctx, stop := endOnSignal(slog.New(slog.NewTextHandler(&b, nil)))
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGTERM} {
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("SIGTERM does not end the context")
	}
	stop()
	if !strings.Contains(b.String(), `msg="Exiting on signal Terminated"`) {
		t.Error(b.String())
	}
	if got := signalName(syscall.SIGINT); got != "Interrupt" {
		t.Error(got)
	}
}

// answer serves one connection with a fixed reply and returns the port.
func answer(t *testing.T, reply string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := io.ReadFull(conn, make([]byte, len("*1\r\n$4\r\nPING\r\n"))); err == nil {
			_, _ = io.WriteString(conn, reply)
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func TestHealthcheck(t *testing.T) {
	f := func(reply string, want int) {
		t.Helper()
		port := answer(t, reply)
		if code := execute([]string{"--healthcheck", "--bind=127.0.0.1", "--port=" + port}, nil, io.Discard, io.Discard); code != want {
			t.Errorf("%q: exit code %d", reply, code)
		}
	}
	f("+PONG\r\n", 0)
	f("-NOAUTH Authentication required.\r\n", 0)
	f("-LOADING Dragonfly is loading the dataset in memory and the line is longer than the buffer\r\n", 0)
	f("-ERR max number of clients reached\r\n", 1)
	f("HTTP/1.1 400 Bad Request\r\n", 1)
	f("", 1)
	var stderr bytes.Buffer
	if code := execute([]string{"--healthcheck"}, environment{"HEALTHCHECK_PORT=" + answer(t, "+PONG\r\n")}, io.Discard, &stderr); code != 0 {
		t.Errorf("HEALTHCHECK_PORT: %d, %s", code, stderr.String())
	}
}

func TestHealthcheckTarget(t *testing.T) {
	proc := func(cmdline string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "cmdline"), []byte(cmdline), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	f := func(line string, env environment, initProc, want string) {
		t.Helper()
		network, address, err := healthcheckTarget(parsed(line, env...), env, initProc)
		got := network + " " + address
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	f("", nil, "/absent", "tcp localhost:6379")
	f("--port=1 --bind=0.0.0.0", nil, "/absent", "tcp localhost:1")
	f("--port=1 --bind=::1", nil, "/absent", "tcp [::1]:1")
	f("--port=0 --unixsocket=/s", nil, "/absent", "unix /s")
	f("--port=0", nil, "/absent", config.ErrNoListener.Error())
	f("--port=-1", nil, "/absent", "port -1 lets the server choose; set HEALTHCHECK_PORT")
	f("", environment{"DFLY_port=7"}, "/absent", "tcp localhost:7")
	f("--port=1", environment{"HEALTHCHECK_PORT=2"}, "/absent", "tcp localhost:2")
	f("", environment{"HEALTHCHECK_PORT=x"}, "/absent", `HEALTHCHECK_PORT is "x", which is no port`)
	f("", nil, proc("/dragonfly\x00--port\x003\x00"), "tcp localhost:3")
	f("", nil, proc("/sbin/init\x00--port\x003\x00"), "tcp localhost:6379")
	f("", nil, proc(""), "tcp localhost:6379")
	f("--port=1", nil, proc("/dragonfly\x00--port\x003\x00"), "tcp localhost:1")
}
