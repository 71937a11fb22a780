package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// inspected is what the program says of a snapshot.
type inspected struct {
	Path   string `json:"path"`
	Loads  bool   `json:"loads"`
	Keys   int    `json:"keys"`
	Digest string `json:"digest"`
}

// inspect runs dragonfly inspect --json.
func inspect(t *testing.T, paths ...string) (reports []inspected, code int) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"inspect", "--json"}, paths...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output()
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var r inspected
		if err := dec.Decode(&r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		reports = append(reports, r)
	}
	return reports, cmd.ProcessState.ExitCode()
}

// TestInspect: the digests of all fixtures are those of redis-server 7.4.1, and one file that does not load is enough for
// the exit code.
func TestInspect(t *testing.T) {
	var paths []string
	for _, f := range fixtures {
		paths = append(paths, fixtureFile(f.name))
	}
	reports, code := inspect(t, paths...)
	if len(reports) != len(fixtures) || code != 0 {
		t.Fatalf("%d reports, exit code %d", len(reports), code)
	}
	for i, r := range reports {
		if r.Path != paths[i] || !r.Loads || r.Digest != fixtures[i].digest {
			t.Errorf("%+v, want digest %s", r, fixtures[i].digest)
		}
	}
	reports, code = inspect(t, paths[0], filepath.Join("..", "go.mod"), paths[1])
	if len(reports) != 3 || code != 1 || !reports[0].Loads || reports[1].Loads || !reports[2].Loads {
		t.Errorf("%+v, exit code %d", reports, code)
	}
}
