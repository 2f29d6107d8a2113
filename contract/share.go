// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "slices"

// Repair is what an incident contributes to the share resolved in time.
type Repair struct {
	Reported bool     // by the customer
	Done     bool     // the service works again
	InTime   bool     // of one that is done
	Overdue  bool     // of one that is not: its deadline has passed
	Seconds  int64    // running time that it took
	Grounds  []Ground // for leaving it out
}

// repairTime sums up a case for the share.
func (d *desk) repairTime() Repair {
	var r Repair
	_, r.Reported = d.report()
	t, ok := d.out.Timer(ClockResolution)
	if !ok || !t.Limit.Set() {
		r.Grounds = append(r.Grounds, GroundNoTarget)
	}
	if ok {
		r.Done, r.Seconds = !t.Running, t.Used
		r.InTime = r.Done && t.Exceeded == 0
		r.Overdue = !r.Done && t.Exceeded > 0
	}
	if d.persists() {
		r.Grounds = append(r.Grounds, GroundOutsideEquipment)
	}
	if d.file.NotInBase {
		r.Grounds = append(r.Grounds, GroundNotInBase)
	}
	if d.file.NotHardware {
		r.Grounds = append(r.Grounds, GroundNotHardware)
	}
	if d.selfHealed() {
		r.Grounds = append(r.Grounds, GroundSelfHealed)
	}
	if len(d.events) > 0 {
		if end, over := d.recovered(); over && Total(d.clocks.Spans(Span{d.events[0].At, min(end, d.events[0].At+horizon)})) == 0 {
			r.Grounds = append(r.Grounds, GroundOutsideWindow)
		}
	}
	return r
}

// recovered returns when the service worked again for the first time.
func (d *desk) recovered() (Second, bool) {
	for _, e := range d.events {
		if e.Kind == EventOperational || e.Kind == EventWorkAround || e.Kind == EventRepaired {
			return e.At, true
		}
	}
	return 0, false
}

// selfHealed reports whether the service worked again before the customer was told
// and before anything was done about it.
func (d *desk) selfHealed() bool {
	end, over := d.recovered()
	return over && !slices.ContainsFunc(d.events, func(e Event) bool {
		switch e.Kind {
		case EventTold:
			return !e.Automatic && e.At <= end
		case EventSuspended, EventVisit, EventWorkAround, EventReplaced, EventRepaired:
			return e.At <= end
		}
		return false
	})
}

// InTime is the share of incidents resolved in time, once over those that customers
// reported and once over all. Agreed is the one that the contract speaks of.
type InTime struct {
	Reported ShareFigure
	All      ShareFigure
	Agreed   ShareFigure
	Target   Target
	Met      bool // Agreed reaches Target
}

// ShareFigure is a share with its denominators. Open incidents whose deadline has not
// passed are not in it.
type ShareFigure struct {
	Of      int // incidents that count
	InTime  int
	LeftOut int // for the contract's grounds
	Open    int // not resolved, and not late
	Share   Percent
	// P80 and P95 are the running time in seconds within which 80 and 95 of a hundred
	// resolved ones were: the nearest rank, of Resolved.
	P80, P95 int64
	Resolved int
}

// ResolvedInTime computes the share of incidents resolved in time.
func ResolvedInTime(r ShareRule, repairs []Repair) InTime {
	out := InTime{Target: r.Target}
	out.All = r.figure(repairs)
	out.Reported = r.figure(slices.DeleteFunc(slices.Clone(repairs), func(x Repair) bool { return !x.Reported }))
	out.Agreed = out.Reported
	if r.All {
		out.Agreed = out.All
	}
	out.Met = r.Target.Set() && out.Agreed.Share.Meets(r.Target)
	return out
}

func (r ShareRule) figure(repairs []Repair) ShareFigure {
	var f ShareFigure
	var times []int64
	for _, x := range repairs {
		switch {
		case slices.ContainsFunc(x.Grounds, func(g Ground) bool { return slices.Contains(r.LeaveOut, g) || g == GroundNoTarget }):
			f.LeftOut++
		case x.Done:
			f.Of++
			times = append(times, x.Seconds)
			if x.InTime {
				f.InTime++
			}
		case x.Overdue:
			f.Of++
		default:
			f.Open++
		}
	}
	f.Share = ratio(int64(f.InTime), int64(f.Of))
	slices.Sort(times)
	f.Resolved, f.P80, f.P95 = len(times), nearestRank(times, 80), nearestRank(times, 95)
	return f
}

// nearestRank returns the smallest of the sorted values that at least p of a hundred
// do not exceed; 0 of none.
func nearestRank(sorted []int64, p int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(p*len(sorted)+99)/100-1]
}
