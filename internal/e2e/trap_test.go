// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// core is the SNMPv3 user of the world's devices.
var core = probes.Credential{
	Version: probes.SNMPv3, User: "core", Auth: probes.AuthSHA256, AuthPassword: "authpass1234", Priv: probes.PrivAES, PrivPassword: "privpass1234",
}

// snmptrap sends a trap with net-snmp's tool, and reports whether it was content: with
// an inform, whether that was answered.
func (w *world) snmptrap(args ...string) error {
	w.t.Helper()
	c := exec.CommandContext(w.ctx, "snmptrap", args...)
	c.Env = append(os.Environ(), "MIBS=", "SNMP_PERSISTENT_DIR="+w.t.TempDir(), "SNMPCONFPATH="+w.t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Logf("snmptrap %v: %v: %s", args, err, out)
	}
	return err
}

// TestTrapHasTheDevicePolledBeforeItsTurn is a router that is polled once a day, and
// whose traps are followed by a poll each: by what that finds, it is up or down.
func TestTrapHasTheDevicePolledBeforeItsTurn(t *testing.T) {
	if _, err := exec.LookPath("snmptrap"); err != nil {
		t.Skipf("needs net-snmp's tools (apt-get install snmp): %v", err)
	}
	w := newWorld(t)
	heard, err := snmp.ListenTraps("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = heard.Close() })
	w.every, w.traps = 24*time.Hour, &agent.Traps{Listener: heard, Credentials: []string{"lab", "core"}}
	w.collect()
	w.measure()
	status := func() agent.Status {
		st, err := agent.ReadStatus(w.ctx, w.state("AMS-1"))
		if err != nil {
			return agent.Status{} // its socket is not open yet
		}
		return st
	}
	outcome := func(want string) func() bool {
		return func() bool {
			st := status()
			return len(st.Checks) == 1 && st.Checks[0].Outcome == want
		}
	}
	w.wait("the agent has its assignment", func() bool { return status().Assigned && len(status().References) == 1 })

	// Nothing, and nobody else's word, has it polled.
	to := heard.Addrs()[0].String()
	linkDown := []string{"", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.3", "i", "3"}
	if err := w.snmptrap(append([]string{"-v2c", "-c", "private", to}, linkDown...)...); err != nil {
		t.Fatal(err)
	}
	w.wait("the wrong community is counted", func() bool { return status().Traps.Counts["wrong_community"].N == 1 })
	if n := w.device.Asked(); n != 0 {
		t.Errorf("the router was asked %d times, want not yet: its turn comes once a day", n)
	}

	if err := w.snmptrap(append([]string{"-v2c", "-c", "public", to}, linkDown...)...); err != nil {
		t.Fatal(err)
	}
	w.wait("the trap has it polled, and it is up: only the poll decides", outcome("up"))

	w.device.Set(lab.Behaviour{Silent: true})
	inform := []string{"-Ci", "-t", "20", "-v3", "-u", "core", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1234", "-x", "AES", "-X", "privpass1234", to}
	if err := w.snmptrap(append(inform, "", "1.3.6.1.6.3.1.1.5.1")...); err != nil {
		t.Errorf("the inform is not answered: %v", err)
	}
	w.wait("the inform has it polled, and it is silent", outcome("down"))

	st := status()
	if n := st.Traps.Counts["accepted"]; n.N != 2 || !n.From.IsLoopback() {
		t.Errorf("traps = %+v, want two accepted", st.Traps)
	}
	w.wait("its page shows both", func() bool {
		var page struct {
			Traps []struct {
				Name  string
				Count uint64
			}
		}
		r, err := http.Get(w.web + "api/v1/devices/acme/rt1")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&page); err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, tr := range page.Traps {
			names = append(names, tr.Name)
		}
		slices.Sort(names)
		return slices.Equal(names, []string{"coldStart", "linkDown"})
	})
}
