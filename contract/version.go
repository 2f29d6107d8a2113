// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"
)

// reign is a stretch of time with the version that is in force in it.
type reign struct {
	Span
	version *Version
}

// inForce cuts span by the versions in force in it, in order. Time before the first
// version is in none of the pieces. Where two versions begin at the same instant, the
// one with the higher number holds.
func inForce(versions []Version, span Span) []reign {
	sorted := make([]*Version, len(versions))
	for i := range versions {
		sorted[i] = &versions[i]
	}
	slices.SortStableFunc(sorted, func(a, b *Version) int {
		return cmp.Or(cmp.Compare(a.InForce, b.InForce), cmp.Compare(a.Number, b.Number))
	})
	var out []reign
	for i, v := range sorted {
		s := Span{max(span.From, v.InForce), span.To}
		if i+1 < len(sorted) {
			s.To = min(s.To, sorted[i+1].InForce)
		}
		if !s.Empty() {
			out = append(out, reign{s, v})
		}
	}
	return out
}

func cmpSecond(a, b Second) int { return cmp.Compare(a, b) }
func cmpString(a, b string) int { return cmp.Compare(a, b) }
