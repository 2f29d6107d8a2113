// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lossShare is the part of a chart's height that stands for 100 % loss, in percent.
// Loss hangs from the top so that it never hides delay.
const lossShare = 30

// rttChart is round-trip time and loss seen from one location.
type rttChart struct {
	Name, Now, Median, Highest, Label string
	Off, Maint, Outage, Unknown       []bar
	Grid                              []gridLine
	Band, Line, Loss                  string // paths in a box of 1000 by 100
}

// gridLine is a horizontal line with its value.
type gridLine struct{ Y, Label string }

// scale maps milliseconds to a chart of height 100.
type scale struct {
	step float64 // between grid lines, in ms; four of them are the height
}

// newScale fits the median and all but the rarest maxima below the space for loss,
// with the same scale for all locations, so that they can be compared. What is higher
// is cut at the upper edge; the highest value stands beside the chart.
func newScale(rounds []Rounds) scale {
	var tops, medians []float64
	for _, r := range rounds {
		for _, b := range r.Bins {
			if b.RTT != nil {
				tops = append(tops, ms(b.RTT.Max))
				medians = append(medians, ms(b.RTT.Median))
			}
		}
	}
	if len(tops) == 0 {
		return scale{10}
	}
	slices.Sort(tops)
	need := max(tops[(len(tops)-1)*98/100], slices.Max(medians)) / (1 - lossShare/100.)
	for exp := math.Pow(10, -2); ; exp *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if 4*f*exp >= need {
				return scale{f * exp}
			}
		}
	}
}

func (s scale) y(v Micros) float64 { return max(0, 100-25*ms(v)/s.step) }

func (s scale) grid() []gridLine {
	var out []gridLine
	for i := 1; i <= 3; i++ {
		out = append(out, gridLine{strconv.Itoa(100 - 25*i), strconv.FormatFloat(float64(i)*s.step, 'g', 3, 64)})
	}
	return out
}

func ms(m Micros) float64 { return float64(time.Duration(m)) / float64(time.Millisecond) }

// chart draws the rounds of one location. The verdict's outages and maintenance are
// shaded in every chart, the time in which this location could not ask in its own.
func (s span) rttChart(r Rounds, sc scale, verdict, own []Segment, windows []Span) rttChart {
	out := rttChart{Name: string(r.Location), Grid: sc.grid(), Off: s.outside(windows)}
	if windows == nil {
		out.Off = nil
	}
	if r.Median != nil {
		out.Median = r.Median.MS()
	}
	if r.Highest != nil {
		out.Highest = r.Highest.MS()
	}
	out.Maint = s.shades(verdict, StateMaintenance)
	out.Outage = s.shades(verdict, StateDown)
	out.Unknown = s.shades(own, StateUnknown)
	out.paths(s, r, sc)
	out.Label = "Round-trip time from " + out.Name + ": "
	if out.Median == "" {
		out.Label += "no answer in this period"
	} else {
		out.Label += fmt.Sprintf("median %s ms, highest %s ms", out.Median, out.Highest)
	}
	out.Label += "; " + lossInWords(r)
	return out
}

func (s span) shades(segments []Segment, state State) []bar {
	var out []bar
	for _, g := range segments {
		if g.State == state && s.overlaps(g.From, g.To) {
			out = append(out, s.bar(g.From, g.To, 0))
		}
	}
	return out
}

func lossInWords(r Rounds) string {
	sent, lost := 0, 0
	for _, b := range r.Bins {
		sent += b.Sent
		lost += b.Lost
	}
	if sent == 0 {
		return "nothing sent"
	}
	return fmt.Sprintf("%d of %d requests lost", lost, sent)
}

// paths fills Band, Line and Loss. A run of bins with answers becomes one shape; a
// bin without any, or one that is missing, ends the run.
func (c *rttChart) paths(s span, r Rounds, sc scale) {
	width := time.Duration(r.Width)
	var band, line, loss strings.Builder
	var run []Bin
	flush := func() {
		if len(run) == 0 {
			return
		}
		x := func(b Bin) string { return coord(10 * s.pos(b.At.Add(width/2))) }
		for i, b := range run {
			band.WriteString(moveOr(i) + x(b) + " " + coord(sc.y(b.RTT.Max)))
			line.WriteString(moveOr(i) + x(b) + " " + coord(sc.y(b.RTT.Median)))
		}
		for i, b := range slices.Backward(run) {
			sep := " "
			if i == len(run)-1 {
				sep = "L"
			}
			band.WriteString(sep + x(b) + " " + coord(sc.y(b.RTT.Min)))
		}
		band.WriteString("z")
		run = run[:0]
	}
	for _, b := range r.Bins {
		if !s.overlaps(b.At, b.At.Add(width)) {
			continue
		}
		if len(run) > 0 && b.At.After(run[len(run)-1].At.Add(width*3/2)) {
			flush()
		}
		if b.RTT != nil {
			run = append(run, b)
		} else {
			flush()
		}
		if b.Lost > 0 && b.Sent > 0 {
			h := max(.5, lossShare*float64(min(b.Lost, b.Sent))/float64(b.Sent))
			fmt.Fprintf(&loss, "M%s 0H%sV%sH%sz", coord(10*s.pos(b.At)), coord(10*s.pos(b.At.Add(width))), coord(h), coord(10*s.pos(b.At)))
		}
	}
	flush()
	c.Band, c.Line, c.Loss = band.String(), line.String(), loss.String()
}

func moveOr(i int) string {
	if i == 0 {
		return "M"
	}
	return " "
}

// coord prints a coordinate with one decimal.
func coord(f float64) string { return strconv.FormatFloat(float64(int64(f*10+.5))/10, 'f', -1, 64) }

// spark is the traffic of one interface, in above the middle and out below it, in a
// box of 180 by 26.
type spark struct{ In, Out string }

// sparks draws every interface on one scale, so that a busy one looks busy.
func (s span) sparks(ifs []Interface) []spark {
	var top uint64 = 1
	for _, f := range ifs {
		for _, r := range f.Rates {
			top = max(top, r.In, r.Out)
		}
	}
	out := make([]spark, len(ifs))
	for i, f := range ifs {
		out[i] = spark{
			s.steps(f.Rates, func(r Rate) float64 { return 13 - 12*float64(r.In)/float64(top) }),
			s.steps(f.Rates, func(r Rate) float64 { return 13 + 12*float64(r.Out)/float64(top) }),
		}
	}
	return out
}

// steps is a path of steps from the middle line. A bin twice as far away as the one
// before it leaves a hole.
func (s span) steps(rates []Rate, y func(Rate) float64) string {
	if len(rates) == 0 {
		return ""
	}
	width := rates[len(rates)-1].At.Sub(rates[0].At)
	for i := 1; i < len(rates); i++ {
		width = min(width, rates[i].At.Sub(rates[i-1].At))
	}
	if width <= 0 {
		width = s.to.Sub(s.from) / 100
	}
	var b strings.Builder
	end := time.Time{}
	for _, r := range rates {
		x := coord(1.8 * s.pos(r.At))
		if end.IsZero() || r.At.Sub(end) > width {
			if !end.IsZero() {
				b.WriteString("V13z")
			}
			b.WriteString("M" + x + " 13")
		}
		b.WriteString("V" + coord(y(r)))
		end = r.At.Add(width)
		b.WriteString("H" + coord(1.8*s.pos(end)))
	}
	b.WriteString("V13z")
	return b.String()
}
