// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch"
)

// sentence is a verdict in words: what, who says so, and by which rule.
type sentence struct {
	Lead  string // "Down since 10:00:12 CEST, 42 min 06 s."
	Rest  string // the witnesses and the rule
	Aside string // what those who do not vote see
}

// words puts a verdict into a sentence. It counts the voters as the rules of
// availability do (rule 4) but decides nothing: the verdict is given.
func (v Verdict) words(c clock) sentence {
	var out sentence
	out.Lead = upper(v.State.Word())
	if s := c.opt(v.Since); s != nil {
		out.Lead += " since " + s.AtZ() + ", " + s.Ago()
	}
	out.Lead += "."
	if v.State == StateOutside {
		out.Rest = "The device is not leased now; nothing is agreed for it."
		return out
	}
	var voters, others []Seen
	for _, w := range v.Witnesses {
		if w.Votes {
			voters = append(voters, w)
		} else {
			others = append(others, w)
		}
	}
	parts := make([]string, 0, 2)
	if who := witnesses(c, voters); who != "" {
		parts = append(parts, fmt.Sprintf("Of %s, %s.", count(len(voters), "witness", "witnesses"), who))
	}
	parts = append(parts, v.rule(voters))
	if v.State == StateUnknown && v.Reason != "" {
		parts = append(parts, "Reason: "+reasonWords(v.Reason)+".")
	}
	out.Rest = strings.Join(parts, " ")
	if who := witnesses(c, others); who != "" {
		out.Aside = "Outside the vote, " + who + "; " + plural(len(others), "it does not vote.", "they do not vote.")
	}
	return out
}

// witnesses says who sees what: "AMS and BRU ask and get no answer; RTM has been
// unable to ask since 10:21:40 CEST (location)".
func witnesses(c clock, seen []Seen) string {
	var up, degraded, down, rest []string
	for _, w := range seen {
		name := string(w.Location)
		switch w.State {
		case StateUp:
			up = append(up, name)
		case StateDegraded:
			degraded = append(degraded, name)
		case StateDown:
			down = append(down, name)
		case StateOutside, StateMaintenance:
		default:
			s := name + " cannot ask"
			if since := c.opt(w.Since); since != nil {
				s = name + " has been unable to ask since " + since.AtZ()
				if w.Reason == string(vouch.ReasonIdentity) {
					s = name + " has met another unit than recorded since " + since.AtZ()
				}
			}
			if w.Reason != "" && w.Reason != string(vouch.ReasonIdentity) {
				s += " (" + w.Reason + ")"
			}
			rest = append(rest, s)
		}
	}
	var parts []string
	if len(up) > 0 {
		parts = append(parts, list(up)+plural(len(up), " gets answers", " get answers"))
	}
	if len(degraded) > 0 {
		parts = append(parts, list(degraded)+plural(len(degraded), " gets answers that do not meet a threshold", " get answers that do not meet a threshold"))
	}
	if len(down) > 0 {
		parts = append(parts, list(down)+plural(len(down), " asks and gets no answer", " ask and get no answer"))
	}
	return strings.Join(append(parts, rest...), "; ")
}

// rule is the contract's rule beside the count of the voters.
func (v Verdict) rule(voters []Seen) string {
	up, down, unknown := 0, 0, 0
	for _, w := range voters {
		switch w.State {
		case StateUp:
			up++
		case StateDown:
			down++
		case StateDegraded: // a device that is down with a degraded witness is so because the contract counts that as down
			if v.State == StateDown {
				down++
			} else {
				up++
			}
		default:
			unknown++
		}
	}
	q := v.Quorum
	if len(voters) < q {
		return fmt.Sprintf("The contract needs %d witnesses and names %d.", q, len(voters))
	}
	switch v.Rule {
	case "reachable_from":
		if v.State == StateDown {
			return fmt.Sprintf("At most %d can see it up; the contract needs %d.", up+unknown, q)
		}
		return fmt.Sprintf("%d of %d see it up; the contract needs %d.", up, len(voters), q)
	case "unreachable_from":
		return fmt.Sprintf("%d of %d see it down; by the contract %d make it down.", down, len(voters), q)
	case "two_sided":
		return fmt.Sprintf("%d see it up and %d down; the contract needs %d for either.", up, down, q)
	}
	return fmt.Sprintf("The contract needs %d.", q)
}

// quorum is the rule as a fact of the contract: "reachable from 2 of 3".
func (v Verdict) quorum(voters int) string {
	word := strings.ReplaceAll(v.Rule, "_", " ")
	if v.Rule == "two_sided" {
		word = "two-sided,"
	}
	return fmt.Sprintf("%s %d of %d", word, v.Quorum, voters)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// voters are the locations that vote and saw a state.
func voters(seen []Seen, state State) []string {
	var out []string
	for _, s := range seen {
		if s.Votes && s.State == state {
			out = append(out, string(s.Location))
		}
	}
	return out
}

// sortSeen puts those that vote first and keeps the order otherwise.
func sortSeen(seen []Seen) []Seen {
	var out []Seen
	for _, votes := range []bool{true, false} {
		for _, s := range seen {
			if s.Votes == votes {
				out = append(out, s)
			}
		}
	}
	return out
}

// Name is a location under a glyph.
func (s Seen) Name() string {
	if s.Custody == vouch.CustodyCustomer {
		return "own"
	}
	return string(s.Location)
}
