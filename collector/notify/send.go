// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
)

// job is an intent on its way.
type job struct {
	intent store.Intent
	lane   lane
}

// sender delivers the intents of one channel.
type sender struct {
	ch   Channel
	way  carrier
	d    *dispatcher
	work chan job // capacity queueLen; when it is full, intents wait in the store

	mu      sync.Mutex // guards what follows
	failing bool
}

func newSender(c Channel, d *dispatcher) (*sender, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &sender{ch: c, way: c.carrier(), d: d, work: make(chan job, queueLen)}, nil
}

func (s *sender) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.work:
			if ctx.Err() == nil {
				s.deliver(ctx, j)
			}
		}
	}
}

// maxUnclear is how many attempts of unknown outcome a receiver that cannot tell a
// repeat may get: the message, and one repeat.
const maxUnclear = 2

// deliver makes one attempt. The attempt is stored before it is made, so that one
// that takes the process down with it is not repeated at once, again and again.
func (s *sender) deliver(ctx context.Context, j job) {
	i, opts := j.intent, s.d.opts
	if s.ch.repeats() && i.Unclear >= maxUnclear {
		s.conclude(ctx, j, i, fmt.Errorf("%d attempts may each have arrived, and %s cannot tell a repeat: not sent again", i.Unclear, s.ch.host()), true)
		return
	}
	i.Attempts++
	i.Unclear++
	wait := backoff(opts, i.Attempts)
	i.NotUntil, i.LastErr = time.Now().Add(opts.Timeout+wait), "under way or interrupted"
	if err := s.d.queue.Update(ctx, i); err != nil {
		s.d.release(j) // still due: the next pass finds it
		return
	}
	attempt, cancel := context.WithTimeout(ctx, opts.Timeout)
	got, err := s.way.carry(attempt, i)
	cancel()
	if !got.unclear {
		i.Unclear--
	}
	now, final := time.Now(), false
	switch {
	case err == nil:
		i.Done, i.LastErr, i.Answer = now.UTC(), "", got.answer
	case ctx.Err() != nil:
		i.NotUntil, i.LastErr = now, errStopped.Error()
	default:
		i.NotUntil, i.LastErr = now.Add(max(wait, min(got.after, opts.RetryMax))), err.Error()
		final = now.Sub(i.Created) >= opts.GiveUp || isTest(i)
	}
	s.conclude(ctx, j, i, err, final)
}

// conclude stores and tells what became of an attempt. A final error is the last.
func (s *sender) conclude(ctx context.Context, j job, i store.Intent, err error, final bool) {
	if final {
		i.Failed, i.LastErr = true, err.Error()
	}
	s.d.settle(ctx, i)
	j.intent = i
	s.d.release(j)
	if ctx.Err() == nil {
		s.tell(i, err)
	}
}

// backoff is the wait after the n-th attempt, spread over its upper half.
func backoff(o Options, n int) time.Duration {
	wait := o.RetryMin
	for ; n > 1 && wait < o.RetryMax; n-- {
		wait *= 2
	}
	wait = min(wait, o.RetryMax)
	return wait - rand.N(wait/2+1)
}

// tell logs the changes of the channel, and what is given up.
func (s *sender) tell(i store.Intent, err error) {
	s.mu.Lock()
	was := s.failing
	s.failing = err != nil
	s.mu.Unlock()
	switch {
	case err != nil && !was:
		s.d.opts.Log.Warn("channel does not take notifications: they are retried", "channel", s.ch.Name, "intent", i.Key, "err", err)
	case err == nil && was:
		s.d.opts.Log.Info("channel takes notifications again", "channel", s.ch.Name, "intent", i.Key)
	}
	if i.Failed {
		s.d.opts.Log.Error("notification is given up", "channel", s.ch.Name, "intent", i.Key, "attempts", i.Attempts, "err", err)
	}
}
