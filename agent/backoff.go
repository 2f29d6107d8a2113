// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Bounds of the wait after a failure.
const (
	firstWait = time.Second
	longWait  = time.Minute
)

// backoff is how long to wait after failures in a row: twice as long each time, up to
// a minute, and somewhere in the upper half of that, so that the agents of a
// collector that comes back do not all come at once. The zero value is ready.
type backoff struct{ next time.Duration }

// after returns the wait after one more failure. A Retry-After of the collector is
// the least of it.
func (b *backoff) after(err error) time.Duration {
	d := max(b.next, firstWait)
	b.next = min(2*d, longWait)
	wait := d/2 + rand.N(d/2+1)
	var answer *answerError
	if errors.As(err, &answer) && answer.after > wait {
		return answer.after + rand.N(firstWait)
	}
	return wait
}

func (b *backoff) reset() { b.next = 0 }

// sleep waits, and returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
