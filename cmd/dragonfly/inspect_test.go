package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dragonfly/server/inspect"
)

const sampleDump = "../../testdata/sample/dump.rdb"

func TestInspect(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.rdb")
	if err := os.WriteFile(broken, []byte("REDIS0011\x00\x01k\x05val"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(line string, wantCode int, wantOut, wantErr string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := execute(strings.Fields(line), nil, &stdout, &stderr)
		if code != wantCode {
			t.Errorf("%s: exit code %d", line, code)
		}
		for _, stream := range []struct{ name, got, want string }{{"stdout", stdout.String(), wantOut}, {"stderr", stderr.String(), wantErr}} {
			if ok, _ := regexp.MatchString(`\A(?s:`+stream.want+`)\z`, stream.got); !ok {
				t.Errorf("%s: %s:\n%s\nwant %s", line, stream.name, stream.got, stream.want)
			}
		}
	}
	f("inspect", 1, "", "ERROR: no PATH is given; .*\n")
	f("inspect --help", 0, "", "Usage: dragonfly inspect .*--json .*--top .*")
	f("inspect --nosuchflag x", 1, "", "ERROR: unknown flag: --nosuchflag\n")
	f("inspect --top=-1 x", 1, "", "ERROR: --top is -1\n")
	f("inspect --dbnum=0 x", 1, "", "ERROR: --dbnum is 0\n")
	f("inspect /no/such/file", 1, "/no/such/file\n.*loads +NO\n.*no such file or directory\n", "")
	f("inspect "+sampleDump, 0, sampleDump+"\n.*loads +yes\n.*digest +bf42ffab33a29461cc97e66e241d4ea96f0b6f0b\n.*", "")
	f("inspect --top 1 "+sampleDump, 0, ".*\"str:20\"\n\n.*key\n[^\n]*\"\n\n  Beside.*", "")
	f("inspect --top 0 "+sampleDump, 0, ".*never\n[^\n]*\n[^\n]*\n\n  Beside the keys\n.*", "")
	f("inspect --dbnum 3 "+sampleDump, 1, ".*database 3, but --dbnum is 3\n.*", "")
	f("inspect "+broken+" "+sampleDump, 1, ".*loads +NO\n.*offset 13: key \"k\": type string: unexpected EOF\n.*\n\n"+sampleDump+"\n.*", "")
}

func TestWithoutShards(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := strings.Join(withoutShards(strings.Fields(line)), " "); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	f("d/a-0000.dfs d/a-0001.dfs d/a-summary.dfs d/b-0000.dfs", "d/a-summary.dfs d/b-0000.dfs")
	f("a-0000.dfs d/a-summary.dfs x.rdb a0000.dfs a-00x0.dfs", "a-0000.dfs d/a-summary.dfs x.rdb a0000.dfs a-00x0.dfs")
}

func TestInspectJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := execute([]string{"inspect", "--json", sampleDump, "/no/such/file"}, nil, &stdout, &stderr); code != exitError || stderr.Len() > 0 {
		t.Errorf("exit code %d, %s", code, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []inspect.Report{{Path: sampleDump, Loads: true, Keys: 55}, {Path: "/no/such/file"}} {
		var got inspect.Report
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil || got.Path != want.Path || got.Loads != want.Loads || got.Keys != want.Keys {
			t.Errorf("%v: %s", err, lines[i])
		}
	}
}

func TestInspectInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	f := &inspectFlags{paths: []string{sampleDump}, dbnum: 16}
	if code := f.run(ctx, &stdout, &stderr); code != exitError || stdout.Len() > 0 || stderr.String() != "Interrupted.\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout.String(), stderr.String())
	}
}

func TestProgressBar(t *testing.T) {
	f := func(p inspect.Progress, elapsed time.Duration, want string) {
		t.Helper()
		if got := barText("a", p, elapsed); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(inspect.Progress{Done: 25e6, Total: 100e6, Keys: 7}, 2*time.Second, " 25 %, 12 MB/s, 7 keys, 6s left, a")
	f(inspect.Progress{Done: 100e6, Total: 100e6}, 10*time.Second, "100 %, 10 MB/s, 0 keys, 0s left, a")
	f(inspect.Progress{}, time.Second, "0 MB/s, 0 keys, a")

	var b bytes.Buffer
	bar := &progressBar{w: &b, width: 20, start: time.Now()}
	bar.show(inspect.Progress{})
	bar.clear()
	if b.Len() > 0 {
		t.Errorf("drawn at once: %q", b.String())
	}
	bar.start = bar.start.Add(-time.Minute)
	for range 10 {
		bar.show(inspect.Progress{Done: 1e6, Total: 2e6})
	}
	bar.clear()
	if want := "\r\x1b[K 50 %, 0 MB/s, 0 ke\r\x1b[K"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	if terminalWidth(&b) != 0 {
		t.Error("a buffer is no terminal")
	}
}
