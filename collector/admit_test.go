// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/bundle"
	"github.com/vouch-sla/vouch/internal/pythontest"
)

// A path that never worked says nothing of the device at its end: a mistyped address, or a
// firewall on the way, opens no incident.
func TestPathIsAdmittedBeforeItVotes(t *testing.T) {
	c := newCentreOf(t, func(c *centre) { c.terms.Admission = 3 })
	ams, bru := c.agents["AMS-1"], c.agents["BRU-1"]
	right := evidence.Clock{Known: true, Bound: time.Millisecond, Source: "collector"}
	at := time.Now().UTC().Truncate(time.Second).Add(-2 * time.Minute)
	through := map[*player]time.Time{ams: at, bru: at}
	say := func(p *player, o vouch.Outcome, n int) {
		t.Helper()
		var samples []vouch.Sample
		from := through[p]
		for i := range n {
			samples = append(samples, p.sample("acme", "rt1", from.Add(time.Duration(i)*time.Second), o))
		}
		through[p] = from.Add(time.Duration(n) * time.Second)
		p.store(t, c, "acme", from, through[p], samples...)
	}
	beat := func(p *player, o vouch.Outcome) {
		now := time.Now().UTC().Truncate(time.Millisecond)
		p.beat(t, c, "acme", now, right, p.sample("acme", "rt1", now, o))
	}

	// Silence alone, for longer than confirm: nobody was ever admitted.
	say(ams, vouch.Down, 60)
	say(bru, vouch.Down, 60)
	c.wait("it is said that the path does not vote", func() bool {
		beat(ams, vouch.Down)
		return c.sees("AMS", "acme", "rt1") == "unknown not admitted"
	})
	if n := c.status().Incidents; n != 0 {
		t.Errorf("incidents = %d, want none: no path was admitted", n)
	}

	// What doubtful stamps say does not count, and neither do two successes.
	h := ams.header("acme", through[ams], through[ams].Add(10*time.Second))
	h.Clock = evidence.Clock{}
	b := ams.seal(t, h, ams.sample("acme", "rt1", through[ams], vouch.Up), ams.sample("acme", "rt1", through[ams].Add(time.Second), vouch.Up))
	ams.send(t, c, b.Raw)
	ams.advance(b)
	through[ams] = through[ams].Add(10 * time.Second)
	say(ams, vouch.Up, 2)
	beat(ams, vouch.Up)
	say(bru, vouch.Up, 5)
	c.wait("the path with five is admitted", func() bool {
		beat(bru, vouch.Up)
		return c.sees("BRU", "acme", "rt1") == "up"
	})
	if got := c.sees("AMS", "acme", "rt1"); got != "unknown not admitted" {
		t.Errorf("the path with two successes is %q, want it not admitted", got)
	}
	before := c.leaves("acme")
	say(ams, vouch.Up, 1)
	c.wait("the third admits it", func() bool {
		beat(ams, vouch.Up)
		return c.sees("AMS", "acme", "rt1") == "up"
	})
	if n := c.leaves("acme") - before; n != 2 {
		t.Errorf("leaves since = %d, want the batch and one record", n)
	}

	// Admitted once, for good: it votes down now, also after a restart.
	c.halt()
	c.start()
	for _, p := range []*player{ams, bru} {
		from := time.Now().UTC().Truncate(time.Second).Add(-3 * time.Second)
		b := p.seal(t, p.header("acme", through[p], from.Add(time.Second)), p.sample("acme", "rt1", from, vouch.Down))
		p.send(t, c, b.Raw)
		p.advance(b)
	}
	c.wait("both are down", func() bool {
		beat(ams, vouch.Down)
		beat(bru, vouch.Down)
		return c.sees("AMS", "acme", "rt1") == "down" && c.sees("BRU", "acme", "rt1") == "down"
	})
}

// What a path said before it was admitted is unknown in the statement, too, whoever computes
// it: the collector, the verifier, and the one that was written from the documentation alone.
func TestAdmissionInAStatement(t *testing.T) {
	c := newCentreOf(t, func(c *centre) { c.terms.Admission = 2 })
	from := time.Now().UTC().Truncate(time.Second).Add(-2 * time.Minute)
	to := from.Add(60 * time.Second)
	speak := func(begin, end int, o vouch.Outcome) {
		for _, id := range []vouch.AgentID{"AMS-1", "BRU-1"} {
			p := c.agents[id]
			var samples []vouch.Sample
			for s := begin; s < end; s++ {
				samples = append(samples, p.sample("acme", "rt1", from.Add(time.Duration(s)*time.Second), o))
			}
			p.store(t, c, "acme", from.Add(time.Duration(begin)*time.Second), from.Add(time.Duration(end)*time.Second), samples...)
		}
	}
	before := c.leaves("acme")
	c.behind.Store(int64(time.Since(from.Add(20*time.Second)) + 500*time.Millisecond)) // the paths are admitted 20 s into the period
	speak(0, 20, vouch.Up)
	c.wait("both paths are admitted", func() bool { return c.leaves("acme") == before+4 })
	c.behind.Store(0)
	speak(20, 50, vouch.Up)
	speak(50, 70, vouch.Down)
	c.wait("all is read", func() bool { return c.leavesRead("acme") })
	if _, err := c.issue("acme", from, to, ""); err != nil {
		t.Fatal(err)
	}
	b := c.bundle("acme", from, to, nil)
	key, _, _ := strings.Cut(string(file(t, b, bundle.FileKeys)), "\n")
	sound(t, verify(t, b, bundle.Options{Keys: []string{key}}))
	s := string(file(t, b, bundle.FileStatement))
	if !strings.Contains(s, `"reason": "not admitted"`) {
		t.Error("the statement names no time before the paths were admitted")
	}
	said, ok := pythontest.Verify(t, b, key)
	var up, down, unknown int
	for _, line := range strings.Split(said, "\n") {
		if i := strings.Index(line, "rt1: agreed_s 60"); i >= 0 {
			_, _ = fmt.Sscanf(line[i:], "rt1: agreed_s 60, excluded_s 0, up_s %d, down_s %d, unknown_s %d", &up, &down, &unknown)
		}
	}
	if !ok || down != 10 || unknown < 15 || unknown > 25 || up+unknown != 50 {
		t.Errorf("verify.py finds %d s up, %d down, %d unknown (%t), want about 30, 10 and 20:\n%s", up, down, unknown, ok, said)
	}
}
