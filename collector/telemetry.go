// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"sync"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// telemetry keeps the last values of every device for its page: what each point said
// last, and the time before, from which rates come; and when the device restarted.
// Values live in the ledger and in the time-series store; this is a memory of the
// latest, filled anew after a restart by the next two batches.
type telemetry struct {
	mu      sync.Mutex
	devices map[deviceKey]*told
	layouts map[string][]*layout // by measurement
	agents  map[vouch.AgentID]agentFacts
	units   map[deviceKey]unitTold // which unit a device says that it is
	name    []byte                 // room for the name of a point
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

func newTelemetry() *telemetry {
	return &telemetry{devices: map[deviceKey]*told{}, layouts: map[string][]*layout{}, agents: map[vouch.AgentID]agentFacts{}, units: map[deviceKey]unitTold{}}
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
			d := deviceKey{k.customer, line.Sample.Device}
			t.enterUnit(d, &line)
			if len(line.Point.Fields) > 0 {
				t.enter(d, k.agent, line)
			}
		}
	}
}

func (t *telemetry) enter(k deviceKey, agent vouch.AgentID, line evidence.Line) {
	d := t.devices[k]
	if d == nil {
		d = &told{points: map[string]*reading{}, watches: map[vouch.AgentID]*deviceWatch{}}
		t.devices[k] = d
	}
	at := line.Sample.Start
	if line.Point.Measurement == measurementSystem {
		d.follow(agent, at, line.Point.Fields)
		d.forget(at)
	}
	t.name = append(t.name[:0], line.Point.Measurement...)
	for _, tag := range line.Point.Tags {
		t.name = append(append(append(append(t.name, ','), tag.Key...), '='), tag.Value...)
	}
	p := d.points[string(t.name)]
	if p == nil {
		if len(d.points) >= maxPoints {
			return
		}
		p = &reading{measurement: line.Point.Measurement, tags: line.Point.Tags}
		d.points[string(t.name)] = p
	}
	if w := p.answer(agent); w != nil {
		w.hear(at, t.layoutOf(line.Point), line.Point.Fields, d.watches[agent])
	}
}

// of returns copies of what is known of a device, of one measurement or, where it is
// empty, of all.
func (t *telemetry) of(k deviceKey, measurement string) []reading {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.devices[k]
	if d == nil {
		return nil
	}
	var out []reading
	for _, p := range d.points {
		if measurement == "" || p.measurement == measurement {
			c := *p
			c.answers = append([]latest(nil), p.answers...)
			out = append(out, c)
		}
	}
	return out
}

// restarts returns the last restart of a device, and of its SNMP agent alone, as far
// as they were seen.
func (t *telemetry) restarts(k deviceKey) (device, agent seenRestart) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d := t.devices[k]; d != nil {
		return d.device, d.agent
	}
	return seenRestart{}, seenRestart{}
}
