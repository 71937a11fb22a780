package server

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dragonfly/server/cron"
)

// TestSchedule: saves happen at the times of the expression, a long one makes the next time pass, and a new expression
// takes effect at once.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tab schedule
		if err := tab.init("*/10 * * * *"); err != nil {
			t.Fatal(err)
		}
		start := time.Now() // midnight of 2000-01-01 UTC
		var got []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			tab.run(ctx, func() {
				got = append(got, time.Since(start))
				if len(got) == 2 {
					time.Sleep(15 * time.Minute)
				}
			})
		}()
		time.Sleep(45 * time.Minute)
		hourly, err := cron.Parse("5 * * * *")
		if err != nil {
			t.Fatal(err)
		}
		tab.set(hourly)
		time.Sleep(150 * time.Minute)
		tab.set(cron.Schedule{})
		time.Sleep(24 * time.Hour)
		cancel()
		<-done
		want := []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 65 * time.Minute, 125 * time.Minute, 185 * time.Minute}
		if !slices.Equal(got, want) {
			t.Errorf("saved at %v, want %v", got, want)
		}
	})
}
