// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// shownState is what a device is shown as at this moment. It is a view: it rests on
// heartbeats and no figure rests on it.
type shownState struct {
	state       contract.State
	degraded    contract.Effect
	reason      vouch.Reason
	maintenance bool // an announced maintenance that counts is running
}

// seenState is what one location says of a device at this moment.
type seenState struct {
	contract.Witness
	since contract.Second
}

// present works out what a device is shown as, from the last words of its agents
// (rule 11), and since when. j.mu is held; [judge.look] went before.
func (j *judge) present(d *watched, now time.Time) {
	at := contract.Floor(now)
	versions := j.book.contracts(d.customer)
	v, inForce := contract.VersionAt(versions, at)
	s := shownState{state: contract.NotMeasured}
	var live contract.Segment
	if inForce && slices.ContainsFunc(j.book.leases(d.place), func(s contract.Span) bool { return s.Contains(at) }) {
		live = contract.Live(&v.Terms, now, j.lastWords(d, now))
		s = shownState{state: live.State, degraded: live.Degraded, reason: live.Reason}
		for _, x := range j.book.decide(d.place, at) {
			for _, span := range x.Counts {
				s.maintenance = s.maintenance || span.Contains(at)
			}
		}
	}
	if s != d.state || d.since == 0 {
		d.state, d.since = s, j.began(d, s, at)
	}
	seen := make(map[vouch.LocationID]seenState, len(live.Witnesses))
	for _, w := range live.Witnesses {
		x := seenState{w, at}
		if was, ok := d.seen[w.Location]; ok && was.Witness == w {
			x.since = was.since
		} else {
			x.since = beganAt(d, w, at)
		}
		seen[w.Location] = x
	}
	d.seen = seen
}

// began returns since when the verdict is what it is: the timeline knows to the
// second, where it agrees with the live view.
func (j *judge) began(d *watched, s shownState, at contract.Second) contract.Second {
	for i := len(d.verdict) - 1; i >= 0; i-- {
		seg := d.verdict[i]
		if seg.State != s.state || seg.Degraded != s.degraded || (len(seg.Excluded) > 0) != s.maintenance {
			break
		}
		at = min(at, seg.From)
	}
	return at
}

// beganAt is began for what one location says.
func beganAt(d *watched, w contract.Witness, at contract.Second) contract.Second {
	for i := len(d.verdict) - 1; i >= 0; i-- {
		same := false
		for _, x := range d.verdict[i].Witnesses {
			same = same || x.Location == w.Location && x.State == w.State && x.Degraded == w.Degraded
		}
		if !same {
			break
		}
		at = min(at, d.verdict[i].From)
	}
	return at
}

// lastWords returns what the agents last said of a device. j.mu is held.
func (j *judge) lastWords(d *watched, now time.Time) []contract.LastWord {
	degraded := map[vouch.LocationID]contract.Effect{}
	if n := len(d.verdict); n > 0 {
		for _, w := range d.verdict[n-1].Witnesses {
			degraded[w.Location] = w.Degraded
		}
	}
	b := j.base.Load()
	var out []contract.LastWord
	for _, id := range j.assigned[deviceKey{d.customer, d.ID}] {
		a, ok := b.agents[id]
		if !ok {
			continue // taken out of service
		}
		lw := contract.LastWord{Agent: id, Location: a.Location, Custody: b.locations[a.Location].Custody, Degraded: degraded[a.Location]}
		if w := j.words[agentKey{d.customer, id}]; w != nil {
			lw.At = w.heard(now)
		}
		for _, t := range d.heard[id].sorted() {
			o := contract.LastOutcome{Kind: t.kind, Outcome: t.last.Outcome, Reason: t.last.Reason}
			switch {
			case t.last.stale(now):
				o.Outcome, o.Reason = vouch.Unknown, vouch.ReasonNoSample
			case j.notAdmitted(d, a.Location, t.name, now):
				o.Outcome, o.Reason = vouch.Unknown, vouch.ReasonNotAdmitted
			case t.last.Doubt:
				o.Outcome, o.Reason = vouch.Unknown, vouch.ReasonClock
			}
			lw.Checks = append(lw.Checks, o)
		}
		for _, t := range j.selves[agentKey{d.customer, id}].sorted() {
			r := contract.LastReference{Gateway: t.gateway}
			if t.answers() {
				r.Outcome = vouch.Up
			}
			lw.References = append(lw.References, r)
		}
		out = append(out, lw)
	}
	return out
}

// heard returns when the agent was last heard of, on the collector's clock, because
// that is the one that measures how long it has been silent. Batches are a word, too.
func (w *word) heard(now time.Time) time.Time {
	at := w.received
	if t := time.UnixMilli(int64(w.through)); t.After(at) && !t.After(now) {
		at = t
	}
	return at
}

// staleGrace is how long after the end of its hold an outcome is still shown while its
// agent goes on talking: heartbeats come every 10 s and may be late.
const staleGrace = 30 * time.Second

// stale reports whether the agent has not repeated the check for so long that its last
// outcome says nothing any more, for example because it is no longer assigned.
func (f found) stale(now time.Time) bool {
	return now.Sub(time.UnixMilli(f.Start)) > 2*f.Interval+f.Timeout+staleGrace
}

// answers reports whether the last sample of a reference proves the path to it.
func (t *track) answers() bool {
	return !t.last.Doubt && contract.Answers(t.last.Outcome, t.last.Reason)
}
