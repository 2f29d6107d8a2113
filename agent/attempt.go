// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

// attempt makes one attempt of a check and records its sample. One that the end of
// the agent broke off is not recorded, and stays in flight.
func (s *session) attempt(ctx context.Context, j job) {
	fl := s.flights.begin(j.Customer)
	began := time.Now()
	r := s.probe(ctx, probes.Target{Check: j.Check, Profile: j.Profile})
	if ctx.Err() != nil {
		return
	}
	s.details.say(j, r)
	r.Start = fl.began // not the prober's: batches are cut by the stamps of flights
	first := r.Outcome == vouch.Down && s.outcomes.fell(j.Customer, asked{Device: j.Device, Check: j.Check.Name})
	s.health.judge(began, first, r, func(r vouch.Result) {
		s.tell(sampleOf(j, r), j.Check.Watch, fl.era)
		s.flights.end(fl)
	})
}

// overload records that an attempt was not made because we could not keep up.
func (s *session) overload(j job) {
	fl := s.flights.begin(j.Customer)
	r := probes.Unknown(vouch.ReasonOverload, "")
	r.Start = fl.began
	s.counts.overload.Add(1)
	s.tell(sampleOf(j, r), j.Check.Watch, fl.era)
	s.flights.end(fl)
}

func sampleOf(j job, r vouch.Result) vouch.Sample {
	return vouch.Sample{
		Customer: j.Customer, Device: j.Device, Check: j.Check.Name, Kind: j.Check.Kind,
		Interval: j.Check.Interval, Timeout: j.Check.Timeout, Values: named(j, r.Points), Result: r,
	}
}

// tell records a sample and lets the heartbeat know.
func (s *session) tell(m vouch.Sample, w vouch.Watch, era uint64) {
	s.counts.outcome[min(m.Outcome, vouch.Down)].Add(1)
	e := s.outcomes.note(m, w, era)
	line := s.spool.record(m, e)
	s.outcomes.say(m, line, e.urgent)
}

// askReference asks a reference once.
func (s *session) askReference(ctx context.Context, r vouch.Reference, interval, timeout time.Duration) vouch.Result {
	return s.probe(ctx, probes.Target{Check: probes.ReferenceCheck(r, interval, timeout)})
}

// recordReference tells every concerned customer how a reference was found.
func (s *session) recordReference(fl *flight, r wire.Reference, interval, timeout time.Duration, result vouch.Result) {
	result.Start, result.Points = fl.began, nil
	for _, c := range r.Customers {
		s.tell(vouch.Sample{
			Customer: c, Reference: r.Name, Gateway: r.Gateway, Kind: r.Kind,
			Interval: interval, Timeout: timeout, Result: result,
		}, vouch.Watch{}, fl.era)
	}
}
