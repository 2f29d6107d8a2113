// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
)

// remedy is a line of vouch-agent doctor --json.
type remedy struct {
	What, Found, Cure string
	OK                bool
}

// doctor runs vouch-agent doctor on an agent's file. Whether ICMP may be sent here is
// not what is asked.
func (w *loadWorld) doctor(file string) map[string]remedy {
	w.t.Helper()
	var out bytes.Buffer
	c := exec.Command(w.programs.agent, "doctor", "--config", file, "--json")
	c.Dir, c.Stdout = w.dir, &out
	err := c.Run()
	var list []remedy
	if e := json.Unmarshal(out.Bytes(), &list); e != nil {
		w.t.Fatalf("doctor --json = %v, %v: %s", err, e, out.String())
	}
	found := map[string]remedy{}
	well := true
	for _, r := range list {
		well = well && r.OK
		if r.OK != (r.Cure == "") {
			w.t.Errorf("doctor: %+v, want a cure exactly for a problem", r)
		}
		if r.What != "ICMP" {
			found[r.What] = r
		}
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) != !well || failed != nil && failed.ExitCode() != 1 {
		w.t.Errorf("doctor = %v for %+v, want exit code 1 exactly with a problem", err, list)
	}
	return found
}

// wantProblem checks that an agent's file shows one problem, and its cure.
func (w *loadWorld) wantProblem(file, what, found, cure string) {
	w.t.Helper()
	all := w.doctor(file)
	for name, r := range all {
		if !r.OK && name != what {
			w.t.Errorf("doctor of %s: %+v, want only %s to be a problem", file, r, what)
		}
	}
	if r := all[what]; r.OK || !strings.Contains(r.Found, found) || !strings.Contains(r.Cure, cure) {
		w.t.Errorf("doctor of %s, %s = %+v, want a problem with %q, cure %q", file, what, r, found, cure)
	}
}

// stands asks a running agent how it stands, until that is as wanted.
func (w *loadWorld) stands(id vouch.AgentID, what string, want func(agent.Status) bool) (st agent.Status) {
	w.t.Helper()
	w.wait(what, func() bool {
		out, err := run(w.dir, w.programs.agent, "status", "--config", string(id)+".yaml", "--json")
		if err != nil {
			w.t.Fatal(err)
		}
		st = agent.Status{}
		if err := json.Unmarshal([]byte(out), &st); err != nil {
			w.t.Fatalf("status --json = %v: %s", err, out)
		}
		return want(st)
	})
	return st
}

// reload sends SIGHUP and waits until the agent says that it has read its file.
func (w *loadWorld) reload(id vouch.AgentID) {
	w.t.Helper()
	count := func() int {
		raw, err := os.ReadFile(w.agents[id].log)
		if err != nil {
			w.t.Fatal(err)
		}
		return bytes.Count(raw, []byte("reload: "))
	}
	before := count()
	w.agents[id].signal(w.t, syscall.SIGHUP)
	w.wait("the agent reloads", func() bool { return count() > before })
}

func all(outcome string) func(agent.Status) bool {
	return func(st agent.Status) bool {
		return len(st.Checks) == 4 && !slices.ContainsFunc(st.Checks, func(c agent.CheckStatus) bool { return c.Outcome != outcome })
	}
}

// TestOnSite is what somebody at the location does: looks how the agent stands, asks
// what is wrong, and gives it a new secret while it runs.
func TestOnSite(t *testing.T) {
	w := newLoadWorld(t, "")
	w.start()

	st := w.stands(north, "all is up and acknowledged", func(st agent.Status) bool { return all("up")(st) && !st.Collector.LastAck.IsZero() })
	if st.Agent != north || st.Location != "north" || st.Key != w.keys[north] || !st.Clock.Known || len(st.References) != 1 {
		t.Errorf("status = %+v, want that of %s", st, north)
	}
	text, err := run(w.dir, w.programs.agent, "status", "--config", "north-1.yaml")
	if err != nil || !strings.Contains(text, "agent      north-1 at north, ") || strings.Count(text, "  up\n") != 5 {
		t.Errorf("status = %v\n%s\nwant four devices and a reference up", err, text)
	}
	well := w.doctor("north-1.yaml")
	for _, what := range []string{"configuration", "clock", "data directory", "disk", "key", "certificate", "DNS", "route", "collector", "pin", "identity", "clock offset"} {
		if r := well[what]; !r.OK || r.Found == "" {
			t.Errorf("doctor, %s = %+v, want it well", what, r)
		}
	}

	// A secret that changes: nothing is restarted, and not one poll is missed.
	w.write("secret-community", "another\n", nil)
	w.reload(north)
	// The gateway is asked with it, too: to the agent its own way out is gone.
	w.stands(north, "everything refuses the wrong secret", func(st agent.Status) bool { return all("unknown")(st) && st.Trouble == vouch.ReasonLocation })
	w.write("secret-community", "public\n", nil)
	w.reload(north)
	w.stands(north, "everything takes the right secret", all("up"))
	w.write("north-1.yaml", "nonsense: true\n", nil)
	w.reload(north)
	config := map[string]any{"ID": north, "Collector": w.listen, "Pin": w.pin(), "Metrics": w.metrics[north]}
	w.write("north-1.yaml", loadAgent, config)
	for range 10 {
		w.reload(north)
	}
	w.stands(north, "all is up as before", all("up"))

	w.sickness(config)

	for _, a := range w.agents {
		a.stop(t)
	}
	if _, err := run(w.dir, w.programs.agent, "status", "--config", "north-1.yaml"); err == nil || !strings.Contains(err.Error(), "the agent does not run") {
		t.Errorf("status of a stopped agent = %v, want that it does not run", err)
	}
	w.collector.stop(t)
	w.wantProblem("north-1.yaml", "collector", "refused", "start the collector")
	w.everySlot(north, 4)
}

// sickness gives an agent one illness after another.
func (w *loadWorld) sickness(config map[string]any) {
	w.t.Helper()
	sick := func(name string, change map[string]any) string {
		c := map[string]any{}
		for k, v := range config {
			c[k] = v
		}
		for k, v := range change {
			c[k] = v
		}
		w.write(name+".yaml", loadAgent, c)
		return name + ".yaml"
	}
	other := "sha256:" + strings.Repeat("ab", 32)
	w.wantProblem(sick("pin", map[string]any{"Pin": other}), "pin", "not the pinned one", "vouch pin")
	w.wantProblem(sick("name", map[string]any{"Collector": "collector.invalid:7443"}), "DNS", "collector.invalid", "/etc/resolv.conf")
	w.wantProblem(sick("absent-1", map[string]any{"ID": "absent-1"}), "data directory", "no such file", "install -d -m 0700")
	if err := os.Mkdir(w.path("fresh-1"), 0o700); err != nil {
		w.t.Fatal(err)
	}
	fresh := sick("fresh-1", map[string]any{"ID": "fresh-1"})
	w.wantProblem(fresh, "key", "no such file", "vouch agents token --agent fresh-1")
	w.key("fresh-1")
	w.wantProblem(fresh, "identity", "not known here", "vouch agents token --agent fresh-1")
	for _, open := range []struct {
		path, what, cure string
		mode, was        os.FileMode
	}{{"fresh-1/key", "key", "chmod 600", 0o644, 0o600}, {"fresh-1", "data directory", "chmod 700", 0o755, 0o700}} {
		if err := os.Chmod(w.path(open.path), open.mode); err != nil {
			w.t.Fatal(err)
		}
		if r := w.doctor(fresh)[open.what]; r.OK || !strings.Contains(r.Cure, open.cure) {
			w.t.Errorf("doctor with %s open to others = %+v, want the cure %q", open.path, r, open.cure)
		}
		if err := os.Chmod(w.path(open.path), open.was); err != nil {
			w.t.Fatal(err)
		}
	}
	if r := w.doctor("missing.yaml")["configuration"]; r.OK || !strings.Contains(r.Found, "missing.yaml:1:1") {
		w.t.Errorf("doctor without a file = %+v, want its place", r)
	}
}

// everySlot checks, where the collector has ended, that every check of an agent has a
// sample for every half second between its first and its last.
func (w *loadWorld) everySlot(id vouch.AgentID, devices int) {
	t := w.t
	t.Helper()
	starts := map[vouch.DeviceID][]time.Time{}
	for _, l := range w.readLedgers(w.verifiers()) {
		if l.Agent != id {
			continue
		}
		for _, s := range l.samples(t) {
			if s.Device != "" {
				starts[s.Device] = append(starts[s.Device], s.Start)
			}
		}
	}
	const interval = 500 * time.Millisecond // of loadContract
	for device, at := range starts {
		slices.SortFunc(at, time.Time.Compare)
		// An attempt begins within half an interval of its slot, or is told as one that
		// could not: the number of slots is known whatever the machine was busy with.
		slots := int(at[len(at)-1].Sub(at[0]).Round(interval)/interval) + 1
		if len(at) != slots {
			t.Errorf("samples of %s = %d over %d slots, want one each", device, len(at), slots)
		}
	}
	if len(starts) != devices {
		t.Errorf("devices with samples of %s = %d, want %d", id, len(starts), devices)
	}
}
