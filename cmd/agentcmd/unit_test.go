// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// What a device is recognised by is what its polls compare: the serial number that
// `probe` and `discover` print may be put on record as it is printed. After a swap the
// device is another unit.
func TestUnitsOfRecordings(t *testing.T) {
	var among []vouch.Profile
	for _, p := range configs.Profiles() {
		among = append(among, p.Profile)
	}
	var files []string
	for _, folder := range recordings {
		found, err := filepath.Glob(filepath.Join(folder, "*.snmprec"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	p := snmp.New()
	defer p.Close()
	compared := 0
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		addr, stop, err := lab.Serve(t.Context(), body, lab.Options{Still: true})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		tg := probes.Target{
			Check:      vouch.Check{Kind: vouch.KindSNMP, Addr: addr.Addr(), Port: addr.Port(), Version: "2c", Timeout: 30 * time.Second},
			Credential: probes.Credential{Community: "public"},
		}
		d, r := p.Recognise(t.Context(), tg, among)
		if r.Outcome == vouch.Up && d.Profile != nil && d.Serial != "" {
			compared++
			tg.Profile = d.Profile
			for _, x := range []struct {
				serial  string
				outcome vouch.Outcome
				reason  vouch.Reason
			}{{printable(d.Serial), vouch.Up, ""}, {"another", vouch.Unknown, vouch.ReasonIdentity}, {d.Serial, vouch.Up, ""}} {
				tg.Check.Unit = vouch.Unit{Serials: []string{x.serial}}
				r := p.Probe(t.Context(), tg)
				if r.Outcome != x.outcome || r.Reason != x.reason {
					t.Errorf("%s (%s) with %q on record: %v %q (%s), want %v %q", filepath.Base(file), d.Profile.Name, x.serial, r.Outcome, r.Reason, r.Detail, x.outcome, x.reason)
				}
			}
			t.Logf("%s: %s tells %q", filepath.Base(file), d.Profile.Name, d.Serial)
		}
		stop()
	}
	if compared == 0 {
		t.Error("no recording tells a serial number")
	}
}
