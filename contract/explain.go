// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch"
)

// Line explains a stretch of a verdict in one line of plain text, its times in the
// zone: from when to when, how many seconds, the verdict and why, what each location
// said, and which exclusions take it out.
func (s Segment) Line(z Zone) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %d s  %s", z.Format(s.From), z.Format(s.To), s.Len(), s.State)
	if s.State == Unknown && s.Reason != "" {
		fmt.Fprintf(&b, " (%s)", s.Reason)
	}
	if s.Degraded != NoEffect {
		fmt.Fprintf(&b, " (degraded: %s)", s.Degraded)
	}
	if said := s.testimony(); said != "" {
		b.WriteString(": " + said)
	}
	if len(s.Excluded) > 0 {
		b.WriteString("; excluded by " + strings.Join(s.Excluded, ", "))
	}
	return b.String()
}

// testimony tells what each location said, or which devices of a tree are not up.
func (s Segment) testimony() string {
	var out []string
	for _, w := range s.Witnesses {
		text := string(w.Location) + " " + w.State.String()
		switch {
		case w.State == Up && w.Degraded != NoEffect:
			text = string(w.Location) + " degraded"
		case w.Reason != "":
			text += " (" + string(w.Reason) + ")"
		}
		if !w.Votes {
			text += " [no vote"
			if w.Custody == vouch.CustodyCustomer {
				text += ": customer custody"
			}
			text += "]"
		}
		out = append(out, text)
	}
	if len(s.Causes) > 0 {
		var names []string
		for _, d := range s.Causes {
			names = append(names, string(d))
		}
		out = append(out, "because of "+strings.Join(names, ", "))
	}
	return strings.Join(out, ", ")
}

// Line explains a part of an account: as [Segment.Line], with what it is for the
// account.
func (p Part) Line(z Zone) string {
	head := fmt.Sprintf("%-14s ", p.Class)
	switch {
	case p.Class == ClassNotMeasured && p.Version == 0:
		return head + p.Segment.Line(z) + "; no contract in force"
	case p.Class == ClassNotMeasured:
		return head + p.Segment.Line(z) + "; outside the lease"
	case p.Class == ClassOutside:
		return head + p.Segment.Line(z) + "; outside the service window"
	}
	return head + p.Segment.Line(z)
}

// Line explains what became of an exclusion in one line.
func (d Decision) Line(z Zone) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s  %s:", d.ID, d.Kind, z.Format(d.From), z.Format(d.To))
	switch {
	case len(d.Counts) == 0:
		fmt.Fprintf(&b, " does not count: %s", d.Why)
	case len(d.Refused) == 0:
		b.WriteString(" counts")
	default:
		b.WriteString(" counts in part")
		for _, r := range d.Refused {
			fmt.Fprintf(&b, "; not %s  %s: %s", z.Format(r.From), z.Format(r.To), r.Why)
		}
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "; note: %s", n)
	}
	return b.String()
}

// Lines explains an account from its parts up to its totals, with the exclusions that
// did not count. The lengths of the parts add up to the totals.
func (a Account) Lines(z Zone) []string {
	var out []string
	for _, p := range a.Parts {
		out = append(out, p.Line(z))
	}
	out = append(out, fmt.Sprintf("agreed %d s = excluded %d + up %d + down %d + unknown %d; outside the window %d, not measured %d",
		a.Agreed, a.Excluded, a.Up, a.Down, a.Unknown, a.OutsideWindow, a.NotMeasured))
	for _, c := range a.Claims {
		if len(c.Refused) > 0 || c.Why != "" || len(c.Notes) > 0 {
			out = append(out, c.Line(z))
		}
	}
	return out
}
