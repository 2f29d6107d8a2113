// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/demo"
)

// The files of a run are those of a user: `vouch check` has nothing to say of them, no
// warning either.
func TestConfigIsValid(t *testing.T) {
	keys := map[vouch.AgentID]string{}
	for _, id := range demo.AgentIDs() {
		_, public, err := evidence.GenerateKey(rand.Reader, string(id))
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = public
	}
	for _, length := range lengths {
		for _, icmp := range []bool{false, true} {
			dir := filepath.Join(t.TempDir(), "config")
			pace := demo.PaceOf(length)
			if err := demo.WriteConfig(dir, pace, icmp, time.Now(), keys); err != nil {
				t.Fatalf("write the configuration for %v: %v", length, err)
			}
			files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
			if err != nil || len(files) != 7 {
				t.Fatalf("the configuration has the files %q (%v), want 7", files, err)
			}
			for _, p := range configs.Check(configs.OS(), files...) {
				t.Errorf("check (%v, icmp %t): %v", length, icmp, p)
			}
			agrees(t, filepath.Join(dir, "collector.yaml"), pace, icmp)
			if length == lengths[0] {
				secret(t, filepath.Join(dir, "secrets", "community"))
			}
		}
	}
}

// agrees checks that the contract says what the pace says.
func agrees(t *testing.T, file string, p demo.Pace, icmp bool) {
	t.Helper()
	c, problems := configs.LoadCollector(configs.OS(), file)
	if err := problems.Err(); err != nil {
		t.Fatalf("LoadCollector(%s): %v", file, err)
	}
	v, ok := c.Contracts[0].At(time.Now())
	if !ok {
		t.Fatalf("no version of the contract is in force now")
	}
	got := demo.Pace{
		Length: p.Length, Interval: v.Terms.Interval, Timeout: v.Terms.Timeout, Confirm: v.Terms.Confirm, Clear: v.Terms.Clear,
		CarryForward: v.Terms.CarryForward, Lag: v.Terms.Lag, Delay: p.Delay, Limit: v.Terms.Thresholds[0].Limit,
	}
	if got != p {
		t.Errorf("the contract of a run of %v says %+v, want %+v", p.Length, got, p)
	}
	if n := len(v.Terms.Voting()); n != 3 {
		t.Errorf("%d locations vote, want 3", n)
	}
	if want := 1 + map[bool]int{true: 1}[icmp]; len(v.Measure) != want {
		t.Errorf("icmp %t: %d kinds of check, want %d", icmp, len(v.Measure), want)
	}
	plans := configs.Assignments(c.Base, c.Contracts, time.Now())
	for _, plan := range plans {
		if want := 6 * len(v.Measure); len(plan.Assignments) != want || len(plan.References) != 3 {
			t.Errorf("agent %s has %d checks and %d references, want %d and 3", plan.Agent, len(plan.Assignments), len(plan.References), want)
		}
	}
}

func secret(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.FileMode(0o600) {
		t.Errorf("%s has the mode %v, want 0600", path, info.Mode())
	}
}
