// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"
	"time"

	"github.com/vouch-sla/vouch/agent"
)

// A certificate is renewed between a third and two thirds of its life, not all at once; a
// clock that is wrong neither keeps it from being renewed nor has it renewed all the time.
func TestRenewalIsDue(t *testing.T) {
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	life := 9 * 24 * time.Hour
	until := from.Add(life)
	for _, tt := range []struct {
		name        string
		now         time.Time
		least, most time.Duration
	}{
		{"just issued", time.Time{}, life / 3, life * 2 / 3},
		{"just issued, by the clock", from, life / 3, life * 2 / 3},
		{"by a clock that was never set", time.Unix(0, 0), life / 3, life * 2 / 3},
		{"a day old", from.Add(24 * time.Hour), life/3 - 24*time.Hour, life*2/3 - 24*time.Hour},
		{"in its last third", until.Add(-time.Hour), 0, time.Second},
		{"expired", until.Add(365 * 24 * time.Hour), 0, time.Second},
	} {
		seen := map[time.Duration]bool{}
		for range 200 {
			d := agent.Due(from, until, tt.now)
			seen[d] = true
			if d < tt.least || d > tt.most {
				t.Errorf("%s: due in %v, want %v to %v", tt.name, d, tt.least, tt.most)
			}
		}
		if len(seen) < 100 {
			t.Errorf("%s: due at %d different times of 200, want them spread", tt.name, len(seen))
		}
	}
	if d := agent.Due(from, from, from); d < 0 || d > time.Minute {
		t.Errorf("a certificate without life: due in %v, want soon", d)
	}
}
