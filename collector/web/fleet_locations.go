// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch"
)

// column is one witness of the matrix. The last one stands for the agents in each
// customer's own custody.
type column struct {
	ID    vouch.LocationID
	Blind bool
	Votes bool
	First bool // first of those that do not vote
	Own   bool
	Title string
}

// columns are the witnesses in their fixed order: those that vote, then those that do
// not, then one for the customers' own.
func (f Fleet) columns() ([]column, string) {
	var out []column
	own, longest := false, 0
	for _, votes := range []bool{true, false} {
		first := !votes
		for _, l := range f.Locations {
			if l.Custody == vouch.CustodyCustomer {
				own = true
				continue
			}
			if l.Votes != votes {
				continue
			}
			longest = max(longest, len(l.ID))
			out = append(out, column{ID: l.ID, Votes: votes, First: first, Title: l.Name + ", " + string(l.Custody), Blind: l.State == Blind || l.State == Silent})
			first = false
		}
	}
	if own {
		out = append(out, column{ID: "own", Own: true, First: len(out) == 0 || out[len(out)-1].Votes,
			Title: "agents in the customer's custody: they diagnose, they do not vote"})
	}
	switch {
	case longest <= 5:
		return out, "c-w"
	case longest <= 8:
		return out, "c-w2"
	}
	return out, "c-w3"
}

// locationLine is one location beside the fleet.
type locationLine struct {
	Location
	Blind bool
	State State // shape and colour
	Word  string
	Strip strip
	Text  string
}

func (f Fleet) fillLocations(m *fleetModel, c clock) {
	locations := slices.Clone(f.Locations)
	slices.SortStableFunc(locations, func(a, b Location) int { return cmp.Compare(rank(a.State), rank(b.State)) })
	for _, l := range locations {
		if l.Votes {
			m.Voters++
			if l.State == Sees || l.State == Late {
				m.VotersSeeing++
			}
		}
		if l.Custody == vouch.CustodyCustomer {
			m.Own += l.Agents
			m.OwnHeard += l.AgentsHeard
			if len(f.Customers) > 1 {
				continue
			}
		}
		line := locationLine{Location: l, Word: string(l.State), State: StateUp, Blind: l.State == Blind || l.State == Silent}
		switch l.State {
		case Late:
			line.State = StateDegraded
		case Blind, Silent:
			line.State = StateUnknown
		}
		line.Strip = f.Strip.span().strip(c, string(l.ID), l.Strip, nil)
		line.Text = l.text(c)
		m.Locations = append(m.Locations, line)
	}
}

func rank(s Sight) int {
	if s == Sees {
		return 1
	}
	return 0
}

// text is a location in one line of facts.
func (l Location) text(c clock) string {
	parts := []string{fmt.Sprintf("%d of %s", l.AgentsHeard, count(l.Agents, "agent", "agents"))}
	if s := c.opt(l.HeartbeatAt); s != nil {
		parts = append(parts, "heartbeat "+s.Ago()+" ago")
	}
	if s := c.opt(l.BatchAt); s != nil {
		parts = append(parts, "batch "+s.Ago()+" ago")
	}
	if l.ClockOffset != nil {
		parts = append(parts, "clock "+l.ClockOffset.Signed())
	}
	if l.Queued > 0 {
		parts = append(parts, count(l.Queued, "batch waits", "batches wait"))
	}
	text := strings.Join(parts, ", ")
	if l.Reason != "" && l.State != Sees {
		text += ". " + upper(l.Reason)
		if s := c.opt(l.Since); s != nil {
			text += " since " + s.AtZ()
		}
	}
	return text
}

// notices say which witness is missing and what that means.
func (f Fleet) notices(c clock) []notice {
	var seeing []string
	voters := 0
	for _, l := range f.Locations {
		if l.Votes {
			voters++
			if l.State == Sees || l.State == Late {
				seeing = append(seeing, string(l.ID))
			}
		}
	}
	var out []notice
	for _, l := range f.Locations {
		if !l.Votes || l.State == Sees {
			continue
		}
		n := notice{State: StateUnknown}
		since := ""
		if s := c.opt(l.Since); s != nil {
			since = " since " + s.AtZ() + " (" + s.Ago() + ")"
		}
		switch l.State {
		case Blind:
			n.Lead = string(l.ID) + " has been blind" + since + "."
			n.Rest = "It is heard but cannot ask" + inBrackets(l.Reason) + ", so its silence about devices is not evidence."
		case Silent:
			n.Lead = string(l.ID) + " has not been heard" + since + "."
			n.Rest = "What it sees is unknown" + inBrackets(l.Reason) + ", and unknown is not down."
		case Late:
			n.State = StateDegraded
			n.Lead = "Batches of " + string(l.ID) + " are late" + since + "."
			n.Rest = "The live state goes on from its heartbeats; figures wait for the batches."
		}
		if l.State != Late {
			n.Rest += fmt.Sprintf(" %s of %d voters %s.", strconv.Itoa(len(seeing)), voters, plural(len(seeing), "is left", "are left"))
		}
		out = append(out, n)
	}
	return out
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
