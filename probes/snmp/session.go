// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"errors"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// session carries requests to one device, one at a time.
type session interface {
	// ask sends the request once and waits for its answer until the deadline. An
	// answer to an earlier try of the same request counts, where again is true. The
	// error is errSilent, errUnreadable (or the errGarbled in it), errForeign or a
	// *failure.
	ask(ctx context.Context, req *request, again bool, deadline time.Time) (answer, error)
	// tally returns what was sent and answered since the session was opened for this
	// attempt, and the round-trip time of the last answer.
	tally() tally
	// release ends the attempt. A session that is to be kept stays usable.
	release(keep bool)
}

type tally struct {
	sent, answered int
	rtt            time.Duration
}

// errSilent says that nothing came before the deadline.
var errSilent = errors.New("no answer")

// failure is an error that says by itself how the attempt ended.
type failure struct{ result vouch.Result }

func (f *failure) Error() string { return string(f.result.Reason) + ": " + f.result.Detail }

func fail(r vouch.Result) error { return &failure{r} }

// tries is how often a request is sent at most. They share the timeout of the check:
// the first waits for half of what is left, the second for the rest.
const tries = 2

// timeLeft reports whether the attempt's time is not used up yet.
func (a *attempt) timeLeft() bool { return time.Now().Before(a.deadline) }

// exchange asks until an answer comes or the attempt's time is used up.
func (a *attempt) exchange(ctx context.Context, req *request) (answer, error) {
	a.exchanges++
	var err error
	for try := 1; try <= tries; try++ {
		now := time.Now()
		left := a.deadline.Sub(now)
		if left <= 0 {
			break
		}
		wait := left
		if try < tries {
			wait = left / 2
		}
		var ans answer
		ans, err = a.session.ask(ctx, req, try > 1, now.Add(wait))
		if err == nil {
			for _, b := range ans.binds {
				a.received += len(b.name) + len(b.data) + 6
			}
			return ans, nil
		}
		var f *failure
		if errors.As(err, &f) || errors.Is(err, errGarbled) {
			return answer{}, err
		}
	}
	if err == nil {
		err = errSilent
	}
	return answer{}, err
}

// verdict turns the error of an attempt that no answer came to into its result.
func verdict(err error) vouch.Result {
	var f *failure
	switch {
	case errors.As(err, &f):
		return f.result
	case errors.Is(err, errUnreadable), errors.Is(err, errForeign):
		return probes.Unknown(vouch.ReasonProtocol, err.Error())
	}
	return probes.Down(vouch.ReasonTimeout, "")
}
