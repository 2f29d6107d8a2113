// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/web"
)

// withPhones makes the first device of each customer one of telephony, which is asked
// over SIP as well.
func withPhones(o *collector.Options) {
	check := vouch.Check{Name: "sip", Kind: vouch.KindSIP, Addr: netip.MustParseAddr("192.0.2.1"), Port: 5060, Interval: time.Second, Timeout: 500 * time.Millisecond,
		SIP: vouch.SIP{Transport: vouch.SIPOverUDP, Accept: []string{"2xx"}}}
	plan := o.Plan
	o.Plan = func(at time.Time) ([]assignment, time.Time) {
		all, next := plan(at)
		for i := range all {
			for j := range all[i].Devices {
				all[i].Devices[j].Class = vouch.ClassTelephony
				all[i].Devices[j].Checks = append(all[i].Devices[j].Checks, check)
			}
		}
		return all, next
	}
	for i := range o.Base.Customers {
		d := &o.Base.Customers[i].Sites[0].Devices[0]
		d.Class, d.Checks = vouch.ClassTelephony, append(d.Checks, check)
	}
}

// answersSIP is a SIP answer that took a while: accepted, or not.
func answersSIP(ping vouch.Sample, took time.Duration, accepted bool) vouch.Sample {
	ping.Check, ping.Kind, ping.Sent, ping.Lost = "sip", vouch.KindSIP, 1, 0
	ping.Outcome, ping.Reason, ping.RTT = vouch.Up, "", vouch.RTT{Min: took, Avg: took, Max: took}
	if !accepted {
		ping.Outcome, ping.Reason = vouch.Down, vouch.ReasonRejected
	}
	return ping
}

// A server that answers what the contract does not accept is down, although its host
// answers pings, where the contract judges by SIP alone.
func TestRejectedIsDown(t *testing.T) {
	c := newCentreOf(t, func(c *centre) {
		c.edit = withPhones
		c.terms.ReachableBy = []vouch.Kind{vouch.KindSIP}
	})
	from := ago(3 * time.Minute)
	for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
		p := c.agents[id]
		var samples []vouch.Sample
		for s := range 90 {
			ping := p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), vouch.Up)
			samples = append(samples, ping, answersSIP(ping, 5*time.Millisecond, s < 10 || s >= 40))
		}
		p.store(t, c, "acme", from, from.Add(90*time.Second), samples...)
	}
	want := figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the batches are judged", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == want
	})
}

// The page of a telephony device says how a call would have been heard: by the pings of
// the last hour, by SIP where there are none, and nothing of a device that was silent.
func TestVoiceOfADevice(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name         string
		edit         func(*collector.Options)
		pings, calls vouch.Outcome
		want         string
	}{
		{"by pings", withPhones, vouch.Up, vouch.Up, "R 73.9, MOS 3.78 (G.711, from RTT/2 of ICMP, no part of any verdict)"},
		{"by SIP", withPhones, vouch.Down, vouch.Up, "R 91.5, MOS 4.37 (G.711, from RTT/2 of SIP, no part of any verdict)"},
		{"silent", withPhones, vouch.Down, vouch.Down, ""},
		{"a router", nil, vouch.Up, vouch.Unknown, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCentreOf(t, func(c *centre) { c.edit = tt.edit })
			p, from := c.agents["AMS-1"], ago(time.Minute)
			var samples []vouch.Sample
			for s := range 20 {
				ping := p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), tt.pings)
				if ping.Outcome == vouch.Up {
					ping.Sent = 100
					ping.Lost = 1
					ping.RTT = vouch.RTT{Min: 8 * ms, Avg: 10 * ms, Max: 12 * ms, Jitter: 2 * ms}
				}
				samples = append(samples, ping)
				if tt.calls != vouch.Unknown {
					samples = append(samples, answersSIP(ping, 40*ms, tt.calls == vouch.Up))
				}
			}
			p.store(t, c, "acme", from, from.Add(20*time.Second), samples...)
			var d web.Device
			c.wait("the samples are read", func() bool {
				d = web.Device{}
				a := c.fetch(t, "/api/v1/devices/acme/rt1", "")
				var got struct {
					Rounds []json.RawMessage `json:"rounds"`
					Voice  *struct {
						R, MOS      float64
						From        vouch.Kind
						Samples     int
						Assumptions []string
					} `json:"voice"`
				}
				if a.status != http.StatusOK || json.Unmarshal([]byte(a.body), &got) != nil {
					t.Fatalf("GET the device = %d, %s", a.status, a.body)
				}
				if v := got.Voice; v != nil && v.Samples == 20 {
					d.Voice = &web.Voice{R: v.R, MOS: v.MOS, Kind: v.From}
					if len(v.Assumptions) < 4 {
						t.Errorf("voice = %+v, want what it assumes", v)
					}
				}
				return len(got.Rounds) > 0 && (d.Voice != nil || tt.want == "")
			})
			page := c.fetch(t, "/device/acme/rt1", "").body
			if tt.want == "" && (d.Voice != nil || strings.Contains(page, "Voice quality")) || !strings.Contains(page, tt.want) {
				t.Errorf("voice = %+v, and the page does not say %q", d.Voice, tt.want)
			}
		})
	}
}
