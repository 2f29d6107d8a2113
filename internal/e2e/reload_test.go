// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
)

// with runs a command with something on its standard input, and returns all that it says.
func (p *plant) with(stdin, program string, args ...string) (string, error) {
	c := exec.Command(program, args...)
	c.Dir, c.Stdin = p.dir, strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// remote is an agent's file without any credential.
func remote(t *testing.T) string {
	t.Helper()
	before, after, ok := strings.Cut(loadAgent, "credentials:\n  lab: {version: 2c, community: \"file:secret-community\"}\n")
	if !ok {
		t.Fatal("the agent's file has no credentials to leave out")
	}
	return before + after
}

// upFor reports whether a device is up for every agent.
func (w *loadWorld) upFor(device vouch.DeviceID) bool {
	for _, d := range w.live().Devices {
		if d.Device != device {
			continue
		}
		for _, s := range d.Seen {
			if s.State != "up" {
				return false
			}
		}
		return len(d.Seen) > 0
	}
	return false
}

// TestReload changes the installed base while everything runs. One agent has its secret
// from the collector alone. A file with a mistake is refused, whole and in words; a good
// one reaches the agents without a restart, and no other check misses a sample.
func TestReload(t *testing.T) {
	const community = "reload-community"
	w := newGuardedWorld(t, "", community)
	w.collect("")
	if out, err := w.with(community+"\n", w.programs.vouch, "secret", "set", "lab", "--data", "data"); err != nil || !strings.Contains(out, "as soon as they tell their key: north-1 south-1") {
		t.Errorf("secret set = %v: %s, want it to wait for both agents", err, out)
	}
	pin := w.pin()
	w.write("north-1.yaml", loadAgent, map[string]any{"ID": north, "Collector": w.listen, "Pin": pin, "Metrics": w.metrics[north]})
	w.write("south-1.yaml", remote(t), map[string]any{"ID": south, "Collector": w.listen, "Pin": pin, "Metrics": w.metrics[south]})
	w.measure(north, "")
	w.measure(south, "")
	w.wait("every device is up for both agents", func() bool {
		return w.upFor("rt1") && w.upFor("fw1") && w.upFor("rt2") && w.upFor("pbx2")
	})

	good := w.base
	row := "          - {id: rt3, class: router, address: 127.0.0.1, profile: generic, credential: lab, snmp: {port: {{.Ports.rt2}}}, lease: {from: {{.Since}}}}\n"
	w.base = good + strings.Replace(row, "id: rt3", "id: rt3, colour: red", 1)
	w.leaseUntil(time.Time{})
	out, err := w.with("", w.programs.vouch, "reload", "--data", "data")
	if err == nil || !strings.Contains(out, `base.yaml:`) || !strings.Contains(out, `"colour"`) || !strings.Contains(out, "everything stays as it was") {
		t.Errorf("reload of a bad file = %v: %s, want it refused with its place", err, out)
	}
	w.base = good + row
	w.leaseUntil(time.Time{})
	changed := time.Now()
	out, err = w.with("", w.programs.vouch, "reload", "--data", "data")
	if err != nil || !strings.Contains(out, "5 devices") || !strings.Contains(out, "new assignment for: north-1 south-1") {
		t.Errorf("reload = %v: %s, want 5 devices and both agents", err, out)
	}
	w.wait("the new device is up for both agents", func() bool { return w.upFor("rt3") })
	t.Logf("the new device was up for both agents %v after the command", time.Since(changed).Round(10*time.Millisecond))

	// By the signal, too: back and forth, and nothing that stays is disturbed.
	for range 5 {
		w.collector.signal(t, syscall.SIGHUP)
	}
	if out, err := w.with("", w.programs.vouch, "reload", "--data", "data"); err != nil || !strings.Contains(out, "nothing changes for any agent") {
		t.Errorf("reload without a change = %v: %s", err, out)
	}
	if out, err := w.with("", w.programs.vouch, "secret", "list", "--data", "data"); err != nil || !strings.Contains(out, "north-1 south-1") || strings.Contains(out, community) {
		t.Errorf("secret list = %v: %s, want both agents and no secret", err, out)
	}
	// An agent starts from its copy, sealed as it came, while the collector is away.
	w.agents[south].stop(t)
	w.collector.stop(t)
	w.measure(south, "")
	w.wait("the agent asks without the collector", func() bool {
		out, err := w.with("", w.programs.agent, "status", "--config", "south-1.yaml")
		return err == nil && strings.Count(out, "  up\n") == 6
	})
	w.collect("")
	w.wait("everything is up again", func() bool { return w.upFor("rt1") && w.upFor("rt3") })
	w.agents[north].stop(t)
	w.agents[south].stop(t)
	w.collector.stop(t)
	w.everySlot(north, 5)
}
