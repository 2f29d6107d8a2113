// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/internal/wire"
)

// TestBacklogTakesLittleMemory starts an agent whose spool is full of what twenty routers
// yield, lets all of it go up, and looks at the most memory that it took.
func TestBacklogTakesLittleMemory(t *testing.T) {
	minutes, most := 3*60, 48 // MB, of which the test's own program takes some
	if os.Getenv("VOUCH_SOAK") != "" {
		minutes = 7 * 24 * 60
	}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		most *= 3 // its detector takes the rest
	}
	p := newPlant(t)
	maker, err := agent.NewSpoolMaker(p.state)
	check(t, err)
	maker.Size = 64 << 20
	maker.Now = time.Now().UTC().Add(-time.Duration(minutes) * time.Minute)
	s, err := maker.Run(journal.Dir(filepath.Join(p.state, "spool")), p.state)
	check(t, err)
	s.Upload(1, func() []wire.Head { return nil }, nil)
	source := poller{dice: rand.New(rand.NewPCG(1, 2))}
	for range minutes {
		for range 20 {
			m := source.poll(20)
			m.Start = maker.Now
			s.Record(m)
		}
		maker.Now = maker.Now.Add(time.Minute)
		if !s.Seal() {
			t.Fatal("the backlog does not lie on disk")
		}
	}
	s.Close()
	size := int64(0)
	for _, name := range names(t, filepath.Join(p.state, "spool")) {
		info, err := os.Stat(filepath.Join(p.state, "spool", name))
		check(t, err)
		size += info.Size()
	}
	c := p.start("")
	p.wait("that the backlog is taken up", p.logged("spool is taken up again", 1))
	through := maker.Now
	p.wait("that all of it has gone up", func() bool {
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			items := p.collector.items("acme", stream)
			if len(items) == 0 || items[len(items)-1].Link().Through.Before(through) {
				return false
			}
		}
		return true
	})
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	check(t, err)
	p.end(c, syscall.SIGTERM)
	var peak int
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	_, err = fmt.Sscan(rest, &peak)
	check(t, err)
	t.Logf("%d notes, %.1f MB of spool: at most %.1f MB resident", 2*minutes, float64(size)/1e6, float64(peak)/1024)
	if peak/1024 > most {
		t.Errorf("most memory = %d MB, want at most %d", peak/1024, most)
	}
}
