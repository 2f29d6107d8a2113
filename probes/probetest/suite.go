// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probetest

import (
	"context"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// T is what the suite needs of *testing.T. It is an interface so that the package,
// which product code imports, does not bring the testing package along.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Suite is a prober with the targets that the suite sends it to.
type Suite struct {
	Prober probes.Prober
	// Answers is a target that answers at once.
	Answers probes.Target
	// Silent is a target that packets reach and that never answers.
	Silent probes.Target
	// Unsendable is a target that this host cannot ask, for instance because its
	// source address is not one of this host.
	Unsendable probes.Target
}

const (
	// shortTimeout is the timeout of a check of the silent target.
	shortTimeout = 300 * time.Millisecond
	// longTimeout is one that a broken-off attempt must not wait for.
	longTimeout = time.Minute
	// margin is how much later than its timeout a prober may return: generous, because
	// the machine may be busy, and yet far below longTimeout.
	margin = 10 * time.Second
)

// Run checks what every prober promises: who answers is up, who is silent is down
// with the reason timeout, who cannot be asked is unknown with the reason own socket,
// and a broken-off attempt is unknown with the reason stopped. No attempt outlasts its
// timeout, and every result is well-formed.
func Run(t T, s Suite) {
	t.Helper()
	s.expect(t, "answers", context.Background(), s.Answers, vouch.Up, "")
	s.expect(t, "silent", context.Background(), with(s.Silent, shortTimeout), vouch.Down, vouch.ReasonTimeout)
	s.expect(t, "cannot be asked", context.Background(), s.Unsendable, vouch.Unknown, vouch.ReasonSocket)

	s.expect(t, "has no timeout", context.Background(), with(s.Answers, 0), vouch.Unknown, vouch.ReasonSocket)
	nowhere := s.Answers
	nowhere.Check.Addr = netip.Addr{}
	s.expect(t, "has no address", context.Background(), nowhere, vouch.Unknown, vouch.ReasonSocket)

	before, cancel := context.WithCancel(context.Background())
	cancel()
	s.expect(t, "stopped before it began", before, with(s.Silent, longTimeout), vouch.Unknown, vouch.ReasonStopped)

	during, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(shortTimeout, cancel)
	s.expect(t, "stopped on the way", during, with(s.Silent, longTimeout), vouch.Unknown, vouch.ReasonStopped)
	timer.Stop()
	cancel()

	limited, cancel := context.WithTimeout(context.Background(), shortTimeout)
	s.expect(t, "limited by the caller's deadline", limited, with(s.Silent, longTimeout), vouch.Down, vouch.ReasonTimeout)
	cancel()
}

func with(t probes.Target, timeout time.Duration) probes.Target {
	t.Check.Timeout = timeout
	return t
}

func (s Suite) expect(t T, name string, ctx context.Context, target probes.Target, outcome vouch.Outcome, reason vouch.Reason) {
	t.Helper()
	before := time.Now()
	r := s.Prober.Probe(ctx, target)
	after := time.Now()
	if r.Outcome != outcome || r.Reason != reason {
		t.Errorf("%s: Probe = %v %q (%s), want %v %q", name, r.Outcome, r.Reason, r.Detail, outcome, reason)
	}
	limit := target.Check.Timeout
	if ctx.Done() != nil {
		limit = shortTimeout
	}
	if took := after.Sub(before); took > limit+margin {
		t.Errorf("%s: Probe took %v, want at most %v", name, took, limit)
	}
	wellFormed(t, name, r, before, after)
}

func wellFormed(t T, name string, r vouch.Result, before, after time.Time) {
	t.Helper()
	if r.Start.Location() != time.UTC || r.Start != r.Start.Round(0) {
		t.Errorf("%s: Start = %v, want UTC without monotonic reading", name, r.Start)
	}
	if r.Start.Before(before.Round(0)) || r.Start.After(after.Round(0)) {
		t.Errorf("%s: Start = %v, want between %v and %v", name, r.Start, before, after)
	}
	if r.Duration <= 0 || r.Duration > after.Sub(before) {
		t.Errorf("%s: Duration = %v, want above 0 and at most %v", name, r.Duration, after.Sub(before))
	}
	if r.Lost < 0 || r.Lost > r.Sent {
		t.Errorf("%s: Lost = %d of %d", name, r.Lost, r.Sent)
	}
	rtt := r.RTT
	switch r.Outcome {
	case vouch.Up:
		if r.Sent == 0 || r.Lost == r.Sent {
			t.Errorf("%s: up with %d of %d lost", name, r.Lost, r.Sent)
		}
		if rtt.Min <= 0 || rtt.Min > rtt.Avg || rtt.Avg > rtt.Max || rtt.Max > r.Duration || rtt.Jitter < 0 {
			t.Errorf("%s: RTT = %+v within %v, want 0 < min <= avg <= max", name, rtt, r.Duration)
		}
	case vouch.Down:
		if r.Sent == 0 {
			t.Errorf("%s: down without anything sent", name)
		}
		if rtt != (vouch.RTT{}) || len(r.Points) > 0 {
			t.Errorf("%s: down with values: %+v", name, r)
		}
	default:
		if rtt != (vouch.RTT{}) || len(r.Points) > 0 {
			t.Errorf("%s: unknown with values: %+v", name, r)
		}
	}
}
