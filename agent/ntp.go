// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"sort"
	"sync"
	"time"
)

// Bounds of asking time servers.
const (
	maxTimeServers = 8
	minTimePoll    = 64 * time.Second   // RFC 5905: the poll exponents 6 and 10
	maxTimePoll    = 1024 * time.Second // at 100 ppm a clock drifts by 0.1 s meanwhile
	// leastHeadway is between two questions to one server, whatever happens (RFC 5905
	// section 7.2: the least poll exponent is 4).
	leastHeadway = 16 * time.Second
	timeTimeout  = 2 * time.Second
	// mostTrip is what an answer may take: half of it is the error.
	mostTrip = time.Second
)

// timeServers asks NTP servers how far this clock is from theirs (RFC 5905), one after the
// other and each seldom. It sets no clock.
type timeServers struct {
	ask     func(ctx context.Context, server string) (offsetMeasure, error)
	offset  *clockOffset
	stepped <-chan struct{} // the clock was set: ask again
	log     *slog.Logger

	mu   sync.Mutex // guards all below, and what the servers point to
	list []*timeServer
}

// timeServer is one of them.
type timeServer struct {
	address string // host or host:port
	name    string // in batches
	asked   time.Time
	due     time.Time
	every   time.Duration
	least   time.Duration // of every: raised where the server asks for it
	refused string        // the kiss code with which it forbade asking; empty for none
	err     error         // of the last question
}

func newTimeServers(addresses []string, offset *clockOffset, stepped <-chan struct{}, log *slog.Logger) *timeServers {
	t := &timeServers{offset: offset, stepped: stepped, log: log}
	t.ask = t.query
	for i, a := range addresses {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			host = a
		}
		name := sourceName(host, i)
		if slices.ContainsFunc(t.list, func(s *timeServer) bool { return s.name == name }) {
			name = sourceName("", i)
		}
		t.list = append(t.list, &timeServer{address: a, name: name, every: minTimePoll, least: minTimePoll})
	}
	return t
}

// Run asks until ctx ends.
func (t *timeServers) Run(ctx context.Context) error {
	if len(t.list) == 0 {
		return nil
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.stepped:
			t.hasten(time.Now())
		case <-timer.C:
		}
		for {
			s, wait := t.next(time.Now())
			timer.Reset(wait)
			if s == nil {
				break
			}
			m, err := t.ask(ctx, s.address)
			if ctx.Err() != nil {
				return nil
			}
			t.heard(s, m, err, time.Now())
		}
	}
}

// next returns a server that is due, or nil and how long none is.
func (t *timeServers) next(now time.Time) (*timeServer, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := maxTimePoll
	for _, s := range t.list {
		switch d := s.due.Sub(now); {
		case s.refused != "":
		case d <= 0:
			s.asked = now
			return s, 0
		default:
			wait = min(wait, d)
		}
	}
	return nil, wait
}

// hasten makes every server due soon, because what they said of the clock is worth little
// since it was set.
func (t *timeServers) hasten(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.list {
		s.every = s.least
		s.due = earlier(s.due, later(now, s.asked.Add(max(leastHeadway, s.least/4))))
	}
}

// errKiss is an answer that tells a client to ask less often, or never (RFC 5905 section 7.4).
type errKiss string

func (k errKiss) Error() string { return fmt.Sprintf("the server sent the kiss code %s", string(k)) }

// heard takes in how a question ended, and says when the next one is. Answers and failures
// alike make questions rarer.
func (t *timeServers) heard(s *timeServer, m offsetMeasure, err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kiss errKiss
	switch errors.As(err, &kiss); {
	case kiss == "DENY" || kiss == "RSTR":
		s.refused = string(kiss)
		t.log.Warn("time server forbids asking it, and is not asked again: take it out of ntp in the agent's file", "server", s.address, "code", s.refused)
	case kiss == "RATE":
		s.least = min(2*s.every, maxTimePoll)
		s.every = s.least
	}
	switch {
	case err == nil:
		t.offset.take(s.name, m)
		if s.err != nil {
			t.log.Info("time server answers again", "server", s.address)
		}
	case s.err == nil && s.refused == "":
		t.log.Warn("time server gives no time", "server", s.address, "err", err)
	}
	s.err = err
	s.due = now.Add(s.every - s.every/8 + rand.N(s.every/4)) // so that agents do not ask together
	s.every = min(2*s.every, maxTimePoll)
}

// query asks a server once. It believes no number that our own clock contradicts: the
// round trip is measured with the clock that is never set, and what the server says to have
// kept the question for is taken off it only as far as that is possible.
func (t *timeServers) query(ctx context.Context, server string) (offsetMeasure, error) {
	ctx, cancel := context.WithTimeout(ctx, timeTimeout)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", withPort(server))
	if err != nil {
		return offsetMeasure{}, err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	began := t.offset.reading(time.Now())
	a, err := askNTP(c)
	ended := t.offset.reading(time.Now())
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer within %v", timeTimeout)
		}
		return offsetMeasure{}, err
	}
	trip, set := ended.since(began)
	kept := a.sent.Sub(a.received)
	if kept > trip || trip > mostTrip {
		return offsetMeasure{}, fmt.Errorf("the answer cannot be used: it took %v, of which the server says it kept the question for %v", trip, kept)
	}
	return offsetMeasure{
		at:     ended,
		offset: ended.wall.Add(-(trip - kept) / 2).Sub(a.sent),
		bound:  (trip-kept)/2 + a.distance + set.Abs(),
	}, nil
}

// withPort adds the port of NTP to an address without one.
func withPort(server string) string {
	if _, _, err := net.SplitHostPort(server); err == nil {
		return server
	}
	return net.JoinHostPort(server, "123")
}

// AskTime asks an NTP server once how far this host's clock is from its own, and returns
// this clock minus that one with the bound of its error.
func AskTime(ctx context.Context, server string) (offset, bound time.Duration, err error) {
	m, err := newTimeServers(nil, &clockOffset{}, nil, nil).query(ctx, server)
	return m.offset, m.bound, err
}

// ClockSource is one source of the time, and what it says of this clock.
type ClockSource struct {
	Name    string    `json:"name"`
	Address string    `json:"address,omitempty"` // of a time server
	At      time.Time `json:"at,omitzero"`       // when it was last heard, by this clock; zero: never
	Offset  float64   `json:"offset_seconds"`    // this clock minus that one
	Bound   float64   `json:"bound_seconds"`     // of the error of that, now
	Agrees  bool      `json:"agrees"`            // with most of the sources
	Problem string    `json:"problem,omitempty"` // why it gave no time when it was last asked
}

// status returns all sources of the time, by name.
func (t *timeServers) status(now time.Time) []ClockSource {
	words := t.offset.standing(t.offset.reading(now))
	most := majority(words)
	list := make([]ClockSource, 0, len(words))
	for _, w := range words {
		list = append(list, ClockSource{
			Name: w.name, At: w.at.wall.UTC(), Offset: w.offset.Seconds(), Bound: w.bound.Seconds(), Agrees: slices.Contains(most, w),
		})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.list {
		i := slices.IndexFunc(list, func(c ClockSource) bool { return c.Name == s.name })
		if i < 0 {
			i = len(list)
			list = append(list, ClockSource{Name: s.name})
		}
		list[i].Address = s.address
		switch {
		case s.refused != "":
			list[i].Problem = "it forbids asking (" + s.refused + ")"
		case s.err != nil:
			list[i].Problem = s.err.Error()
		}
	}
	sort.Slice(list, func(i, k int) bool { return list[i].Name < list[k].Name })
	return list
}
