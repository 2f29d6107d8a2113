// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// judge keeps the present: for every device what the agents said lately, the verdict
// over that time, and the state of rule 8 at an instant before it that no longer
// changes. Nothing in it is truth. It is filled from the outcome table and from
// heartbeats, and every look computes the verdict anew with package contract.
//
// Looking back is bounded: what lies further back than horizon is settled, and only
// late data opens it again (see rewind).
type judge struct {
	base *atomic.Pointer[base]
	book *books
	data store.Derived
	now  func() time.Time
	log  *slog.Logger
	// start is when the collector started: an agent that was silent while nobody
	// listened may come back.
	start time.Time

	// contradicted counts heartbeats that batches did not bear out.
	contradicted func(n int)

	mu       sync.Mutex
	watched  map[deviceKey]*watched
	selves   map[agentKey]heard // an agent's references, as told to a customer
	words    map[agentKey]*word
	assigned map[deviceKey][]vouch.AgentID // who measures it, sorted
	// selvesFrom says from when on the reference samples of a customer are in selves.
	selvesFrom map[vouch.CustomerID]contract.Second
}

// agentKey names what one agent says to one customer.
type agentKey struct {
	customer vouch.CustomerID
	agent    vouch.AgentID
}

// watched is one device as the judge sees it.
type watched struct {
	place
	heard   map[vouch.AgentID]heard
	settled contract.Second // nothing before it is looked at again
	fold    contract.Fold   // state of rule 8 at settled
	rewind  contract.Second // late data came for this instant; 0 for none
	rewound time.Time       // when it was last gone back to the past

	dirty    bool               // something came in since the last look
	verdict  []contract.Segment // [settled, looked)
	looked   contract.Second
	counting bool                // down time counts toward an incident
	breaches []contract.Incident // that ended after settled, the open one last
	since    contract.Second     // the present state began then
	state    shownState
	seen     map[vouch.LocationID]seenState
}

// How far the judge looks back, and from when it takes time for settled at the latest.
// The former is how late batches normally are; the latter bounds memory when an agent
// stays away.
const (
	settleAfter   = 5 * time.Minute
	settleAtLast  = 30 * time.Minute
	quietLook     = contract.Second(10) // a device that is up and of which nothing new came is looked at this often
	leastLookback = contract.Second(300)
)

func newJudge(b *atomic.Pointer[base], k *books, data store.Derived, now func() time.Time, log *slog.Logger) *judge {
	j := &judge{
		base: b, book: k, data: data, now: now, log: log, start: now(), contradicted: func(int) {},
		watched: map[deviceKey]*watched{}, selves: map[agentKey]heard{}, words: map[agentKey]*word{},
		assigned: map[deviceKey][]vouch.AgentID{}, selvesFrom: map[vouch.CustomerID]contract.Second{},
	}
	for key, p := range b.Load().devices {
		j.watched[key] = newWatched(p)
	}
	return j
}

func newWatched(p place) *watched {
	return &watched{place: p, heard: map[vouch.AgentID]heard{}, seen: map[vouch.LocationID]seenState{}}
}

// assign says which agents measure which devices.
func (j *judge) assign(agent vouch.AgentID, devices []deviceKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, d := range devices {
		if !slices.Contains(j.assigned[d], agent) {
			j.assigned[d] = append(j.assigned[d], agent)
			slices.Sort(j.assigned[d])
		}
	}
}

// batch takes in what a stored batch said. Samples before a device's settled instant
// make it look back again.
func (j *judge) batch(k agentKey, samples []vouch.Sample, doubts []bool, b evidence.BatchHeader, received time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := j.word(k)
	from := contract.Milli(b.From.UnixMilli())
	w.through = max(w.through, through(b.Through, received))
	w.batchAt, w.clock = received, b.Clock
	w.dropped += int64(b.Dropped)
	for i, s := range samples {
		j.enter(k, s, doubts[i], false)
	}
	wrong := 0
	for key, d := range j.watched {
		if key.customer == k.customer {
			for _, t := range d.heard[k.agent] {
				wrong += t.confirm(from, w.through)
			}
		}
	}
	for _, t := range j.selves[k] {
		wrong += t.confirm(from, w.through)
	}
	if wrong > 0 {
		j.contradicted(wrong)
		j.log.Error("a batch does not bear out what heartbeats of the same agent said",
			"agent", k.agent, "customer", k.customer, "samples", wrong)
	}
}

// heartbeat takes in the present outcomes of an agent.
func (j *judge) heartbeat(k agentKey, samples []vouch.Sample, doubts []bool, at, received time.Time, clock evidence.Clock) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := j.word(k)
	if at.Before(w.heartbeat) && w.heartbeat.Sub(at) < mostOvertaken {
		return // overtaken on the way
	}
	w.heartbeat, w.received, w.clock = at, received, clock
	for i, s := range samples {
		if contract.Milli(s.Start.UnixMilli()) >= w.through {
			j.enter(k, s, doubts[i], true)
		}
	}
}

// mostOvertaken is by how much a heartbeat can be late: a request lasts no longer. One from
// before that is of an agent whose clock was set back.
const mostOvertaken = time.Minute

// through is how far a batch reaches that was received then. An agent whose clock runs ahead
// has not measured what is to come.
func through(at, received time.Time) contract.Milli {
	return contract.Milli(min(at.UnixMilli(), received.UnixMilli()))
}

// reached takes in how far the batches of every agent reach, at start.
func (j *judge) reached(heads []store.ChainHead) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, h := range heads {
		agent, _, _ := strings.Cut(h.Key, "+")
		if h.Stream == vouch.Availability {
			w := j.word(agentKey{h.Customer, vouch.AgentID(agent)})
			w.through = max(w.through, through(h.Through, j.start))
		}
	}
}

func (j *judge) word(k agentKey) *word {
	w := j.words[k]
	if w == nil {
		w = &word{}
		j.words[k] = w
	}
	return w
}

// enter files one sample. j.mu is held.
func (j *judge) enter(k agentKey, s vouch.Sample, doubt, tentative bool) {
	f := foundOf(s, doubt)
	if s.Device == "" {
		h := j.selves[k]
		if h == nil {
			h = heard{}
			j.selves[k] = h
		}
		j.agree(h.track(f).add(f, tentative), k, s)
		return
	}
	d := j.watched[deviceKey{k.customer, s.Device}]
	if d == nil {
		return // no longer installed: in the ledger, and of no verdict
	}
	at := contract.Floor(s.Start)
	if at < d.settled || d.settled == 0 {
		if !tentative && (d.rewind == 0 || at < d.rewind) {
			d.rewind = at
		}
		return
	}
	h := d.heard[k.agent]
	if h == nil {
		h = heard{}
		d.heard[k.agent] = h
	}
	d.dirty = true
	j.agree(h.track(f).add(f, tentative), k, s)
}

func (j *judge) agree(ok bool, k agentKey, s vouch.Sample) {
	if ok {
		return
	}
	j.contradicted(1)
	j.log.Error("two signed messages of one agent disagree about the same instant",
		"agent", k.agent, "customer", k.customer, "device", s.Device, "check", s.Check, "start", s.Start)
}

// agentsOf returns what the agents say of a device in the form that it is judged
// from. j.mu is held.
func (j *judge) agentsOf(d *watched) []contract.Agent {
	key := deviceKey{d.customer, d.ID}
	ids := slices.Clone(j.assigned[key])
	for id := range d.heard {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	out := make([]contract.Agent, 0, len(ids))
	for _, id := range ids {
		if at, custody, ok := j.book.speaker(d.customer, id); ok {
			checks := d.heard[id].checks()
			for i := range checks {
				_, checks[i].AdmittedAt = j.book.admission(d.customer, book.Path{Location: at, Device: d.ID, Check: checks[i].Name})
			}
			out = append(out, contract.Agent{
				ID: id, Location: at, Custody: custody,
				Checks: checks, References: j.selves[agentKey{d.customer, id}].references(),
			})
		}
	}
	return out
}

// reconsider makes the next look look at some devices, whatever is known of them.
func (j *judge) reconsider(ids []vouch.DeviceID, c vouch.CustomerID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		if d := j.watched[deviceKey{c, id}]; d != nil {
			d.dirty = true
		}
	}
}

// goBack makes the next looks look at some devices again from an instant on: what is
// in force, leased or excluded there was decided anew. It reaches as far as folds are
// kept; an incident before that stays as it was recorded.
func (j *judge) goBack(ids []vouch.DeviceID, c vouch.CustomerID, at contract.Second) {
	at = max(at, contract.Floor(j.now())-foldDays*secondsADay)
	j.reconsider(ids, c)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		d := j.watched[deviceKey{c, id}]
		if d != nil && (at < d.settled || d.settled == 0) && (d.rewind == 0 || at < d.rewind) {
			d.rewind = at
		}
	}
}

// quiet reports whether looking at a device again would find nothing: it was up and
// counted nothing toward an incident, and nothing came in. Time alone can only make
// such a device unknown, which neither opens nor closes anything.
func (d *watched) quiet(now contract.Second) bool {
	n := len(d.verdict)
	return !d.dirty && d.rewind == 0 && n > 0 && d.verdict[n-1].State == contract.Up && d.verdict[n-1].Degraded == contract.NoEffect &&
		len(d.verdict[n-1].Excluded) == 0 && len(d.breaches) == 0 && !d.counting && now-d.looked < quietLook
}

// look computes the verdict of a device from its settled instant to now, and the
// breaches in it. j.mu is held.
func (j *judge) look(d *watched, now contract.Second) {
	versions := j.book.contracts(d.customer)
	span := contract.Span{From: d.settled, To: now}
	verdict := contract.Judge(contract.Matter{Span: span, Versions: versions, Leases: j.book.leases(d.place), Agents: j.agentsOf(d)})
	d.verdict = contract.Exclude(verdict, j.book.decide(d.place, now))
	d.looked, d.dirty = now, false
	after, moves := d.fold.Advance(versions, d.verdict, span)
	d.breaches = d.breaches[:0]
	for _, m := range moves {
		if !m.Opened {
			d.breaches = append(d.breaches, m.Incident)
		}
	}
	if after.Current != nil {
		d.breaches = append(d.breaches, *after.Current)
	}
	d.counting = after.Counting
}

// reach returns how far the batches of all agents of a device have come in. An agent that
// has been away for longer than the judge looks back is not waited for. j.mu is held.
func (j *judge) reach(d *watched, now contract.Second) contract.Second {
	out := now
	for _, id := range j.assigned[deviceKey{d.customer, d.ID}] {
		at := contract.Second(0)
		if w := j.words[agentKey{d.customer, id}]; w != nil {
			at = w.through.Floor()
		}
		if at > now-seconds(settleAtLast) || now-seconds(settleAtLast) < contract.Floor(j.start) {
			out = min(out, at)
		}
	}
	return out
}

// settle moves the settled instant of a device forward when there is no doubt any
// more about the time before it, and lets go of samples. j.mu is held. It returns
// whether it moved. It waits for the next look where something came in since the last
// one: that is in no verdict yet, and would be lost.
func (j *judge) settle(d *watched, now contract.Second) bool {
	if d.dirty || d.rewind > 0 {
		return false
	}
	to := now - seconds(settleAfter)
	for _, id := range j.assigned[deviceKey{d.customer, d.ID}] {
		if w := j.words[agentKey{d.customer, id}]; w != nil {
			to = min(to, w.through.Floor())
		} else {
			to = 0
		}
	}
	to = max(to, now-seconds(settleAtLast))
	to = min(to, d.looked)
	if to < d.settled+60 {
		return false
	}
	d.fold, _ = d.fold.Advance(j.book.contracts(d.customer), d.verdict, contract.Span{From: d.settled, To: to})
	d.verdict = contract.Slice(d.verdict, contract.Span{From: to, To: d.looked})
	d.settled = to
	for _, h := range d.heard {
		for _, t := range h {
			t.forget(to - j.book.lookback(d.customer))
		}
	}
	return true
}

func seconds(d time.Duration) contract.Second { return contract.Second(d / time.Second) }

// tidy lets go of reference samples that no device can need any more. j.mu is held.
func (j *judge) tidy() {
	oldest := map[vouch.CustomerID]contract.Second{}
	for k, d := range j.watched {
		if at, ok := oldest[k.customer]; !ok || d.settled < at {
			oldest[k.customer] = d.settled
		}
	}
	for c := range oldest {
		oldest[c] -= j.book.lookback(c)
		j.selvesFrom[c] = max(j.selvesFrom[c], oldest[c])
	}
	for k, h := range j.selves {
		for _, t := range h {
			t.forget(oldest[k.customer])
		}
	}
}

type siteKey struct {
	customer vouch.CustomerID
	site     vouch.SiteID
}
