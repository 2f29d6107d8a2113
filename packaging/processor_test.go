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
	processors := []struct {
		qemu string
		env  []string
	}{
		{"qemu-mips", []string{"GOARCH=mips", "GOMIPS=softfloat"}}, // 32 bits, big-endian
		{"qemu-arm", []string{"GOARCH=arm", "GOARM=7"}},            // 32 bits, little-endian
	}
	// Left out of a short round is what takes long there and is about anything but numbers.
	list, skip := []string{"evidence", "internal/wire", "probes/snmp"}, "^(TestEveryFlipIsCaught|TestChainProperty|TestConcurrent|TestRealAgent|TestMemory|TestLarge)"
	if soak() {
		list, skip = append(list, "probes", "internal/durable", "agent", "configs"), "^$"
	}
	for _, p := range processors {
		qemu := need(t, p.qemu, "install qemu-user")
		for _, pkg := range list {
			if pkg == "probes/snmp" && p.qemu == "qemu-arm" && !soak() {
				continue // what it decodes differs by the order of bytes, and that is the host's here
			}
			t.Run(strings.TrimPrefix(p.qemu, "qemu-")+"/"+pkg, func(t *testing.T) {
				t.Parallel()
				program := filepath.Join(t.TempDir(), "test")
				build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", program, "./"+pkg)
				build.Dir = ".."
				build.Env = append(append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="), p.env...)
				output(t, build)
				run := exec.CommandContext(t.Context(), qemu, program, "-test.short", "-test.timeout=20m", "-test.skip="+skip)
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
