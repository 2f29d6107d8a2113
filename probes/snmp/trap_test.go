// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

const (
	coldStart = "1.3.6.1.6.3.1.1.5.1"
	linkDown  = "1.3.6.1.6.3.1.1.5.3"
)

// patience is for what comes from another program on a loaded machine.
const patience = time.Minute

// heard is one datagram that a listener heard.
type heard struct {
	outcome probes.TrapOutcome
	from    netip.Addr
	trap    probes.Trap // where it was accepted
}

// ear is a listener on loopback that knows loopback as the address of a device.
type ear struct {
	*snmp.TrapListener
	host  probes.TrapHost
	addr  netip.AddrPort
	heard chan heard
	known atomic.Bool
}

// listen starts a listener for the credentials.
func listen(t *testing.T, credentials ...probes.Credential) *ear {
	t.Helper()
	l, err := snmp.ListenTraps("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{TrapListener: l, addr: l.Addrs()[0], heard: make(chan heard, 1024)}
	e.known.Store(true)
	e.host = e.onBehalf(credentials)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, e.host) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e *ear) onBehalf(credentials []probes.Credential) probes.TrapHost {
	var trap probes.Trap // Accept follows its Count, on one goroutine
	var from netip.Addr
	return probes.TrapHost{
		EngineID: []byte{0x80, 0, 0, 0, 5, 'v', 'o', 'u', 'c', 'h'}, Boots: 7, Began: time.Now(),
		Known:       func(a netip.Addr) bool { return e.known.Load() && a.IsLoopback() },
		Credentials: func() []probes.Credential { return credentials },
		Count: func(o probes.TrapOutcome, a netip.Addr) {
			if from = a; o != probes.TrapAccepted {
				e.heard <- heard{outcome: o, from: a}
			}
		},
		Accept: func(tr probes.Trap) {
			trap = tr
			e.heard <- heard{probes.TrapAccepted, from, trap}
		},
	}
}

// next returns what is heard next.
func (e *ear) next(t *testing.T) heard {
	t.Helper()
	select {
	case h := <-e.heard:
		return h
	case <-time.After(patience):
		t.Fatal("nothing is heard within a minute")
	}
	return heard{}
}

// settle returns what is heard next that is no handshake.
func (e *ear) settle(t *testing.T) heard {
	t.Helper()
	for {
		if h := e.next(t); h.outcome != probes.TrapHandshake {
			return h
		}
	}
}

// tool runs one of net-snmp's programs, and returns whether it was content.
func tool(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("needs net-snmp's tools (apt-get install snmp): %v", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	// A directory of its own: the tools keep boots of their engine, and would share them.
	cmd.Env = append(os.Environ(), "MIBS=", "SNMP_PERSISTENT_DIR="+t.TempDir(), "SNMPCONFPATH="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func v2c(community string) probes.Credential {
	return probes.Credential{Version: probes.SNMPv2c, Community: vouch.Secret(community)}
}

func v1(community string) probes.Credential {
	return probes.Credential{Version: probes.SNMPv1, Community: vouch.Secret(community)}
}

// interfaceDown is the bindings of a linkDown, after the uptime.
func interfaceDown() []string {
	return []string{"123", linkDown, "1.3.6.1.2.1.2.2.1.1.3", "i", "3", "1.3.6.1.2.1.31.1.1.1.18.3", "s", "a customer's name"}
}

func TestTrapsOfSNMPv1AndV2cAreTakenByVersionAndCommunity(t *testing.T) {
	for _, c := range []struct {
		name       string
		credential probes.Credential
		args       []string
		want       probes.TrapOutcome
		oid        string
	}{
		{"v1 linkDown", v1("public"), []string{"-v1", "-c", "public", "ADDR", "1.3.6.1.4.1.9.1.1", "10.9.9.9", "2", "0", "123"}, probes.TrapAccepted, linkDown},
		{"v1 coldStart", v1("public"), []string{"-v1", "-c", "public", "ADDR", "", "", "0", "0", ""}, probes.TrapAccepted, coldStart},
		{"v1 of a vendor", v1("public"), []string{"-v1", "-c", "public", "ADDR", "1.3.6.1.4.1.9.9.41.2", "10.9.9.9", "6", "1", "123"}, probes.TrapAccepted, "1.3.6.1.4.1.9.9.41.2.0.1"},
		{"v2c linkDown", v2c("public"), append([]string{"-v2c", "-c", "public", "ADDR"}, interfaceDown()...), probes.TrapAccepted, linkDown},
		{"v2c of a vendor", v2c("public"), []string{"-v2c", "-c", "public", "ADDR", "", "1.3.6.1.4.1.12356.101.2.0.301"}, probes.TrapAccepted, "1.3.6.1.4.1.12356.101.2.0.301"},
		{"v2c inform", v2c("public"), append([]string{"-Ci", "-v2c", "-c", "public", "ADDR"}, interfaceDown()...), probes.TrapAccepted, linkDown},
		{"v2c with another community", v2c("public"), append([]string{"-v2c", "-c", "private", "ADDR"}, interfaceDown()...), probes.TrapWrongCommunity, ""},
		{"v2c with a longer community", v2c("public"), append([]string{"-v2c", "-c", "public2", "ADDR"}, interfaceDown()...), probes.TrapWrongCommunity, ""},
		{"v2c with no community", v2c("public"), append([]string{"-v2c", "-c", "", "ADDR"}, interfaceDown()...), probes.TrapWrongCommunity, ""},
		{"v1 where only v2c is expected", v2c("public"), []string{"-v1", "-c", "public", "ADDR", "", "", "2", "0", ""}, probes.TrapBadVersion, ""},
		{"v2c where only v1 is expected", v1("public"), append([]string{"-v2c", "-c", "public", "ADDR"}, interfaceDown()...), probes.TrapBadVersion, ""},
		{"v2c where only v3 is expected", combinations()[5].credential(), append([]string{"-v2c", "-c", "public", "ADDR"}, interfaceDown()...), probes.TrapBadVersion, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, c.credential)
			args := slices.Clone(c.args)
			args[slices.Index(args, "ADDR")] = e.addr.String()
			if out, err := tool(t, "snmptrap", args...); err != nil {
				t.Fatalf("snmptrap: %v: %s", err, out)
			}
			h := e.next(t)
			if h.outcome != c.want || h.trap.OID != c.oid || h.from != netip.MustParseAddr("127.0.0.1") {
				t.Errorf("heard %v %s from %v, want %v %q from 127.0.0.1", h.outcome, h.trap.OID, h.from, c.want, c.oid)
			}
			if h.outcome == probes.TrapAccepted && h.trap.Inform != slices.Contains(args, "-Ci") {
				t.Errorf("heard as inform: %v", h.trap.Inform)
			}
		})
	}
}

func TestInformsOfV2cAreAnsweredOnlyWhenTheyAreAccepted(t *testing.T) {
	e := listen(t, v2c("public"))
	inform := func(community string) error {
		_, err := tool(t, "snmptrap", append([]string{"-Ci", "-r", "0", "-t", "0.3", "-v2c", "-c", community, e.addr.String()}, interfaceDown()...)...)
		return err
	}
	if err := inform("private"); err == nil {
		t.Error("an inform with another community is answered")
	}
	e.known.Store(false)
	if err := inform("public"); err == nil {
		t.Error("an inform of an unknown sender is answered")
	}
	var got []probes.TrapOutcome
	for range 2 {
		got = append(got, e.next(t).outcome)
	}
	if want := []probes.TrapOutcome{probes.TrapWrongCommunity, probes.TrapUnknownSender}; !slices.Equal(got, want) {
		t.Errorf("heard %v, want %v", got, want)
	}
}

// v3args are a user as net-snmp's tools want it.
func v3args(c combination) []string {
	words := strings.Fields(strings.ReplaceAll(c.conf, `"`, "")) // AUTH password PRIV password
	return []string{"-v3", "-u", c.user, "-l", "authPriv", "-a", words[0], "-A", words[1], "-x", words[2], "-X", words[3]}
}

const engineOfSender = "0x80000000010a0b0c0d"

func TestTrapsAndInformsOfV3AreTakenInEveryCombination(t *testing.T) {
	for _, c := range combinations() {
		t.Run(c.user, func(t *testing.T) {
			t.Parallel()
			e := listen(t, c.credential())
			trap := append(append(v3args(c), "-e", engineOfSender, e.addr.String()), interfaceDown()...)
			if out, err := tool(t, "snmptrap", trap...); err != nil {
				t.Fatalf("snmptrap: %v: %s", err, out)
			}
			if h := e.settle(t); h.outcome != probes.TrapAccepted || h.trap.OID != linkDown || h.trap.Inform {
				t.Errorf("trap: heard %+v, want linkDown", h)
			}
			inform := append(append([]string{"-Ci", "-t", "20"}, v3args(c)...), append([]string{e.addr.String()}, interfaceDown()...)...)
			if out, err := tool(t, "snmptrap", inform...); err != nil {
				t.Errorf("the inform is not answered: %v: %s", err, out)
			}
			if h := e.settle(t); h.outcome != probes.TrapAccepted || h.trap.OID != linkDown || !h.trap.Inform {
				t.Errorf("inform: heard %+v, want linkDown", h)
			}
		})
	}
}

func TestLevelsOfV3(t *testing.T) {
	auth := probes.Credential{Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234"}
	open := probes.Credential{Version: probes.SNMPv3, User: "open"}
	authArgs := []string{"-v3", "-u", "authonly", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authpass1234"}
	full := combinations()[5]
	lower := combinations()[5].credential()
	lower.User = "authonly"
	for _, c := range []struct {
		name       string
		credential probes.Credential
		args       []string
		want       probes.TrapOutcome
	}{
		{"authNoPriv", auth, authArgs, probes.TrapAccepted},
		{"noAuthNoPriv", open, []string{"-v3", "-u", "open", "-l", "noAuthNoPriv"}, probes.TrapAccepted},
		{"noAuthNoPriv of a user with a password", auth, []string{"-v3", "-u", "authonly", "-l", "noAuthNoPriv"}, probes.TrapNotAuthentic},
		{"authNoPriv of a user with privacy", lower, authArgs, probes.TrapNotAuthentic},
		{"wrong user", full.credential(), []string{"-v3", "-u", "nobody", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1234", "-x", "AES", "-X", "privpass1234"}, probes.TrapNotAuthentic},
		{"wrong password", full.credential(), []string{"-v3", "-u", full.user, "-l", "authPriv", "-a", "SHA-256", "-A", "authpass12345", "-x", "AES", "-X", "privpass1234"}, probes.TrapNotAuthentic},
		{"wrong protocol", full.credential(), []string{"-v3", "-u", full.user, "-l", "authPriv", "-a", "SHA-512", "-A", "authpass1234", "-x", "AES", "-X", "privpass1234"}, probes.TrapNotAuthentic},
		{"wrong privacy password", full.credential(), []string{"-v3", "-u", full.user, "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1234", "-x", "AES", "-X", "privpass12345"}, probes.TrapNotAuthentic},
		{"wrong privacy protocol", full.credential(), []string{"-v3", "-u", full.user, "-l", "authPriv", "-a", "SHA-256", "-A", "authpass1234", "-x", "DES", "-X", "privpass1234"}, probes.TrapNotAuthentic},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, c.credential)
			if out, err := tool(t, "snmptrap", append(append(slices.Clone(c.args), "-e", engineOfSender, e.addr.String()), interfaceDown()...)...); err != nil {
				t.Fatalf("snmptrap: %v: %s", err, out)
			}
			if h := e.settle(t); h.outcome != c.want {
				t.Errorf("trap: heard %v, want %v", h.outcome, c.want)
			}
			how := []string{"-Ci", "-r", "0", "-t", "20"}
			switch {
			case c.want == probes.TrapAccepted:
			case strings.Contains(c.name, "privacy p"): // is refused after the sender has learned our time
				how[4] = "4"
			default: // at once, by an engine that need not be found out: no haste makes it give up before
				how = append(how[:4], "0.3", "-e", "0x8000000005766f756368")
			}
			_, err := tool(t, "snmptrap", append(append(how, c.args...), append([]string{e.addr.String()}, interfaceDown()...)...)...)
			if answered := err == nil; answered != (c.want == probes.TrapAccepted) {
				t.Errorf("inform answered: %v, want %v", answered, c.want == probes.TrapAccepted)
			}
			if h := e.settle(t); h.outcome != c.want {
				t.Errorf("inform: heard %v, want %v", h.outcome, c.want)
			}
		})
	}
}

// Several credentials may be in use at once, of all versions, and users of one name.
func TestTrapsAreTakenByAnyOfTheCredentials(t *testing.T) {
	c := combinations()[5]
	other := c.credential()
	other.AuthPassword = "another-site"
	e := listen(t, v1("one"), v2c("two"), other, c.credential())
	for _, args := range [][]string{
		{"-v1", "-c", "one", e.addr.String(), "", "", "2", "0", ""},
		append([]string{"-v2c", "-c", "two", e.addr.String()}, interfaceDown()...),
		append(append(v3args(c), "-e", engineOfSender, e.addr.String()), interfaceDown()...),
	} {
		if out, err := tool(t, "snmptrap", args...); err != nil {
			t.Fatalf("snmptrap: %v: %s", err, out)
		}
		if h := e.next(t); h.outcome != probes.TrapAccepted || h.trap.OID != linkDown {
			t.Errorf("%s: heard %+v, want linkDown", args[0], h)
		}
	}
}

// A real agent says by itself that it started.
func TestColdStartOfARealAgentIsHeard(t *testing.T) {
	if _, err := exec.LookPath(snmpdPath); err != nil {
		t.Skipf("needs net-snmp's agent (apt-get install snmpd): %v", err)
	}
	c := combinations()[5]
	for _, v := range []struct {
		name       string
		credential probes.Credential
		conf       string
	}{
		{"v1", v1("public"), "trapsink ADDR public"},
		{"v2c", v2c("public"), "trap2sink ADDR public"},
		{"v2c inform", v2c("public"), "informsink ADDR public"},
		{"v3", c.credential(), "exactEngineID 0x8000000001020304\ntrapsess -v 3 -e 0x8000000001020304 -u " + c.user + " -l authPriv -a SHA-256 -A authpass1234 -x AES -X privpass1234 ADDR"},
		{"v3 inform", c.credential(), "trapsess -Ci -v 3 -u " + c.user + " -l authPriv -a SHA-256 -A authpass1234 -x AES -X privpass1234 ADDR"},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, v.credential)
			dir := t.TempDir()
			file := filepath.Join(dir, "snmpd.conf")
			host, port, _ := net.SplitHostPort(e.addr.String())
			conf := fmt.Sprintf("agentaddress udp:%s\nrocommunity public 127.0.0.1\n%s\n", freePort(t), strings.ReplaceAll(v.conf, "ADDR", "udp:"+host+":"+port))
			if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), snmpdPath, "-f", "-Ln", "-C", "-c", file)
			cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait() // killed: the error says only that
			}()
			if h := e.settle(t); h.outcome != probes.TrapAccepted || h.trap.OID != coldStart {
				t.Errorf("heard %+v, want coldStart", h)
			}
		})
	}
}
