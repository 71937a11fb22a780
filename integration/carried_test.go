package integration

import (
	"bytes"
	"os"
	"testing"
)

// auxFields returns the AUX fields in the head of a snapshot file, and its version.
func auxFields(t testing.TB, path string) (version string, fields [][2]string) {
	t.Helper()
	version, fields, _ = cutHead(t, path)
	return version, fields
}

// body returns what a snapshot file holds behind its AUX fields, without the checksum.
func body(t testing.TB, path string) string {
	t.Helper()
	_, _, rest := cutHead(t, path)
	return rest[:len(rest)-8]
}

func cutHead(t testing.TB, path string) (version string, fields [][2]string, rest string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(file) < 9 || !bytes.HasPrefix(file, []byte("REDIS")) {
		t.Fatalf("%s begins with %q", path, file[:min(9, len(file))])
	}
	r := &dumpReader{t, file[9:]}
	for len(r.b) > 0 && r.b[0] == 0xfa {
		r.take(1)
		fields = append(fields, [2]string{r.text(), r.text()})
	}
	return string(file[5:9]), fields, string(r.b)
}

// auxField returns the values of an AUX field, which may be there several times.
func auxField(t testing.TB, path, name string) (values []string) {
	t.Helper()
	_, fields := auxFields(t, path)
	for _, f := range fields {
		if f[0] == name {
			values = append(values, f[1])
		}
	}
	return values
}
