// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

// Advance takes a stretch of a device's verdict in, which [Exclude] has been applied
// to, and returns the state of rule 8 after it with the transitions that it brought
// about, in order. It is for the running system, which keeps f at an instant that no
// longer changes and looks ahead from there again and again; f itself is left as it
// was. What the verdict leaves out of span is unknown; what it says beyond span is left
// for the next call.
func (f Fold) Advance(versions []Version, verdict []Segment, span Span) (Fold, []Transition) {
	after := f.clone()
	var moves []Transition
	terms := termsOf(versions)
	for _, p := range Explain(versions, Slice(verdict, span), span) {
		if t, moved := after.Add(p, terms(p.From)); moved {
			moves = append(moves, t)
		}
	}
	return after, moves
}

// TermsAt returns the terms in force at an instant; before the first version, those of
// the first, and the defaults where there is none.
func TermsAt(versions []Version, at Second) Terms { return *termsOf(versions)(at) }

// VersionAt returns the version in force at an instant, and false where there is none.
func VersionAt(versions []Version, at Second) (Version, bool) {
	r := inForce(versions, Span{at, at + 1})
	if len(r) == 0 {
		return Version{}, false
	}
	return *r[0].version, true
}

// Slice returns the part of a list of segments that lies in span.
func Slice(segs []Segment, span Span) []Segment {
	var out []Segment
	for _, s := range segs {
		if c := s.Clip(span); !c.Empty() {
			s.Span = c
			out = push(out, s)
		}
	}
	return out
}
