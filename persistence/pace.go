package persistence

import (
	"context"
	"time"
)

// pace holds a goroutine to a number of bytes a second. The zero pace does not.
type pace struct {
	limit int64
	due   time.Time // when as much as was counted may have been written
}

// count notes that n bytes are written.
func (p *pace) count(n int) {
	if p.limit <= 0 {
		return
	}
	if now := time.Now(); p.due.Before(now) {
		p.due = now
	}
	p.due = p.due.Add(time.Duration(float64(n) / float64(p.limit) * float64(time.Second)))
}

// wait waits until more may be written. It returns the error of ctx if that ends first.
func (p *pace) wait(ctx context.Context) error {
	if p.limit <= 0 {
		return ctx.Err()
	}
	d := time.Until(p.due)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
