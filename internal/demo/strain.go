// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// strain notices when the machine does not keep up: this process, which plays every
// device, is meant to wake twenty times a second.
type strain struct {
	mu    sync.Mutex // guards all below
	worst time.Duration
	said  []string
}

const wakeEach = 50 * time.Millisecond

func newStrain() *strain { return &strain{} }

// run watches until ctx ends.
func (s *strain) run(ctx context.Context) error {
	t := time.NewTicker(wakeEach)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		now := time.Now()
		s.mu.Lock()
		s.worst = max(s.worst, now.Sub(last)-wakeEach)
		s.mu.Unlock()
		last = now
	}
}

// reset forgets what was before the script.
func (s *strain) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worst = 0
}

// say adds a sign in words.
func (s *strain) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// signs returns the signs of a machine that was too busy for checks of this timeout.
func (s *strain) signs(timeout time.Duration) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := append([]string(nil), s.said...)
	if s.worst > timeout/2 {
		out = append(out, fmt.Sprintf("the simulated devices stood still for %v", s.worst.Round(time.Millisecond)))
	}
	return out
}

// load is what an agent says of its own pace.
type load struct {
	Place    string
	Overload int           // attempts that it could not begin in time
	Late     time.Duration // how late its latest attempt began
	Dropped  int           // samples
}

// loads asks every agent for its metrics. One that does not answer says nothing.
func (r *run) loads(ctx context.Context) []load {
	var out []load
	client := http.Client{Timeout: 2 * time.Second}
	for i, p := range places() {
		l := load{Place: string(p.Agent)}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.cast.block.metrics(i).String()+"/metrics", nil)
		if err != nil {
			continue
		}
		resp, err := client.Do(req)
		if err != nil {
			continue
		}
		l.read(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close() // it was only read
		out = append(out, l)
	}
	client.CloseIdleConnections()
	return out
}

// read takes what matters from metrics in the text format of Prometheus.
func (l *load) read(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), " ")
		v, err := strconv.ParseFloat(value, 64)
		if !found || err != nil {
			continue
		}
		switch name {
		case "vouch_agent_overload_total":
			l.Overload = int(v)
		case "vouch_agent_dropped_samples_total":
			l.Dropped = int(v)
		case "vouch_agent_late_seconds_max":
			l.Late = time.Duration(v * float64(time.Second))
		}
	}
}

// signs returns the signs of an agent that did not keep up.
func (l load) signs(interval time.Duration) []string {
	var out []string
	if l.Overload > 0 {
		out = append(out, fmt.Sprintf("agent %s could not begin %d checks in time", l.Place, l.Overload))
	}
	if l.Dropped > 0 {
		out = append(out, fmt.Sprintf("agent %s had to drop %d samples", l.Place, l.Dropped))
	}
	if l.Late > interval/2 {
		out = append(out, fmt.Sprintf("agent %s began a check %v late", l.Place, l.Late.Round(time.Millisecond)))
	}
	return out
}
