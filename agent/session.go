// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
	"github.com/vouch-sla/vouch/probes"
)

// session is the agent at one location, from its first assignment there until it
// stops or is assigned to another.
type session struct {
	opts   Options
	counts counters
	offset clockOffset

	public  string // the agent's public key
	started time.Time

	lastSeen time.Time // of the run before this session; zero for nothing

	eras     *eras
	times    *timeServers
	stalls   stalls
	flights  *flights
	spool    *spool
	contact  *contact
	alarm    *alarm
	outcomes *outcomes
	details  *details
	health   *selfCheck
	schedule *schedule
	uploads  *uploader
	beats    *heartbeats
	assigner *assigner
	secrets  *secrets
	renewals *renewals
	traps    *traps // nil: none are heard

	assigned atomic.Bool  // there is an assignment
	need     atomic.Int64 // attempts at once that it needs

	profiles map[string]*vouch.Profile // in use; owned by the assigner
	short    bool                      // the need exceeds the limit; owned by the assigner
}

// newSession builds the parts and connects them. Nothing runs yet.
func newSession(o Options, key signingKey, secretKey seal.Key) (*session, error) {
	base, err := parseCollector(o.CollectorURL)
	if err != nil {
		return nil, err
	}
	id, err := openIdentity(o.StateDir, key, o.ID, o.Pin)
	if err != nil {
		return nil, err
	}
	s := &session{opts: o, public: key.public, started: time.Now(), profiles: map[string]*vouch.Profile{}}
	by := author{
		signer: key.signer, verifier: key.verifier, agent: o.ID, boot: o.boot,
		nonce: func() (evidence.Nonce, error) { return evidence.NewNonce(rand.Reader) },
		now:   o.Now,
	}
	pack, err := newPacker()
	if err != nil {
		return nil, err
	}
	s.renewals = &renewals{identity: id, base: base, dial: o.Dial, log: o.Log, now: o.Now, stale: make(chan struct{}, 1)}
	connect := func() *client {
		c := newClient(base, id.config(), o.Dial, pack)
		c.refused = s.renewals.refused
		return c
	}
	uploads, beats := connect(), connect()
	if s.secrets, err = newSecrets(o.ID, secretKey, key.signer, o.Log); err != nil {
		return nil, err
	}
	s.contact = &contact{log: o.Log}
	s.offset.now = o.Now
	s.eras = newEras(o.Now, time.Now, &s.offset, o.Log)
	by.clock = s.eras.clock
	s.times = newTimeServers(o.TimeServers, &s.offset, s.eras.stepped, o.Log)
	s.stalls.log = o.Log
	s.flights = newFlights(s.eras)
	disk, err := openDisk(o.spool, o.SpoolBytes, o.SpoolAge, pack)
	if err != nil {
		return nil, err
	}
	s.spool = newSpool(by, s.flights, key.headsFile(o.StateDir), disk, o.QueueBytes, o.patience, &s.counts, o.Log)
	s.lastSeen = s.spool.lastSeen()
	s.outcomes = newOutcomes()
	s.details = &details{log: o.Log, now: time.Now, last: map[jobKey]detail{}}
	s.health = newSelfCheck(s.flights, o.Log)
	s.health.ask, s.health.record = s.askReference, s.recordReference
	s.schedule = newSchedule(o.ID, o.Concurrency)
	s.schedule.attempt, s.schedule.overload, s.schedule.late = s.attempt, s.overload, s.counts.late
	find := func(name string) (probes.Credential, error) { return s.secrets.find(o.Credential, name) }
	if s.traps = newTraps(o, key.public, find); s.traps != nil {
		s.traps.prompts.note, s.traps.prompts.poll = s.noteTraps, s.schedule.extra
	}
	s.uploads = &uploader{spool: s.spool, client: uploads, counts: &s.counts, contact: s.contact, again: make(chan struct{}, 1)}
	s.assigner = &assigner{
		agent: o.ID, path: filepath.Join(o.StateDir, assignmentFile), client: connect(), statement: s.secrets.statement, apply: s.assign, contact: s.contact, log: o.Log,
		wake: make(chan struct{}, 1),
	}
	s.alarm = &alarm{Alarm: o.Alarm, contact: s.contact, path: filepath.Join(o.StateDir, "alarm"), about: s.speaker, now: o.Now, log: o.Log}
	s.renewals.renewed = func() { uploads.close(); beats.close(); s.assigner.client.close() }
	s.beats = &heartbeats{
		works:  s.uploads.again,
		author: by, spool: s.spool, outcomes: s.outcomes, client: beats, offset: &s.offset,
		assigner: s.assigner, counts: &s.counts, contact: s.contact, changed: make(chan struct{}, 1),
	}
	return s, nil
}

// run is every goroutine that lives as long as the session; attempts and references
// start short ones of their own and wait for them. Then it brings out what it can.
func (s *session) run(ctx context.Context, metrics net.Listener) error {
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return s.alarm.Run(running) })
	g.Go(func() error { return s.schedule.Run(running) })
	g.Go(func() error { return s.health.Run(running) })
	g.Go(func() error { return s.spool.Run(running) })
	g.Go(func() error { return s.spool.Journal(running) })
	g.Go(func() error { return s.uploads.Run(running) })
	g.Go(func() error { return s.beats.Run(running) })
	g.Go(func() error { return s.assigner.Run(running) })
	g.Go(func() error { return s.renewals.Run(running) })
	g.Go(func() error { return s.tellHost(running) })
	g.Go(func() error { return s.times.Run(running) })
	g.Go(func() error { return s.stalls.Run(running) })
	if s.traps != nil {
		g.Go(func() error { return s.traps.Run(running) })
		g.Go(func() error { return s.traps.prompts.Run(running) })
	}
	if metrics != nil {
		g.Go(func() error { return s.serve(running, metrics) })
	}
	if path := s.opts.StatusSocket; path != "" {
		g.Go(func() error { return s.serveStatus(running, path) })
	}
	err := g.Wait()

	// Attempts that were broken off are still in flight, so that what is sealed now
	// ends before them: they are neither evidence of the device nor a claim that
	// nothing else began.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	s.spool.sealDue(true)
	s.spool.writeRows(true)
	s.spool.save()
	s.spool.hurry()
	s.uploads.flush(last)
	s.spool.saveAll()
	s.spool.disk.close()
	s.uploads.client.close()
	s.beats.client.close()
	s.assigner.client.close()
	return err
}

// speaker is an alarm's message with who speaks, and no more.
func (s *session) speaker() AlarmMessage {
	m := AlarmMessage{Agent: s.opts.ID, Collector: s.opts.CollectorURL}
	if p := s.beats.plan.Load(); p != nil {
		m.Location = p.location
	}
	return m
}

// Bounds within which the assignment is obeyed.
const (
	minSealing, maxSealing     = 100 * time.Millisecond, 5 * time.Minute
	minHeartbeat, maxHeartbeat = 100 * time.Millisecond, time.Minute
	minInterval                = 100 * time.Millisecond
	maxBegin                   = time.Minute // into the future, in case our clock is wrong
)

// assign applies an assignment to all parts.
func (s *session) assign(doc wire.Assignment) error {
	jobs, shortest, err := s.jobs(doc)
	if err != nil {
		return err
	}
	s.secrets.take(doc.Secrets)
	now := time.Now()
	s.spool.assign(doc.Location, doc.Customers, min(max(doc.Sealing, minSealing), maxSealing), now)
	s.outcomes.keep(jobs, doc.References)
	s.details.keep(jobs)
	s.health.assign(doc.References, min(max(shortest, s.opts.ReferenceInterval), maxReferenceInterval))
	s.beats.assign(heartbeatPlan{doc.Location, doc.Customers, min(max(doc.Heartbeat, minHeartbeat), maxHeartbeat)})
	begin := now
	if wait := doc.From.Sub(s.opts.Now()); wait > 0 {
		begin = now.Add(min(wait, maxBegin))
	}
	need := s.schedule.assign(jobs, begin)
	if s.traps != nil {
		s.traps.assign(jobs)
	}
	s.need.Store(int64(need))
	s.assigned.Store(true)
	s.opts.Log.Info("assignment is in force", "location", string(doc.Location), "customers", len(doc.Customers),
		"devices", len(doc.Devices), "checks", len(jobs), "references", len(doc.References), "secrets", s.secrets.count())
	if short := need > s.opts.Concurrency; short != s.short {
		s.short = short
		if short {
			s.opts.Log.Warn("concurrency is too low: when many devices are silent, attempts become unknown (overload); raise it, or lengthen intervals",
				"concurrency", s.opts.Concurrency, "needed", need)
		}
	}
	return nil
}

// jobs returns the checks of an assignment and the shortest of their intervals.
func (s *session) jobs(doc wire.Assignment) (jobs []job, shortest time.Duration, err error) {
	profiles := make(map[string]*vouch.Profile, len(doc.Profiles))
	for i := range doc.Profiles {
		p := &doc.Profiles[i]
		if old := s.profiles[p.Name]; old != nil && reflect.DeepEqual(old, p) {
			p = old // so that a job that stays the same is equal to itself
		}
		profiles[p.Name] = p
	}
	shortest = maxReferenceInterval
	for i := range doc.Devices {
		d := &doc.Devices[i]
		for _, c := range d.Checks {
			if c.Interval < minInterval {
				return nil, 0, fmt.Errorf("assignment: check %s of %s has an interval of %v, at least %v is needed", c.Name, d.ID, c.Interval, minInterval)
			}
			shortest = min(shortest, c.Interval)
			values, err := valueRefs(c.Values)
			if err != nil {
				return nil, 0, fmt.Errorf("assignment: check %s of %s: %v", c.Name, d.ID, err)
			}
			jobs = append(jobs, job{Customer: d.Customer, Device: d.ID, Check: c, Profile: profiles[c.Profile], values: values, turn: d.Turn})
		}
	}
	s.profiles = profiles
	return jobs, shortest, nil
}

// hostInterval is how often the agent tells of its own host.
const hostInterval = time.Minute

// tellHost records the facts of the host once a minute until ctx ends.
func (s *session) tellHost(ctx context.Context) error {
	for {
		if s.assigned.Load() {
			fl := s.flights.begin(vouch.Provider)
			points := append(hostFacts(ctx, s.opts.StateDir), s.ownFacts(), s.spool.facts(s.opts.Now()))
			if ctx.Err() != nil {
				return nil
			}
			s.spool.record(vouch.Sample{Customer: vouch.Provider, Result: vouch.Result{Start: fl.began, Points: points}}, event{era: fl.era})
			s.flights.end(fl)
		}
		if !sleep(ctx, hostInterval) {
			return nil
		}
	}
}

// prober returns the result of asking a target once.
func (s *session) probe(ctx context.Context, t probes.Target) vouch.Result {
	p := s.opts.Probers[t.Check.Kind]
	if p == nil {
		return probes.Unknown(vouch.ReasonSocket, fmt.Sprintf("this agent cannot run checks of the kind %q", t.Check.Kind))
	}
	if t.Check.Credential != "" {
		c, err := s.secrets.find(s.opts.Credential, t.Check.Credential)
		if err != nil {
			// Not "credentials": that is the device's word, and would prove a path.
			return probes.Unknown(vouch.ReasonSocket, err.Error())
		}
		t.Credential = c
	}
	t.Source = s.opts.Source
	// The prober keeps the timeout itself; this is for one that does not.
	ctx, cancel := context.WithTimeout(ctx, t.Check.Timeout+(t.Check.Interval-t.Check.Timeout)/2)
	defer cancel()
	began := time.Now()
	r := p.Probe(ctx, t)
	if r.Outcome == vouch.Down && r.Reason == vouch.ReasonTimeout && s.stalls.during(began, time.Now()) {
		r.Outcome, r.Reason, r.Detail = vouch.Unknown, vouch.ReasonOverload, "this agent did not get to run meanwhile"
	}
	return r
}
