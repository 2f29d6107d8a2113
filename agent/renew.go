// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync/atomic"
	"time"
)

// renewals keeps the certificate of an agent that is enrolled good: it asks for another
// somewhere between a third and two thirds of the life of the one that it has, so that
// agents that enrolled together part; and at once when the collector takes it no longer.
// Then the signing key is enough, however long the agent was away.
type renewals struct {
	identity *identity
	base     *url.URL
	dial     dialer
	renewed  func() // drops connections that were made with the old certificate
	log      *slog.Logger
	now      func() time.Time

	stale   chan struct{} // capacity 1: the collector refused the certificate
	problem atomic.Pointer[string]
}

// Run renews until ctx ends.
func (r *renewals) Run(ctx context.Context) error {
	if !r.identity.enrolled() {
		<-ctx.Done()
		return nil
	}
	var wait backoff
	pause := r.due(r.now())
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.stale:
			if r.problem.Load() != nil && !sleep(ctx, wait.after(nil)) { // in trouble: not at every heartbeat's pace
				return nil
			}
		}
		timer.Stop()
		if ctx.Err() != nil {
			return nil
		}
		err := r.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			pause = wait.after(err)
			text := err.Error()
			if r.problem.Swap(&text) == nil {
				r.log.Warn("certificate cannot be renewed: trying again", "until", r.identity.until(), "err", err)
			}
		default:
			wait.reset()
			r.problem.Store(nil)
			r.log.Info("certificate is renewed", "until", r.identity.until())
			pause = r.due(time.Time{})
		}
	}
}

func (r *renewals) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	if _, err := r.identity.ask(ctx, r.base, r.dial, ""); err != nil {
		return err
	}
	select { // what was refused before says nothing of the new one
	case <-r.stale:
	default:
	}
	r.renewed()
	return nil
}

// due returns how long the certificate is good enough at an instant; zero means that it
// was just issued, whatever the clock shows. A clock that is behind takes it for fresh,
// too: the collector will say when it is not.
func (r *renewals) due(now time.Time) time.Duration {
	cert := r.identity.shown.Load()
	if cert == nil {
		return 0
	}
	from, until := cert.Leaf.NotBefore, cert.Leaf.NotAfter
	life := max(until.Sub(from), time.Minute)
	at := life/3 + rand.N(life/3)
	if now.After(from) {
		at -= now.Sub(from)
	}
	return max(at, rand.N(firstWait))
}

// refused hears that the collector takes the certificate no longer.
func (r *renewals) refused() { poke(r.stale) }
