// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// bareAgent is an agent's file as a package installs it: with all that only its owner
// knows commented out.
const bareAgent = `# One agent.

# As in the collector's installed base (agents).
#id: ams1-a

data: north-1

collector:
#  url: https://127.0.0.1:7443
  # SHA-256 of the collector's key.
#  pin: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

credentials:
  lab: {version: 2c, community: "file:secret-community"}
metrics:
  listen: {{.}} # the port
`

// TestEnrolCommand is from package to first sample: a line from the collector, one command
// at the agent, and it measures.
func TestEnrolCommand(t *testing.T) {
	w := newLoadWorld(t, "")
	base, err := os.ReadFile(w.path("base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("base.yaml", strings.Replace(string(base), ", key: "+w.keys[north], "", 1), nil)
	if err := os.RemoveAll(w.path("north-1")); err != nil {
		t.Fatal(err)
	}
	w.write("north-1.yaml", bareAgent, w.metrics[north])
	w.collect("")
	if _, err := run(w.dir, w.programs.agent, "run", "--config", "north-1.yaml"); err == nil {
		t.Error("an agent that is not enrolled runs, want that it says what is missing")
	}

	// The line alone is on standard output.
	c := exec.Command(w.programs.vouch, "agents", "token", "--agent", "north-1", "--location", "north", "--address", w.listen, "--data", "data")
	c.Dir = w.dir
	line, err := c.Output()
	j, perr := enrol.ParseJoin(string(line))
	if err != nil || perr != nil || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("vouch agents token = %q, %v, %v, want one line", line, err, perr)
	}
	for name, bad := range map[string]string{"half a line": string(line[:60]), "another word": "hello"} {
		if _, err := run(w.dir, w.programs.agent, "enrol", "--config", "north-1.yaml", bad); err == nil || !strings.Contains(err.Error(), "exit status 2") {
			t.Errorf("enrol with %s = %v, want exit code 2", name, err)
		}
	}
	c = exec.Command(w.programs.agent, "enrol", "--config", "north-1.yaml", "-")
	c.Dir, c.Stdin = w.dir, strings.NewReader(string(line))
	said, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "next         vouch-agent run --config north-1.yaml\n") || strings.Contains(string(said), string(j.Secret)) {
		t.Fatalf("vouch-agent enrol = %v\n%s", err, said)
	}
	file, err := os.ReadFile(w.path("north-1.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nid: north-1\n", "\n  url: https://" + w.listen + "\n", "\n  # SHA-256 of the collector's key.\n  pin: sha256:", "listen: " + w.metrics[north] + " # the port\n"} {
		if !strings.Contains(string(file), want) {
			t.Errorf("the agent's file is\n%s\nwant %q in it", file, want)
		}
	}
	if _, err := os.Stat(w.path("north-1.yaml.enrol")); err == nil {
		t.Error("the draft of the agent's file is left over")
	}

	w.measure(north, "")
	w.wait("the agent can be asked", func() bool {
		_, err := os.Stat(w.path("north-1/status.sock"))
		return err == nil
	})
	st := w.stands(north, "all is up and acknowledged", func(st agent.Status) bool { return all("up")(st) && !st.Collector.LastAck.IsZero() })
	if st.Certificate == nil || st.Certificate.Until.Before(time.Now()) {
		t.Errorf("status = %+v, want a certificate", st.Certificate)
	}
	text, err := run(w.dir, w.programs.agent, "status", "--config", "north-1.yaml")
	if err != nil || !strings.Contains(text, "\ncertificate until 2") {
		t.Errorf("status = %v\n%s\nwant the certificate", err, text)
	}
	if r := w.doctor("north-1.yaml")["certificate"]; !r.OK || !strings.Contains(r.Found, "good until") {
		t.Errorf("doctor, certificate = %+v, want it good", r)
	}
	text, err = run(w.dir, w.programs.vouch, "agents", "list", "--data", "data")
	if err != nil || !strings.Contains(text, "north-1  north     acme zeta  enrolled     north-1+") || !strings.Contains(text, "south-1  south     acme zeta  key in base  south-1+") {
		t.Errorf("vouch agents list = %v\n%s", err, text)
	}

	// The file names another collector's pin, another agent: that is not overwritten by
	// halves.
	w.write("flow.yaml", "id: north-1\ndata: flow\ncollector: {url: https://127.0.0.1:1, pin: \"sha256:"+strings.Repeat("ab", 32)+"\"}\n", nil)
	before, err := os.ReadFile(w.path("flow.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(w.dir, w.programs.agent, "enrol", "--config", "flow.yaml", strings.TrimSpace(string(line))); err == nil || !strings.Contains(err.Error(), "cannot be filled in; write id: north-1") {
		t.Errorf("enrol with a file that it cannot change = %v, want what to write", err)
	}
	if after, err := os.ReadFile(w.path("flow.yaml")); err != nil || string(after) != string(before) {
		t.Errorf("the file that it cannot change is now %s, %v", after, err)
	}
	if text, err := run(w.dir, w.programs.vouch, "agents", "revoke", "north-1", "--reason", "the box was sold", "--data", "data"); err != nil || !strings.Contains(text, "of agent north-1 is revoked") {
		t.Errorf("vouch agents revoke = %v %s", err, text)
	}
	w.stands(north, "the agent hears that it is out", func(st agent.Status) bool { return st.Heartbeats.Failed > 0 })
	if text, err = run(w.dir, w.programs.vouch, "agents", "list", "--data", "data"); err != nil || !strings.Contains(text, "revoked 2") {
		t.Errorf("vouch agents list = %v\n%s", err, text)
	}
	w.agents[north].stop(t)
	w.collector.stop(t)
}
