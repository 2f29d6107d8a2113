// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"

	"github.com/vouch-sla/vouch"
)

// timeline returns what one agent holds of the device under the terms: the
// reachable_by checks together, a silence weighed by the agent's own health, and the
// breached thresholds.
func (a *Agent) timeline(t *Terms, span Span) timeline {
	checks := slices.Clone(a.Checks)
	slices.SortStableFunc(checks, func(x, y Check) int { return cmp.Compare(x.Name, y.Name) })
	var tls, degraded []timeline
	for i := range checks {
		said, bad := checks[i].evaluate(t.watches(checks[i].Kind))
		if t.reachableBy(checks[i].Kind) {
			tls = append(tls, said)
		}
		degraded = append(degraded, bad...)
	}
	asked := len(tls)
	for i := range a.References {
		tls = append(tls, a.References[i].proven())
	}
	proofs := len(tls)
	tls = append(tls, degraded...)
	return merge(span, tls, func(cells []cell) cell {
		c := reach(cells[:asked])
		switch c.state {
		case Down:
			c = a.proof(cells[asked:proofs]).silence(t.SelfCheckRequired)
		case Up:
			for _, th := range cells[proofs:] {
				c.degraded = max(c.degraded, th.degraded)
			}
		}
		return t.cutOff(c)
	})
}

func (t *Terms) reachableBy(k vouch.Kind) bool {
	return len(t.ReachableBy) == 0 || slices.Contains(t.ReachableBy, k)
}

// cutOff applies the agreed reading of a witness that the provider's network cuts off.
func (t *Terms) cutOff(c cell) cell {
	if c.state == Unknown && c.reason == vouch.ReasonNetwork && t.ProviderNetwork == NetworkDown {
		c.state = Down
	}
	return c
}

// reach combines a device's checks at one agent: up if any is up, else down if any is
// down, else unknown.
func reach(cells []cell) cell {
	down := false
	for _, c := range cells {
		if c.state == Up {
			return cell{state: Up}
		}
		down = down || c.state == Down
	}
	if down {
		return cell{state: Down}
	}
	return cell{reason: blame(cells)}
}

func (a *Agent) proof(cells []cell) proof {
	var p proof
	for i, c := range cells {
		if a.References[i].Gateway {
			p.gateways = true
			p.gatewayProven = p.gatewayProven || c.state == Up
		} else {
			p.beyond = true
			p.beyondProven = p.beyondProven || c.state == Up
		}
	}
	return p
}

// gather combines the agents at one location into its one voice (rule 3): up if any
// agent is up, as little degraded as the least of those; else down if any is; else
// unknown.
func gather(cells []cell) cell {
	out := cell{}
	for _, c := range cells {
		switch {
		case c.state == Up && (out.state != Up || c.degraded < out.degraded):
			out = c
		case c.state == Down && out.state == Unknown:
			out = c
		}
	}
	if out.state == Unknown {
		out.reason = blame(cells)
	}
	return out
}
