// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// turnaways counts whom the agents' door turned away and writes one line a reason and
// minute about it, whatever strangers do. Reasons are of a fixed set.
type turnaways struct {
	count *counters
	log   *slog.Logger

	mu    sync.Mutex
	lines map[string]turnaway
}

type turnaway struct {
	at    time.Time // of the last line; monotonic
	since int       // turned away after it
}

// turnawayPause is the least time between two lines of one reason.
const turnawayPause = time.Minute

func newTurnaways(count *counters, log *slog.Logger) *turnaways {
	return &turnaways{count: count, log: log, lines: map[string]turnaway{}}
}

// refuse counts one, and says so unless the same was said within the last minute. The
// next line says how many there were meanwhile.
func (t *turnaways) refuse(reason string, from netip.Addr) {
	t.count.refuse(reason)
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[reason]
	if !l.at.IsZero() && time.Since(l.at) < turnawayPause {
		l.since++
		t.lines[reason] = l
		return
	}
	t.log.Warn("turned away at the agents' door; more of this within a minute are only counted", "reason", reason, "from", from, "unsaid", l.since)
	t.lines[reason] = turnaway{at: time.Now()}
}

// Write takes the lines that package net/http writes about connections that failed.
func (t *turnaways) Write(line []byte) (int, error) {
	text := string(line)
	if !strings.Contains(text, "TLS handshake error") {
		t.log.Debug("agents' door", "what", strings.TrimSpace(text))
		return len(line), nil
	}
	var from netip.Addr
	if _, rest, ok := strings.Cut(text, " from "); ok {
		at, _, _ := strings.Cut(rest, ": ")
		if a, err := netip.ParseAddrPort(at); err == nil {
			from = network(a.Addr())
		}
	}
	switch {
	case strings.Contains(text, "unsupported versions"):
		t.refuse("TLS below 1.3", from)
	case strings.Contains(text, "tls: "):
		t.refuse("TLS handshakes that failed", from)
	default: // it went, or said nothing: counted as a connection without a request
	}
	return len(line), nil
}
