// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/agent"
)

// ask reads the status until it is as wanted.
func ask(t *testing.T, dir string, want func(agent.Status) bool) agent.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		st, err := agent.ReadStatus(ctx, dir)
		if err == nil && want(st) {
			return st
		}
		select {
		case <-ctx.Done():
			t.Fatalf("status = %+v, %v, want another", st, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestStatusTellsWhatIsPolledAndHowItEnded(t *testing.T) {
	a := assignment(2)
	for i := range a.Devices {
		c := &a.Devices[i].Checks[0]
		c.Interval, c.Timeout = 200*time.Millisecond, 50*time.Millisecond
	}
	a.Sealing, a.Heartbeat = 100*time.Millisecond, 100*time.Millisecond
	b := newBench(t, a)
	b.opts.StatusSocket, b.opts.Version = agent.StatusSocket(b.opts.StateDir), "vouch-agent 1.2.3"
	b.network.set(true, "203.0.113.2")
	if _, err := agent.ReadStatus(t.Context(), b.opts.StateDir); !errors.Is(err, agent.ErrNotRunning) {
		t.Errorf("ReadStatus before the start = %v, want ErrNotRunning", err)
	}
	// What a crash leaves behind is in nobody's way.
	check(t, os.WriteFile(b.opts.StatusSocket, nil, 0o600))
	b.start()
	st := ask(t, b.opts.StateDir, func(st agent.Status) bool {
		return len(st.Checks) == 2 && st.Checks[0].Outcome == "up" && st.Checks[1].Outcome == "down" &&
			len(st.References) == 2 && st.References[0].Outcome == "up" && !st.Collector.LastAck.IsZero() && st.Clock.Known
	})
	if c := st.Checks[1]; c.Customer != "acme" || c.Device != "d2" || c.Name != "icmp" || c.Address != "203.0.113.2" || c.Interval != 0.2 || c.Reason != "timeout" {
		t.Errorf("second check = %+v, want that of d2, timed out", c)
	}
	if st.Agent != "a1" || st.Version != "vouch-agent 1.2.3" || st.Location != "north" || !st.Assigned || !strings.HasPrefix(st.Key, "a1+") {
		t.Errorf("status = %+v, want a1's in north", st)
	}
	if st.Collector.URL != b.opts.CollectorURL || !strings.HasPrefix(st.Collector.Pin, "sha256:") || len(st.Collector.Pin) != 71 {
		t.Errorf("collector = %+v, want URL and pin", st.Collector)
	}
	if info, err := os.Stat(b.opts.StatusSocket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket = %v, %v, want mode 0600", info, err)
	}

	b.down()
	st = ask(t, b.opts.StateDir, func(st agent.Status) bool { return st.Spool.Notes > 0 && st.Heartbeats.Failed > 0 })
	if st.Spool.Oldest.IsZero() || st.Spool.Queued == 0 || st.Spool.Limit != 32<<20 {
		t.Errorf("spool without a collector = %+v, want depth, age and bound", st.Spool)
	}
	b.stop()
	if _, err := os.Stat(b.opts.StatusSocket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("socket after the end = %v, want none", err)
	}
}

func TestStatusSocketThatCannotBeMadeKeepsNothingFromRunning(t *testing.T) {
	b := newBench(t, assignment(1))
	b.opts.StatusSocket = agent.StatusSocket(b.opts.StateDir + "/missing")
	b.start()
	deadline := time.Now().Add(20 * time.Second)
	for b.logs.count("status cannot be asked for") == 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := b.logs.count("status cannot be asked for"); n != 1 {
		t.Errorf("lines = %d, want 1", n)
	}
	b.stop()
	b.down()
}
