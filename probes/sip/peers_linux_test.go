// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

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
	"github.com/vouch-sla/vouch/probes/sip"
)

// peer is a real program of others: as scripts/test-deps unpacks it, or installed.
type peer struct{ path, lib string }

// find finds one, such as usr/bin/sipp. Tests without it are skipped.
func find(t *testing.T, name string) peer {
	t.Helper()
	root, err := filepath.Abs("../../bin/peers")
	if err != nil {
		t.Fatal(err)
	}
	libs, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, name)); err == nil && len(libs) == 1 {
		return peer{filepath.Join(root, name), libs[0]}
	}
	if _, err := os.Stat("/" + name); err == nil {
		return peer{path: "/" + name}
	}
	t.Skipf("needs %s in bin/peers (scripts/test-deps unpacks it)", filepath.Base(name))
	return peer{}
}

// free is a port of loopback that nobody had a moment ago, over UDP and TCP.
func free(t *testing.T) netip.AddrPort {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().(*net.TCPAddr).AddrPort()
		u, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
		l.Close()
		if err == nil {
			u.Close()
			return addr
		}
	}
	t.Fatal("no port is free over UDP and TCP")
	return netip.AddrPort{}
}

// run starts a program in a folder of its own until the test ends, and ends it with
// all that it started itself.
func (p peer) run(t *testing.T, dir string, args ...string) {
	t.Helper()
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command(p.path, args...)
	if p.lib != "" {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+p.lib+":"+p.lib+"/kamailio")
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = cmd.Wait()
		if b, err := os.ReadFile(said.Name()); err == nil && t.Failed() {
			t.Logf("%s said:\n%.4000s", p.path, b)
		}
	})
}

// patient asks until the server is there: it says itself when it is, by its first answer.
func patient(t *testing.T, target probes.Target) vouch.Result {
	t.Helper()
	p := &sip.Prober{}
	r := p.Probe(t.Context(), target)
	for limit := time.Now().Add(time.Minute); r.Reason == vouch.ReasonRefused && time.Now().Before(limit); {
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond): // the port is closed: that is told at once
		}
		r = p.Probe(t.Context(), target)
	}
	return r
}

// sippScenario answers every OPTIONS with a status.
const sippScenario = `<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="options">
<recv request="OPTIONS"></recv>
<send><![CDATA[
SIP/2.0 %s
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag[call_number]
[last_Call-ID:]
[last_CSeq:]
Server: sipp
Content-Length: 0

]]></send>
</scenario>
`

func TestSipp(t *testing.T) {
	sipp := find(t, "usr/bin/sipp")
	for _, tt := range []struct {
		status  string
		outcome vouch.Outcome
		reason  vouch.Reason
	}{{"200 OK", vouch.Up, ""}, {"503 Service Unavailable", vouch.Down, vouch.ReasonRejected}} {
		for transport, mode := range map[string]string{vouch.SIPOverUDP: "u1", vouch.SIPOverTCP: "t1"} {
			t.Run(tt.status+" "+transport, func(t *testing.T) {
				dir, addr := t.TempDir(), free(t)
				scenario := filepath.Join(dir, "uas.xml")
				if err := os.WriteFile(scenario, fmt.Appendf(nil, sippScenario, tt.status), 0o600); err != nil {
					t.Fatal(err)
				}
				// The control port is sipp's own business, and one of loopback.
				sipp.run(t, dir, "-sf", scenario, "-i", "127.0.0.1", "-p", fmt.Sprint(addr.Port()), "-t", mode, "-nostdin", "-ci", "127.0.0.1")
				r := patient(t, target(addr, vouch.SIP{Transport: transport}))
				if r.Outcome != tt.outcome || r.Reason != tt.reason {
					t.Errorf("Probe = %v %q (%s), want %v %q", r.Outcome, r.Reason, r.Detail, tt.outcome, tt.reason)
				}
				if v, _ := field(r, "status"); !strings.HasPrefix(tt.status, fmt.Sprint(v.Int())) {
					t.Errorf("status = %d, want that of %q", v.Int(), tt.status)
				}
				if v, _ := field(r, "server"); v.Text() != "sipp" {
					t.Errorf("server = %q, want sipp", v.Text())
				}
			})
		}
	}
}

// kamailioConfig answers OPTIONS as a proxy that is asked itself, and refuses whoever
// asks it for somebody.
const kamailioConfig = `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
listen=udp:127.0.0.1:%[1]d
listen=tcp:127.0.0.1:%[1]d
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
	if (is_method("OPTIONS") && uri==myself && $rU==$null) {
		sl_send_reply("200", "Keepalive");
		exit;
	}
	sl_send_reply("404", "Nobody here");
}
`

func TestKamailio(t *testing.T) {
	kamailio := find(t, "usr/sbin/kamailio")
	dir, addr := t.TempDir(), free(t)
	config := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(config, fmt.Appendf(nil, kamailioConfig, addr.Port()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-DD", "-E", "-f", config, "-P", filepath.Join(dir, "pid"), "-Y", dir, "-m", "16", "-M", "4"}
	if kamailio.lib != "" {
		args = append(args, "-L", kamailio.lib+"/kamailio/modules")
	}
	kamailio.run(t, dir, args...)
	for _, tt := range []struct {
		sip    vouch.SIP
		status int64
	}{
		{vouch.SIP{}, 200},
		{vouch.SIP{Transport: vouch.SIPOverTCP}, 200},
		{vouch.SIP{User: "nobody"}, 404},
	} {
		r := patient(t, target(addr, tt.sip))
		v, _ := field(r, "status")
		server, _ := field(r, "server")
		if r.Outcome != vouch.Up || v.Int() != tt.status || !strings.Contains(strings.ToLower(server.Text()), "kamailio") {
			t.Errorf("%+v: Probe = %v %q (%s), status %d of %q; want up by %d of kamailio", tt.sip, r.Outcome, r.Reason, r.Detail, v.Int(), server.Text(), tt.status)
		}
	}
}
