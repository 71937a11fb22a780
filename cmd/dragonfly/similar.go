package main

import (
	"github.com/spf13/pflag"

	"dragonfly/server/config"
)

// similar returns the names of the flags nearest to a misspelt one, with a "no" in front where that is nearer.
// Names more than three slips away, or more than half of the word, are not offered.
func similar(flags *pflag.FlagSet, name string) []string {
	best := min(len(name)/2+1, 3)
	var near []string
	offer := func(candidate string) {
		d := distance(name, candidate)
		if d < best {
			best, near = d, nil
		}
		if d == best {
			near = append(near, candidate)
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		offer(f.Name)
		if f.Value.Type() == config.Bool.String() {
			offer("no" + f.Name)
		}
	})
	return near
}

// distance counts the slips between two words: characters added, left out, replaced, or swapped with their neighbour.
func distance(a, b string) int {
	// rows[i][j] is the distance of a[:i] and b[:j]; a row needs the two before it.
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := 1
			if a[i-1] == b[j-1] {
				replaced = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
