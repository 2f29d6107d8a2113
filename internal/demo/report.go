// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Verdict is what a run comes to.
type Verdict string

const (
	Matches Verdict = "matches" // what was measured is what was done
	Differs Verdict = "differs"
	TooBusy Verdict = "too busy" // the machine did not keep up, so that nothing is proven
)

// Outcome is what came of a run that came to its end.
type Outcome struct {
	Verdict     Verdict
	Differences []string
	Strain      []string // signs that the machine was busy
}

// conclude compares, writes the files and the words at the end.
func (r *run) conclude(res result) (out Outcome, err error) {
	began, deeds, _ := r.doings()
	expected := Expect(r.pace, r.steps, began, deeds)
	found, err := ReadFound(res.statement, res.incidents, &r.sightings)
	if err != nil {
		return out, err
	}
	c := Compare(expected, found)
	out = judge(r.pace, c, began, deeds, r.signs(res.loads))
	if r.folder.kept != "" {
		if err := r.keep(res, c, out, began, deeds); err != nil {
			return out, err
		}
	}
	p := &printer{w: r.opts.Stdout}
	p.steps(r.steps, expected, c)
	p.verdict(out, expected)
	p.printf("\n%s", res.text)
	p.proof(res.proof)
	p.more(r.folder.kept)
	return out, p.err
}

// signs collects every sign that the machine was busy.
func (r *run) signs(loads []load) []string {
	out := r.strain.signs(r.pace.Timeout)
	for _, l := range loads {
		out = append(out, l.signs(r.pace.Interval)...)
	}
	return out
}

// judge weighs a comparison. A script that was late by more than an interval proves
// nothing, nor do differences on a machine that did not keep up.
func judge(p Pace, c Comparison, began time.Time, deeds []Deed, strain []string) Outcome {
	out := Outcome{Verdict: Matches, Strain: strain}
	late := false
	for _, d := range deeds {
		if by := d.Done.Sub(began.Add(d.At)); by > p.Interval {
			late = true
			out.Strain = append(out.Strain, fmt.Sprintf("a step of the script came %v late", by.Round(10*time.Millisecond)))
		}
	}
	for _, s := range c.f.Statement.Devices {
		for _, u := range s.Unknowns {
			if ofStrain(u.Reason) {
				out.Strain = append(out.Strain, fmt.Sprintf("%s was unknown for want of time (%s) from %s to %s", s.ID, u.Reason, clock(u.From), clock(u.To)))
			}
		}
	}
	for _, d := range c.Differences {
		text := d.Text
		if d.Step != "" {
			text = string(d.Step) + ": " + text
		}
		out.Differences = append(out.Differences, text)
	}
	switch {
	case late, len(out.Differences) > 0 && len(out.Strain) > 0:
		out.Verdict = TooBusy
	case len(out.Differences) > 0:
		out.Verdict = Differs
	}
	return out
}

// ofStrain reports whether a reason to be unknown is a machine that did not keep up.
func ofStrain(r vouch.Reason) bool {
	switch r {
	case vouch.ReasonOverload, vouch.ReasonNoSample, vouch.ReasonClock, vouch.ReasonSilent, vouch.ReasonSocket:
		return true
	}
	return false
}

// fine reports whether nothing was wrong with a step.
func (c *Comparison) fine(s StepID) bool {
	return !slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Step == s })
}

// printer writes the words at the end and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format, args...); err != nil && p.err == nil {
		p.err = fmt.Errorf("write the result: %w", err)
	}
}

const textWidth = 80

// steps prints what the script did beside what was measured.
func (p *printer) steps(steps []Step, e Expected, c Comparison) {
	const title = "WHAT THE SCRIPT DID, AND WHAT VOUCH MEASURED"
	p.printf("%s\n%s\n", title, strings.Repeat("-", len(title)))
	for i, s := range steps {
		mark := "ok  "
		if !c.fine(s.ID) {
			mark = "NO  "
		}
		h := e.Effects[i].Happened
		p.wrap(fmt.Sprintf("%s%d. ", mark, i+1), capital(s.What)+".")
		p.printf("       happened  %s - %s\n", fine(h.From), fine(h.To))
		p.wrap("       expected  ", capital(s.Expect)+".")
		p.wrap("       measured  ", capital(c.Found[s.ID])+".")
	}
	p.printf("\n")
}

// verdict prints what the run comes to.
func (p *printer) verdict(out Outcome, e Expected) {
	switch out.Verdict {
	case Matches:
		p.wrap("", fmt.Sprintf("All %d steps were measured as they were done: every outage with its edges to within %v, every incident, every excluded second, and nothing else.", len(e.Effects), e.Tolerance))
	case Differs:
		p.wrap("", "What was measured is NOT what was done:")
	case TooBusy:
		p.wrap("", "The machine was too busy to keep the script's times, so that this run proves nothing. Try again when it is idle, or longer with --for.")
	}
	for _, d := range out.Differences {
		p.wrap("  - ", d)
	}
	if len(out.Strain) > 0 {
		p.wrap("", "The machine was busy at times:")
	}
	for _, s := range out.Strain {
		p.wrap("  - ", s)
	}
}

// more says where to read on.
func (p *printer) more(kept string) {
	p.printf("\nREAD ON\n-------\n")
	if kept == "" {
		p.printf("vouch demo --out DIR           keeps the files, the ledger and the logs of a run\n")
	} else {
		p.printf("%s\n", kept)
		p.printf("  statement.json  incidents.json  script.json    what is above, for programs\n")
		p.printf("  bundle.zip  bundle-tampered.zip                the evidence, for vouch verify\n")
		p.printf("  config                                         what an operator would write\n")
		p.printf("  data  agents  logs                             the ledger, the agents, their logs\n")
		p.printf("vouch collector --config %s/config/collector.yaml\n", kept)
		p.printf("                               serves the pages of this run again\n")
	}
	p.printf("vouch init DIR                 writes a first configuration of your own\n")
	p.printf("docs/                          the handbook, beside the source\n")
}

// wrap prints a text in lines of at most 80 columns, those after the first indented
// like it.
func (p *printer) wrap(first, text string) {
	for _, line := range wrapped(first, text, textWidth) {
		p.printf("%s\n", line)
	}
}

// wrapped breaks a text into lines of at most width columns.
func wrapped(first, text string, width int) []string {
	indent := strings.Repeat(" ", len([]rune(first)))
	var lines []string
	line, empty := first, true
	for _, word := range strings.Fields(text) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, strings.TrimRight(line, " "))
}

// capital returns s with a capital letter at its beginning, unless it begins with the
// name of a device.
func capital(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if s == "" || slices.ContainsFunc(devices(), func(d device) bool { return string(d.ID) == first }) {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
