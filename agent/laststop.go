// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/internal/durable"
)

// LastStop is how the run of the agent before this one ended. It is told with the agent's own
// facts, so that a power cut at the site can be told from an agent that was restarted.
type LastStop string

// How a run ended.
const (
	StopFirst   LastStop = "first start"
	StopClean   LastStop = "clean"          // it was told to stop
	StopKilled  LastStop = "killed"         // the process ended, and the host ran on
	StopHost    LastStop = "host went down" // power cut, crash or reset: the host did not stop it
	StopUnknown LastStop = "unknown"        // what would tell it is unreadable, or the host tells no boots apart
)

// lastRun is the file that says so: written when the agent starts and when it stops.
type lastRun struct {
	Boot    string `json:"boot"`
	Stopped bool   `json:"stopped"`
}

const maxLastRun = 4 << 10 // bytes

func runFile(dir string) string { return filepath.Join(dir, "run") }

// beginRun takes note that a run begins in boot, and returns how the one before ended. That it
// cannot be written keeps nothing from running.
func beginRun(dir, boot string, log *slog.Logger) LastStop {
	raw, err := durable.ReadFile(runFile(dir), maxLastRun)
	var was lastRun
	stop := StopUnknown
	switch {
	case errors.Is(err, fs.ErrNotExist):
		stop = StopFirst
	case err != nil || json.Unmarshal(raw, &was) != nil:
	case was.Stopped:
		stop = StopClean
	case strings.HasPrefix(boot, "run-") || strings.HasPrefix(was.Boot, "run-"):
	case was.Boot == boot:
		stop = StopKilled
	default:
		stop = StopHost
	}
	switch stop {
	case StopKilled:
		log.Warn("the agent was killed, or crashed: it had not been told to stop")
	case StopHost:
		log.Warn("the host went down under the agent: a power cut, a crash or a reset")
	}
	noteRun(dir, lastRun{Boot: boot}, log)
	return stop
}

// noteRun writes the file.
func noteRun(dir string, r lastRun, log *slog.Logger) {
	raw, err := json.Marshal(r)
	if err == nil {
		err = durable.WriteFile(runFile(dir), append(raw, '\n'), 0o600)
	}
	if err != nil {
		log.Warn("how this run ends will not be known", "err", err)
	}
}

// lastSeen is up to when the spool knows of samples from before this run; zero for nothing.
// It is called before anything is assigned.
func (s *spool) lastSeen() (at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.idle {
		at = later(at, h.Through)
	}
	for _, r := range s.revived {
		for _, x := range r.rows {
			at = later(at, x.at)
		}
	}
	return at
}
