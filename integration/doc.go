// Package integration drives the built program from outside, next to a real redis-server where one is installed.
// It holds tests only and imports nothing of the server.
package integration
