// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/series"
)

// toldBy fills in what the device told last of itself: its interfaces, its other
// values, and since when it runs.
func (v view) toldBy(p place, out *web.Device) {
	k := deviceKey{p.customer, p.ID}
	meant := meaningOf(v.base.Load().profiles[p.Profile])
	for _, r := range v.tele.of(k, "") {
		if r.measurement == measurementTrap {
			continue
		}
		w := r.last()
		if at := w.time(); out.InterfacesAt == nil || at.After(*out.InterfacesAt) {
			out.InterfacesAt = &at
		}
		switch r.measurement {
		case measurementInterface:
			out.Interfaces = append(out.Interfaces, interfaceOf(r, w, meant))
			continue
		case measurementSystem:
			v.running(w, meant.clocks, out)
		}
		out.Values = append(out.Values, valuesOf(r, w, meant)...)
	}
	slices.SortFunc(out.Interfaces, func(a, b web.Interface) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(len(a.Index), len(b.Index)), cmp.Compare(a.Index, b.Index))
	})
	slices.SortStableFunc(out.Values, func(a, b web.Value) int {
		return cmp.Or(cmp.Compare(a.Measurement, b.Measurement), slices.CompareFunc(a.Tags, b.Tags, func(a, b web.Tag) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(len(a.Value), len(b.Value)), cmp.Compare(a.Value, b.Value))
		}))
	})
	device, agent := v.tele.restarts(k)
	for _, s := range []seenRestart{device, agent} {
		if s.Kind != series.Unclear {
			seen := s.seen
			out.Facts.Restarts = append(out.Facts.Restarts, web.Restart{What: restartWords(s.Kind), At: s.At, Within: web.Seconds(s.Within), Seen: &seen, Clock: s.Clock})
		}
	}
	// A restart that nobody saw shows in how long the device has been running.
	if f := &out.Facts; f.Uptime != nil && device.Kind == series.Unclear {
		f.Restarts = slices.Insert(f.Restarts, 0, web.Restart{What: web.RestartOfDevice, At: f.UptimeAt.Add(-time.Duration(*f.Uptime)), Clock: f.UptimeBy})
	}
}

func restartWords(k series.Kind) web.Restarted {
	switch k {
	case series.AgentRestarted:
		return web.RestartOfAgent
	case series.Replaced:
		return web.RestartOfAnother
	}
	return web.RestartOfDevice
}

// running fills in how long the device has been running, by the best of its clocks.
func (v view) running(w latest, clocks []vouch.Clock, out *web.Device) {
	var fields []vouch.Field
	for _, name := range []string{fieldSysUpTime, fieldHostUpTime, fieldEngineTime} {
		if x, ok := w.field(name); ok {
			fields = append(fields, vouch.Field{Name: name, Value: x})
		}
	}
	if up, by, ok := clocksOf(w.time(), fields).Running(clocks); ok {
		span, at := web.Seconds(up), w.time()
		out.Facts.Uptime, out.Facts.UptimeAt, out.Facts.UptimeBy = &span, &at, by
	}
}

// meaning is what a profile says of the values that are told by it.
type meaning struct {
	symbols map[[2]string]vouch.Symbol // by measurement and field
	clocks  []vouch.Clock
}

func meaningOf(p *vouch.Profile) meaning {
	m := meaning{symbols: map[[2]string]vouch.Symbol{}}
	if p == nil {
		return m
	}
	m.clocks = p.Uptime
	for _, s := range p.Scalars {
		in, field := s.Measurement()
		m.symbols[[2]string{in, field}] = s
	}
	for _, t := range p.Tables {
		for _, s := range t.Columns {
			m.symbols[[2]string{t.Name, s.Name}] = s
		}
	}
	return m
}

// judged is what the profile makes of a state or a bit mask: its words, and whether
// that is fine.
func judged(s vouch.Symbol, x vouch.Value) (string, web.Judged) {
	label, ok := s.Label(x)
	if !ok {
		return "", web.JudgedNot
	}
	switch fine, says := s.Fine(label); {
	case says && fine:
		return label, web.JudgedOK
	case says:
		return label, web.JudgedTrouble
	case strings.Contains(label, "unknown("):
		return label, web.JudgedUnknown
	}
	return label, web.JudgedNot
}

// leastFrame is the least number of octets of an Ethernet frame (IEEE 802.3), which bounds
// how many an interface can carry.
const leastFrame = 64

// interfaceOf is an interface as it was last read (IF-MIB).
func interfaceOf(r reading, w latest, m meaning) web.Interface {
	at := w.time()
	i := web.Interface{At: &at}
	for _, t := range r.tags {
		switch t.Key {
		case "ifName":
			i.Name = t.Value
		case "ifAlias":
			i.Alias = t.Value
		case "index":
			i.Index = t.Value
		}
	}
	i.State, i.Judged = operWords(w, m)
	i.Speed = w.uint("speed_mbps") * 1_000_000
	i.Errors, i.Discards = w.sum("in_errors", "out_errors"), w.sum("in_discards", "out_discards")
	octets := max(float64(i.Speed), float64(w.uintBefore("speed_mbps"))*1e6) / 8
	rate := func(limit float64, names ...string) *float64 {
		total, any := 0.0, false
		for _, name := range names {
			if _, ok := w.field(name); !ok {
				continue
			}
			n, why := w.rate(name, m.symbols[[2]string{r.measurement, name}].Bits, limit)
			if why != "" {
				i.NoRate = string(why)
				return nil
			}
			total, any = total+n, true
		}
		if !any {
			return nil
		}
		return &total
	}
	i.ErrorRate, i.DiscardRate = rate(octets/leastFrame, "in_errors", "out_errors"), rate(octets/leastFrame, "in_discards", "out_discards")
	i.NoRate = "" // what is said is about the traffic
	i.In, i.Out = bitRate(rate(octets, "in_octets")), bitRate(rate(octets, "out_octets"))
	if w.before != 0 {
		i.Over = web.Seconds(w.elapsed())
	}
	return i
}

// bitRate turns octets a second into bits.
func bitRate(octets *float64) *uint64 {
	if octets == nil {
		return nil
	}
	b := uint64(*octets * 8)
	return &b
}

// operWords names an interface's state. One that is switched off is no trouble.
func operWords(w latest, m meaning) (string, web.Judged) {
	named := func(field string, names []vouch.Mapped) (string, web.Judged) {
		x, ok := w.field(field)
		if !ok {
			return "", web.JudgedNot
		}
		s := m.symbols[[2]string{measurementInterface, field}]
		if s.Type = vouch.TypeState; len(s.Mapping) == 0 {
			s.Mapping = names
		}
		return judged(s, x)
	}
	if admin, _ := named("admin_status", ifStates[:3]); admin == "down" {
		return "down by config", web.JudgedNot
	}
	state, judged := named("oper_status", ifStates)
	return cmp.Or(state, "unknown"), judged
}

// ifStates are the names of ifOperStatus, and the first three those of ifAdminStatus (RFC
// 2863), for profiles that name none.
var ifStates = []vouch.Mapped{
	{Value: "1", Name: "up"}, {Value: "2", Name: "down"}, {Value: "3", Name: "testing"}, {Value: "4", Name: "unknown"},
	{Value: "5", Name: "dormant"}, {Value: "6", Name: "notPresent"}, {Value: "7", Name: "lowerLayerDown"},
}

// ownFields are told for other fields' sake, or elsewhere on the page.
var ownFields = []string{fieldSysUpTime, fieldHostUpTime, fieldEngineBoots, fieldEngineTime, fieldDiscontinuity, vouch.FieldCounterBits, "sys_name"}

// valuesOf are the values of a point with what the profile says of them.
func valuesOf(r reading, w latest, m meaning) []web.Value {
	var tags web.List[web.Tag]
	for _, t := range r.tags {
		tags = append(tags, web.Tag(t))
	}
	var out []web.Value
	for i, f := range w.is.fields {
		if slices.Contains(ownFields, f.name) {
			continue
		}
		s, x := m.symbols[[2]string{r.measurement, f.name}], w.value(i)
		o := web.Value{Measurement: r.measurement, Name: f.name, Tags: tags, Type: s.Type, Unit: s.Unit, Value: web.Plain(x), At: w.time()}
		o.Words, o.Judged = judged(s, x)
		if s.Type == vouch.TypeCounter {
			rate, why := w.rate(f.name, s.Bits, 0)
			if o.NoRate = string(why); why == "" {
				o.Rate = &rate
			}
		}
		out = append(out, o)
	}
	return out
}

// uint returns a number of the answer, 0 where there is none.
func (w *latest) uint(name string) uint64 {
	x, ok := w.field(name)
	return unsigned(x, ok)
}

// uintBefore returns the number of the answer before.
func (w *latest) uintBefore(name string) uint64 {
	if w.was == nil {
		return 0
	}
	before := latest{is: w.was, n: w.wasN}
	return before.uint(name)
}

func unsigned(x vouch.Value, ok bool) uint64 {
	switch {
	case ok && x.Kind() == vouch.ValueUint:
		return x.Uint()
	case ok && x.Kind() == vouch.ValueInt:
		return uint64(max(x.Int(), 0))
	}
	return 0
}

func (w *latest) sum(names ...string) *uint64 {
	var n uint64
	have := false
	for _, name := range names {
		if x, ok := w.field(name); ok {
			n += unsigned(x, true)
			have = true
		}
	}
	if !have {
		return nil
	}
	return &n
}
