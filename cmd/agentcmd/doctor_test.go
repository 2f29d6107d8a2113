// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/cmd/exit"
)

// What can be shown with a real collector is shown in internal/e2e.

func TestDoctorSeesAClockThatWasNeverSet(t *testing.T) {
	d := doctor{now: func() time.Time { return time.Unix(100, 0) }}
	d.clock()
	var out bytes.Buffer
	code := exit.Report(&out, "vouch-agent", d.print(&out, false))
	if want := "problem  clock: it shows 1970-01-01: it was never set\n         cure: let it be set by NTP"; code != 1 || !strings.HasPrefix(out.String(), want) {
		t.Errorf("doctor = %d, %q, want 1, %q", code, out.String(), want)
	}
}

func TestStatusAndDoctorWithoutAnAgent(t *testing.T) {
	d := doctor{now: time.Now}
	if _, ok := d.dns(t.Context(), "192.0.2.1", "agent.yaml"); !ok {
		t.Errorf("DNS of an address = %+v, want it well", d.findings)
	}
	if code, out, err := call(t, "status", "--data", t.TempDir()); code != 1 || out != "" || !strings.Contains(err, "the agent does not run") {
		t.Errorf("status without an agent = %d, %q, %q, want 1 and one sentence", code, out, err)
	}
}
