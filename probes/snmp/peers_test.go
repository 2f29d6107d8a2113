// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// peers is where scripts/test-deps unpacks programs that are not to be installed.
type peers struct{ root, lib string }

// unpacked returns the peers, of which the test needs the programs.
func unpacked(t *testing.T, programs ...string) peers {
	t.Helper()
	root, err := filepath.Abs("../../bin/peers")
	if err != nil {
		t.Fatal(err)
	}
	libs, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*"))
	if err != nil || len(libs) == 0 {
		t.Skipf("needs real peers in bin/peers (scripts/test-deps unpacks them)")
	}
	for _, p := range programs {
		if _, err := os.Stat(filepath.Join(root, p)); err != nil {
			t.Skipf("needs real peers in bin/peers (scripts/test-deps unpacks them): %v", err)
		}
	}
	return peers{root, libs[0]}
}

// command returns a command of an unpacked program, with more of an environment.
func (p peers) command(env []string, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.root, program), args...)
	cmd.Env = append(append(os.Environ(), "MIBS=", "LD_LIBRARY_PATH="+p.lib+":"+p.lib+"/frr:"+p.lib+"/kamailio"), env...)
	return cmd
}

// serve runs a program until the test ends, and shows what it wrote if that fails.
func serve(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// A group of its own: kamailio has children.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(cmd.Path), out.Bytes()[max(0, out.Len()-4000):])
		}
	})
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// master starts a real agent that other programs join by AgentX (RFC 2741), and
// returns a directory in which net-snmp's library finds, for each program, where.
func master(t *testing.T, programs ...string) (a *agent, conf string) {
	t.Helper()
	a = snmpd(t)
	a.stop(t)
	socket := filepath.Join(a.dir, "agentx")
	a.run(t, "master agentx", "agentXSocket "+socket)
	conf = filepath.Join(a.dir, "subagents")
	for _, p := range programs {
		write(t, filepath.Join(conf, p+".conf"), "agentxsocket "+socket+"\n")
	}
	return a, conf
}

// until polls until the result pleases, for a minute.
func until(t *testing.T, a *agent, c probes.Credential, p *vouch.Profile, pleases func(vouch.Result) bool) vouch.Result {
	t.Helper()
	prober := newProber(t)
	tg := a.target(c)
	tg.Profile = p
	for limit := time.Now().Add(time.Minute); ; {
		r := prober.Probe(t.Context(), tg)
		if pleases(r) {
			return r
		}
		if time.Now().After(limit) {
			t.Fatalf("a minute later Probe = %v %v (%s): %+v", r.Outcome, r.Reason, r.Detail, r.Points)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// A real router's BGP sessions, which its bgpd tells a real agent by AgentX.
func TestRealBGPByAgentX(t *testing.T) {
	const bgpd = "usr/lib/frr/bgpd"
	p := unpacked(t, bgpd)
	a, conf := master(t, "snmp", "bgpd", "frr")
	dir := filepath.Join(a.dir, "frr")
	write(t, filepath.Join(dir, "bgpd.conf"), `agentx
router bgp 64512
 bgp router-id 192.0.2.1
 neighbor 127.0.0.2 remote-as 64513
 neighbor 127.0.0.2 passive
 neighbor 127.0.0.3 remote-as 4200000001
 neighbor 127.0.0.3 shutdown
`)
	// It wants a user and two groups of its own.
	write(t, filepath.Join(dir, "passwd"), fmt.Sprintf("frr:x:%d:%d::/:/bin/false\n", os.Getuid(), os.Getgid()))
	write(t, filepath.Join(dir, "group"), fmt.Sprintf("frr:x:%d:\nfrrvty:x:%d:frr\n", os.Getgid(), os.Getgid()))
	serve(t, p.command([]string{
		"SNMPCONFPATH=" + conf, "LD_PRELOAD=" + p.lib + "/libnss_wrapper.so",
		"NSS_WRAPPER_PASSWD=" + filepath.Join(dir, "passwd"), "NSS_WRAPPER_GROUP=" + filepath.Join(dir, "group"),
	}, bgpd, "--no_zebra", "--no_kernel", "--moduledir", p.lib+"/frr/modules", "-M", "snmp", "-f", filepath.Join(dir, "bgpd.conf"),
		"-i", filepath.Join(dir, "pid"), "--vty_socket", dir, "-P", "0", "-l", "127.0.0.1", "-p", fmt.Sprint(freePort(t).Port())))

	const peer = "1.3.6.1.2.1.15.3.1." // bgpPeerEntry (RFC 4273)
	profile := &vouch.Profile{
		Name:    "bgp",
		Scalars: []vouch.Symbol{{OID: "1.3.6.1.2.1.15.2.0", Name: "as", Type: vouch.TypeGauge}},
		Tables: []vouch.Table{{
			Name: "t",
			Columns: []vouch.Symbol{
				{OID: peer + "2", Name: "a", Type: vouch.TypeGauge}, // bgpPeerState
				{OID: peer + "3", Name: "b", Type: vouch.TypeGauge}, // bgpPeerAdminStatus: 1 is stop
				{OID: peer + "9", Name: "remote_as", Type: vouch.TypeGauge},
			},
			Tags: []vouch.Symbol{{OID: peer + "7", Name: "address", Type: vouch.TypeText}},
		}},
	}
	for version, c := range map[string]probes.Credential{"v2c": {Version: probes.SNMPv2c, Community: "public"}, "v3": combinations()[5].credential()} {
		r := until(t, a, c, profile, func(r vouch.Result) bool { return fieldsOf(r, "a") == 2 && fieldsOf(r, "b") == 2 })
		if got := value(r, "snmp", "as"); got != "64512" {
			t.Errorf("%s: as = %s, want 64512", version, got)
		}
		var got []string
		for _, row := range rows(r, "t") {
			got = append(got, fmt.Sprintf("%s: admin %d, state known %v, as %d", tagged(row, "index"), number(row, "b"), number(row, "a") >= 1 && number(row, "a") <= 6, number(row, "remote_as")))
		}
		// bgpPeerRemoteAs is an INTEGER: a number of an AS beyond 2^31 comes as negative.
		want := []string{"127.0.0.2: admin 2, state known true, as 64513", "127.0.0.3: admin 1, state known true, as -94967295"}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || r.Detail != "" {
			t.Errorf("%s: peers (%s):\n%s\nwant:\n%s", version, r.Detail, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func number(p vouch.Point, name string) int64 {
	for _, f := range p.Fields {
		if f.Name == name {
			return f.Value.Int()
		}
	}
	return -1
}

// registration is a call of sipp's that registers a telephone.
const registration = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register">
 <send retrans="500"><![CDATA[
REGISTER sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:user[call_number]@127.0.0.1>;tag=[pid]t[call_number]
To: <sip:user[call_number]@127.0.0.1>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:user[call_number]@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 3600
Content-Length: 0

]]></send>
 <recv response="200"/>
</scenario>
`

// A real SIP server tells its registrations by AgentX; real telephones register.
func TestRealRegistrationsByAgentX(t *testing.T) {
	const kamailio, sipp = "usr/sbin/kamailio", "usr/bin/sipp"
	p := unpacked(t, kamailio, sipp)
	a, conf := master(t, "snmp", "snmpstats", "kamailio")
	dir := filepath.Join(a.dir, "kamailio")
	sip := freePort(t)
	config := "#!KAMAILIO\nfork=yes\nchildren=1\ndisable_tcp=yes\nlog_stderror=yes\nlisten=udp:" + sip.String() + "\nmpath=\"" + p.lib + "/kamailio/modules/\"\n"
	for _, m := range strings.Fields("kex corex tm sl rr pv maxfwd textops siputils usrloc registrar dialog snmpstats") {
		config += "loadmodule \"" + m + ".so\"\n"
	}
	config += "modparam(\"snmpstats\", \"sipEntityType\", \"registrarServer\")\n" +
		"request_route {\n\tif (is_method(\"REGISTER\")) { save(\"location\"); exit; }\n\tsl_send_reply(\"404\", \"Not found\");\n}\n"
	write(t, filepath.Join(dir, "kamailio.cfg"), config)
	write(t, filepath.Join(dir, "register.xml"), registration)
	serve(t, p.command([]string{"SNMPCONFPATH=" + conf, "SNMP_PERSISTENT_DIR=" + dir}, kamailio,
		"-DD", "-E", "-m", "32", "-M", "4", "-f", filepath.Join(dir, "kamailio.cfg"), "-P", filepath.Join(dir, "pid"), "-Y", dir))

	const accepted = "1.3.6.1.4.1.34352.3.1.2.1.6.1.0" // kamailioSIPRegAcceptedRegistrations
	profile := &vouch.Profile{Name: "kamailio", Scalars: []vouch.Symbol{{OID: accepted, Name: "accepted", Type: vouch.TypeCounter}}}
	community := probes.Credential{Version: probes.SNMPv2c, Community: "public"}
	until(t, a, community, profile, func(r vouch.Result) bool { return value(r, "snmp", "accepted") == "0" })
	call := p.command(nil, sipp, "-sf", filepath.Join(dir, "register.xml"), "-m", "3", "-r", "10", "-nostdin", "-i", "127.0.0.1", sip.String())
	call.Dir = dir
	if out, err := call.CombinedOutput(); err != nil {
		t.Fatalf("sipp: %v\n%s", err, out[max(0, len(out)-2000):])
	}
	until(t, a, community, profile, func(r vouch.Result) bool { return value(r, "snmp", "accepted") == "3" })
	compareWithTool(t, a, "1.3.6.1.4.1.34352", 100)
}

// line is one of what snmpbulkwalk -On prints, of the types that read the same in any
// program.
var line = regexp.MustCompile(`(?m)^\.(\S+) = (Gauge32|Counter32|Counter64|INTEGER|STRING): "?(.*?)"?$`)

// compareWithTool has our engine read every object at or below the OID that net-snmp's
// tool reads, and compares them, at least so many.
func compareWithTool(t *testing.T, a *agent, oid string, least int) {
	t.Helper()
	tool, err := exec.LookPath("snmpbulkwalk")
	if err != nil {
		t.Skipf("needs net-snmp's tools (apt-get install snmp): %v", err)
	}
	cmd := exec.Command(tool, "-v2c", "-c", "public", "-On", "-t", "20", a.addr.String(), oid)
	cmd.Env = append(os.Environ(), "MIBS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("snmpbulkwalk: %v", err)
	}
	objects := line.FindAllStringSubmatch(string(out), -1)
	if len(objects) < least {
		t.Fatalf("snmpbulkwalk read %d objects, want %d or more:\n%s", len(objects), least, out)
	}
	p := &vouch.Profile{Name: "all"}
	for i, m := range objects {
		p.Scalars = append(p.Scalars, vouch.Symbol{OID: m[1], Name: fmt.Sprint("v", i), Type: vouch.TypeText})
	}
	r := until(t, a, combinations()[5].credential(), p, func(r vouch.Result) bool { return r.Outcome == vouch.Up })
	differ := 0
	for i, m := range objects {
		if got := text(r, "snmp", fmt.Sprint("v", i)); got != m[3] {
			t.Logf("%s = %q, snmpbulkwalk says %q", m[1], got, m[3])
			differ++
		}
	}
	// Some move from one look to the next; and what kamailio says of its ports to
	// GETNEXT it does not say to GET.
	if differ > 5 || r.Detail != "" {
		t.Errorf("%d of %d objects differ (%s)", differ, len(objects), r.Detail)
	}
}
