// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// What probers say to people is logged when it is new, and bounded.
func TestDetailsAreLogged(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	d := agent.NewDetails(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	up := vouch.Result{Outcome: vouch.Up}
	note := vouch.Result{Outcome: vouch.Up, Detail: "no interface has ifName wan9"}
	other := vouch.Result{Reason: vouch.ReasonIdentity, Detail: "another unit than recorded"}
	for i, step := range []struct {
		after time.Duration
		r     vouch.Result
		want  int // lines so far
	}{
		{0, up, 0}, {0, note, 1}, {0, note, 1}, {time.Minute, up, 1}, {time.Minute, note, 1}, // not again within the hour
		{time.Minute, other, 2}, {time.Minute, other, 2}, // another reason is told at once
		{2 * time.Hour, other, 2}, {0, up, 2}, {0, other, 3}, // the same words again, later
		{0, vouch.Result{Outcome: vouch.Down, Reason: vouch.ReasonTimeout}, 3}, {0, other, 3},
	} {
		now = now.Add(step.after)
		d.Say("r", step.r)
		if got := strings.Count(out.String(), "\n"); got != step.want {
			t.Fatalf("step %d: %d lines, want %d:\n%s", i, got, step.want, out.String())
		}
	}
	if got := out.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "device=r") || !strings.Contains(got, "reason=identity") {
		t.Errorf("logged:\n%s", got)
	}
	d.Say("s", note)
	if kept := d.Keep("s"); kept != 1 {
		t.Errorf("%d are kept, want 1", kept)
	}
}
