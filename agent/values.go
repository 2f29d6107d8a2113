// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"math"
	"slices"

	"github.com/vouch-sla/vouch"
)

// valueRefs reads the names of the values of a check.
func valueRefs(names []string) ([]vouch.ValueRef, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out := make([]vouch.ValueRef, len(names))
	for i, name := range names {
		var err error
		if out[i], err = vouch.ParseValueRef(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named returns the values that a check names, as far as its poll found them, in the
// order of the check.
func named(j job, points []vouch.Point) []vouch.Field {
	var out []vouch.Field
	for i := range j.values {
		if v, ok := find(&j.values[i], points); ok {
			out = append(out, vouch.Field{Name: j.Check.Values[i], Value: v})
		}
	}
	return out
}

// find returns the number that a reference means. Where more than one point fits, none
// does: a threshold may not depend on the order in which a device lists its rows.
func find(r *vouch.ValueRef, points []vouch.Point) (v vouch.Value, ok bool) {
	for i := range points {
		p := &points[i]
		if p.Measurement != r.Measurement || !bears(p.Tags, r.Tags) {
			continue
		}
		at := slices.IndexFunc(p.Fields, func(f vouch.Field) bool { return f.Name == r.Field })
		if at < 0 {
			continue
		}
		number, is := numberOf(p.Fields[at].Value)
		if !is {
			continue
		}
		if ok {
			return vouch.Value{}, false
		}
		v, ok = vouch.Float(number), true
	}
	return v, ok
}

// bears reports whether all wanted tags are among those of a point.
func bears(tags, wanted []vouch.Tag) bool {
	for _, w := range wanted {
		if !slices.Contains(tags, w) {
			return false
		}
	}
	return true
}

// numberOf returns a value as a check line carries it: a finite float, whatever the
// device answered with. One device's gauge is another's counter, and a time-series store
// refuses lines in which a field changes its type. A float holds every number that a
// threshold works with exactly.
func numberOf(v vouch.Value) (float64, bool) {
	switch v.Kind() {
	case vouch.ValueInt:
		return float64(v.Int()), true
	case vouch.ValueUint:
		return float64(v.Uint()), true
	case vouch.ValueFloat:
		return v.Float(), !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0)
	}
	return 0, false
}
