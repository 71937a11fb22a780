package inspect

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

// command appends a command as an append-only log has it.
func command(dst []byte, words ...string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(words))
	for _, w := range words {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(w), w)
	}
	return dst
}

func TestAOF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "appendonly.aof")
	log := command(command(command(nil, "SELECT", "0"), "set", "k", "v"), "SET", "k", "w")
	f := func(data []byte, keys, commands int64, loads bool, text string) *Report {
		t.Helper()
		write(t, path, data)
		r := report(t, path)
		if r.Format != FormatAOF || r.Loads != loads || r.Keys != keys || r.CommandCount != commands {
			t.Errorf("%s: loads %v, %d keys, %d commands, %+v", r.Format, r.Loads, r.Keys, r.CommandCount, r.Problems)
		}
		var b bytes.Buffer
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), text) {
			t.Errorf("the text lacks %q:\n%s", text, b.String())
		}
		return r
	}
	r := f(log, 0, 3, true, "SET          2\n    SELECT       1\n    all          3")
	if !slices.Equal(r.Commands, []Command{{"SET", 2}, {"SELECT", 1}}) || r.Digest != "" || len(r.Warnings) != 1 {
		t.Errorf("%+v %s %+v", r.Commands, r.Digest, r.Warnings)
	}
	f(log[:len(log)-3], 0, 2, true, "the last 24 bytes are no whole command or transaction, and are ignored")
	f(append(bytes.Clone(log), "garbage\r\n"...), 0, 3, false, fmt.Sprintf("offset %d: ", len(log)))

	base := must(os.ReadFile(rdb(t, str(expiring(nil, "gone", -1e9), "k", "v"))))
	r = f(append(bytes.Clone(base), log...), 2, 3, true, "expired")
	if r.TTL.Expired != 1 || r.ExpiredKeys != 0 || len(r.Files) != 1 || r.Files[0].DataBytes != int64(len(base)+len(log)) {
		t.Errorf("%+v %+v", r.TTL, r.Files)
	}
	if r := f(base, 2, 0, true, "digest"); r.Digest == "" {
		t.Error("a log without commands has no digest")
	}
	f(base[:len(base)-9], 2, 0, false, "unexpected EOF")
}

func TestAOFDirectory(t *testing.T) {
	dir := t.TempDir()
	base := str(nil, "k", "v")
	write(t, filepath.Join(dir, "a.1.base.rdb"), must(os.ReadFile(rdb(t, base))))
	write(t, filepath.Join(dir, "a.1.incr.aof"), command(nil, "DEL", "k"))
	write(t, filepath.Join(dir, "a.2.incr.aof"), command(nil, "DEL", "l"))
	manifest := filepath.Join(dir, "a.manifest")
	write(t, manifest, []byte("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n"))
	for _, path := range []string{dir, manifest} {
		r := report(t, path)
		if !r.Loads || r.Format != FormatAOF || r.Keys != 1 || len(r.Files) != 3 || !slices.Equal(r.Commands, []Command{{"DEL", 2}}) {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if err := os.Remove(filepath.Join(dir, "a.1.incr.aof")); err != nil {
		t.Fatal(err)
	}
	if r := report(t, dir); r.Loads || len(r.Problems) != 1 {
		t.Errorf("%+v", r.Problems)
	}
}

func TestCommandCounts(t *testing.T) {
	n := commandCounts{}
	for i := range 3 * maxCommands {
		n.add(fmt.Appendf(nil, "command %d", i))
	}
	if list := n.list(); len(list) != maxCommands+1 || list[0] != (Command{otherCommands, 2 * maxCommands}) {
		t.Errorf("%d names, first %v", len(list), list[0])
	}
}

// TestModules: values and global data of modules are counted by their types.
func TestModules(t *testing.T) {
	id := func(name string) uint64 {
		const set = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		var n uint64
		for _, c := range name {
			n = n<<6 | uint64(strings.IndexRune(set, c))
		}
		return n<<10 | 1
	}
	pieces := func(dst []byte, text string) []byte {
		dst = rdbfmt.AppendPlain(rdbfmt.AppendLen(dst, rdbfmt.ModuleString), []byte(text))
		return rdbfmt.AppendLen(dst, rdbfmt.ModuleEOF)
	}
	b := rdbfmt.AppendLen([]byte{rdbfmt.OpModuleAux}, id("graphdata"))
	b = pieces(rdbfmt.AppendLen(rdbfmt.AppendLen(b, rdbfmt.ModuleUint), 2), "aux")
	for _, key := range []string{"one", "two"} {
		b = rdbfmt.AppendLen(rdbfmt.AppendPlain(append(b, rdbfmt.TypeModule2), []byte(key)), id("graphdata"))
		b = pieces(b, "value")
	}
	r := report(t, rdb(t, b))
	if !r.Loads || r.Keys != 2 || len(r.Modules) != 1 {
		t.Fatalf("%+v %+v", r.Problems, r.Modules)
	}
	m := r.Modules[0]
	if m.Type != "graphdata" || m.Keys != 2 || m.AuxPieces != 1 || m.FirstKey.Text != "one" || m.Bytes == 0 {
		t.Errorf("%+v", m)
	}
	if r.BiggestByMemory[0].Type != "graphdata" || len(r.WithoutCommands) != 0 {
		t.Errorf("%+v %+v", r.BiggestByMemory, r.WithoutCommands)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if want := "    type       keys  memory  global data  first key\n    graphdata     2    64 B      1 piece  \"one\"\n"; !strings.Contains(text.String(), want) {
		t.Errorf("the text lacks\n%s\n%s", want, text.String())
	}
}
