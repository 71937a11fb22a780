//go:build !long

package persistence

const defaultCrashPoints = 2000
