package inspect

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzPath: whatever a file holds, there is a report of it that is consistent.
func FuzzPath(f *testing.F) {
	// Small ones: whole files are minimised for longer than they are changed.
	f.Add(must(os.ReadFile(rdb(f, expiring(str(nil, "key", "value"), "expiring", 1e9)))))
	f.Add(must(os.ReadFile(rdb(f, []byte("\x02\x03set\x02\x01a\x01b\x07\x03mod\x81abcdefgh\x05\x01x\x00\xf5\x0b#!lua name=x")))))
	f.Add(command(nil, "SET", "k", "v"))
	f.Add([]byte("REDIS0009\xfa\x0bsnapshot-id\x03one\xfe\x00\xe0\x01\x00\x00\x00\x04\x00\x00\x00\x00\x01k\x01v\xff"))
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		r := report(t, path)
		if r.Loads != (len(r.Problems) == 0) || r.Loads != (r.Digest != "") && r.CommandCount == 0 {
			t.Errorf("loads %v, problems %+v, digest %s", r.Loads, r.Problems, r.Digest)
		}
		var keys, encoded, bytes int64
		for _, db := range r.Databases {
			keys += db.Keys
			bytes += db.Bytes
		}
		for _, e := range r.Encodings {
			encoded += e.Keys
		}
		if r.Keys != keys || r.Keys != encoded || r.ValueBytes != bytes || r.TTL.Keys+r.TTL.None > r.Keys {
			t.Errorf("%d keys, %d by database, %d by encoding, %+v", r.Keys, keys, encoded, r.TTL)
		}
		if err := r.WriteText(io.Discard); err != nil {
			t.Error(err)
		}
		if err := r.WriteJSON(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
