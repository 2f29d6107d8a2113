// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/internal/lab"
)

// call runs the command in this process and returns what a shell would see.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	c := New(exit.Version("vouch-agent", "", ""))
	c.SetOut(&out)
	c.SetErr(&err)
	c.SetArgs(args)
	code = exit.Report(&err, "vouch-agent", c.ExecuteContext(t.Context()))
	return code, out.String(), err.String()
}

// device runs a simulated device that answers to the community sesame until the test
// ends.
func device(t *testing.T, walk lab.Walk) string {
	t.Helper()
	d, err := lab.Listen(netip.MustParseAddrPort("127.0.0.1:0"), walk, lab.Options{Community: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		d.Close()
	})
	return d.Addr().String()
}

func TestMisuseIsOneSentenceAndExitCode2(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"", "say what to do"},
		{"nonsense", `"nonsense" is not understood`},
		{"--nonsense", "unknown flag: --nonsense; see `vouch-agent --help`"},
		{"run", "say which agent"},
		{"run more", "not understood"},
		{"run --config missing.yaml", "missing.yaml:1:1: "},
		{"key", "say whose key"},
		{"key --id a1", "say whose key"},
		{"check", "say what to check"},
		{"status more", "not understood"},
		{"status --config missing.yaml", "missing.yaml:1:1: "},
		{"doctor more", "not understood"},
		{"probe", "say how to ask"},
		{"probe icmp", "give 1 to 256 addresses"},
		{"probe icmp router.example", `"router.example" is not an IP address`},
		{"probe icmp 127.0.0.1:80", "not an IP address"},
		{"probe icmp --count 0 127.0.0.1", "count 0"},
		{"probe icmp --size 9999 127.0.0.1", "size 9999"},
		{"probe icmp --timeout 1ms 127.0.0.1", "timeout 1ms"},
		{"probe icmp --spacing 3s 127.0.0.1", "do not fit"},
		{"probe icmp --source here 127.0.0.1", "source"},
		{"probe snmp 127.0.0.1:99999", "not an IP address"},
		{"probe snmp --version 4 127.0.0.1", "allowed are 1, 2c and 3"},
		{"probe snmp --version 3 127.0.0.1", "user name"},
		{"probe snmp --version 3 --community hunter2hunter2 127.0.0.1", "does not belong"},
		{"probe snmp --user u --version 2c 127.0.0.1", "need SNMP version 3"},
		{"probe snmp --user u --auth MD4 127.0.0.1", "authentication protocol"},
		{"probe snmp --community hunter2hunter2 --community-file f 127.0.0.1", "not both"},
		{"probe snmp --profile nonsense 127.0.0.1", "generic"},
		{"probe snmp --community-file missing 127.0.0.1", "missing"},
		{"probe sip", "give 1 to 256 addresses"},
		{"probe sip pbx.example", `"pbx.example" is not an IP address`},
		{"probe sip --transport sctp 127.0.0.1", "allowed are udp, tcp and tls"},
		{"probe sip --accept 1xx 127.0.0.1", "codes from 200 to 699"},
		{"probe sip --tls-insecure 127.0.0.1", "the transport is not tls"},
		{"probe sip --transport tls --tls-pin 12 127.0.0.1", "SHA-256"},
		{"probe sip --voice opus 127.0.0.1", "allowed are G.711"},
		{"probe icmp --voice opus 127.0.0.1", "allowed are G.711"},
	} {
		code, out, err := call(t, strings.Fields(tt.args)...)
		if code != 2 || out != "" || !strings.HasPrefix(err, "vouch-agent: ") || !strings.Contains(err, tt.want) {
			t.Errorf("vouch-agent %s = exit %d, %q, %q, want exit 2 and %q on standard error", tt.args, code, out, err, tt.want)
		}
		if strings.Contains(err, "hunter2") {
			t.Errorf("vouch-agent %s prints a secret: %q", tt.args, err)
		}
	}
}

func TestVersion(t *testing.T) {
	_, a, _ := call(t, "version")
	code, b, _ := call(t, "--version")
	if a != b || code != 0 || !regexp.MustCompile(`^vouch-agent \S+ \(commit \S+, go1`).MatchString(a) {
		t.Errorf("version = %q, --version = %q, want the same version and commit", a, b)
	}
}

func TestKeyIsMadeOnceAndKeptSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	code, key, _ := call(t, "key", "--id", "a1", "--data", dir)
	if code != 0 || !regexp.MustCompile(`^a1\+[0-9a-f]{8}\+A[A-Za-z0-9+/]+=*\n$`).MatchString(key) {
		t.Fatalf("key = exit %d, %q, want exit 0 and a public key", code, key)
	}
	if _, again, _ := call(t, "key", "--id", "a1", "--data", dir); again != key {
		t.Errorf("second key = %q, want %q", again, key)
	}
	if code, out, err := call(t, "key", "--id", "a2", "--data", dir); code != 1 || out != "" || !strings.Contains(err, `belongs to agent "a1"`) {
		t.Errorf("key of another agent = exit %d, %q, %q, want exit 1 and the agent's name", code, out, err)
	}
	if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, err := call(t, "key", "--id", "a1", "--data", dir); code != 1 || out != "" || !strings.Contains(err, "chmod 600") || strings.Contains(err, "PRIVATE") {
		t.Errorf("key that others may read = exit %d, %q, %q, want exit 1 and the cure", code, out, err)
	}
}

func TestCheckReportsEveryMistakeWithItsPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agent.yaml")
	body := "id: a 1\ndata: state\ncollector:\n  url: http://127.0.0.1:7443\n  pin: sha256:00\nnonsense: 1\ncredentials:\n  lab:\n    version: 4\n    community: hunter2hunter2\n"
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, err := call(t, "check", file)
	if code != 1 || err != "" {
		t.Errorf("check = exit %d, %q, want exit 1 and nothing on standard error", code, err)
	}
	for _, line := range []string{":1:", ":4:", ":5:", ":6:", ":9:", ":10:"} {
		if !strings.Contains(out, file+line) {
			t.Errorf("check = %q, want a mistake at %s", out, file+line)
		}
	}
	if strings.Contains(out, "hunter2") {
		t.Errorf("check prints a secret: %q", out)
	}
}

func TestProbeSNMPForATechnician(t *testing.T) {
	router := device(t, lab.Router().WithName("edge\x1b[31m-1"))
	secret := filepath.Join(t.TempDir(), "community")
	if err := os.WriteFile(secret, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"answers", []string{"--community", "sesame", router}, 0, []string{"answers over SNMP 2c", "name  ", "INTERFACE", "values in", `edge\x1b[31m-1`}},
		{"community from a file", []string{"--community-file", secret, router}, 0, []string{"answers over SNMP 2c"}},
		{"version 1", []string{"--version", "1", "--community", "sesame", router}, 0, []string{"answers over SNMP 1"}},
		{"wrong community", []string{"--timeout", "300ms", router}, 1, []string{"no answer within 300ms", "a wrong community"}},
		{"as JSON", []string{"--timeout", "300ms", "--json", router}, 1, []string{`"outcome": "down"`, `"reason": "timeout"`}},
		{"a list exits with its highest", []string{"--community", "sesame", router, "127.0.0.1:9"}, 1, []string{"answers over SNMP", "does not answer (refused)"}},
		{"not our address", []string{"--source", "192.0.2.77", router}, 2, []string{"unknown (own socket)"}},
	} {
		code, out, err := call(t, append([]string{"probe", "snmp"}, tt.args...)...)
		if code != tt.code || err != "" {
			t.Errorf("%s: exit %d, %q, want exit %d and nothing on standard error", tt.name, code, err, tt.code)
		}
		for _, w := range tt.want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: output %q, want %q in it", tt.name, out, w)
			}
		}
		if strings.ContainsAny(out, "\x1b") || strings.Contains(out, "sesame") {
			t.Errorf("%s: output %q holds a secret or a control character", tt.name, out)
		}
	}
}

func TestProbeSNMPPrintsOneObjectOrAList(t *testing.T) {
	router, firewall := device(t, lab.Router()), device(t, lab.Firewall())
	type printed struct {
		Address string
		Outcome string
		Device  *struct {
			Name   string
			Uptime float64 `json:"uptime_seconds"`
		}
		Interfaces []struct {
			Index    *int64
			InOctets *uint64 `json:"in_octets"`
		}
		Metrics []struct{ Name string }
	}
	var one printed
	_, out, _ := call(t, "probe", "snmp", "--json", "--community", "sesame", router)
	if err := json.Unmarshal([]byte(out), &one); err != nil {
		t.Fatalf("output for one address %q: %v", out, err)
	}
	if one.Outcome != "up" || one.Device == nil || one.Device.Name == "" || one.Device.Uptime <= 0 || len(one.Metrics) < 20 {
		t.Errorf("output for one address = %+v, want a device with a name, an uptime and metrics", one)
	}
	if len(one.Interfaces) < 2 || one.Interfaces[0].Index == nil || one.Interfaces[0].InOctets == nil {
		t.Errorf("interfaces = %+v, want some with index and octets", one.Interfaces)
	}
	var two []printed
	_, out, _ = call(t, "probe", "snmp", "--json", "--community", "sesame", router, firewall)
	if err := json.Unmarshal([]byte(out), &two); err != nil {
		t.Fatalf("output for two addresses %q: %v", out, err)
	}
	if len(two) != 2 || two[0].Address != router || two[1].Address != firewall {
		t.Errorf("output for two addresses = %+v, want both in their order", two)
	}
}
