// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"slices"
)

// Join returns the account of a period from those of its pieces, such as days that
// were computed once and kept: exactly what [Assess] returns for the whole. The pieces
// follow each other without a hole, and each but the first was assessed from where the
// one before ended: Basis.Start is its End. The percentages are those of the whole.
func Join(versions []Version, pieces ...Account) Account {
	if len(pieces) == 0 {
		return Account{}
	}
	first := pieces[0]
	out := Account{Period: Span{first.Period.From, pieces[len(pieces)-1].Period.To}}
	n := 0
	for i := range pieces {
		n += len(pieces[i].Parts)
	}
	out.Parts = make([]Part, 0, n)
	for i := range pieces {
		out.append(&pieces[i], i == 0)
	}
	out.total()
	out.ShortInterruptions, out.ShortSeconds = out.End.Shorts()
	out.conclude(termsOf(versions)(max(out.Period.To-1, out.Period.From)))
	return out
}

// append adds the account of the time that follows. Percentages are left to the end.
func (a *Account) append(next *Account, first bool) {
	for _, p := range next.Parts {
		a.Parts = pushPart(a.Parts, p)
	}
	a.Announced += next.Announced
	a.ExcludedMaintenance += next.ExcludedMaintenance
	a.DownUnderMaintenance += next.DownUnderMaintenance
	a.addClaims(next.Claims)
	before := a.End
	a.End = next.End.clone()
	incidents := a.addIncidents(next, &before)
	a.Incidents = append(a.Incidents, incidents...)
	if first {
		return
	}
	a.End.Short += before.Short
	a.End.ShortSeconds += before.ShortSeconds
	a.carry(next, &before)
}

// carry settles what the count that was running at the seam has come to: it runs on,
// became an incident, or ended as short interruptions.
func (a *Account) carry(next *Account, before *Fold) {
	end := &a.End
	if before.Current != nil || !before.Counting {
		if before.Current != nil && end.Current != nil && end.Current.From == before.Current.From {
			end.Counted += before.Counted
			end.Runs += before.Runs
			end.Current.CountedDown = end.Counted
		}
		return
	}
	switch {
	case end.Counting && end.First == before.First:
		end.Counted += before.Counted
		end.Runs += before.Runs
		if end.Current != nil {
			end.Current.CountedDown = end.Counted
		}
	case slices.ContainsFunc(a.Incidents, func(i Incident) bool { return i.From == before.First }):
	default:
		end.Short += before.Runs
		end.ShortSeconds += before.Counted
	}
}

// addIncidents returns the incidents of the time that follows without the one that
// was open, or about to open, at the seam: that one is brought up to date.
func (a *Account) addIncidents(next *Account, before *Fold) []Incident {
	added := make([]Incident, 0, len(next.Incidents))
	for _, i := range next.Incidents {
		i = i.clone()
		switch {
		case before.Current != nil && i.From == before.Current.From:
			i.CountedDown += before.Current.CountedDown
			if n := len(a.Incidents); n > 0 && a.Incidents[n-1].From == i.From {
				a.Incidents[n-1] = i
				continue
			}
		case before.Current == nil && before.Counting && i.From == before.First:
			i.CountedDown += before.Counted
		}
		added = append(added, i)
	}
	// One that closed at the seam or before it is not among those of the time after.
	open := len(a.Incidents) - 1
	if open >= 0 && a.Incidents[open].Open && before.Current != nil && a.Incidents[open].From == before.Current.From &&
		(a.End.Current == nil || a.End.Current.From != before.Current.From) &&
		!slices.ContainsFunc(next.Incidents, func(i Incident) bool { return i.From == before.Current.From }) {
		i := &a.Incidents[open]
		i.Open, i.To = false, next.Period.From
		if before.InUp {
			i.To = before.UpFrom
		}
		if !i.Overlaps(Span{a.Period.From, next.Period.To}) {
			a.Incidents = a.Incidents[:open]
		}
	}
	return added
}

// addClaims adds what each exclusion took in the time that follows.
func (a *Account) addClaims(claims []Claim) {
	for _, c := range claims {
		i := slices.IndexFunc(a.Claims, func(o Claim) bool { return o.ID == c.ID && o.Kind == c.Kind && o.Span == c.Span })
		if i < 0 {
			a.Claims = append(a.Claims, c)
			continue
		}
		a.Claims[i].Seconds += c.Seconds
		a.Claims[i].Touched += c.Touched
		a.Claims[i].Down += c.Down
	}
	slices.SortStableFunc(a.Claims, func(x, y Claim) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.ID, y.ID))
	})
}
