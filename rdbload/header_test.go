package rdbload

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

func auxField(name, value string) []byte { return append([]byte{rdbfmt.OpAux}, strs(name, value)...) }

func TestReadHeader(t *testing.T) {
	data := file(9, auxField("snapshot-id", "abc"), auxField("df-ver", "df-v1.40.0"), auxField("lua", "return 1"), auxField("lua", "return 2"),
		selectDB(0), auxField("late", "x"), []byte{28})
	h, err := ReadHeader(bytes.NewReader(data))
	if err != nil || h.Version != 9 || h.Valkey || len(h.Aux) != 4 || h.Producer != "df-ver df-v1.40.0, RDB version 9" {
		t.Errorf("%+v, %v", h, err)
	}
	for name, want := range map[string]string{"snapshot-id": "abc", "lua": "return 1", "late": "", "none": ""} {
		if got := h.Get(name); got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
	h, err = ReadHeader(bytes.NewReader(readFixture(t, "valkey-9.1.2")))
	if err != nil || h.Version != 80 || !h.Valkey || h.Get("valkey-ver") != "9.1.2" {
		t.Errorf("%+v, %v", h, err)
	}
	h, err = ReadHeader(bytes.NewReader(readDFS(t, "lz4-2-shards/out-summary.dfs")))
	if err != nil || h.Get("shard-count") != "2" || len(h.Get("snapshot-id")) != 32 {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err = ReadHeader(strings.NewReader("")); err != nil || h.Version != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{"REDIS", "RUBIS0009", "REDIS0009", "REDIS0009\xfa", "REDIS0009\xfa\x01a", "REDIS0009\xfa\xc4"} {
		var e *Error
		if _, err := ReadHeader(strings.NewReader(bad)); !errors.As(err, &e) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSnapshotID(t *testing.T) {
	mine, other := auxField("snapshot-id", "mine"), auxField("snapshot-id", "other")
	f := func(ok bool, id string, data []byte) {
		t.Helper()
		c, sum, err := load(data, Options{SnapshotID: id})
		switch {
		case ok && err != nil, !ok && !errors.Is(err, ErrOtherSnapshot):
			t.Errorf("%v", err)
		case !ok && (len(c.dbs) > 0 || sum.Keys > 0):
			t.Errorf("keys of another snapshot: %+v", sum)
		}
	}
	key := rec(0, "k", str("v"))
	f(true, "mine", file(9, auxField("redis-ver", "6.2.11"), mine, key))
	f(true, "", file(9, other, key))
	f(true, "", file(9, key))
	f(false, "mine", file(9, other, key))
	f(false, "mine", file(9, key))
	f(false, "mine", file(9, key, mine))
	f(false, "mine", file(9, mine, other, key))
	f(false, "mine", file(9, lz4Blob(key)))
	f(false, "mine", file(9))
	f(false, "mine", nil)
}
