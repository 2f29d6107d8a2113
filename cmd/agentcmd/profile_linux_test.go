// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

// Debian's own agent is recognised by what this machine says of itself, and OpenWrt by
// the description that its agent, the same program, gives there.
func TestLinuxAgainstSnmpd(t *testing.T) {
	const snmpd = "/usr/sbin/snmpd"
	if _, err := exec.LookPath(snmpd); err != nil {
		t.Skipf("needs net-snmp's agent (apt-get install snmpd): %v", err)
	}
	choose, err := chooseProfile(autoProfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		conf, profile string
		class         vouch.Class
	}{
		{"", "linux", vouch.ClassServer},
		{"sysDescr Linux OpenWrt 5.15.137 #0 SMP aarch64\n", "openwrt", vouch.ClassRouter},
	} {
		free, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := free.LocalAddr().(*net.UDPAddr).AddrPort()
		free.Close()
		dir := t.TempDir()
		file := filepath.Join(dir, "snmpd.conf")
		if err := os.WriteFile(file, []byte("agentaddress udp:"+addr.String()+"\nrocommunity public 127.0.0.1\n"+tt.conf), 0o600); err != nil {
			t.Fatal(err)
		}
		agent := exec.Command(snmpd, "-f", "-Ln", "-C", "-c", file)
		agent.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir, "MIBS=")
		if err := agent.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = agent.Process.Kill()
			_ = agent.Wait() // killed: the error says only that
		})
		p := snmp.New()
		defer p.Close()
		target := probes.Target{Credential: probes.Credential{Community: "public"}, Check: vouch.Check{
			Kind: vouch.KindSNMP, Addr: addr.Addr(), Port: addr.Port(), Version: probes.SNMPv2c, Interval: 20 * time.Second, Timeout: 10 * time.Second,
		}}
		var r snmpReport
		for limit := time.Now().Add(time.Minute); r.Outcome != vouch.Up && time.Now().Before(limit); {
			began := time.Now()
			r = askSNMP(t.Context(), p, choose, addr, target, time.Now)
			time.Sleep(50*time.Millisecond - time.Since(began)) // refused at once until the port is open
		}
		if r.Outcome != vouch.Up {
			t.Fatalf("snmpd: %v %s", r.Outcome, r.Detail)
		}
		if d := r.Device; d.Profile != tt.profile || d.Class != tt.class {
			t.Errorf("snmpd is recognised as %s (%s), want %s (%s)", d.Profile, d.Class, tt.profile, tt.class)
		}
		// Not cpu.hr_load, which it tells only after a minute.
		for _, name := range []string{"ucd.mem_total", "ucd.mem_avail", "ucd.cpu_idle_raw", "ucd.load5", "storage.size", "storage.used", "storage.units", `interface.oper_status{ifName="lo"}`} {
			if len(r.metrics(name)) == 0 {
				t.Errorf("snmpd as %s has no %s", tt.profile, name)
			}
		}
	}
}
