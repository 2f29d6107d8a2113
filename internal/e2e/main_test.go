// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programs are the binaries as they are shipped.
type programs struct{ vouch, agent string }

// builder builds the binaries when the first test asks for them.
type builder struct {
	once sync.Once
	dir  string
	err  error
}

var built builder

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// binaries returns the programs, built once for all tests.
func binaries(t *testing.T) programs {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "vouch-e2e-bin"); built.err != nil {
			return
		}
		for _, name := range []string{"vouch", "vouch-agent"} {
			cmd := exec.Command("go", "build", "-o", filepath.Join(built.dir, name), "../../cmd/"+name)
			if out, err := cmd.CombinedOutput(); err != nil {
				built.err = fmt.Errorf("build %s: %v\n%s", name, err, out)
				return
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return programs{vouch: filepath.Join(built.dir, "vouch"), agent: filepath.Join(built.dir, "vouch-agent")}
}
