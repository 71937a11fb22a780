package stream

import (
	"strconv"
	"testing"

	"dragonfly/store/object"
)

var benchPairs = [][]byte{[]byte("sensor"), []byte("1234"), []byte("temperature"), []byte("19.8")}

// TestAllocs checks that steady use of a stream and a group costs no Go allocations.
func TestAllocs(t *testing.T) {
	a := newArena(t)
	cell, s := newStream(a)
	defer Free(cell)
	lim := object.DefaultLimits()
	group, consumer := []byte("group"), []byte("consumer")
	if g, ok := s.CreateGroup(group, ID{}, UnknownRead); !ok {
		t.Fatal("no group")
	} else if _, ok := g.CreateConsumer(consumer, 0); !ok {
		t.Fatal("no consumer")
	}
	now := int64(0)
	text := []byte("12345-6")
	run := func() {
		now++
		n, _ := ParseNewID([]byte{'*'})
		id, err := s.NextID(n, now)
		if err != nil || s.Append(id, benchPairs, &lim) != nil {
			t.Fatal("cannot append")
		}
		g := s.Group(group)
		c := g.Consumer(consumer)
		for it := s.Range(id, MaxID); it.Next(); {
			for _, _, ok := it.NextField(); ok; _, _, ok = it.NextField() {
			}
			s.Advance(g, it.ID)
			g.Deliver(c, it.ID, now)
			g.Deliver(c, it.ID, now)
		}
		it := g.PendingOf(c, ID{})
		if p := it.Next(); p == nil || now%2 == 0 && !g.Ack(p.ID) {
			t.Fatal("nothing is pending")
		}
		if _, _, ok := ParseBound(text, 0); !ok || s.Exists(ID{1, 1}) {
			t.Fatal("wrong")
		}
		s.Trim(Trim{MaxLen: 500, Approx: true})
	}
	if n := testing.AllocsPerRun(2000, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	a := newArena(b)
	_, s := newStream(a)
	lim := object.DefaultLimits()
	for i := range b.N {
		id := ID{Ms: uint64(i + 1)}
		if s.Append(id, benchPairs, &lim) != nil {
			b.Fatal("cannot append")
		}
	}
	b.ReportMetric(float64(a.Used())/float64(b.N), "B/entry")
}

func BenchmarkRange(b *testing.B) {
	a := newArena(b)
	_, s := newStream(a)
	lim := object.DefaultLimits()
	for i := range 100000 {
		if s.Append(ID{Ms: uint64(i + 1)}, benchPairs, &lim) != nil {
			b.Fatal("cannot append")
		}
	}
	for _, rev := range []bool{false, true} {
		b.Run("rev="+strconv.FormatBool(rev), func(b *testing.B) {
			for n := 0; n < b.N; {
				it := s.Range(ID{}, MaxID)
				if rev {
					it = s.RevRange(ID{}, MaxID)
				}
				for ; it.Next(); n++ {
					for _, _, ok := it.NextField(); ok; _, _, ok = it.NextField() {
					}
				}
			}
		})
	}
}

func BenchmarkDeliverAck(b *testing.B) {
	a := newArena(b)
	_, s := newStream(a)
	g, _ := s.CreateGroup([]byte("g"), ID{}, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	for i := range b.N {
		g.Deliver(c, ID{Ms: uint64(i + 1000)}, 1)
		if i >= 1000 {
			g.Ack(ID{Ms: uint64(i)})
		}
	}
}
