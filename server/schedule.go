package server

import (
	"context"
	"sync/atomic"
	"time"

	"dragonfly/server/cron"
)

// schedule is snapshot_cron: when the server saves by itself.
type schedule struct {
	current atomic.Pointer[cron.Schedule]
	changed chan struct{} // CONFIG SET has set another one
}

func (t *schedule) init(expr string) error {
	s, err := cron.Parse(expr)
	if err != nil {
		return err
	}
	t.changed = make(chan struct{}, 1)
	t.current.Store(&s)
	return nil
}

func (t *schedule) set(s cron.Schedule) {
	t.current.Store(&s)
	select {
	case t.changed <- struct{}{}:
	default: // it has not seen the last change yet, and will see this one with it
	}
}

// run calls save at the times of the schedule, one after the other, until ctx ends. A time that comes while save is
// running is passed over.
func (t *schedule) run(ctx context.Context, save func()) {
	for {
		// A timer runs on the monotonic clock, a schedule on that of the wall: looking again now and then follows a
		// clock that was set.
		next, ok := t.current.Load().Next(time.Now())
		wait := lookAgain
		if ok {
			wait = min(wait, time.Until(next))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-t.changed:
			timer.Stop()
		case <-timer.C:
			if ok && !time.Now().Before(next) {
				save()
			}
		}
	}
}

// lookAgain is how often the clock is looked at.
const lookAgain = time.Minute
