// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

// laneLine is a lane with its name.
type laneLine struct {
	Name, Sub string
	Rule      bool // a rule stands above it
	Strip     strip
}

// laneRow is one segment of a lane in the table.
type laneRow struct {
	Who, State, Reason, From, To, Lasted string
}

// maxTable bounds the tables behind the charts.
const maxTable = 150

// periodWords is a period with its zone.
func periodWords(c clock, s span) string {
	from, to := c.stamp(s.from), c.stamp(s.to)
	if dayOf(from.t).Equal(dayOf(to.t)) {
		return from.t.Format("Mon 2 January") + ", " + from.t.Format("15:04") + " to " + to.t.Format("15:04") + nbsp + to.Zone()
	}
	return from.t.Format("Mon 2 January 15:04") + " to " + to.t.Format("Mon 2 January 15:04") + nbsp + to.Zone()
}

// lanes puts the verdict and the witnesses above each other, those that do not vote
// last and behind a rule.
func lanes(c clock, s span, verdict Lane, witnesses []Lane, windows []Span, contract string) []laneLine {
	v := s.strip(c, "Verdict", verdict.Segments, windows)
	v.Height = 34
	out := []laneLine{{Name: "Verdict", Sub: "contract " + contract, Strip: v}}
	for _, votes := range []bool{true, false} {
		first := true
		for _, l := range witnesses {
			if l.Votes != votes {
				continue
			}
			line := laneLine{Name: string(l.Location), Sub: string(l.Custody), Rule: first, Strip: s.strip(c, string(l.Location), l.Segments, windows)}
			line.Strip.Height = 22
			if !votes {
				line.Sub += ", no vote"
			}
			out = append(out, line)
			first = false
		}
	}
	return out
}

// laneTable lists everything that is not up, at most maxTable segments, and says how
// many are left out.
func laneTable(c clock, s span, verdict Lane, witnesses []Lane) ([]laneRow, int) {
	var out []laneRow
	more := 0
	for i, l := range append([]Lane{verdict}, witnesses...) {
		who := string(l.Location)
		if i == 0 {
			who = "Verdict"
		}
		for _, g := range l.Segments {
			if g.State == StateUp || !s.overlaps(g.From, g.To) {
				continue
			}
			if len(out) == maxTable {
				more++
				continue
			}
			to := c.stamp(g.To).At()
			if s.end(c, g.To) == "now" {
				to = "now"
			}
			out = append(out, laneRow{who, g.State.Word(), reasonWords(g.Reason), c.stamp(g.From).At(), to, exact(g.To.Sub(g.From))})
		}
	}
	return out, more
}
