// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/series"
)

// Bounds on what is remembered. An interface table is read to 512 rows; more points
// than twice that, more agents than ever measure one device, and more fields than a
// profile has are left out.
const (
	maxPoints  = 1024
	maxAnswers = 16
	maxFields  = 128
	maxLayouts = 64  // of a measurement that are shared
	maxText    = 256 // bytes
)

// forgetAfter is how long a point is shown after the device ceased to tell it: an
// interface that is gone is gone.
const forgetAfter = time.Hour

// reading is what each agent said last of one point of a device.
type reading struct {
	measurement string
	tags        []vouch.Tag
	answers     []latest
}

// latest is what one agent said of a point last, and the time before: a rate is made of
// two answers of one agent, because two agents read at different instants. What the
// slices hold is never changed, so that copies may share it.
//
// It is kept small: eight bytes a value, and names once for all devices. A thousand
// devices of 130 values each take 8 MB, and 5 MB more for each further agent.
type latest struct {
	agent      vouch.AgentID
	at, before int64 // milliseconds of Unix time; before is 0 where there is none
	is, was    *layout
	n, wasN    []uint64 // of every field of the layout; of a text its place in texts
	texts      []string
	why        series.Reason // why no counter of the two has a rate
}

// layout are the fields of a point, shared by all that have the same.
type layout struct{ fields []layoutField }

type layoutField struct {
	name string
	kind vouch.ValueKind
}

// layoutOf returns the layout of a point. A profile gives few; devices that leave out
// this field or that one make some more.
func (t *telemetry) layoutOf(p vouch.Point) *layout {
	fields := p.Fields[:min(len(p.Fields), maxFields)]
	same := func(l *layout) bool {
		return slices.EqualFunc(l.fields, fields, func(a layoutField, f vouch.Field) bool { return a.kind == f.Value.Kind() && a.name == f.Name })
	}
	known := t.layouts[p.Measurement]
	if i := slices.IndexFunc(known, same); i >= 0 {
		return known[i]
	}
	l := &layout{}
	for _, f := range fields {
		l.fields = append(l.fields, layoutField{f.Name, f.Value.Kind()})
	}
	if len(known) < maxLayouts && (known != nil || len(t.layouts) < maxPoints) {
		t.layouts[p.Measurement] = append(known, l)
	}
	return l
}

// answer returns the place of an agent's answer, nil where too many ask.
func (r *reading) answer(agent vouch.AgentID) *latest {
	for i := range r.answers {
		if r.answers[i].agent == agent {
			return &r.answers[i]
		}
	}
	if len(r.answers) >= maxAnswers {
		return nil
	}
	r.answers = append(r.answers, latest{agent: agent})
	return &r.answers[len(r.answers)-1]
}

// last returns the newest answer.
func (r *reading) last() latest {
	return slices.MaxFunc(r.answers, func(a, b latest) int { return cmp.Compare(a.at, b.at) })
}

// hear takes in the next answer.
func (w *latest) hear(at time.Time, l *layout, fields []vouch.Field, clocks *deviceWatch) {
	w.before, w.was, w.wasN = w.at, w.is, w.n
	w.at, w.is, w.texts = at.UnixMilli(), l, nil
	w.n = make([]uint64, len(l.fields))
	for i := range l.fields {
		v := fields[i].Value
		switch v.Kind() {
		case vouch.ValueString:
			w.n[i] = uint64(len(w.texts))
			w.texts = append(w.texts, strings.Clone(v.Text()[:min(len(v.Text()), maxText)]))
		case vouch.ValueBool:
			if v.Bool() {
				w.n[i] = 1
			}
		default:
			w.n[i] = v.Uint() // of a signed number or a float the bits
		}
	}
	w.why = w.comparable(clocks)
}

func (w *latest) time() time.Time { return time.UnixMilli(w.at).UTC() }

// elapsed is the time between the two answers.
func (w *latest) elapsed() time.Duration { return time.Duration(w.at-w.before) * time.Millisecond }

// comparable says why counters of the two answers cannot be compared, or "".
func (w *latest) comparable(clocks *deviceWatch) series.Reason {
	if w.before == 0 {
		return series.ReasonOnce
	}
	discontinuity := func(l *layout, n []uint64) series.Number {
		at := l.index(fieldDiscontinuity)
		if at < 0 {
			return series.Number{}
		}
		return series.Known(n[at])
	}
	was := series.Row{At: time.UnixMilli(w.before), Discontinuity: discontinuity(w.was, w.wasN)}
	is := series.Row{At: time.UnixMilli(w.at), Discontinuity: discontinuity(w.is, w.n)}
	if clocks == nil || !clocks.at.Equal(w.time()) {
		return series.Comparable(was, is, time.Time{}, series.Unclear)
	}
	return series.Comparable(was, is, clocks.Unbroken(), clocks.kind)
}

// index returns where the field stands, or -1.
func (l *layout) index(name string) int {
	return slices.IndexFunc(l.fields, func(f layoutField) bool { return f.name == name })
}

// value returns a field of the answer.
func (w *latest) value(i int) vouch.Value {
	switch n := w.n[i]; w.is.fields[i].kind {
	case vouch.ValueUint:
		return vouch.Uint(n)
	case vouch.ValueFloat:
		return vouch.Float(math.Float64frombits(n))
	case vouch.ValueString:
		return vouch.Text(w.texts[n])
	case vouch.ValueBool:
		return vouch.Bool(n != 0)
	default:
		return vouch.Int(int64(n))
	}
}

// field returns the value of a field, and whether there is one.
func (w *latest) field(name string) (vouch.Value, bool) {
	if w.is == nil {
		return vouch.Value{}, false
	}
	if i := w.is.index(name); i >= 0 {
		return w.value(i), true
	}
	return vouch.Value{}, false
}

// rate returns the growth of a counter a second. bits is how wide the profile says it
// is, and limit as for [series.Growth].
func (w *latest) rate(name string, bits int, limit float64) (float64, series.Reason) {
	if w.why != "" {
		return 0, w.why
	}
	i, was := w.is.index(name), w.was.index(name)
	if i < 0 || was < 0 || w.is.fields[i].kind != vouch.ValueUint || w.was.fields[was].kind != vouch.ValueUint {
		return 0, series.ReasonOnce
	}
	return series.Rate(series.Counter{Value: w.wasN[was], Bits: w.was.bits(bits)}, series.Counter{Value: w.n[i], Bits: w.is.bits(bits)}, w.elapsed(), limit)
}

// bits returns how wide a counter of the layout is that the profile says to have so many.
func (l *layout) bits(told int) int {
	if l.index(vouch.FieldCounterBits) >= 0 {
		return 32
	}
	return told
}
