// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// combination is a user of the real agent with all that belongs to it.
type combination struct {
	user string
	auth probes.AuthProtocol
	priv probes.PrivProtocol
	conf string // protocols as snmpd.conf names them
}

func combinations() []combination {
	return []combination{
		{"md5des", probes.AuthMD5, probes.PrivDES, `MD5 "authpass1234" DES "privpass1234"`},
		{"md5aes", probes.AuthMD5, probes.PrivAES, `MD5 "authpass1234" AES "privpass1234"`},
		{"shades", probes.AuthSHA, probes.PrivDES, `SHA "authpass1234" DES "privpass1234"`},
		{"shaaes", probes.AuthSHA, probes.PrivAES, `SHA "authpass1234" AES "privpass1234"`},
		{"sha224aes", probes.AuthSHA224, probes.PrivAES, `SHA-224 "authpass1234" AES "privpass1234"`},
		{"sha256aes", probes.AuthSHA256, probes.PrivAES, `SHA-256 "authpass1234" AES "privpass1234"`},
		{"sha384aes192", probes.AuthSHA384, probes.PrivAES192, `SHA-384 "authpass1234" AES-192 "privpass1234"`},
		{"sha512aes256", probes.AuthSHA512, probes.PrivAES256, `SHA-512 "authpass1234" AES-256 "privpass1234"`},
		{"shaaes192", probes.AuthSHA, probes.PrivAES192, `SHA "authpass1234" AES-192 "privpass1234"`},
		{"shaaes192c", probes.AuthSHA, probes.PrivAES192C, `SHA "authpass1234" AES-192-C "privpass1234"`},
		{"shaaes256c", probes.AuthSHA, probes.PrivAES256C, `SHA "authpass1234" AES-256-C "privpass1234"`},
	}
}

func (c combination) credential() probes.Credential {
	return probes.Credential{
		Version: probes.SNMPv3, User: c.user,
		Auth: c.auth, AuthPassword: "authpass1234", Priv: c.priv, PrivPassword: "privpass1234",
	}
}

// agent is a real snmpd.
type agent struct {
	dir     string
	persist string // directory of its persistent state
	addr    netip.AddrPort
	cmd     *exec.Cmd
}

// snmpd starts Debian's agent on a free port of 127.0.0.1.
func snmpd(t *testing.T) *agent {
	t.Helper()
	if _, err := exec.LookPath(snmpdPath); err != nil {
		t.Skipf("needs net-snmp's agent (apt-get install snmpd): %v", err)
	}
	a := &agent{dir: t.TempDir(), addr: freePort(t)}
	a.start(t, "0x8000000001020304")
	t.Cleanup(func() { a.stop(t) })
	return a
}

const snmpdPath = "/usr/sbin/snmpd"

// start runs the agent under the engine's identifier. A new identifier comes with
// empty persistent state, as a swapped box does.
func (a *agent) start(t *testing.T, engine string) {
	t.Helper()
	a.persist = ""
	a.run(t, "exactEngineID "+engine)
}

// run runs the agent with more lines of configuration, on the persistent state of the
// run before where persist names it.
func (a *agent) run(t *testing.T, more ...string) {
	t.Helper()
	conf := append([]string{
		"agentaddress udp:" + a.addr.String(),
		"rocommunity public 127.0.0.1",
		"sysName agent.customer.example",
		`createUser authonly SHA-256 "authpass1234"`,
		"rouser authonly auth",
		"createUser open",
		"rouser open noauth",
	}, more...)
	for _, c := range combinations() {
		conf = append(conf, "createUser "+c.user+" "+c.conf, "rouser "+c.user+" priv")
	}
	file := filepath.Join(a.dir, "snmpd.conf")
	if err := os.WriteFile(file, []byte(strings.Join(conf, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a.persist == "" {
		var err error
		if a.persist, err = os.MkdirTemp(a.dir, "persist"); err != nil {
			t.Fatal(err)
		}
	}
	// Without -C, and with both directories in the path, the agent reads its own state
	// again and counts its boots.
	a.cmd = exec.Command(snmpdPath, "-f", "-Ln")
	a.cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+a.persist, "SNMPCONFPATH="+a.dir+":"+a.persist, "MIBS=")
	if err := a.cmd.Start(); err != nil {
		t.Fatalf("start snmpd: %v", err)
	}
	a.await(t)
}

// await asks until the agent answers.
func (a *agent) await(t *testing.T) {
	t.Helper()
	p := snmp.New()
	defer p.Close()
	tg := a.target(probes.Credential{Version: probes.SNMPv2c, Community: "public"})
	tg.Check.Timeout = 200 * time.Millisecond
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
		began := time.Now()
		if p.Probe(t.Context(), tg).Outcome == vouch.Up {
			return
		}
		time.Sleep(50*time.Millisecond - time.Since(began)) // refused at once until the port is open
	}
	t.Fatal("snmpd does not answer within 20 s")
}

// stop ends the agent, which writes its state then.
func (a *agent) stop(t *testing.T) {
	t.Helper()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop snmpd: %v", err)
	}
	_ = a.cmd.Wait() // ended by a signal: the error says only that
}

func (a *agent) target(c probes.Credential) probes.Target {
	return probes.Target{
		Check:      vouch.Check{Kind: vouch.KindSNMP, Addr: a.addr.Addr(), Port: a.addr.Port(), Timeout: 10 * time.Second, Version: c.Version},
		Credential: c,
		Profile:    snmp.Generic(),
	}
}

func freePort(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestRealAgent(t *testing.T) {
	a := snmpd(t)
	p := snmp.New()
	defer p.Close()
	credentials := map[string]probes.Credential{
		"noAuthNoPriv": {Version: probes.SNMPv3, User: "open"},

		"v1":         {Version: probes.SNMPv1, Community: "public"},
		"v2c":        {Version: probes.SNMPv2c, Community: "public"},
		"authNoPriv": {Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234"},
	}
	for _, c := range combinations() {
		credentials[c.user] = c.credential()
	}
	for name, c := range credentials {
		for round := range 2 { // the second on a session that was kept
			r := p.Probe(t.Context(), a.target(c))
			if r.Outcome != vouch.Up || r.Detail != "" || r.Lost != 0 || r.RTT.Avg <= 0 {
				t.Errorf("%s, round %d: Probe = %v %v (%s) lost %d, want up", name, round, r.Outcome, r.Reason, r.Detail, r.Lost)
				continue
			}
			if got := text(r, "snmp", "sys_name"); got != "agent.customer.example" {
				t.Errorf("%s, round %d: sys_name = %q, want agent.customer.example", name, round, got)
			}
			if len(rows(r, "interface")) == 0 {
				t.Errorf("%s, round %d: no interfaces, want at least the loopback", name, round)
			}
		}
	}
}

// SNMPv1 and v2c meet a wrong community with silence, as a dead device would.
func TestRealAgentIsSilentToAWrongCommunity(t *testing.T) {
	a := snmpd(t)
	for _, version := range []string{probes.SNMPv1, probes.SNMPv2c} {
		tg := a.target(probes.Credential{Version: version, Community: "private"})
		tg.Check.Timeout = time.Second
		if r := newProber(t).Probe(t.Context(), tg); r.Outcome != vouch.Down || r.Reason != vouch.ReasonTimeout || r.Detail != "" {
			t.Errorf("v%s: Probe = %v %v (%s), want down timeout", version, r.Outcome, r.Reason, r.Detail)
		}
	}
}

func TestRealAgentRefusesCredential(t *testing.T) {
	a := snmpd(t)
	good := combinations()[5].credential()
	change := func(f func(*probes.Credential)) probes.Credential {
		c := good
		f(&c)
		return c
	}
	tests := []struct {
		name       string
		credential probes.Credential
		detail     string
	}{
		{"wrong authentication password", change(func(c *probes.Credential) { c.AuthPassword = "wrong-password" }), "usmStatsWrongDigests"},
		{"wrong authentication protocol", change(func(c *probes.Credential) { c.Auth = probes.AuthSHA }), "usmStatsWrongDigests"},
		{"unknown user", change(func(c *probes.Credential) { c.User = "nobody" }), "usmStatsUnknownUserNames"},
		{"wrong privacy password", change(func(c *probes.Credential) { c.PrivPassword = "wrong-password" }), "privacy password or protocol is wrong"},
		{"wrong privacy protocol", change(func(c *probes.Credential) { c.Priv = probes.PrivDES }), "privacy password or protocol is wrong"},
		{"unknown context", change(func(c *probes.Credential) { c.Context = "nowhere" }), `context "nowhere"`},
		{"unknown context without privacy", probes.Credential{Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234",
			Context: "nowhere"}, `context "nowhere"`},
		{"key lengthened the other way", func() probes.Credential {
			c := combinations()[10].credential()
			c.Priv = probes.PrivAES256
			return c
		}(), "AES256C"},
		{"level too low", change(func(c *probes.Credential) { c.Level = probes.AuthNoPriv }), "authorizationError"},
		{"level too high", probes.Credential{Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234",
			Priv: probes.PrivAES, PrivPassword: "privpass1234"}, "usmStatsUnsupportedSecLevels"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := snmp.New()
			defer p.Close()
			tg := a.target(test.credential)
			tg.Check.Timeout = 2 * time.Second
			r := p.Probe(t.Context(), tg)
			if r.Outcome != vouch.Unknown || r.Reason != vouch.ReasonCredentials || !strings.Contains(r.Detail, test.detail) {
				t.Errorf("Probe = %v %v (%s), want unknown credentials (...%s...)", r.Outcome, r.Reason, r.Detail, test.detail)
			}
			if strings.Contains(fmt.Sprintf("%+v", r), "wrong-password") {
				t.Errorf("the result shows a password: %+v", r)
			}
		})
	}
}
