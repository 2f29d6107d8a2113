// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// canary stands in every secret of the test, with another ending in each place.
const canary = "cAnArY-7f3Q"

// songs are the forms in which a canary might be seen: as it is, in hexadecimal, and in
// base64 wherever it stands in a group of three bytes.
func songs() [][]byte {
	list := [][]byte{[]byte(canary), []byte(hex.EncodeToString([]byte(canary))), []byte(strings.ToUpper(hex.EncodeToString([]byte(canary))))}
	for i := range 3 {
		coded := base64.RawStdEncoding.EncodeToString(append(make([]byte, i), canary...))
		list = append(list, []byte(coded[4:len(coded)-2])) // what does not depend on what stands around
	}
	return list
}

// sings reports whether a canary can be found in text.
func sings(text []byte) bool {
	return slices.ContainsFunc(songs(), func(s []byte) bool { return bytes.Contains(text, s) })
}

// canaryDevices are asked with credentials of every kind, besides those of the load world.
const canaryDevices = `          - {id: rt3, class: router, address: 127.0.0.1, profile: generic, credential: core, snmp: {port: {{.Ports.rt2}}, version: "3"}, lease: {from: {{.Since}}}}
          - {id: rt4, class: router, address: 127.0.0.1, profile: generic, credential: odd, snmp: {port: {{.Ports.rt2}}}, lease: {from: {{.Since}}}}
`

// canaryCredentials are the north agent's: one of each reference. core is a user that the
// device does not know, odd a community that it does not take.
const canaryCredentials = `allow_exec: true
log_level: debug
credentials:
  lab: {version: 2c, community: "file:secret-community"}
  core: {version: "3", user: vouch, auth: {protocol: SHA256, password: "env:CANARY_AUTH"}, privacy: {protocol: AES, password: "cred:canary-priv"}}
  odd: {version: 2c, community: "exec:/bin/cat DIR/secret-odd"}
alarm:
  webhook: {url: "file:alarm-url", secret: "file:secret-hook"}
`

// TestCanary puts marked secrets into every place where one can stand, lets collector and
// agents work with them at the highest level of logs, well and in error, and looks for
// them in all that comes out: logs, with the goroutines of a SIGQUIT, metrics, pages,
// JSON, sockets, statement and bundle, what commands say, and every file that is written.
func TestCanary(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"code":"unauthorized","message":"no"}`, http.StatusUnauthorized)
	}))
	defer store.Close()
	t.Setenv("CANARY_TOKEN", canary+"-token")
	t.Setenv("CANARY_AUTH", canary+"-auth")
	w := newGuardedWorld(t, fmt.Sprintf("log_level: debug\ninfluxdb: {url: %q, org: o, bucket: b, token: \"env:CANARY_TOKEN\"}\n"+
		"notify: [{name: desk, url: %q, secret: \"file:secret-hook\", allow_private: true}]", store.URL, store.URL), canary+"-community")
	t.Setenv("CREDENTIALS_DIRECTORY", w.dir)
	w.write("secret-hook", canary+"-hook\n", nil)
	w.write("alarm-url", store.URL+"/"+canary+"-url\n", nil)
	w.write("canary-priv", canary+"-priv\n", nil)
	w.write("secret-odd", canary+"-odd\n", nil)
	w.write("secret-auth", canary+"-auth\n", nil)
	w.base = strings.Replace(w.base, "credentials: [lab]", "credentials: [lab, core, odd]", 1) + canaryDevices
	w.leaseUntil(time.Time{})
	c := &cage{loadWorld: w}

	w.collect("")
	c.vouch(canary+"-community\n", "secret", "set", "lab")
	c.vouch("", "secret", "set", "core", "--user", "vouch", "--auth", "sha256", "--auth-file", "secret-auth", "--priv", "aes", "--priv-file", "canary-priv")
	c.vouch(canary+"-odd", "secret", "set", "odd")
	pin := w.pin()
	config := map[string]any{"ID": north, "Collector": w.listen, "Pin": pin, "Metrics": w.metrics[north]}
	w.write("north-1.yaml", strings.Replace(remote(t), "metrics:\n", strings.Replace(canaryCredentials, "DIR", w.dir, 1)+"metrics:\n", 1), config)
	config = map[string]any{"ID": south, "Collector": w.listen, "Pin": pin, "Metrics": w.metrics[south]}
	w.write("south-1.yaml", remote(t)+"log_level: debug\n", config)
	w.measure(north, "")
	w.measure(south, "")
	w.wait("what has the right secret is up, what has a wrong one is not", func() bool {
		return w.upFor("rt1") && w.upFor("fw1") && c.asked("rt3") && c.asked("rt4")
	})
	if w.upFor("rt3") || w.upFor("rt4") {
		t.Error("a device answers to a wrong secret")
	}

	c.mistakes()
	c.outside()
	c.commands()
	// From here on the programs end as one ends them to see what they do.
	for _, p := range []*process{w.agents[north], w.agents[south], w.collector} {
		p.signal(t, syscall.SIGQUIT)
		select {
		case <-p.ended:
		case <-time.After(time.Minute):
			t.Fatalf("%s does not end by SIGQUIT", p.name)
		}
		if raw, err := os.ReadFile(p.log); err != nil || !bytes.Contains(raw, []byte("goroutine ")) {
			t.Errorf("%s says nothing of its goroutines: %v", p.name, err)
		}
	}
	c.search()
}

// cage holds what came out of the world, until it is searched.
type cage struct {
	*loadWorld
	heard int // pieces that were looked at
}

// listen looks at something that came out.
func (c *cage) listenTo(what string, text []byte) {
	c.t.Helper()
	c.heard++
	if sings(text) {
		c.t.Errorf("%s shows a secret", what)
	}
}

// vouch runs a command of the collector's machine and looks at all that it says.
func (c *cage) vouch(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.with(stdin, c.programs.vouch, append(args, "--data", "data")...)
	if err != nil {
		c.t.Errorf("vouch %s: %v: %s", strings.Join(args, " "), err, out)
	}
	c.listenTo("vouch "+strings.Join(args, " "), []byte(out))
	return out
}

// wrong runs a command that is to fail.
func (c *cage) wrong(stdin, program string, args ...string) {
	c.t.Helper()
	out, err := c.with(stdin, program, args...)
	if err == nil || out == "" {
		c.t.Errorf("%s %s: %v: %q, want it to fail and say why", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	c.listenTo(strings.Join(args, " "), []byte(out))
}

// asked reports whether both agents have said something of a device.
func (c *cage) asked(device vouch.DeviceID) bool {
	for _, d := range c.live().Devices {
		if d.Device == device {
			return len(d.Seen) == 2 && !slices.ContainsFunc(d.Seen, func(s admin.LiveSeen) bool { return s.State == "unknown" && s.Reason == "no sample" })
		}
	}
	return false
}

// mistakes makes every mistake with a secret that can be made.
func (c *cage) mistakes() {
	c.t.Helper()
	c.write("open", canary+"-open\n", nil)
	if err := os.Chmod(c.path("open"), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.wrong("", c.programs.vouch, "secret", "set", "lab", "--community-file", "open", "--data", "data")
	c.wrong(canary+"\n"+canary+"\n", c.programs.vouch, "secret", "set", "lab", "--data", "data")
	c.wrong(strings.Repeat(canary, 1000), c.programs.vouch, "secret", "set", "lab", "--data", "data")
	c.wrong(canary, c.programs.vouch, "secret", "set", "a/path", "--data", "data")
	c.wrong(canary, c.programs.vouch, "secret", "set", "lab", "--version", "4", "--data", "data")
	c.wrong("", c.programs.vouch, "secret", "set", "core", "--user", "u", "--auth", "ROT13", "--auth-file", "secret-auth", "--data", "data")
	c.wrong("", c.programs.vouch, "secret", "remove", "none", "--data", "data")
	for i, credential := range []string{
		canary, `"` + canary + `"`, "{" + canary + ": 1}", "file:" + canary + "/none", "env:NONE", "cred:none", "exec:" + canary, "exec:/bin/false " + canary, `exec:/bin/sh -c echo>&2 ` + canary,
	} {
		if strings.HasPrefix(credential, "file:") || strings.HasPrefix(credential, "exec:/") {
			credential = strings.ReplaceAll(credential, canary, "elsewhere") // a path is no secret
		}
		name := fmt.Sprintf("wrong-%d.yaml", i)
		c.write(name, "id: north-1\ndata: none\nallow_exec: true\ncollector: {url: \"https://127.0.0.1:1\", pin: \"sha256:"+strings.Repeat("ab", 32)+"\"}\ncredentials: {lab: {version: 2c, community: "+credential+"}}\n", nil)
		c.wrong("", c.programs.agent, "run", "--config", name)
		c.wrong("", c.programs.agent, "doctor", "--config", name)
		if err := os.Remove(c.path(name)); err != nil { // it holds the secret by mistake
			c.t.Fatal(err)
		}
	}
	c.wrong("", c.programs.agent, "probe", "snmp", fmt.Sprintf("127.0.0.1:%d", c.devices["rt2"].Addr().Port()), "--community-file", "secret-odd")
	c.wrong("", c.programs.agent, "alarm", "--config", "north-1.yaml") // the webhook answers 401
	c.write("secret-odd", canary+"\n"+canary+"\n", nil)                // a reload with a mistake
	c.reload(north)
	c.write("secret-odd", canary+"-odd\n", nil)
	c.reload(north)
}

// outside reads what stands open to readers.
func (c *cage) outside() {
	c.t.Helper()
	conf, err := os.ReadFile(c.path("collector.yaml"))
	if err != nil {
		c.t.Fatal(err)
	}
	web := "http://" + regexp.MustCompile(`(?m)^  listen: (127\S+)$`).FindStringSubmatch(string(conf))[1]
	for _, u := range []string{
		web + "/", web + "/device/zeta/rt3", web + "/device/zeta/rt4", web + "/device/acme/rt1", web + "/incidents", web + "/statement/acme", web + "/maintenance", web + "/metrics", web + "/healthz",
		web + "/api/v1/fleet", web + "/api/v1/devices/zeta/rt3", web + "/api/v1/incidents", web + "/api/v1/statement/zeta", web + "/api/v1/maintenance", web + "/none?secret=1",
		"http://" + c.metrics[north] + "/metrics", "http://" + c.metrics[south] + "/metrics", "http://" + c.metrics[north] + "/healthz", "http://" + c.metrics[north] + "/debug/vars",
	} {
		resp, err := http.Get(u)
		if err != nil {
			c.t.Error(err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if resp.Body.Close(); err != nil {
			c.t.Error(err)
		}
		c.listenTo(u, body)
		for name, values := range resp.Header {
			c.listenTo(u+" "+name, []byte(strings.Join(values, " ")))
		}
	}
}

// commands asks by every command and path of the sockets.
func (c *cage) commands() {
	c.t.Helper()
	for _, path := range []string{admin.PathStatus, admin.PathLive, admin.PathIncidents, admin.PathMaintenance, admin.PathSecrets, admin.PathTokens, admin.PathHolds, admin.PathCheck, admin.PathIssued} {
		raw, err := c.ask(path, url.Values{}, nil)
		if err != nil {
			c.t.Errorf("%s: %v", path, err)
		}
		c.listenTo(path, raw)
	}
	if list := c.vouch("", "secret", "list"); !strings.Contains(list, "core") || !strings.Contains(list, "south-1") {
		c.t.Errorf("secret list = %s, want core and who has it", list)
	}
	c.vouch("", "status")
	c.vouch("", "reload")
	from, to := c.since.Format(time.RFC3339), time.Now().Add(-time.Second).Truncate(time.Second).Format(time.RFC3339)
	c.vouch("", "statement", "--customer", "zeta", "--from", from, "--to", to)
	c.vouch("", "bundle", "--customer", "zeta", "--from", from, "--to", to, "-o", "zeta.zip")
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"doctor"}, {"check"}} {
		args = append(args, "--config", "north-1.yaml")
		if args[0] == "check" {
			args = []string{"check", "north-1.yaml"}
		}
		out, _ := c.with("", c.programs.agent, args...) // of doctor, ICMP may be a problem here
		c.listenTo("vouch-agent "+strings.Join(args, " "), []byte(out))
	}
	if out, err := c.with("", c.programs.vouch, "check", "collector.yaml", "north-1.yaml"); err != nil || sings([]byte(out)) {
		c.t.Errorf("check = %v: %s, want no mistake and no secret", err, out)
	}
}

// search looks through every file of the world but those in which the secrets were put.
func (c *cage) search() {
	c.t.Helper()
	own := []string{
		"secret-community", "secret-hook", "alarm-url", "canary-priv", "secret-odd", "secret-auth", "open",
		"data/secrets/lab.secret", "data/secrets/core.secret", "data/secrets/odd.secret",
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(c.dir, path)
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if slices.Contains(own, name) {
			if !sings(raw) {
				c.t.Errorf("%s does not hold the canary: the test looks for nothing", name)
			}
			if info, err := d.Info(); err != nil || strings.HasPrefix(name, "data/") && info.Mode().Perm() != 0o600 {
				c.t.Errorf("mode of %s = %v, %v, want 0600", name, info.Mode(), err)
			}
			return nil
		}
		seen[name] = true
		c.listenTo(name, raw)
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range []string{"north-1.log", "south-1.log", "collector.log", "data/vouch.db", "north-1/assignment", "south-1/assignment", "south-1/seal.key", "zeta.zip"} {
		if !seen[name] {
			c.t.Errorf("%s was not searched", name)
		}
	}
	bundle, err := zip.OpenReader(c.path("zeta.zip"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer bundle.Close()
	for _, f := range bundle.File {
		r, err := f.Open()
		if err != nil {
			c.t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			c.t.Fatal(err)
		}
		c.listenTo("zeta.zip: "+f.Name, raw)
	}
	c.ledgers()
	c.t.Logf("looked at %d pieces", c.heard)
}

// ledgers looks at every note, which the database keeps compressed.
func (c *cage) ledgers() {
	c.t.Helper()
	s := c.openStore()
	defer s.Close()
	customers, err := s.Customers(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	notes := 0
	for _, cu := range customers {
		for at := int64(0); ; {
			entries, err := s.Entries(c.t.Context(), cu, at, 500)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, e := range entries {
				notes++
				c.listenTo(fmt.Sprintf("a %s of %s", e.Kind, cu), e.Note)
			}
			if at += int64(len(entries)); len(entries) == 0 {
				break
			}
		}
	}
	if notes < 20 {
		c.t.Errorf("notes in the ledgers = %d, want more than that to look at", notes)
	}
}
