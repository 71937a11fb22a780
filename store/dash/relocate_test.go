package dash

import (
	"fmt"
	"testing"

	"dragonfly/store/arena"
)

// TestRelocate: a table of which most entries were removed has them all after its memory was moved together, while
// entries come and go.
func TestRelocate(t *testing.T) {
	tab := newTable(t)
	const keys = 30_000
	for i := range keys {
		tab.add(fmt.Sprintf("key:%d", i))
	}
	there := map[int]bool{}
	for i := range keys {
		if i%8 == 0 {
			there[i] = true
		} else {
			tab.del(fmt.Sprintf("key:%d", i))
		}
	}
	before := tab.A.Resident()
	slabs := 0
	for c := range tab.A.Classes() {
		slabs += tab.A.Evacuate(c, 0.9)
	}
	if slabs == 0 {
		t.Fatal("nothing to move")
	}
	passed, pos := 0, uint64(0)
	for i := keys; !tab.Relocate(&pos, 500, func(slot *arena.Ref) {
		passed++
		if tab.A.Leaves(*slot) {
			*slot = tab.A.Move(*slot)
		}
	}); i++ {
		tab.add(fmt.Sprintf("key:%d", i))
		there[i] = true
		old := (i - keys) * 8
		tab.del(fmt.Sprintf("key:%d", old))
		delete(there, old)
		tab.checkInvariants()
	}
	tab.A.Settle()
	if passed < len(there)-100 {
		t.Errorf("passed %d of %d entries", passed, len(there))
	}
	for i := range there {
		if k := []byte(fmt.Sprintf("key:%d", i)); !tab.Find(Hash(k), k).Ok() {
			t.Fatalf("%s is lost", k)
		}
	}
	if tab.Len() != len(there) {
		t.Errorf("%d entries, want %d", tab.Len(), len(there))
	}
	tab.A.Trim()
	if after := tab.A.Resident(); after > before*2/3 {
		t.Errorf("%d bytes of %d are still taken for %d in use", after, before, tab.A.Used())
	}
}
