// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnOtherProcessors runs the tests of what an agent signs, sends and decodes on
// emulated processors with 32 bits, one of them big-endian.
func TestOnOtherProcessors(t *testing.T) {
	if os.Getenv("VOUCH_WHOLE") == "" {
		t.Skip("it takes long: `make test` runs it, or VOUCH_WHOLE=1")
	}
	processors := []struct {
		qemu string
		env  []string
	}{
		{"qemu-mips", []string{"GOARCH=mips", "GOMIPS=softfloat"}}, // 32 bits, big-endian
		{"qemu-arm", []string{"GOARCH=arm", "GOARM=7"}},            // 32 bits, little-endian
	}
	// What starts itself again runs on no emulator; what it does there runs in other tests.
	list, skip := []string{"evidence", "internal/wire", "internal/journal", "probes", "probes/icmp", "probes/snmp", "agent"}, "^(TestPowerCut|TestKillLoop|TestSmallDisk"
	if soak() {
		list, skip = append(list, "internal/durable", "configs"), skip+")"
	} else {
		// Left out is what takes long there and is about anything but numbers.
		skip += "|TestEveryFlipIsCaught|TestChainProperty|TestConcurrent|TestRealAgent|TestMemory|TestLarge)"
	}
	// Of the agent, what it schedules, stores, finds again and seals.
	agent := "^(TestSchedule|TestHeads|TestDamaged|TestRestart|TestNamedValues|TestSamplesArrive|TestLostAndOlder|FuzzRecords)"
	for _, p := range processors {
		qemu := need(t, p.qemu, "install qemu-user")
		for _, pkg := range list {
			if (pkg == "probes/snmp" || pkg == "agent") && p.qemu == "qemu-arm" && !soak() {
				continue // what may differ there is the order of bytes, and that is the host's here
			}
			t.Run(strings.TrimPrefix(p.qemu, "qemu-")+"/"+pkg, func(t *testing.T) {
				t.Parallel()
				program := filepath.Join(t.TempDir(), "test")
				build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", program, "./"+pkg)
				build.Dir = ".."
				build.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="), p.env...)
				output(t, build)
				run := exec.CommandContext(t.Context(), qemu, program, "-test.short", "-test.timeout=20m", "-test.skip="+skip)
				if pkg == "agent" && !soak() {
					run.Args = append(run.Args, "-test.run="+agent)
				}
				run.Dir = filepath.Join("..", pkg)
				// Long rounds of theirs are no matter of the processor.
				run.Env = append(os.Environ(), "VOUCH_SOAK=")
				if out, err := run.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}
