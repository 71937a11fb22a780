package loader

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"dragonfly/persistence/rdbfmt"
)

func TestZZ(t *testing.T) {
	files, _ := fixtures(t)
	rng := rand.New(rand.NewPCG(77, 7))
	b := newBench(t)
	for done := len(files); done < 6600; done++ {
		i := rng.IntN(len(files))
		data := mutate(rng, files[i], files[rng.IntN(len(files))], 9)
		if rng.IntN(10) > 0 && len(data) > 17 {
			end := len(data) - 8
			binary.LittleEndian.PutUint64(data[end:], rdbfmt.CRC64(0, data[:end]))
		}
		if done < 6503 {
			continue
		}
		if done > 6503 {
			return
		}
		for k := range 20000 {
			err := b.load(data)
			b.id = fmt.Sprint(done, " ", k, err)
			b.drain()
		}
	}
}
