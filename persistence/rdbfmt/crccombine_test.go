package rdbfmt

import (
	"math/rand/v2"
	"testing"
)

func TestCombineCRC64(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		a, b := make([]byte, rng.IntN(300)), make([]byte, rng.IntN(70000))
		for i := range a {
			a[i] = byte(rng.Uint32())
		}
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		want := CRC64(CRC64(0, a), b)
		if got := CombineCRC64(CRC64(0, a), CRC64(0, b), int64(len(b))); got != want {
			t.Fatalf("%d + %d bytes: %x, want %x", len(a), len(b), got, want)
		}
	}
}
