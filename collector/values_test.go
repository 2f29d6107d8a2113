// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// withSNMP has every device that is measured asked over SNMP as well, for its
// temperature.
func withSNMP(o *collector.Options) {
	check := vouch.Check{Name: "snmp", Kind: vouch.KindSNMP, Addr: netip.MustParseAddr("192.0.2.1"), Interval: time.Second, Timeout: 500 * time.Millisecond,
		Version: "2c", Credential: "lab", Values: []string{"temperature"}}
	plan := o.Plan
	o.Plan = func(at time.Time) ([]assignment, time.Time) {
		all, next := plan(at)
		for i := range all {
			for j := range all[i].Devices {
				all[i].Devices[j].Checks = append(all[i].Devices[j].Checks, check)
			}
		}
		return all, next
	}
	for i := range o.Base.Customers {
		d := &o.Base.Customers[i].Sites[0].Devices[0]
		d.Checks = append(d.Checks, check)
	}
}

// A value beyond its limit does what the contract says, at both witnesses for the
// seconds that it is beyond; one that is not told does nothing. The outcome table, from
// which a rebuild and a restart judge, says the same as the batches did.
func TestValueThreshold(t *testing.T) {
	hot := func(effect contract.Effect) func(*centre) {
		return func(c *centre) {
			c.edit = withSNMP
			c.terms.Thresholds = []contract.Threshold{{Name: "hot", Kind: vouch.KindSNMP, Metric: contract.MetricValue, Value: "temperature",
				Compare: contract.Above, At: 71_500_000, Window: time.Second, Effect: effect}}
		}
	}
	for _, tt := range []struct {
		name    string
		effect  contract.Effect
		value   string // the name that agents tell it under
		want    figures
		opened  bool
		counted contract.Second // down seconds of the incident
	}{
		{"a value of another name", contract.EffectDown, "humidity", figures{Agreed: 80, Up: 80}, false, 0},
		{"a figure of its own", contract.EffectFigure, "temperature", figures{Agreed: 80, Up: 80, Degraded: 30}, false, 0},
		{"an incident", contract.EffectIncident, "temperature", figures{Agreed: 80, Up: 80, Degraded: 30}, true, 0},
		{"down", contract.EffectDown, "temperature", figures{Agreed: 80, Up: 50, Down: 30}, true, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCentreOf(t, hot(tt.effect))
			from := ago(3 * time.Minute)
			for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
				p := c.agents[id]
				var samples []vouch.Sample
				for s := range 90 {
					at := from.Add(time.Duration(s) * time.Second)
					ping := p.sample("acme", "rt1", at, vouch.Up)
					poll := ping
					poll.Check, poll.Kind = "snmp", vouch.KindSNMP
					switch {
					case 10 <= s && s < 40: // beyond
						poll.Values = []vouch.Field{{Name: tt.value, Value: vouch.Float(71.500_001)}}
					case s < 60: // at the limit is within
						poll.Values = []vouch.Field{{Name: tt.value, Value: vouch.Float(71.5)}}
					case s < 70:
						poll.Values = []vouch.Field{{Name: tt.value, Value: vouch.Int(-5)}}
					}
					samples = append(samples, ping, poll)
				}
				p.store(t, c, "acme", from, from.Add(90*time.Second), samples...)
			}
			check := func(when string) {
				t.Helper()
				f, raw := c.statement("acme", from, from.Add(80*time.Second))
				if f != tt.want {
					t.Errorf("%s: statement = %+v, want %+v\n%s", when, f, tt.want, raw)
				}
				l := c.incidents("acme")
				switch {
				case !tt.opened && len(l) > 0:
					t.Errorf("%s: incidents = %+v, want none", when, l)
				case tt.opened && (len(l) != 1 || !l[0].From.Equal(from.Add(10*time.Second)) || !l[0].To.Equal(from.Add(40*time.Second)) || contract.Second(l[0].Counted) != tt.counted):
					t.Errorf("%s: incidents = %+v, want one of seconds 10 to 40 that counts %d", when, l, tt.counted)
				}
			}
			c.wait("the batches are judged", func() bool {
				f, _ := c.statement("acme", from, from.Add(80*time.Second))
				l := c.incidents("acme")
				return f == tt.want && (!tt.opened || len(l) == 1 && l[0].Status == incident.Closed)
			})
			check("at first")
			if err := c.client().Post(t.Context(), admin.PathRebuild, struct{}{}, nil); err != nil {
				t.Fatal(err)
			}
			check("after a rebuild")
			c.halt()
			c.start()
			check("after a restart")
		})
	}
}
