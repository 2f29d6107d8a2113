// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"slices"
	"time"
)

// Second is an instant: whole seconds since 1970-01-01T00:00:00Z. All arithmetic of
// a contract is done in it, because availability is counted in whole seconds.
type Second int64

// Floor returns the second that t lies in.
func Floor(t time.Time) Second { return Second(t.Unix()) }

// Ceil returns the first whole second that is not before t. It is the right reading
// of an announcement: one made half a second after an instant came after it.
func Ceil(t time.Time) Second {
	if t.Nanosecond() > 0 {
		return Second(t.Unix() + 1)
	}
	return Second(t.Unix())
}

// Time returns the instant in UTC.
func (s Second) Time() time.Time { return time.Unix(int64(s), 0).UTC() }

// ceilSeconds returns d in seconds, a fraction counting as a whole one.
func ceilSeconds(d time.Duration) Second {
	return Second((d + time.Second - 1) / time.Second)
}

// Span is the half-open interval [From, To). It is empty unless From < To.
type Span struct {
	From Second `json:"from"`
	To   Second `json:"to"`
}

// Len returns the number of seconds in the span, 0 when it is empty.
func (s Span) Len() int64 {
	if s.To <= s.From {
		return 0
	}
	return int64(s.To - s.From)
}

// Empty reports whether no second lies in the span.
func (s Span) Empty() bool { return s.To <= s.From }

// Contains reports whether the second that begins at t lies in the span.
func (s Span) Contains(t Second) bool { return s.From <= t && t < s.To }

// Overlaps reports whether the two spans share a second.
func (s Span) Overlaps(o Span) bool { return !s.Clip(o).Empty() }

// Clip returns what the two spans share. It may be empty.
func (s Span) Clip(o Span) Span {
	return Span{max(s.From, o.From), min(s.To, o.To)}
}

// Union returns the seconds that lie in any of the spans as sorted spans that
// neither overlap nor touch. The argument is not changed.
func Union(spans []Span) []Span {
	in := slices.DeleteFunc(slices.Clone(spans), Span.Empty)
	slices.SortFunc(in, func(a, b Span) int {
		switch {
		case a.From < b.From:
			return -1
		case a.From > b.From:
			return 1
		}
		return 0
	})
	var out []Span
	for _, s := range in {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// Intersect returns the seconds that lie in both of two lists as [Union] returns
// them.
func Intersect(a, b []Span) []Span {
	a, b = Union(a), Union(b)
	var out []Span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if c := a[i].Clip(b[j]); !c.Empty() {
			out = append(out, c)
		}
		if a[i].To < b[j].To {
			i++
		} else {
			j++
		}
	}
	return out
}

// Subtract returns the seconds of a that do not lie in b.
func Subtract(a, b []Span) []Span {
	a, b = Union(a), Union(b)
	var out []Span
	j := 0
	for _, s := range a {
		for j < len(b) && b[j].To <= s.From {
			j++
		}
		for k := j; k < len(b) && b[k].From < s.To; k++ {
			if s.From < b[k].From {
				out = append(out, Span{s.From, b[k].From})
			}
			s.From = max(s.From, b[k].To)
		}
		if !s.Empty() {
			out = append(out, s)
		}
	}
	return out
}

// Total returns the number of seconds that lie in any of the spans.
func Total(spans []Span) int64 {
	var n int64
	for _, s := range Union(spans) {
		n += s.Len()
	}
	return n
}
