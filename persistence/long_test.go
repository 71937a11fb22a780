//go:build long

package persistence

// long says that tests may take minutes.
const long = true
