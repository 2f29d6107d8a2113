// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/internal/lab/control"
)

// TestContractWithoutHardware does what `vouch lab --base` says: its files, as they
// are but for ports and for seconds in place of minutes, make an installation in which
// a device that falls silent on command is an incident.
func TestContractWithoutHardware(t *testing.T) {
	if os.Getenv("VOUCH_WHOLE") == "" && os.Getenv("VOUCH_SOAK") == "" {
		t.Skip("it takes half a minute: `make test` runs it")
	}
	p, dir := binaries(t), t.TempDir()
	t.Cleanup(func() { logs(t, dir) })
	addr := freeAddr(t)
	launch(t, dir, "lab", "", p.vouch, "lab", "--devices", "3", "--listen", "127.1.50.1:0", "--control", addr, "--base", "try/base.yaml")
	until(t, "the lab has written its files", func() bool {
		said, _ := os.ReadFile(filepath.Join(dir, "lab.log"))
		return strings.Contains(string(said), "vouch collector --config try/collector.yaml")
	})
	// 127.0.0.1:7443 and its like belong to whoever runs this test. The short times are
	// those of the demo.
	change := []string{"interval: 10s", "interval: 2s", "timeout: 3s", "timeout: 1s", "confirm: 30s", "confirm: 6s", "clear: 30s", "clear: 6s",
		"carry_forward: 30s", "carry_forward: 6s", "lag: 1m10s", "lag: 20s", "seal: 10s", "seal: 1s", "heartbeat: 5s", "heartbeat: 1s"}
	for _, port := range []string{"7443", "7480", "7481", "7482"} {
		_, free, _ := strings.Cut(freeAddr(t), ":")
		change = append(change, "127.0.0.1:"+port, "127.0.0.1:"+free, "port: "+port, "port: "+free)
	}
	files, err := filepath.Glob(filepath.Join(dir, "try", "*.yaml"))
	if err != nil || len(files) != 5 {
		t.Fatalf("the lab wrote %v, %v, want five files", files, err)
	}
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(f, []byte(strings.NewReplacer(change...).Replace(string(body))), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	must := func(program string, args ...string) string {
		t.Helper()
		out, err := run(dir, program, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	must(p.vouch, "check", "try")
	collector := launch(t, dir, "collector", "", p.vouch, "collector", "--config", "try/collector.yaml")
	var agents []*process
	for _, a := range []string{"a", "b"} {
		var line []byte
		until(t, "the collector gives a line for agent "+a, func() bool {
			c := exec.Command(p.vouch, "agents", "token", "--agent", "lab-"+a, "--data", "try/data")
			c.Dir = dir
			line, err = c.Output()
			return err == nil
		})
		must(p.agent, "enrol", "--config", "try/agent-"+a+".yaml", strings.TrimSpace(string(line)))
		agents = append(agents, launch(t, dir, "agent-"+a, "", p.agent, "run", "--config", "try/agent-"+a+".yaml"))
	}
	devices := func() (list []control.Device) {
		if err := json.Unmarshal([]byte(must(p.vouch, "lab", "list", "--json", "--control", addr)), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	until(t, "every device was asked", func() bool {
		for _, d := range devices() {
			if d.Answered < 10 {
				return false
			}
		}
		return true
	})
	incidents := func() string { return must(p.vouch, "incident", "list", "--data", "try/data") }
	name := devices()[1].Name
	if got := incidents(); strings.Contains(got, name) {
		t.Errorf("before anything happens there are incidents:\n%s", got)
	}
	if got := must(p.vouch, "lab", "do", "--control", addr, "dead", "127.1.50.2"); !strings.Contains(got, name+": answers nobody") {
		t.Errorf("lab do prints %q", got)
	}
	until(t, "the silent device is an incident", func() bool { return strings.Contains(incidents(), name) })
	must(p.vouch, "lab", "do", "--control", addr, "heal", "all")
	until(t, "the incident is closed", func() bool { return !strings.Contains(incidents(), "open") })
	for _, a := range append(agents, collector) {
		a.stop(t)
	}
}

// until waits for what comes, however busy the machine is.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !f(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited two minutes in vain: %s", what)
		}
	}
}
