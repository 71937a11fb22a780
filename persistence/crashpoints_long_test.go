//go:build long

package persistence

const defaultCrashPoints = 20000
