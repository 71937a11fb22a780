package aof

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestManifest(t *testing.T) {
	f := func(text, want, wantErr string) {
		t.Helper()
		list, err := parseManifest(strings.NewReader(text))
		var got []string
		for _, e := range list {
			got = append(got, fmt.Sprintf("%c%d=%s", e.typ, e.seq, e.name))
		}
		errText := ""
		if err != nil {
			errText = err.Error()
		}
		if strings.Join(got, " ") != want || errText != wantErr {
			t.Errorf("%.200q:\n got %q, %q\nwant %q, %q", text, strings.Join(got, " "), errText, want, wantErr)
		}
	}
	base, incr := "file a.1.base.rdb seq 1 type b\n", "file a.1.incr.aof seq 1 type i\n"

	// As Redis writes them, and what else it takes.
	f(base+incr, "b1=a.1.base.rdb i1=a.1.incr.aof", "")
	f(incr, "i1=a.1.incr.aof", "")
	f(base, "b1=a.1.base.rdb", "")
	f(incr+"file x seq 2 type i\n"+base, "b1=a.1.base.rdb i1=a.1.incr.aof i2=x", "")
	f("file h seq 1 type h\nfile h seq 1 type h\n"+base, "b1=a.1.base.rdb", "")
	f("# a comment\n"+base+"#\n#last", "b1=a.1.base.rdb", "")
	f("file a seq 1 type b\r\n", "b1=a", "")
	f(" \ttype  b SEQ 07\tFile a \n", "b7=a", "")
	f("file a seq 1 type i startoffset 17 endoffset 40\n", "i1=a", "")
	f(`file "a b" seq 1 type b`+"\n", "b1=a b", "")
	f(`file "\x41\"\\\n\t\r\a\b\q\xg" seq 1 type b`+"\n", "", `line 1: "A\"\\\n\t\r\a\bqxg" is not the name of a file in this directory`)
	f(`file "\x41\"\n\t\r\a\b\q\xg" seq 1 type b`+"\n", "b1=A\"\n\t\r\a\bqxg", "")
	f(`file 'it\'s\x' seq 1 type b`+"\n", "", `line 1: "it's\\x" is not the name of a file in this directory`)
	f(`file 'it\'s' seq 1 type b`+"\n", "b1=it's", "")

	// What it refuses.
	f("", "", "neither a base nor an incremental file is named")
	f("file h seq 1 type h\n", "", "neither a base nor an incremental file is named")
	f("\n", "", "line 1: not made of keys and values")
	f(base+"  \n", "", "line 2: not made of keys and values")
	f("file a seq 1 type\n", "", "line 1: not made of keys and values")
	f("file a seq 1\n", "", "line 1: file, seq or type is missing")
	f("seq 1 type b\n", "", "line 1: file, seq or type is missing")
	f("file a type b\n", "", "line 1: file, seq or type is missing")
	f(`file "" seq 1 type b`+"\n", "", "line 1: file, seq or type is missing")
	f("file a seq 0 type b\n", "", `line 1: "0" is no sequence number`)
	f("file a seq -1 type b\n", "", `line 1: "-1" is no sequence number`)
	f("file a seq 1x type b\n", "", `line 1: "1x" is no sequence number`)
	f("file a seq 9223372036854775808 type b\n", "", `line 1: "9223372036854775808" is no sequence number`)
	f("file a seq 1 type x\n", "", `line 1: unknown type "x"`)
	f("file a seq 1 type base\n", "", `line 1: unknown type "base"`)
	f(base+"file b seq 2 type b\n", "", `line 2: a second base file, "b" after "a.1.base.rdb"`)
	f(incr+"file b seq 1 type i\n", "", "line 2: incremental file 1 after 1")
	f("file b seq 5 type i\n"+incr, "", "line 2: incremental file 1 after 5")
	f(incr+"file a.1.incr.aof seq 2 type i\n", "", `line 2: file "a.1.incr.aof" is named twice`)
	f("file ../a seq 1 type b\n", "", `line 1: "../a" is not the name of a file in this directory`)
	f("file /a seq 1 type b\n", "", `line 1: "/a" is not the name of a file in this directory`)
	f("file .. seq 1 type b\n", "", `line 1: ".." is not the name of a file in this directory`)
	f(`file "a\x00" seq 1 type b`+"\n", "", `line 1: "a\x00" is not the name of a file in this directory`)
	f(`file "a seq 1 type b`+"\n", "", "line 1: unbalanced quotes")
	f(`file "a"b seq 1 type b`+"\n", "", "line 1: unbalanced quotes")
	f(`file a"b" seq 1 type b`+"\n", "", "line 1: unbalanced quotes")
	f(base+strings.TrimSuffix(incr, "\n"), "", "line 2: cut short")
	f(base+"#"+strings.Repeat("x", maxLine-1)+"\n", "", "line 2: too long")
	f(base+strings.Repeat("x", maxLine), "", "line 2: too long")
	f("#"+strings.Repeat("x", maxLine-2)+"\n"+base, "b1=a.1.base.rdb", "")
	f(strings.Repeat("#\n", maxManifest/2)+"#", "", "longer than 16777216 bytes")
}

// TestManifestCut: a manifest cut anywhere is refused, or names only what the whole one names.
func TestManifestCut(t *testing.T) {
	text := "file a.2.base.rdb seq 2 type b\nfile a.1.base.rdb seq 1 type h\nfile a.2.incr.aof seq 2 type i\nfile a.3.incr.aof seq 3 type i\n"
	whole, err := parseManifest(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range text {
		list, err := parseManifest(strings.NewReader(text[:cut]))
		if atLine := cut > 0 && text[cut-1] == '\n'; atLine != (err == nil) {
			t.Errorf("cut at %d: %v", cut, err)
		}
		for i := range list {
			if list[i] != whole[i] {
				t.Errorf("cut at %d: %v", cut, list)
			}
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add("file a.1.base.rdb seq 1 type b\nfile \"a \\x41\" seq 1 type i\n# x\n")
	f.Add("file 'a' seq 1 type b\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseManifest(strings.NewReader(text))
		if (err == nil) != (len(list) > 0) {
			t.Fatalf("%d files, %v", len(list), err)
		}
		for i, e := range list {
			if e.name == "" || filepath.Base(e.name) != e.name || e.seq < 1 || e.typ == typeBase && i > 0 {
				t.Fatalf("%+v", list)
			}
		}
	})
}

// write makes files in a fresh directory.
func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpen(t *testing.T) {
	const rdb = "REDIS0010\xff"
	dir := write(t, map[string]string{
		"a.aof.manifest":      "file a.1.base.rdb seq 1 type b\nfile old seq 1 type h\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n",
		"temp-a.aof.manifest": "half of a",
		"a.1.base.rdb":        rdb, "a.1.incr.aof": "", "a.2.incr.aof": command("PING"), "plain": rdb + command("PING"), "valkey": "VALKEY080",
	})
	if err := os.Chtimes(filepath.Join(dir, "a.1.base.rdb"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	f := func(path, want string) {
		t.Helper()
		log, err := Open(filepath.Join(dir, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		var got []string
		size := int64(0)
		for _, f := range log.Files {
			got = append(got, fmt.Sprintf("%s %s %d RDB=%v last=%v", filepath.Base(f.Path), f.Kind, f.Size, f.RDB, f.Last))
			size += f.Size
		}
		if age := time.Since(log.Time()); age < -time.Minute || age > time.Hour {
			t.Errorf("%s: the latest change is %v old", path, age)
		}
		if strings.Join(got, "; ") != want || size != log.Size() {
			t.Errorf("%s: got %q, %d bytes\nwant %q", path, got, log.Size(), want)
		}
	}
	const all = "a.1.base.rdb base 10 RDB=true last=false; a.1.incr.aof incremental 0 RDB=false last=false; a.2.incr.aof incremental 14 RDB=false last=true"
	f("", all)
	f("a.aof.manifest", all)
	f("plain", "plain base 24 RDB=true last=true")
	f("valkey", "valkey base 9 RDB=true last=true")
	f("a.2.incr.aof", "a.2.incr.aof base 14 RDB=false last=true")
}

func TestOpenErrors(t *testing.T) {
	f := func(files map[string]string, path string, is error, want string) {
		t.Helper()
		dir := write(t, files)
		if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Open(filepath.Join(dir, path))
		if err == nil || is != nil && !errors.Is(err, is) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", files, err)
		}
	}
	f(nil, "", fs.ErrNotExist, "*.manifest")
	f(nil, "none", fs.ErrNotExist, "none")
	f(nil, "none.manifest", fs.ErrNotExist, "none.manifest")
	f(map[string]string{"a.manifest": "", "b.manifest": ""}, "", nil, "several manifests: a.manifest, b.manifest")
	f(map[string]string{"a.manifest": ""}, "", nil, "a.manifest: neither a base nor")
	f(map[string]string{"a.manifest": "file b seq 1 type b\n"}, "", fs.ErrNotExist, "b")
	f(map[string]string{"a.manifest": "file folder seq 1 type b\n"}, "", nil, "folder: not a regular file")
}
