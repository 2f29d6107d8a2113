// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes/snmp"
)

var update = flag.Bool("update", false, "write the golden files and docs/devices.md anew")

// recordingsGolden holds a line for each recording: what the device is, how much is
// found, and a hash of all of it. The recordings themselves are not ours to copy.
const recordingsGolden = "testdata/recordings.golden"

// Every recording goes over UDP through the whole engine, and what comes out is what
// came out before.
func TestRecordingsGolden(t *testing.T) {
	choose, err := chooseProfile(autoProfile)
	if err != nil {
		t.Fatal(err)
	}
	p := snmp.New()
	defer p.Close()
	var out strings.Builder
	files := 0
	for _, folder := range recordings {
		names, _ := filepath.Glob(filepath.Join(folder, "*.snmprec"))
		for _, name := range names {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r, err := askRecording(t.Context(), p, choose, body)
			if err != nil || r.Outcome != vouch.Up {
				t.Errorf("%s: %v %s, %v", filepath.Base(name), r.Outcome, r.Detail, err)
				continue
			}
			files++
			d := r.Device
			d.RebootedAt, r.Address = nil, ""
			all, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			up := 0
			for _, i := range r.Interfaces {
				if i.Oper == "up" {
					up++
				}
			}
			fmt.Fprintf(&out, "%s: %s, %s, %d interfaces (%d up), %d values in %d lines, %x\n", filepath.Base(name), d.Profile,
				strings.Join([]string{d.Vendor, d.Model, d.Version}, "/"), len(r.Interfaces), up, len(r.Metrics), r.lines, sha256.Sum256(all))
		}
	}
	if files == 0 {
		t.Skip("the recordings are not here")
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(recordingsGolden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recordingsGolden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(recordingsGolden)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("the recordings give\n%s\nwant\n%s", got, want)
	}
}
