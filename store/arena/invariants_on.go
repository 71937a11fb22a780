//go:build race

package arena

// invariants switches the checks that cost time on; they are compiled into builds with the race detector.
const invariants = true
