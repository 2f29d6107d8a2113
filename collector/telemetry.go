// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"slices"
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// telemetry keeps the last values of every device for its page: what each point said
// last, and the time before, from which rates come. Values live in the ledger and in
// the time-series store; this is a memory of the latest, filled anew after a restart
// by the next batch.
type telemetry struct {
	mu     sync.Mutex
	points map[deviceKey]map[string]*reading
	agents map[vouch.AgentID]agentFacts
}

// agentFacts is what an agent said last of itself.
type agentFacts struct {
	at       time.Time // of that word, by its clock
	started  time.Time
	lastStop string
	lastSeen time.Time // of the run before; zero where it is not known
	overload uint64    // attempts that were not made in time, since its start
	stalls   uint64    // times that it did not get to run
	steps    uint64    // times that its clock was set
}

// factsOf reads them from the agent's own point. What is not there stays zero.
func factsOf(line evidence.Line) agentFacts {
	f := agentFacts{at: line.Sample.Start}
	for _, x := range line.Point.Fields {
		v := x.Value
		switch {
		case x.Name == "started_ms" && v.Kind() == vouch.ValueInt:
			f.started = time.UnixMilli(v.Int()).UTC()
		case x.Name == "last_seen_ms" && v.Kind() == vouch.ValueInt:
			f.lastSeen = time.UnixMilli(v.Int()).UTC()
		case x.Name == "last_stop" && v.Kind() == vouch.ValueString:
			f.lastStop = v.Text()[:min(len(v.Text()), 64)]
		case x.Name == "overload" && v.Kind() == vouch.ValueUint:
			f.overload = v.Uint()
		case x.Name == "stalls" && v.Kind() == vouch.ValueUint:
			f.stalls = v.Uint()
		case x.Name == "clock_steps" && v.Kind() == vouch.ValueUint:
			f.steps = v.Uint()
		}
	}
	return f
}

// facts returns what an agent said last of itself.
func (t *telemetry) facts(a vouch.AgentID) agentFacts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.agents[a]
}

// maxPoints bounds what is remembered of one device: the 512 interfaces that a table
// is read to, and as many other points.
const maxPoints = 1024

// reading is the latest word on one point of a device, by whichever agent was last.
type reading struct {
	agent       vouch.AgentID
	measurement string
	tags        []vouch.Tag
	at          time.Time
	fields      []vouch.Field
	before      map[vouch.AgentID]earlier
}

// earlier is what one agent said of a point the time before: a rate is made of two
// words of one agent, because two agents read at different instants.
type earlier struct {
	at     time.Time
	fields []vouch.Field
	rates  map[string]float64 // per second, of fields that are counters
}

func newTelemetry() *telemetry {
	return &telemetry{points: map[deviceKey]map[string]*reading{}, agents: map[vouch.AgentID]agentFacts{}}
}

// take remembers the lines of a telemetry batch.
func (t *telemetry) take(k agentKey, b evidence.Batch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
		if err != nil {
			return // it was readable when it was taken in; what is damaged, `vouch ledger check` says
		}
		if k.customer == vouch.Provider && line.Sample.Device == "" && line.Point.Measurement == "agent" {
			t.agents[k.agent] = factsOf(line)
		}
		if line.Sample.Device != "" {
			t.enter(deviceKey{k.customer, line.Sample.Device}, k.agent, line)
		}
	}
}

func (t *telemetry) enter(d deviceKey, agent vouch.AgentID, line evidence.Line) {
	points := t.points[d]
	if points == nil {
		points = map[string]*reading{}
		t.points[d] = points
	}
	name := line.Point.Measurement
	for _, tag := range line.Point.Tags {
		name += "," + tag.Key + "=" + tag.Value
	}
	p := points[name]
	if p == nil {
		if len(points) >= maxPoints {
			return
		}
		p = &reading{measurement: line.Point.Measurement, tags: line.Point.Tags, before: map[vouch.AgentID]earlier{}}
		points[name] = p
	}
	e := p.before[agent]
	p.before[agent] = earlier{line.Sample.Start, line.Point.Fields, rates(e, line)}
	if !line.Sample.Start.Before(p.at) {
		p.agent, p.at, p.fields = agent, line.Sample.Start, line.Point.Fields
	}
}

// rates returns the growth a second of every counter between two readings of one
// agent. A counter that fell has wrapped or begun anew: then there is no rate.
func rates(e earlier, line evidence.Line) map[string]float64 {
	dt := line.Sample.Start.Sub(e.at).Seconds()
	if e.at.IsZero() || dt <= 0 {
		return e.rates
	}
	out := map[string]float64{}
	for _, f := range line.Point.Fields {
		i := slices.IndexFunc(e.fields, func(x vouch.Field) bool { return x.Name == f.Name })
		if i < 0 || f.Value.Kind() != vouch.ValueUint || e.fields[i].Value.Kind() != vouch.ValueUint {
			continue
		}
		if was, is := e.fields[i].Value.Uint(), f.Value.Uint(); is >= was {
			out[f.Name] = float64(is-was) / dt
		}
	}
	return out
}

// of returns copies of what is known of a device, of one measurement.
func (t *telemetry) of(d deviceKey, measurement string) []reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []reading
	for _, p := range t.points[d] {
		if p.measurement == measurement {
			c := *p
			c.before = map[vouch.AgentID]earlier{p.agent: p.before[p.agent]}
			out = append(out, c)
		}
	}
	return out
}
