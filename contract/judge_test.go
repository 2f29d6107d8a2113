// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// alone returns terms under which the one location X decides, so that a verdict shows
// what it said.
func alone() contract.Terms {
	t := contract.DefaultTerms()
	t.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	t.Quorum = contract.Quorum{Rule: contract.TwoSided, Q: 1}
	t.Voters = []contract.Voter{{Location: "X", Custody: vouch.CustodyProvider}}
	return t
}

func one(t contract.Terms) []contract.Version {
	return []contract.Version{{Number: 1, InForce: -1 << 40, Terms: t}}
}

// samples reads "0 up, 10.5 down, 20 unknown:overload": seconds, outcome, reason.
func samples(t testing.TB, interval, timeout time.Duration, text string) []contract.Sample {
	t.Helper()
	var out []contract.Sample
	for item := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		var at float64
		var word string
		if _, err := fmt.Sscan(item, &at, &word); err != nil {
			t.Fatalf("sample %q: %v", item, err)
		}
		name, reason, _ := strings.Cut(word, ":")
		s := contract.Sample{Start: contract.Milli(at * 1000), Interval: interval, Timeout: timeout,
			Reason: vouch.Reason(reason), ClockDoubt: reason == "doubt"}
		o, err := vouch.ParseOutcome(name)
		if err != nil {
			t.Fatal(err)
		}
		s.Outcome = o
		out = append(out, s)
	}
	return out
}

// told renders segments as "0-10 up, 10-22 unknown(no sample)".
func told(segs []contract.Segment) string {
	var out []string
	for _, s := range segs {
		text := fmt.Sprintf("%d-%d %v", s.From, s.To, s.State)
		if s.Reason != "" {
			text += fmt.Sprintf("(%s)", s.Reason)
		}
		if s.Degraded != contract.NoEffect {
			text += fmt.Sprintf("[%v]", s.Degraded)
		}
		if len(s.Excluded) > 0 {
			text += fmt.Sprint(s.Excluded)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestHold(t *testing.T) {
	tests := []struct {
		name              string
		interval, timeout time.Duration
		samples, want     string
	}{
		{"no sample at all", 10 * time.Second, 2 * time.Second, "", "0-60 unknown(no sample)"},
		{"one sample speaks for two intervals and the timeout", 10 * time.Second, 2 * time.Second, "5 up", "0-5 unknown(no sample), 5-27 up, 27-60 unknown(no sample)"},
		{"until the next", 10 * time.Second, 2 * time.Second, "0 up, 10 down, 20 up", "0-10 up, 10-20 down, 20-42 up, 42-60 unknown(no sample)"},
		{"the start is floored", 10 * time.Second, 2 * time.Second, "5.9 down", "0-5 unknown(no sample), 5-27 down, 27-60 unknown(no sample)"},
		{"of several in one second the last counts", 10 * time.Second, 2 * time.Second, "0 up, 5.1 down, 5.9 up", "0-27 up, 27-60 unknown(no sample)"},
		{"in any order", 10 * time.Second, 2 * time.Second, "20 up, 5.9 up, 0 up, 5.1 down, 10 down", "0-10 up, 10-20 down, 20-42 up, 42-60 unknown(no sample)"},
		{"two with one stamp: any reply is up", 10 * time.Second, 2 * time.Second, "5 up, 5 down", "0-5 unknown(no sample), 5-27 up, 27-60 unknown(no sample)"},
		{"a fraction of a hold is a whole second", 250 * time.Millisecond, 200 * time.Millisecond, "5 up, 6.2 up, 6.9 up", "0-5 unknown(no sample), 5-7 up, 7-60 unknown(no sample)"},
		{"before the span", 10 * time.Second, 2 * time.Second, "-10 down", "0-12 down, 12-60 unknown(no sample)"},
		{"unknown keeps its reason", 10 * time.Second, 2 * time.Second, "0 unknown:overload", "0-22 unknown(overload), 22-60 unknown(no sample)"},
		{"a doubtful stamp", 10 * time.Second, 2 * time.Second, "0 up:doubt", "0-22 unknown(clock), 22-60 unknown(no sample)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := contract.Matter{Span: contract.Span{From: 0, To: 60}, Versions: one(alone()), Leases: []contract.Span{{From: -100, To: 100}},
				Agents: []contract.Agent{{ID: "a", Location: "X", Checks: []contract.Check{{Name: "icmp", Kind: vouch.KindICMP, Samples: samples(t, tt.interval, tt.timeout, tt.samples)}}}}}
			if got := told(contract.Judge(m)); got != tt.want {
				t.Errorf("Judge(%s) = %s, want %s", tt.samples, got, tt.want)
			}
		})
	}
}

func TestClockDoubt(t *testing.T) {
	now := utc("2026-06-09T10:00:00Z")
	tests := []struct {
		offset, bound, interval, ahead time.Duration
		want                           bool
	}{
		{0, 0, 10 * time.Second, 0, false},
		{3 * time.Second, 2 * time.Second, 10 * time.Second, 0, false}, // exactly half
		{3 * time.Second, 2*time.Second + 1, 10 * time.Second, 0, true},
		{-4 * time.Second, 2 * time.Second, 10 * time.Second, 0, true},
		{0, 0, 10 * time.Second, 5 * time.Second, false},
		{0, 0, 10 * time.Second, 5*time.Second + 1, true},
		{0, 0, 10 * time.Second, -24 * time.Hour, false}, // late, not contradicted
	}
	for _, tt := range tests {
		if got := contract.ClockDoubt(tt.offset, tt.bound, tt.interval, now.Add(tt.ahead), now); got != tt.want {
			t.Errorf("ClockDoubt(%v, %v, %v, %v after receipt) = %v, want %v", tt.offset, tt.bound, tt.interval, tt.ahead, got, tt.want)
		}
	}
}

func TestOneAgent(t *testing.T) {
	const i, o = 10 * time.Second, 2 * time.Second
	icmp := func(text string) contract.Check {
		return contract.Check{Name: "icmp", Kind: vouch.KindICMP, Samples: samples(t, i, o, text)}
	}
	snmp := func(text string) contract.Check {
		return contract.Check{Name: "snmp", Kind: vouch.KindSNMP, Samples: samples(t, i, o, text)}
	}
	gateway := func(text string) contract.Reference {
		return contract.Reference{Name: "gw", Gateway: true, Samples: samples(t, i, o, text)}
	}
	beyond := func(name, text string) contract.Reference {
		return contract.Reference{Name: name, Samples: samples(t, i, o, text)}
	}
	late := icmp("0 up, 10 up, 20 down")
	late.AdmittedAt = 10
	const down = "0 down, 10 down, 20 down, 30 down"
	const up = "0 up, 10 up, 20 up, 30 up"
	tests := []struct {
		name  string
		terms func(*contract.Terms)
		agent contract.Agent
		want  string // over [0, 40)
	}{
		{"any check up is up", nil, contract.Agent{Checks: []contract.Check{icmp("0 down, 10 down, 20 down"), snmp("0 up, 10 up, 20 down")}}, "0-20 up, 20-40 down"},
		{"a down beats an unknown", nil, contract.Agent{Checks: []contract.Check{icmp("0 unknown:overload, 20 unknown:overload"), snmp("0 down")}}, "0-22 down, 22-40 unknown(overload)"},
		{"reachable by one kind only", func(t *contract.Terms) { t.ReachableBy = []vouch.Kind{vouch.KindSNMP} },
			contract.Agent{Checks: []contract.Check{icmp(up), snmp("0 down, 20 down")}}, "0-40 down"},
		{"not admitted yet", nil, contract.Agent{Checks: []contract.Check{late}}, "0-10 unknown(not admitted), 10-20 up, 20-40 down"},
		{"nothing configured for the self-check: believed", nil, contract.Agent{Checks: []contract.Check{icmp(down)}}, "0-40 down"},
		{"nothing configured though the contract requires it", func(t *contract.Terms) { t.SelfCheckRequired = true }, contract.Agent{Checks: []contract.Check{icmp(down)}}, "0-40 unknown(location)"},
		{"required and only half configured", func(t *contract.Terms) { t.SelfCheckRequired = true },
			contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(up)}}, "0-40 unknown(location)"},
		{"healthy", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(up), beyond("r", up)}}, "0-40 down"},
		{"an answer stands though the agent looks sick", nil, contract.Agent{Checks: []contract.Check{icmp(up)}, References: []contract.Reference{gateway(down), beyond("r", down)}}, "0-40 up"},
		{"gateway configured and never sampled", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(""), beyond("r", up)}}, "0-40 unknown(location)"},
		{"gateway silent", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway("0 up, 10 up, 20 down, 30 up, 40 up"), beyond("r", up)}},
			"0-10 down, 10-30 unknown(location), 30-40 down"},
		{"references silent", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(up), beyond("r", "0 up, 10 up, 20 down, 30 down")}},
			"0-10 down, 10-40 unknown(provider network)"},
		{"one of two references is enough", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(up), beyond("r", down), beyond("s", up)}}, "0-40 down"},
		{"references without a gateway", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{beyond("r", down)}}, "0-40 unknown(location)"},
		{"the proof ends with the last sample's hold", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway("0 up, 10 up")}}, "0-32 down, 32-40 unknown(location)"},
		{"a hole in the proof", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway("0 up, 30 up")}}, "0-22 down, 22-30 unknown(location), 30-40 down"},
		{"a reference whose stamp is doubtful proves nothing", nil, contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway("0 up:doubt, 10 up, 20 up, 30 up")}}, "0-10 unknown(location), 10-40 down"},
		{"the provider's network taken for down", func(t *contract.Terms) { t.ProviderNetwork = contract.NetworkDown },
			contract.Agent{Checks: []contract.Check{icmp(down)}, References: []contract.Reference{gateway(up), beyond("r", down)}}, "0-40 down"},
		{"the worked example of the package comment", nil, contract.Agent{Checks: []contract.Check{icmp("0 up, 10 down, 20 down, 30 down, 40 down")},
			References: []contract.Reference{gateway("0 up, 10 up, 20 up, 30 up, 40 up"), beyond("r", "0 up, 10 up, 20 down, 30 down, 40 up")}},
			"0-10 up, 10-40 unknown(provider network)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			terms := alone()
			if tt.terms != nil {
				tt.terms(&terms)
			}
			tt.agent.ID, tt.agent.Location = "a", "X"
			m := contract.Matter{Span: contract.Span{From: 0, To: 40}, Versions: one(terms), Leases: []contract.Span{{From: 0, To: 40}}, Agents: []contract.Agent{tt.agent}}
			if got := told(contract.Judge(m)); got != tt.want {
				t.Errorf("Judge = %s, want %s", got, tt.want)
			}
		})
	}
}

// place is a location with the samples of its agents, each over [0, 10).
func place(t testing.TB, location string, custody vouch.Custody, outcomes ...string) []contract.Agent {
	var out []contract.Agent
	for n, o := range outcomes {
		out = append(out, contract.Agent{ID: vouch.AgentID(fmt.Sprint(location, n)), Location: vouch.LocationID(location), Custody: custody,
			Checks: []contract.Check{{Name: "c", Kind: vouch.KindICMP, Samples: samples(t, 10*time.Second, time.Second, "0 "+o)}}})
	}
	return out
}

func TestQuorum(t *testing.T) {
	voters := []contract.Voter{{Location: "A", Custody: "provider"}, {Location: "B", Custody: "neutral"}, {Location: "C", Custody: "provider"}, {Location: "K", Custody: "customer"}}
	p, n, k := vouch.CustodyProvider, vouch.CustodyNeutral, vouch.CustodyCustomer
	all := func(a, b, c string) []contract.Agent {
		return slices.Concat(place(t, "A", p, a), place(t, "B", n, b), place(t, "C", p, c))
	}
	tests := []struct {
		name   string
		rule   contract.Rule
		q      int
		agents []contract.Agent
		want   string
	}{
		{"reachable: enough up", contract.ReachableFrom, 2, all("up", "up", "down"), "up"},
		{"reachable: too few can", contract.ReachableFrom, 2, all("up", "down", "down"), "down"},
		{"reachable: the dark one could decide", contract.ReachableFrom, 2, all("up", "down", "unknown:overload"), "unknown(overload)"},
		{"reachable: nobody there shares no reason", contract.ReachableFrom, 2, all("up", "unknown:own socket", "unknown:overload"), "unknown(too few witnesses)"},
		{"unreachable: one down proves nothing", contract.UnreachableFrom, 2, all("up", "up", "down"), "up"},
		{"unreachable: enough down", contract.UnreachableFrom, 2, all("up", "down", "down"), "down"},
		{"unreachable: could be", contract.UnreachableFrom, 2, all("up", "down", "unknown:overload"), "unknown(overload)"},
		{"two-sided: contradiction", contract.TwoSided, 3, all("up", "up", "down"), "unknown(disputed)"},
		{"two-sided: up first", contract.TwoSided, 1, all("up", "down", "down"), "up"},
		{"two-sided: all dark for one reason", contract.TwoSided, 2, nil, "unknown(no sample)"},
		{"two-sided: one up, two dark", contract.TwoSided, 2, all("up", "unknown:overload", "unknown:overload"), "unknown(overload)"},
		{"more asked than vote", contract.ReachableFrom, 4, all("up", "up", "up"), "unknown(too few witnesses)"},
		{"the customer's own does not exist, up", contract.ReachableFrom, 2, slices.Concat(all("up", "down", "down"), place(t, "K", k, "up")), "down"},
		{"nor down", contract.UnreachableFrom, 2, slices.Concat(all("up", "up", "down"), place(t, "K", k, "down")), "up"},
		{"agents are not locations", contract.UnreachableFrom, 2, slices.Concat(place(t, "A", p, "down", "down", "down"), place(t, "B", n, "up"), place(t, "C", p, "up")), "up"},
		{"any agent up is the location up", contract.ReachableFrom, 3, slices.Concat(place(t, "A", p, "down", "up", "down"), place(t, "B", n, "up"), place(t, "C", p, "up")), "up"},
		{"a location that nobody named", contract.UnreachableFrom, 2, slices.Concat(all("up", "up", "down"), place(t, "D", p, "down")), "up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			terms := alone()
			terms.Voters, terms.LeaveOutCustomer, terms.Quorum = voters, true, contract.Quorum{Rule: tt.rule, Q: tt.q}
			m := contract.Matter{Span: contract.Span{From: 0, To: 10}, Versions: one(terms), Leases: []contract.Span{{From: 0, To: 10}}, Agents: tt.agents}
			segs := contract.Judge(m)
			if got, want := told(segs), "0-10 "+tt.want; got != want {
				t.Errorf("Judge = %s, want %s", got, want)
			}
			slices.Reverse(m.Agents)
			if again := told(contract.Judge(m)); again != told(segs) {
				t.Errorf("Judge of the agents in another order = %s, want %s", again, told(segs))
			}
			for i, w := range segs[0].Witnesses {
				if votes := w.Location != "K" && w.Location != "D"; w.Votes != votes || i < len(voters) && w.Location != voters[i].Location {
					t.Errorf("witness %d = %+v, want the voters in their order, then others", i, w)
				}
			}
		})
	}
}

func TestLeasesAndVersions(t *testing.T) {
	first, second := alone(), alone()
	second.Voters = []contract.Voter{{Location: "Y", Custody: "provider"}}
	versions := []contract.Version{{Number: 2, InForce: 20, Terms: second}, {Number: 1, InForce: 5, Terms: first}}
	agents := slices.Concat(place(t, "X", "provider", "up"), place(t, "Y", "provider", "down"))
	for i := range agents {
		agents[i].Checks[0].Samples[0].Interval = time.Minute
	}
	m := contract.Matter{Span: contract.Span{From: 0, To: 50}, Versions: versions, Agents: agents,
		Leases: []contract.Span{{From: 10, To: 30}, {From: 40, To: 45}}}
	segs := contract.Judge(m)
	if got, want := told(segs), "0-5 not measured, 5-10 not measured, 10-20 up, 20-30 down, 30-40 not measured, 40-45 down, 45-50 not measured"; got != want {
		t.Errorf("Judge = %s, want %s", got, want)
	}
	if segs[2].Version != 1 || segs[3].Version != 2 || segs[0].Version != 0 {
		t.Errorf("versions = %d, %d, %d, want 1, 2, none", segs[2].Version, segs[3].Version, segs[0].Version)
	}
}
