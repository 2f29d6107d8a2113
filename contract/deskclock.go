// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"slices"
)

// react runs the reaction time: from report or detection until the customer is told.
func (d *desk) react() {
	s := d.terms.Support
	start, why, ok := d.reactionStart()
	if !ok {
		return
	}
	t := Timer{Kind: ClockReaction, Priority: d.out.Priority, Limit: d.target(d.out.Priority).Reaction, Started: start, Why: []string{why}}
	t.Stopped, t.Running = d.file.Now, true
	told := func(e Event) bool { return !e.Automatic || s.Reaction.Receipt }
	if at, ok := d.firstAt(EventTold, told); ok {
		t.Stopped, t.Running = max(at, start), false
		t.Why = append(t.Why, "stopped when the customer was told, "+d.terms.Zone.Format(at))
	}
	if _, receipt := d.first(EventTold, func(e Event) bool { return e.Automatic }); receipt && !s.Reaction.Receipt {
		t.Why = append(t.Why, "an automatic receipt does not stop it")
	}
	d.run(&t, func(r SuspendRule) bool { return r.Reaction })
}

// reactionStart returns what starts the reaction time. A report that comes outside
// the hours of reporting counts as made when they next begin.
func (d *desk) reactionStart() (Second, string, bool) {
	reported, isReported := d.report()
	detected, isDetected := d.firstAt(EventDetected, nil)
	switch d.terms.Support.Reaction.Starts {
	case StartReport:
		isDetected = false
	case StartDetection:
		isReported = false
	}
	switch {
	case isReported && (!isDetected || reported <= detected):
		return reported, "started with the customer's report, " + d.terms.Zone.Format(reported), true
	case isDetected:
		return detected, "started with the detection, " + d.terms.Zone.Format(detected), true
	}
	return 0, "", false
}

// report returns when the first report that the contract recognises counts as made.
func (d *desk) report() (Second, bool) {
	s := d.terms.Support
	i := slices.IndexFunc(s.Reports, func(r ReportRule) bool { return r.Priority == d.out.Priority })
	e, ok := d.first(EventReported, func(e Event) bool {
		switch {
		case s.Contacts && !e.Contact:
			d.flag("a report that did not come from a contact person starts no clock")
			return false
		case i >= 0 && !slices.Contains(s.Reports[i].Channels, e.Channel):
			d.flag("a report by " + e.Channel + " starts no clock for " + d.out.Priority.String())
			return false
		}
		return true
	})
	if !ok {
		return 0, false
	}
	if i >= 0 && slices.Contains(s.Reports[i].Confirm, e.Channel) {
		if _, confirmed := d.first(EventConfirmed, nil); !confirmed {
			d.flag("the report by " + e.Channel + " was not confirmed in writing")
		}
	}
	hours := d.terms.ReportCalendar(d.out.Level)
	at, ok := hours.next(e.At)
	if !ok {
		return 0, false
	}
	if at != e.At {
		d.flag("reported outside the hours of reporting: it counts from " + d.terms.Zone.Format(at))
	}
	return at, true
}

// next returns the first instant of service time that is not before an instant.
func (c Calendar) next(at Second) (Second, bool) {
	for from, step := at, Second(14*day); from < endOfTime; step *= 2 {
		if s := c.Spans(Span{from, min(from+step, endOfTime)}); len(s) > 0 {
			return s[0].From, true
		}
		from += step
	}
	return 0, false
}

// resolve runs the resolution time: from telling the customer, at the latest from the
// deadline of the reaction, until the service works again.
func (d *desk) resolve() {
	start, why, ok := d.resolutionStart()
	if !ok {
		return
	}
	t := Timer{Kind: ClockResolution, Priority: d.out.Priority, Limit: d.target(d.out.Priority).Resolution, Started: start, Why: []string{why}}
	if ground := d.outside(); ground != "" {
		t.Limit = TimeLimit{}
		t.Why = append(t.Why, ground)
	}
	t.Stopped, t.Running = d.file.Now, true
	var broken []Span // between a recovery and the news that it was none
	for _, e := range d.events {
		switch e.Kind {
		case EventOperational, EventWorkAround, EventRepaired:
			if t.Running {
				t.Stopped, t.Running = max(e.At, start), false
			}
		case EventReopened:
			if !t.Running {
				broken = append(broken, Span{t.Stopped, e.At})
				t.Stopped, t.Running = d.file.Now, true
			}
		}
	}
	if !t.Running {
		t.Why = append(t.Why, "stopped when the service worked again, "+d.terms.Zone.Format(t.Stopped))
	}
	t.Pauses = broken
	d.run(&t, func(r SuspendRule) bool { return r.Resolution })
}

func (d *desk) resolutionStart() (Second, string, bool) {
	r, ok := d.out.Timer(ClockReaction)
	switch {
	case !ok:
		return 0, "", false
	case !r.Running && (!r.Reached || r.Stopped <= r.Deadline):
		return r.Stopped, "started when the customer was told, " + d.terms.Zone.Format(r.Stopped), true
	case r.Reached && r.Deadline <= d.file.Now:
		return r.Deadline, "started at the deadline of the reaction, " + d.terms.Zone.Format(r.Deadline), true
	}
	return 0, "", false
}

// outside says why no repair time holds, in a sentence.
func (d *desk) outside() string {
	s := d.terms.Support
	switch {
	case s.BaseOnly && d.file.NotInBase:
		return "no repair time: not in the installed base"
	case s.Replaced && d.persists():
		return "no repair time: the fault persists after replacement and lies outside the equipment"
	}
	return ""
}

// persists reports whether the fault was still there after the equipment had been
// replaced.
func (d *desk) persists() bool {
	at, replaced := d.firstAt(EventReplaced, nil)
	_, still := d.first(EventPersists, func(e Event) bool { return e.At >= at })
	return replaced && still
}

// repair runs the time for what is left after a work-around.
func (d *desk) repair() {
	p := d.terms.Support.WorkAround
	at, ok := d.firstAt(EventWorkAround, nil)
	if !ok || p == NoPriority || d.outside() != "" {
		return
	}
	t := Timer{Kind: ClockRepair, Priority: p, Limit: d.target(p).Resolution, Started: at,
		Why: []string{"started with the work-around, " + d.terms.Zone.Format(at) + ", with priority " + p.String()}}
	t.Stopped, t.Running = d.file.Now, true
	if done, ok := d.firstAt(EventRepaired, func(e Event) bool { return e.At >= at }); ok {
		t.Stopped, t.Running = done, false
	}
	d.run(&t, func(r SuspendRule) bool { return r.Resolution })
}

// run computes a clock and adds it. An overrun of what is promised is noted.
func (d *desk) run(t *Timer, stops func(SuspendRule) bool) {
	t.Pauses = Union(append(t.Pauses, d.pauses(t, stops)...))
	calendar := d.clocks
	if d.terms.Support.Day == DayCalendar && (t.Limit.Unit == Days || t.Limit.Unit == Weeks) {
		calendar = Calendar{Zone: d.terms.Zone, Windows: []Window{{Days: AllWeek, To: 1440}}}
	}
	ran := Subtract(calendar.Spans(Span{t.Started, min(t.Stopped, t.Started+horizon)}), t.Pauses)
	t.Used = Total(ran)
	if t.Limit.Set() {
		t.Target = d.seconds(t.Limit, t.Started)
		t.deadline(calendar)
		t.Why = append(t.Why, fmt.Sprintf("%s %s: %s", t.Kind, t.Priority, t.Limit))
		d.extend(t)
		t.Left = max(t.Target-t.Used, 0)
		if t.Reached && t.Stopped > t.Deadline {
			over := Span{t.Deadline, t.Stopped}
			t.Exceeded = over.Len()
			over.To = min(over.To, over.From+horizon)
			t.Days = Clock{Calendar: d.clocks, Credit: Credit{Days: d.terms.Support.Credit.Days}}.days(over)
			d.out.Overruns = append(d.out.Overruns, Overrun{t.Kind, t.Deadline})
			slices.SortStableFunc(d.out.Overruns, func(a, b Overrun) int { return cmpSecond(a.At, b.At) })
		}
	}
	d.out.Timers = append(d.out.Timers, *t)
}

// deadline finds the deadline. Behind a pause without an end there is none, and it is
// not looked for.
func (t *Timer) deadline(c Calendar) {
	if n := len(t.Pauses); n > 0 && t.Pauses[n-1].To == endOfTime {
		before := Span{t.Started, min(t.Pauses[n-1].From, t.Started+horizon)}
		if Total(Subtract(c.Spans(before), t.Pauses)) < t.Target {
			return
		}
	}
	t.Deadline, t.Reached = Clock{Calendar: c, Started: t.Started, Target: t.Target, Suspensions: t.Pauses}.deadline()
}

// extend moves the deadline of the resolution for a visit on site that was agreed
// before it passed: to the end of the next working day after the agreement.
func (d *desk) extend(t *Timer) {
	at, ok := d.firstAt(EventVisit, func(e Event) bool { return e.At >= t.Started })
	if !ok || !d.terms.Support.Visit || t.Kind == ClockReaction || !t.Reached {
		return
	}
	if at > t.Deadline {
		d.flag("the visit on site was agreed after the deadline: it extends nothing")
		return
	}
	if end := (TimeLimit{1, WorkingDays}).Expires(at, d.office); end > t.Deadline {
		t.Deadline = end
		t.Why = append(t.Why, "extended to the end of the next working day for a visit on site, "+d.terms.Zone.Format(end))
	}
}

// pauses returns where the causes that the contract recognises stop the clock.
func (d *desk) pauses(t *Timer, stops func(SuspendRule) bool) []Span {
	var out []Span
	since := map[string]Second{}
	end := func(cause string, at Second) {
		from, open := since[cause]
		if !open {
			return
		}
		delete(since, cause)
		r := d.terms.Support.suspend(cause)
		until := d.until(r.Until, at)
		out = append(out, Span{from, until})
		t.Why = append(t.Why, fmt.Sprintf("stood still for %s from %s to %s", cause, d.terms.Zone.Format(from), d.terms.Zone.Format(until)))
	}
	for _, e := range d.events {
		switch {
		case e.Kind == EventSuspended:
			r := d.terms.Support.suspend(e.Cause)
			if r.Cause == "" {
				d.flag("the contract knows no suspension for " + e.Cause)
			}
			if _, open := since[e.Cause]; !open && r.Cause != "" && stops(r) {
				since[e.Cause] = e.At
			}
		case e.Kind == EventResumed && e.Cause == "":
			for _, r := range d.terms.Support.Suspends {
				end(r.Cause, e.At)
			}
		case e.Kind == EventResumed:
			end(e.Cause, e.At)
		}
	}
	for _, r := range d.terms.Support.Suspends {
		if from, open := since[r.Cause]; open {
			out = append(out, Span{from, endOfTime})
			t.Why = append(t.Why, fmt.Sprintf("stands still for %s since %s", r.Cause, d.terms.Zone.Format(from)))
		}
	}
	return out
}

// until returns when a clock runs again after its cause has gone.
func (d *desk) until(u SuspendUntil, at Second) Second {
	if u != UntilEndOfDay && u != UntilWorkingDay {
		return at
	}
	n := d.terms.Zone.date(at)
	if u == UntilWorkingDay && !d.office.works(n) {
		return TimeLimit{1, WorkingDays}.Expires(at, d.office)
	}
	return d.terms.Zone.midnight(n + 1)
}

// suspend returns the rule for a cause; the zero rule where there is none.
func (s Support) suspend(cause string) SuspendRule {
	for _, r := range s.Suspends {
		if r.Cause == cause {
			return r
		}
	}
	return SuspendRule{}
}
