// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch/contract"
)

// The drawings of a statement are SVG whose x and width are percentages, so that they
// stretch with the page while text and hatching do not. The worse a state, the taller
// its mark: a strip reads without colour.

// leastStrip and leastDay are the least widths of a mark in percent, so that nothing
// that was not up gets lost. Marks of a kind that would touch are drawn as one, which
// bounds how many there can be.
const (
	leastStrip = 0.4
	leastDay   = 0.9
)

// mark is a stretch that was not up.
type mark struct{ Class, X, W, Y, H, Title string }

// slot is a stretch of service time.
type slot struct{ X, W string }

// kind is a kind of mark.
type kind struct {
	Class, Y, H    string
	english, dutch string
}

// kinds are in the order in which they are drawn: down lies over everything.
var kinds = [...]kind{
	{"kx", "14", "72", "excluded", "uitgesloten"},
	{"kp", "0", "100", "down outside service hours", "neer buiten diensttijd"},
	{"ku", "8", "84", "unknown", "onbekend"},
	{"kd", "0", "100", "down", "neer"},
}

// picture is what is drawn of a subject: its service time, and what was not up by kind.
// All of them are sorted and do not touch.
type picture struct {
	served []contract.Span
	spans  [len(kinds)][]contract.Span
}

// picture makes one of what is said of a subject.
func (c canvas) picture(b Body) picture {
	var down, unknown, taken []contract.Span
	for _, o := range b.Outages {
		down = append(down, spanOf(o.From, o.To))
	}
	for _, u := range b.Unknowns {
		unknown = append(unknown, spanOf(u.From, u.To))
	}
	for _, t := range b.Taken {
		taken = append(taken, spanOf(t.From, t.To))
	}
	p := picture{served: c.service}
	if len(b.NotLeased) > 0 {
		p.served = contract.Subtract(c.service, spansOf(b.NotLeased))
	}
	p.spans = [len(kinds)][]contract.Span{contract.Union(taken), contract.Subtract(down, p.served), contract.Union(unknown),
		contract.Subtract(contract.Intersect(down, p.served), taken)}
	return p
}

func spanOf(from, to Instant) contract.Span {
	return contract.Span{From: contract.Floor(from.Time()), To: contract.Floor(to.Time())}
}

func spansOf(list []Stretch) []contract.Span {
	out := make([]contract.Span, len(list))
	for i, s := range list {
		out[i] = spanOf(s.From, s.To)
	}
	return contract.Union(out)
}

// canvas lays time out from left to right.
type canvas struct {
	voice
	from, to contract.Second
	service  []contract.Span
}

// pos is where an instant lies, in percent, within [0, 100].
func (c canvas) pos(s contract.Second) float64 {
	if c.to <= c.from {
		return 0
	}
	return min(100, max(0, 100*float64(s-c.from)/float64(c.to-c.from)))
}

// percentage prints an x or a width with as many decimals as a screen can show.
func percentage(f float64) string {
	return strconv.FormatFloat(float64(int64(f*100+.5))/100, 'f', -1, 64)
}

// clip returns what of sorted spans lies on the canvas.
func (c canvas) clip(spans []contract.Span) []contract.Span {
	i, _ := slices.BinarySearchFunc(spans, c.from, func(s contract.Span, at contract.Second) int {
		if s.To <= at {
			return -1
		}
		return 1
	})
	var out []contract.Span
	for ; i < len(spans) && spans[i].From < c.to; i++ {
		out = append(out, spans[i].Clip(contract.Span{From: c.from, To: c.to}))
	}
	return out
}

// interval prints a stretch as the lists do.
func (c canvas) interval(s contract.Span) string {
	return c.between(c.zone.local(s.From), c.zone.local(s.To))
}

// marks draws what was not up.
func (c canvas) marks(p picture, least float64) []mark {
	var out []mark
	for k, kind := range kinds {
		var start, end float64
		var whole contract.Span
		n := 0
		flush := func() {
			if n == 0 {
				return
			}
			title := c.pick(kind.english, kind.dutch) + " " + c.interval(whole)
			if n > 1 {
				title = c.sprintf("%d times %s", "%d keer %s", n, title)
			}
			out = append(out, mark{kind.Class, percentage(start), percentage(end - start), kind.Y, kind.H, title})
		}
		for _, s := range c.clip(p.spans[k]) {
			x := min(c.pos(s.From), 100-least)
			to := max(c.pos(s.To), x+least)
			if n > 0 && x <= end {
				end, whole.To = max(end, to), s.To
				n++
				continue
			}
			flush()
			start, end, whole, n = x, to, s, 1
		}
		flush()
	}
	return out
}

// slots draws the service time.
func (c canvas) slots(p picture) []slot {
	var out []slot
	for _, s := range c.clip(p.served) {
		x, to := c.pos(s.From), c.pos(s.To)
		out = append(out, slot{percentage(x), percentage(to - x)})
	}
	return out
}

// maxSaid bounds the stretches that a drawing says in words.
const maxSaid = 5

// said is a drawing in words, for who cannot see it.
func (c canvas) said(name string, p picture) string {
	type stretch struct {
		contract.Span
		word string
	}
	var all []stretch
	for k, kind := range kinds {
		for _, s := range p.spans[k] {
			all = append(all, stretch{s, c.pick(kind.english, kind.dutch)})
		}
	}
	slices.SortStableFunc(all, func(a, b stretch) int { return cmp.Compare(a.From, b.From) })
	var words []string
	for i, s := range all {
		if i == maxSaid {
			words = append(words, c.sprintf("and %d more", "en nog %d", len(all)-i))
			break
		}
		words = append(words, s.word+" "+c.interval(s.Span))
	}
	if len(words) == 0 {
		return name + ": " + c.pick("never down or unknown", "nooit neer of onbekend")
	}
	return name + ": " + strings.Join(words, ", ")
}
