// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// recordings are the folders with recordings of real devices and walks written from
// MIBs, which are not part of the project, and the walks that are.
var recordings = []string{"../../../shared/devices/recordings", "../../../shared/devices/synthetic", "../../internal/lab/walks"}

// Every profile finds in its recordings what it says of them, and is what they are
// recognised by.
func TestProfilesAgainstRecordings(t *testing.T) {
	if _, err := os.Stat(recordings[0]); err != nil {
		t.Skipf("the recordings are not here: %v", err)
	}
	p := snmp.New()
	defer p.Close()
	for _, profile := range configs.Profiles() {
		for _, test := range profile.Tests {
			wrong, err := testProfile(t.Context(), p, profile, test, recordings)
			if err != nil {
				t.Errorf("%s: %v", profile.Name, err)
			}
			for _, w := range wrong {
				t.Errorf("%s: %s: %s", profile.Name, test.Recording, w)
			}
		}
	}
}

func TestProfileCommands(t *testing.T) {
	dir := t.TempDir()
	write := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("door.snmprec", "1.3.6.1.2.1.1.1.0|4|Acme door\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|4200\n"+
		"1.3.6.1.4.1.99999.2.1.1|2|2\n1.3.6.1.4.1.99999.2.1.2|2|7\n")
	const profile = "schema: 1\nname: door\nclass: other\nkind: door\nmatch: {sysobjectid: [1.3.6.1.4.1.99999.1]}\n" +
		"metrics:\n  - table: {name: leaf}\n    symbols: [{OID: 1.3.6.1.4.1.99999.2.1, name: state, type: state, mapping: {1: shut, 2: open}, ok: [shut]}]\n    metric_tags: [{tag: leaf, index: 1}]\n" +
		"tests: [{recording: door.snmprec, expect: {device.profile: door, device.kind: door, rows leaf: 2, 'leaf.state{leaf=\"1\"}': %s, 'leaf.state{leaf=\"2\"}': unknown(7), absent lock.state: true}}]\n"
	good := write("good.yaml", strings.ReplaceAll(profile, "%s", "open"))
	bad := write("bad.yaml", strings.ReplaceAll(profile, "%s", "shut"))
	missing := write("missing.yaml", strings.NewReplacer("door.snmprec", "gate.snmprec", "%s", "open").Replace(profile))
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
		err  string
	}{
		{"list", []string{"list"}, 0, "generic", ""},
		{"list as JSON", []string{"list", "--json"}, 0, `"name": "generic"`, ""},
		{"show", []string{"show", "generic"}, 0, "interface.in_octets", ""},
		{"show a file", []string{"show", good}, 0, "number 1 of the row's index", ""},
		{"show nothing", []string{"show"}, 2, "", "give one profile"},
		{"show what is not there", []string{"show", "nothing"}, 2, "", "there is no profile"},
		{"test", []string{"test", good, "--recordings", dir}, 0, "ok   door: door.snmprec, 6 as expected", ""},
		{"test that fails", []string{"test", bad, "--recordings", dir}, 1, `leaf.state{leaf="1"} is open, expected shut`, ""},
		{"test without its recording", []string{"test", missing, "--recordings", dir}, 2, "recording gate.snmprec is in none of", ""},
		{"test nowhere", []string{"test", good}, 2, "", "--recordings DIR"},
		{"match", []string{"match", "--recording", filepath.Join(dir, "door.snmprec")}, 0, "generic", ""},
		{"match nothing", []string{"match", "--recording", filepath.Join(dir, "none")}, 2, "", "recording: open"},
	} {
		code, out, err := call(t, append([]string{"profile"}, tt.args...)...)
		if code != tt.code || !strings.Contains(out, tt.want) || !strings.Contains(err, tt.err) {
			t.Errorf("%s: exit %d\n%s%s\nwant exit %d, %q and %q", tt.name, code, out, err, tt.code, tt.want, tt.err)
		}
	}
}
