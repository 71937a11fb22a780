package store

import (
	"fmt"
	"testing"

	"dragonfly/store/object"
	"dragonfly/store/types/set"
)

// TestReplace: over nothing, over a string with expiry, over a big set; nothing of the old value stays.
func TestReplace(t *testing.T) {
	st, err := New(Options{Shards: 1, Databases: 1, Limits: object.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	v := st.View(0, 1000)
	key := []byte("key")
	sh := st.Shard(0)
	replace := func() {
		t.Helper()
		c := v.Replace(key, object.Set, object.Intset, 0)
		set.InitEmpty(c)
		set.Add(c, []byte("7"), v.Limits())
		for sh.clean(1 << 20) {
		}
		c = v.Peek(key)
		if _, volatile := c.Deadline(); volatile || c.Type() != object.Set || set.Len(c) != 1 || sh.DB(0).Expires() != 0 {
			t.Errorf("%v with %d members", c.Type(), set.Len(c))
		}
	}
	replace()
	used := sh.A.Used()
	v.SetString(key, []byte("value"), object.Raw, 5000)
	replace()
	c := v.Replace(key, object.Set, object.Intset, 0)
	set.InitEmpty(c)
	for i := range 3000 {
		set.Add(c, fmt.Append(nil, "member", i), v.Limits())
	}
	replace()
	if sh.A.Used() != used {
		t.Errorf("%d bytes left behind", sh.A.Used()-used)
	}
}
