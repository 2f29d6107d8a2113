// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

// LastWord is what an agent's latest heartbeat says of one device.
type LastWord struct {
	Agent      vouch.AgentID
	Location   vouch.LocationID
	Custody    vouch.Custody // of the location, where the terms do not name it
	At         time.Time     // when the heartbeat was made; zero where none ever came
	Checks     []LastOutcome
	References []LastReference // as in the same heartbeat
	Degraded   Effect          // strongest threshold breached, by the samples so far
}

// LastOutcome is the latest outcome of one check.
type LastOutcome struct {
	Kind    vouch.Kind
	Outcome vouch.Outcome
	Reason  vouch.Reason
}

// LastReference is the latest outcome of the agent's gateway or of a reference beyond.
type LastReference struct {
	Gateway bool
	Outcome vouch.Outcome
}

// Live returns the verdict of this moment from the agents' last words (rule 11): an
// outcome is carried for the terms' CarryForward after its heartbeat, then the agent
// is unknown(agent silent). The span of the result is empty. It is a view, never a
// figure: those follow the batches.
func Live(t *Terms, now time.Time, words []LastWord) Segment {
	words = slices.Clone(words)
	slices.SortStableFunc(words, func(a, b LastWord) int { return cmp.Compare(a.Agent, b.Agent) })
	agents := make([]Agent, len(words))
	for i, w := range words {
		agents[i] = Agent{ID: w.Agent, Location: w.Location, Custody: w.Custody}
	}
	seats := seatsOf(t, agents)
	cells := make([]cell, len(seats))
	var voters []cell
	for i, s := range seats {
		var said []cell
		for _, w := range words {
			if w.Location == s.Location {
				said = append(said, w.cell(t, now))
			}
		}
		cells[i] = gather(said)
		if s.Votes {
			voters = append(voters, cells[i])
		}
	}
	var seg Segment
	seg.State, seg.Degraded, seg.Reason = t.Quorum.verdict(voters)
	seg.Witnesses = testimony(seats, cells)
	return seg
}

func (w *LastWord) cell(t *Terms, now time.Time) cell {
	if w.At.IsZero() {
		return unsampled
	}
	if now.Sub(w.At) > t.CarryForward {
		return cell{reason: vouch.ReasonSilent}
	}
	var checks []cell
	for _, o := range w.Checks {
		if t.reachableBy(o.Kind) {
			checks = append(checks, outcomeCell(o))
		}
	}
	c := reach(checks)
	switch c.state {
	case Up:
		c.degraded = w.Degraded
	case Down:
		c = w.proof().silence(t.SelfCheckRequired)
	}
	return t.cutOff(c)
}

func outcomeCell(o LastOutcome) cell {
	switch o.Outcome {
	case vouch.Up:
		return cell{state: Up}
	case vouch.Down:
		return cell{state: Down}
	}
	return cell{reason: o.Reason}
}

func (w *LastWord) proof() proof {
	var p proof
	for _, r := range w.References {
		if r.Gateway {
			p.gateways = true
			p.gatewayProven = p.gatewayProven || r.Outcome == vouch.Up
		} else {
			p.beyond = true
			p.beyondProven = p.beyondProven || r.Outcome == vouch.Up
		}
	}
	return p
}
