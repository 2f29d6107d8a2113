// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// A collector whose configuration takes back what evidence rests on, or that cannot
// open its doors, says so in one sentence and leaves the ledger as it was.
func TestStartRefuses(t *testing.T) {
	c := newCentre(t)
	before := c.leaves("acme")
	c.halt()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct {
		name string
		edit func(*collector.Options)
		says string
	}{
		{"a recorded contract version with other terms", func(o *collector.Options) {
			k := o.Contracts["acme"]
			k.Versions[0].Terms.Confirm = time.Hour
			o.Contracts["acme"] = k
		}, "a recorded version is never changed"},
		{"a recorded device is gone", func(o *collector.Options) {
			s := &o.Base.Customers[0].Sites[0]
			s.Devices = s.Devices[:1]
		}, "end its lease instead"},
		{"an agent stands elsewhere", func(o *collector.Options) { o.Base.Agents[0].Location = "BRU" }, "give it a new id"},
		{"another origin", func(o *collector.Options) { o.Origin = "elsewhere.example" }, "set it back"},
		{"an agent's key that is none", func(o *collector.Options) { o.Base.Agents[0].Key = "nonsense" }, "agent AMS-1"},
		{"an agent's key of another name", func(o *collector.Options) { o.Base.Agents[0].Key = o.Base.Agents[1].Key }, "vouch-agent key"},
		{"the agents' port is taken", func(o *collector.Options) { o.Listen = taken.Addr().String() }, "set another address"},
		{"the pages' port is taken", func(o *collector.Options) { o.Web = taken.Addr().String() }, "set another address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			o := c.options()
			tt.edit(&o)
			err = collector.Run(t.Context(), s, o)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Run = %v, want one sentence with %q", err, tt.says)
			}
			if o.Listen == taken.Addr().String() && !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("Run = %v, want it to wrap EADDRINUSE", err)
			}
			if head, err := s.Head(t.Context(), "acme"); err != nil || head.Size != before {
				t.Errorf("leaves afterwards = %d, %v, want %d as before", head.Size, err, before)
			}
		})
	}
	c.start()
	if got := c.leaves("acme"); got != before {
		t.Errorf("leaves after a start as before = %d, want %d", got, before)
	}
}

// An agent that leaves the installed base takes nothing back that it said.
func TestRetiredAgent(t *testing.T) {
	c := newCentre(t)
	from := ago(3 * time.Minute)
	c.play(from, 90, "acme", both)
	want := figures{Agreed: 80, Up: 50, Down: 30}
	c.wait("the batches are derived", func() bool {
		f, _ := c.statement("acme", from, from.Add(80*time.Second))
		return f == want
	})
	c.halt()
	c.edit = func(o *collector.Options) {
		o.Base.Agents = o.Base.Agents[1:] // AMS-1 retires
		plan := o.Plan
		o.Plan = func(at time.Time) (out []assignment, next time.Time) {
			all, next := plan(at)
			for _, a := range all {
				if a.Agent != vouch.AgentID("AMS-1") {
					out = append(out, a)
				}
			}
			return out, next
		}
	}
	c.start()
	if f, raw := c.statement("acme", from, from.Add(80*time.Second)); f != want {
		t.Errorf("statement after the agent retired = %+v, want %+v\n%s", f, want, raw)
	}
}
