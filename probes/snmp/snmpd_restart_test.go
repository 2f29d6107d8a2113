// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// levels are credentials of every level of security.
func levels() map[string]probes.Credential {
	return map[string]probes.Credential{
		"noAuthNoPriv": {Version: probes.SNMPv3, User: "open"},
		"authNoPriv":   {Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234"},
		"authPriv":     combinations()[5].credential(),
		"AES256C":      combinations()[10].credential(),
	}
}

// rounds polls the agent after each thing that happens to it, with one prober that
// keeps its sessions: every attempt must succeed at once.
type rounds struct {
	agent  *agent
	prober *snmp.Prober
}

func (r rounds) poll(t *testing.T, when string) {
	t.Helper()
	for level, c := range levels() {
		got := r.prober.Probe(t.Context(), r.agent.target(c))
		if got.Outcome != vouch.Up || got.Lost != 0 || got.RTT.Avg > r.agent.target(c).Check.Timeout/4 {
			t.Errorf("%s, %s: Probe = %v %v (%s), lost %d, RTT %v; want up at once", when, level, got.Outcome, got.Reason, got.Detail, got.Lost, got.RTT.Avg)
		}
	}
}

// boots returns snmpEngineBoots as a prober without knowledge reads it.
func (a *agent) boots(t *testing.T) int64 {
	t.Helper()
	p := newProber(t)
	f, r := p.Facts(t.Context(), a.target(levels()["authPriv"]))
	if r.Outcome != vouch.Up {
		t.Fatalf("Facts = %v %v (%s), want up", r.Outcome, r.Reason, r.Detail)
	}
	return f.EngineBoots
}

// A restart: the boots are kept and raised.
func TestRealAgentRestarts(t *testing.T) {
	a := snmpd(t)
	r := rounds{a, newProber(t)}
	a.stop(t)
	a.persist = ""
	a.run(t)
	first := a.boots(t)
	r.poll(t, "at first")
	for i := range int64(2) {
		a.stop(t)
		a.run(t)
		if got := a.boots(t); got != first+i+1 {
			t.Errorf("after %d restarts the boots are %d, want %d: the test shows nothing otherwise", i+1, got, first+i+1)
		}
		r.poll(t, "after a restart")
		r.poll(t, "after that")
	}
}

// A swapped box: the persistent state is gone, and the engine is another.
func TestRealAgentIsSwapped(t *testing.T) {
	a := snmpd(t)
	r := rounds{a, newProber(t)}
	r.poll(t, "at first")
	a.stop(t)
	a.start(t, "0x80000000aabbccdd")
	r.poll(t, "after a swap")
	r.poll(t, "after that")
	a.stop(t)
	for level, c := range levels() {
		if got := r.prober.Probe(t.Context(), a.target(c)); got.Outcome != vouch.Down || got.Reason != vouch.ReasonRefused {
			t.Errorf("%s, with nothing there: Probe = %v %v (%s), want down refused", level, got.Outcome, got.Reason, got.Detail)
		}
	}
	a.start(t, "0x80000000aabbccdd")
	r.poll(t, "when it is back")
}

// The engine's identifier is fixed and its state lost: the boots fall back to 1.
func TestRealAgentsBootsFallBack(t *testing.T) {
	const fixed = "exactEngineID 0x8000000001020304"
	a := snmpd(t)
	r := rounds{a, newProber(t)}
	for range 2 {
		a.stop(t)
		a.run(t, fixed)
	}
	if got := a.boots(t); got < 2 {
		t.Fatalf("after two restarts the boots are %d, want more than 1: the test shows nothing otherwise", got)
	}
	r.poll(t, "at first")
	a.stop(t)
	a.persist = ""
	a.run(t, fixed)
	if got := a.boots(t); got != 1 {
		t.Errorf("with its state lost the boots are %d, want 1", got)
	}
	r.poll(t, "with the boots fallen back")
	r.poll(t, "after that")
}
