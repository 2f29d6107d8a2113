// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

// snmpsim runs the simulator of Debian's package snmpsim over the recordings of
// folders, and returns where it answers. It skips the test where there is none.
func snmpsim(t *testing.T, dirs ...string) string {
	t.Helper()
	program, err := exec.LookPath("snmpsimd")
	if err != nil {
		if program, err = filepath.Abs("../../bin/snmpsim/snmpsimd"); err == nil {
			_, err = os.Stat(program)
		}
		if err != nil {
			t.Skip("snmpsim is not installed: `make test` installs it")
		}
	}
	// The account that snmpsimd falls back to must be able to read and write there.
	root, err := os.MkdirTemp("", "snmpsim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	data, cache := filepath.Join(root, "data"), filepath.Join(root, "cache")
	for _, dir := range []string{root, data, cache} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.snmprec"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err == nil {
				err = os.WriteFile(filepath.Join(data, filepath.Base(f)), b, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	addr := free(t)
	args := []string{program, "--data-dir=" + data, "--cache-dir=" + cache, "--agent-udpv4-endpoint=" + addr.String(), "--logging-method=file:" + filepath.Join(cache, "log")}
	if os.Getuid() == 0 {
		args = append(args, "--process-user=nobody", "--process-group=nogroup")
	}
	cmd := exec.Command("/usr/bin/python3", args...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Dir(program))
	if err := cmd.Start(); err != nil {
		t.Skipf("snmpsim does not start: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	g := &gosnmp.GoSNMP{Target: addr.Addr().String(), Port: addr.Port(), Version: gosnmp.Version2c, Community: "bench10", Timeout: time.Second}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for limit := time.Now().Add(time.Minute); ; {
		if _, err := g.Get([]string{sysName}); err == nil {
			return addr.String()
		}
		select {
		case err := <-ended:
			log, _ := os.ReadFile(filepath.Join(cache, "log"))
			t.Fatalf("snmpsim ended: %v: %s", err, log)
		default:
		}
		if time.Now().After(limit) {
			t.Fatal("snmpsim does not answer after a minute")
		}
	}
}

// free returns a loopback address that nobody uses.
func free(t *testing.T) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback("127.0.0.1")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}
