// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package verifycmd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/vouch-sla/vouch/evidence/bundle"
)

// text tells people what was found: the verdict, then what was disproved, proven and
// not proven, then the figures.
func text(r *bundle.Report) string {
	var b strings.Builder
	headline := map[bundle.Verdict]string{
		bundle.Disproved:  "DISPROVED: this evidence contradicts itself, or a key that you trust",
		bundle.Consistent: "CONSISTENT: nothing in it contradicts itself; who signed it is not proven",
		bundle.Proven:     "PROVEN: signed by the key that you trust, and the figures follow from the samples",
	}
	if r.Verdict == bundle.Proven && r.Figures == nil {
		headline[bundle.Proven] = "PROVEN: signed by the key that you trust, and the verdicts on these days follow from the samples"
	}
	fmt.Fprintf(&b, "%s\n\n", headline[r.Verdict])
	if r.Number != "" {
		fmt.Fprintf(&b, "Statement %s, version %d, ledger %s\nPeriod %s to %s\n", r.Number, r.Version, r.Origin, r.From, r.To)
	}
	findings(&b, "Disproved", r.Disproved)
	findings(&b, "Proven", r.Proven)
	findings(&b, "Not proven", r.Unproven)
	if f := r.Figures; f != nil {
		fmt.Fprintf(&b, "\nComputed again\n  agreed %d s, excluded %d s, up %d s, down %d s, unknown %d s\n  availability %s %%, coverage %s %%\n",
			f.Agreed, f.Excluded, f.Up, f.Down, f.Unknown, percent(f.Availability), percent(f.Coverage))
		fmt.Fprintf(&b, "  if all unknown time were down %s %%, if it were up %s %%\n", percent(f.IfUnknownDown), percent(f.IfUnknownUp))
	}
	c := r.Counts
	fmt.Fprintf(&b, "\nLooked at %d leaves, %d records, %d batches and gaps, %d samples, %d values, %d anchors\n",
		c.Leaves, c.Records, c.Notes, c.Samples, c.Values, c.Anchors)
	explain(&b, r.Explain)
	return b.String()
}

func percent(p fmt.Stringer) string { return cmp.Or(p.String(), "-") }

func findings(b *strings.Builder, title string, list []bundle.Finding) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, f := range list {
		where := ""
		if f.Where != "" {
			where = f.Where + ": "
		}
		fmt.Fprintf(b, "  - %-9s %s%s\n", f.Topic, where, f.What)
	}
}

func explain(b *strings.Builder, e *bundle.Explanation) {
	if e == nil {
		return
	}
	fmt.Fprintf(b, "\nAt %s\n", e.At.Format("2006-01-02T15:04:05Z"))
	if len(e.Devices) == 0 {
		b.WriteString("  nothing was judged at that instant\n")
	}
	for _, d := range e.Devices {
		fmt.Fprintf(b, "  %s: %s%s, from %s to %s%s\n", d.Device, d.State, because(d.Reason), d.From.UTC().Format("15:04:05"), d.To.UTC().Format("15:04:05"), excluded(d.Excluded))
		for _, w := range d.Witnesses {
			role := "heard, without a vote"
			if w.Votes {
				role = "votes"
			}
			fmt.Fprintf(b, "    %-12s (%s, %s): %s%s\n", w.Location, w.Custody, role, w.State, because(w.Reason))
			for _, s := range w.Last {
				fmt.Fprintf(b, "      %s %s at %s: %s%s\n", s.Agent, s.Check, s.At.UTC().Format("15:04:05"), s.Outcome, because(s.Reason))
			}
		}
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func excluded(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ", taken out of the count by " + strings.Join(ids, ", ")
}
