// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

// Bounds of the self-check.
const (
	maxReferenceInterval = 10 * time.Second
	maxReferenceTimeout  = time.Second
	maxReferences        = 16 // asked at once
	soonest              = time.Second
)

// selfCheck proves the agent's own way out, so that a silence can be called down.
// It asks every reference in rounds; what it found last turns a device's down into
// unknown while the gateway, or everything beyond it, is silent too. An answer
// always stands.
//
// A device that falls silent asks for a round at once, and its sample is held until
// a round that began after it has ended: an outage of our own is then never first
// told as one of the device's.
type selfCheck struct {
	ask     func(ctx context.Context, r vouch.Reference, interval, timeout time.Duration) vouch.Result
	record  func(fl *flight, r wire.Reference, interval, timeout time.Duration, result vouch.Result)
	flights *flights
	log     *slog.Logger

	wake chan struct{} // capacity 1: a round is wanted, or the references changed

	mu       sync.Mutex // guards all below
	refs     []wire.Reference
	interval time.Duration
	answers  map[string]bool // by name: how each reference's last attempt ended
	asked    time.Time       // when the last finished round began
	wanted   bool            // somebody waits for a round that begins from now on
	active   time.Time       // when the running round began; zero for none
	held     []held
	reason   vouch.Reason // why we cannot judge; empty when we can
	healed   time.Time    // when the first good round after such a trouble began
	trouble  vouch.Reason // what that had been
}

// held is a silence that waits for a round.
type held struct {
	began  time.Time // when the attempt began
	result vouch.Result
	emit   func(vouch.Result)
}

func newSelfCheck(f *flights, log *slog.Logger) *selfCheck {
	return &selfCheck{flights: f, log: log, wake: make(chan struct{}, 1), answers: map[string]bool{}}
}

// assign sets the references with whom they concern, and how often they are asked. The
// outcome of a reference that stays is kept.
func (c *selfCheck) assign(refs []wire.Reference, interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval = interval
	if reflect.DeepEqual(c.refs, refs) {
		return
	}
	if len(refs) == 0 {
		c.log.Warn("no reference is assigned: an outage of this agent's own network is told as one of the devices")
	}
	c.refs = refs
	answers := map[string]bool{}
	for _, r := range refs {
		if a, known := c.answers[r.Name]; known {
			answers[r.Name] = a
		}
	}
	c.answers = answers
	c.wanted = true // their first round is due now
	poke(c.wake)
}

// judge hands r to emit as it may be said: unchanged when the device answered or
// the attempt failed by itself, unknown when a silence proves nothing. began is when
// the attempt began, fell whether the device was not silent the time before. emit is
// called once, at once or when a round has ended, or never when the agent stops.
func (c *selfCheck) judge(began time.Time, fell bool, r vouch.Result, emit func(vouch.Result)) {
	if r.Outcome != vouch.Down {
		emit(r)
		return
	}
	c.mu.Lock()
	fresh := !c.asked.Before(began)
	pending := c.wanted || !c.active.IsZero()
	if len(c.refs) > 0 && !fresh && (fell || pending) {
		c.held = append(c.held, held{began, r, emit})
		if c.active.Before(began) && !c.wanted {
			c.wanted = true
			poke(c.wake)
		}
		c.mu.Unlock()
		return
	}
	reason := c.reasonAt(began)
	c.mu.Unlock()
	emit(excuse(r, reason))
}

// reasonAt says why a silence that began then proves nothing, or "". One from before
// the way out was seen to work again may have been lost on it. The caller holds mu.
func (c *selfCheck) reasonAt(began time.Time) vouch.Reason {
	if c.reason == "" && began.Before(c.healed) {
		return c.trouble
	}
	return c.reason
}

// excuse turns a silence into unknown when there is a reason to.
func excuse(r vouch.Result, reason vouch.Reason) vouch.Result {
	if reason != "" && r.Outcome == vouch.Down {
		r.Outcome, r.Reason = vouch.Unknown, reason
	}
	return r
}

// Run asks the references until ctx ends.
func (c *selfCheck) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-timer.C:
		}
		wait := c.untilNext(time.Now())
		if wait <= 0 {
			c.round(ctx)
			wait = c.untilNext(time.Now())
		}
		timer.Reset(wait)
	}
}

// untilNext is how long the next round has to wait: none runs within a second, or
// within the interval where that is shorter, of the one before.
func (c *selfCheck) untilNext(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.refs) == 0 && c.wanted:
		return 0 // a round of nothing releases what waits
	case len(c.refs) == 0:
		return time.Hour // assign wakes us
	case c.asked.IsZero():
		return 0
	case c.wanted:
		return c.asked.Add(min(soonest, c.interval)).Sub(now)
	}
	return c.asked.Add(c.interval).Sub(now)
}

// round asks every reference once and releases the silences that waited for it.
func (c *selfCheck) round(ctx context.Context) {
	fl := c.flights.begin("")
	c.mu.Lock()
	refs, interval := c.refs, c.interval
	began := time.Now()
	c.wanted, c.active = false, began
	c.mu.Unlock()

	timeout := min(maxReferenceTimeout, interval*4/5)
	results := make([]vouch.Result, len(refs))
	var asking sync.WaitGroup
	slots := make(chan struct{}, maxReferences)
	for i, r := range refs {
		slots <- struct{}{} // freed within the timeout of an attempt
		asking.Go(func() {
			results[i] = c.ask(ctx, r.Reference, interval, timeout)
			<-slots
		})
	}
	asking.Wait()
	if ctx.Err() != nil {
		return // broken off: proves nothing, and the batches end before it
	}
	for i, r := range refs {
		c.record(fl, r, interval, timeout, results[i])
	}
	c.flights.end(fl)
	c.settle(began, refs, results)
}

// settle draws the conclusion from a round that has ended.
func (c *selfCheck) settle(began time.Time, refs []wire.Reference, results []vouch.Result) {
	c.mu.Lock()
	for i, r := range refs {
		c.answers[r.Name] = probes.ReferenceAnswers(results[i])
	}
	reason := c.conclude()
	switch {
	case reason == c.reason:
	case reason == "":
		c.log.Info("own way out works again: silences count")
		c.healed, c.trouble = began, c.reason
	default:
		c.log.Warn("own way out fails: silences prove nothing", "reason", string(reason))
	}
	c.reason, c.asked, c.active = reason, began, time.Time{}
	var ready []held
	var reasons []vouch.Reason
	c.held = slices.DeleteFunc(c.held, func(h held) bool {
		if h.began.After(began) && len(c.refs) > 0 {
			return false
		}
		ready, reasons = append(ready, h), append(reasons, c.reasonAt(h.began))
		return true
	})
	c.mu.Unlock()
	for i, h := range ready {
		h.emit(excuse(h.result, reasons[i]))
	}
}

// conclude says why a silence proves nothing, or "". A gateway or reference that
// has not answered yet is silent. The caller holds mu.
func (c *selfCheck) conclude() vouch.Reason {
	var gateways, gatewaysUp, beyond, beyondUp int
	for _, r := range c.refs {
		up := 0
		if c.answers[r.Name] {
			up = 1
		}
		if r.Gateway {
			gateways++
			gatewaysUp += up
		} else {
			beyond++
			beyondUp += up
		}
	}
	switch {
	case gateways > 0 && gatewaysUp == 0:
		return vouch.ReasonLocation
	case beyond > 0 && beyondUp == 0:
		return vouch.ReasonNetwork
	}
	return ""
}
