// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// duty is something for which an agent needs the collector.
type duty int

const (
	beating    duty = iota // heartbeats
	delivering             // batches, and where the chains stand
	asking                 // the assignment
	duties                 // how many there are
)

// said is what the log says when a duty begins to fail, and when it works again.
var said = [duties]struct{ fails, works string }{
	beating:    {"heartbeat fails", "heartbeat works again"},
	delivering: {"upload fails: batches wait in the spool", "upload works again"},
	asking:     {"assignment cannot be refreshed", "assignment is refreshed again"},
}

// contact knows whether the collector is reached, for each duty apart: small heartbeats
// may get through where batches do not. It tells the log of each change once.
type contact struct {
	log *slog.Logger

	mu      sync.Mutex // guards all below
	duties  [duties]attempts
	pinSaid bool // that somebody else answers in the collector's place, to all duties alike
}

// attempts is how those of one duty ended since it last worked.
type attempts struct {
	tried bool
	since time.Time      // the first that did not reach the collector; zero: none
	err   error          // how the last one failed
	said  [troubles]bool // what the log was told of

	told [troubles]time.Time // when that was last, however often it worked in between
}

// trouble sorts failures by what an operator has to look at. Each is told once until the
// duty works again, and at most once in seldom, so that no flapping fills a log.
type trouble int

const seldom = time.Minute

const (
	unreachable trouble = iota // no answer, or none that makes sense
	stranger                   // an answer, from whoever has another key
	refusal                    // an answer that says no
	troubles
)

func troubleOf(err error) trouble {
	var refused *answerError
	switch {
	case errors.Is(err, errPin):
		return stranger
	case errors.As(err, &refused):
		return refusal
	}
	return unreachable
}

// took hears how an attempt at a duty ended, and reports whether that duty works again
// after a failure.
func (c *contact) took(d duty, err error, now time.Time) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &c.duties[d]
	a.tried = true
	if err == nil {
		again = a.err != nil
		if a.said != [troubles]bool{} {
			c.log.Info(said[d].works)
		}
		*a, c.pinSaid = attempts{tried: true, told: a.told}, false
		return again
	}
	switch {
	case reached(err):
		a.since = time.Time{}
	case a.since.IsZero():
		a.since = now
	}
	a.err = err
	t := troubleOf(err)
	switch {
	case a.said[t], t == stranger && c.pinSaid, !a.told[t].IsZero() && now.Sub(a.told[t]) < seldom:
	default:
		c.log.Warn(said[d].fails, "err", clip(err.Error()))
		a.said[t], a.told[t] = true, now
		c.pinSaid = c.pinSaid || t == stranger
	}
	return false
}

// own is a failure on this side of the connection.
type own struct{ error }

// reached reports whether the collector did its part in an attempt that failed: it
// answered that nothing is assigned to this agent, or what it sent could not be kept.
func reached(err error) bool {
	var refused *answerError
	return errors.As(err, new(own)) || errors.As(err, &refused) && refused.code == http.StatusNotFound
}

// failing returns since when the collector was not reached for one of the duties, and
// how the latest attempt at that failed. Without a failure since is zero; ok is false
// when nothing was tried yet, so that nobody knows. Who hears heartbeats is reached,
// however long the next assignment takes.
func (c *contact) failing() (since time.Time, err error, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := c.duties[beating].tried && c.duties[beating].err == nil
	for d, a := range c.duties {
		ok = ok || a.tried
		if a.since.IsZero() || duty(d) == asking && heard {
			continue
		}
		if since.IsZero() || a.since.Before(since) {
			since, err = a.since, a.err
		}
	}
	return since, err, ok
}
