package rdbload

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fixture is a file written by a real server, all from one data set as far as
// the version knows its types.
type fixture struct {
	name    string
	version int
	keys    int // in database 0; one more is in database 3
	// digest is that of redis-server 7.4.1 after loading the file. The three
	// oldest hold a key whose expiry in seconds lies past 2038, which Redis
	// reads signed and drops; theirs is of the data with the key.
	digest string
}

var fixtures = []fixture{
	{"2.0.4", 1, 46, "180663218fbce7d2237f59582295fd14b7e26354"},
	{"2.2.15", 1, 47, "586702277d5a707c10064b7b2690955cf6f1c6fd"},
	{"2.4.18", 2, 49, "5d745bbab2ae3955e126ff44bce380dbd80b41e1"},
	{"2.6.17", 6, 49, "df27ab4a8455bdcba00d22163b16e932253a2afa"},
	{"2.8.24", 6, 50, "29ac3356d99df31a6ec0713fce47ed7eb968b09c"},
	{"3.2.13", 7, 51, "9bf4400e1ee0361474f91cd7ef889ae106be2a78"},
	{"4.0.14", 8, 52, "3a07f1e53f032fc953857af15475d56e87da64ec"},
	{"5.0.14", 9, 54, "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{"6.2.16", 9, 54, "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{"7.0.15", 10, 54, "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{"7.2.6", 11, 54, "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{"7.4.1", 12, 54, "410f656ee95869745c45cca331b934f53ec2b9c2"},
	{"8.0.6", 12, 54, "410f656ee95869745c45cca331b934f53ec2b9c2"},
	{"unstable", 12, 54, "410f656ee95869745c45cca331b934f53ec2b9c2"},
	{"valkey", 11, 54, "bf42ffab33a29461cc97e66e241d4ea96f0b6f0b"},
	{"valkey-9.1.2", 80, 54, "410f656ee95869745c45cca331b934f53ec2b9c2"},
}

func readFixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".rdb"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFixtures(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			data := readFixture(t, f.name)
			c, sum, err := load(data, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if sum.Version != f.version || sum.Valkey != (f.version == 80) {
				t.Errorf("version %d, valkey %v", sum.Version, sum.Valkey)
			}
			if got := len(c.dbs[0]); got != f.keys {
				t.Errorf("%d keys in database 0, want %d", got, f.keys)
			}
			if got := uint64(len(c.dbs[0]) + len(c.dbs[3])); sum.Keys != got || len(c.dbs) > 2 {
				t.Errorf("%d keys counted, %d in databases 0 and 3 of %d", sum.Keys, got, len(c.dbs))
			}
			if got := c.digest(); got != f.digest {
				t.Errorf("digest %s, want %s", got, f.digest)
			}
			if sum.Bytes != int64(len(data)) || sum.Trailing != 0 {
				t.Errorf("%d bytes and %d trailing of %d", sum.Bytes, sum.Trailing, len(data))
			}
			if len(sum.Warnings) > 0 || len(sum.Modules) > 0 || sum.Empty > 0 || sum.Expired > 0 {
				t.Errorf("unexpected in summary: %+v", sum)
			}
		})
	}
}

// A reader may give any number of bytes at a time.
func TestFixturesInSmallReads(t *testing.T) {
	for _, f := range fixtures {
		data := readFixture(t, f.name)
		c := newCollector()
		if _, err := Load(iotest.OneByteReader(strings.NewReader(string(data))), Options{}, c); err != nil {
			t.Errorf("%s: %v", f.name, err)
		} else if got := c.digest(); got != f.digest {
			t.Errorf("%s: digest %s, want %s", f.name, got, f.digest)
		}
	}
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"2.4.18", "7.4.1"} {
		c, _, err := load(readFixture(t, name), Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path, got := filepath.Join("testdata", name+".golden"), c.dump()
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: the dump differs from %s; run with -update and read the difference", name, path)
		}
	}
}
