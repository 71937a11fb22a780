package persistence

import (
	"fmt"
	"dragonfly/persistence/vfs"
	"testing"
	"time"

	"dragonfly/store"
	"dragonfly/store/object"
)

func TestZZBench(t *testing.T) {
	s, _ := store.New(store.Options{Shards: 8, Databases: 16, Limits: object.DefaultLimits()})
	defer s.Close()
	v := s.View(0, 1000)
	for i := range 2_000_000 {
		v.SetString(fmt.Appendf(nil, "key:%d", i), fmt.Appendf(nil, "value:%d:some more", i), object.Embstr, 0)
	}
	dir := t.TempDir()
	for range 60 {
		for _, comp := range []bool{false} {
			b := time.Now()
			res, err := SaveRDB(t.Context(), s, NewDir(vfs.OS{}, dir), "x.rdb", Meta{Compression: map[bool]Compression{true: LZF}[comp]}, &Progress{})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println(comp, time.Since(b), res.Bytes)
		}
	}
}
