// Package limiter keeps callers to a rate, with a burst.
package limiter

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrTooMany is returned for more tokens than the bucket can ever hold.
var ErrTooMany = errors.New("limiter: more tokens than the burst")

// Clock tells the time; tests bring their own.
type Clock interface {
	Now() time.Time
}

// Limiter is a token bucket. The zero value allows nothing.
type Limiter struct {
	mutex  sync.Mutex
	clock  Clock
	rate   float64
	burst  float64
	tokens float64
	last   time.Time
}

// New returns a full bucket that gains rate tokens a second, up to burst.
func New(clock Clock, rate float64, burst int) *Limiter {
	return &Limiter{
		clock:  clock,
		rate:   rate,
		burst:  float64(burst),
		tokens: float64(burst),
		last:   clock.Now(),
	}
}

// refill adds what has dripped in since the last call. The mutex is held.
func (l *Limiter) refill() {
	now := l.clock.Now()
	gained := now.Sub(l.last).Seconds() * l.rate
	l.tokens = min(l.burst, l.tokens+gained)
	l.last = now
}

// Allow takes count tokens if they are there.
func (l *Limiter) Allow(count int) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.refill()
	if l.tokens < float64(count) {
		return false
	}
	l.tokens -= float64(count)
	return true
}

// Delay returns how long it takes until count tokens are there.
func (l *Limiter) Delay(count int) (time.Duration, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if float64(count) > l.burst {
		return 0, ErrTooMany
	}
	l.refill()
	missing := float64(count) - l.tokens
	if missing <= 0 {
		return 0, nil
	}
	return time.Duration(missing / l.rate * float64(time.Second)), nil
}

// Wait blocks until count tokens are taken, or the context is done.
func (l *Limiter) Wait(ctx context.Context, count int) error {
	for !l.Allow(count) {
		delay, err := l.Delay(count)
		if err != nil {
			return err
		}
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return nil
}
