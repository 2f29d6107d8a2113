// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Status is how a running agent stands. It holds no secret: credentials are not even
// named in it.
type Status struct {
	Agent     vouch.AgentID    `json:"agent"`
	Version   string           `json:"version"`
	Key       string           `json:"key"` // public, "name+hash+base64"
	At        time.Time        `json:"at"`
	Started   time.Time        `json:"started"`
	Boot      string           `json:"boot"`               // of the host
	LastStop  LastStop         `json:"last_stop"`          // how the run before ended
	LastSeen  time.Time        `json:"last_seen,omitzero"` // up to when samples of it are known
	Location  vouch.LocationID `json:"location,omitempty"`
	Collector CollectorStatus  `json:"collector"`
	// Certificate is what the collector issued; absent where the agent never enrolled.
	Certificate *CertificateStatus `json:"certificate,omitempty"`
	// Assigned is false until the first assignment: nothing is measured then.
	Assigned   bool            `json:"assigned"`
	Trouble    vouch.Reason    `json:"trouble,omitempty"` // why silences prove nothing now; empty when they count
	Checks     []CheckStatus   `json:"checks"`            // by customer, device, name
	References []CheckStatus   `json:"references"`        // by name
	Samples    SampleCounts    `json:"samples"`
	Spool      SpoolStatus     `json:"spool"`
	Clock      ClockStatus     `json:"clock"`
	Attempts   AttemptsStatus  `json:"attempts"`
	Heartbeats HeartbeatStatus `json:"heartbeats"`
	Alarm      *AlarmStatus    `json:"alarm,omitempty"` // nil: none is configured
	Traps      *TrapStatus     `json:"traps,omitempty"` // nil: none are heard
}

// CollectorStatus is the collector as the agent knows it.
type CollectorStatus struct {
	URL     string    `json:"url"`
	Pin     string    `json:"pin"`               // sha256: and hexadecimal digits
	LastAck time.Time `json:"last_ack,omitzero"` // zero: nothing was acknowledged since the start
	// Unreached is since when heartbeats or batches, or before these the question for an
	// assignment, do not get through; zero: they do. Reason is how the latest attempt ended.
	Unreached time.Time `json:"unreached_since,omitzero"`
	Reason    string    `json:"unreached_reason,omitempty"`
}

// CertificateStatus is the certificate of an agent that is enrolled.
type CertificateStatus struct {
	Until   time.Time `json:"until,omitzero"`    // zero: there is none that could be read
	Problem string    `json:"problem,omitempty"` // why it could not be renewed the last time
}

// CheckStatus is a check or a reference with how it ended last.
type CheckStatus struct {
	Customer vouch.CustomerID `json:"customer,omitempty"` // absent for a reference
	Device   vouch.DeviceID   `json:"device,omitempty"`   // absent for a reference
	Name     string           `json:"name"`
	Kind     vouch.Kind       `json:"kind"`
	Address  string           `json:"address"`
	Interval float64          `json:"interval_seconds"`
	At       time.Time        `json:"at,omitzero"`       // zero: not asked yet
	Outcome  string           `json:"outcome,omitempty"` // up, down or unknown; empty: not asked yet
	Reason   vouch.Reason     `json:"reason,omitempty"`
}

// SampleCounts counts samples since the start.
type SampleCounts struct {
	Up      uint64 `json:"up"`
	Down    uint64 `json:"down"`
	Unknown uint64 `json:"unknown"`
	Dropped uint64 `json:"dropped"`
}

// SpoolStatus is what waits for the collector.
type SpoolStatus struct {
	Pending int       `json:"pending_bytes"` // samples that are not sealed yet
	Queued  int       `json:"queued_bytes"`  // sealed, not acknowledged yet
	Notes   int       `json:"queued_notes"`
	Limit   int       `json:"limit_bytes"`
	Oldest  time.Time `json:"oldest,omitzero"` // when the oldest queued note begins; zero: nothing is queued

	// Anchored is when what had been acknowledged by then was covered by an anchored
	// checkpoint; zero: the collector has not said.
	Anchored time.Time `json:"anchored,omitzero"`

	Disk      int64     `json:"disk_bytes"` // that the spool takes
	DiskLimit int64     `json:"disk_limit_bytes"`
	Failing   string    `json:"failing,omitempty"`      // why the disk does not take everything; empty: it does
	Since     time.Time `json:"failing_since,omitzero"` // since when
}

// ClockStatus is what the agent knows of its clock.
type ClockStatus struct {
	Known   bool          `json:"known"`
	Offset  float64       `json:"offset_seconds"`   // this clock minus true time
	Bound   float64       `json:"bound_seconds"`    // of the error of that
	Source  string        `json:"source,omitempty"` // who told; "disputed": no majority of the sources agrees
	Sources []ClockSource `json:"sources"`          // by name
	Steps   uint64        `json:"steps"`            // how often the clock was set since the start
	// When it was set last, and by how much; of a clock that was set.
	StepAgo float64 `json:"last_step_ago_seconds,omitempty"`
	StepBy  float64 `json:"last_step_seconds,omitempty"`
}

// AttemptsStatus tells whether the agent keeps up.
type AttemptsStatus struct {
	Needed   int64   `json:"needed"` // at once, when no device answers
	Limit    int     `json:"limit"`
	Overload uint64  `json:"overload"` // not made, since they could not begin in time
	LateMax  float64 `json:"late_max_seconds"`
	// Times that the agent did not get to run, and the longest of them.
	Stalls   uint64  `json:"stalls"`
	StallMax float64 `json:"stall_max_seconds"`
	// Files and sockets, and the bound of them; 0: the system does not tell.
	OpenFiles      uint64 `json:"open_files"`
	OpenFilesLimit uint64 `json:"open_files_limit"`
}

// HeartbeatStatus counts heartbeats since the start.
type HeartbeatStatus struct {
	Sent   uint64 `json:"sent"`
	Failed uint64 `json:"failed"`
}

// StatusSocket is where an agent with that state directory tells its status.
func StatusSocket(stateDir string) string { return filepath.Join(stateDir, "status.sock") }

const (
	statusTime = 5 * time.Second // for one reader
	maxStatus  = 64 << 20        // bytes; an assignment has at most 16 MB
)

// status returns how the session stands.
func (s *session) status(now time.Time) Status {
	st := Status{
		Agent: s.opts.ID, Version: s.opts.Version, Key: s.public, At: now.UTC(), Started: s.started.UTC(),
		Boot: s.opts.boot, LastStop: s.opts.lastStop, LastSeen: s.lastSeen.UTC(),
		Collector: CollectorStatus{URL: s.opts.CollectorURL, Pin: "sha256:" + hex.EncodeToString(s.opts.Pin[:])},
		Assigned:  s.assigned.Load(),
		Samples: SampleCounts{
			Up: s.counts.outcome[vouch.Up].Load(), Down: s.counts.outcome[vouch.Down].Load(),
			Unknown: s.counts.outcome[vouch.Unknown].Load(), Dropped: s.counts.dropped.Load(),
		},
		Attempts: AttemptsStatus{
			Needed: s.need.Load(), Limit: s.opts.Concurrency, Overload: s.counts.overload.Load(),
			LateMax: time.Duration(s.counts.lateMax.Load()).Seconds(),
		},
		Heartbeats: HeartbeatStatus{Sent: s.counts.heartbeats.Load(), Failed: s.counts.heartbeatErrs.Load()},
		Spool:      s.spool.status(),
		Checks:     s.schedule.status(),
	}
	if p := s.beats.plan.Load(); p != nil {
		st.Location = p.location
	}
	if at := s.counts.lastAck.Load(); at != 0 {
		st.Collector.LastAck = time.Unix(0, at).UTC()
	}
	told := s.offset.told(s.offset.reading(now))
	st.Clock = ClockStatus{
		Known: told.Known, Offset: told.Offset.Seconds(), Bound: told.Bound.Seconds(), Source: told.Source, Sources: s.times.status(now),
	}
	if since, err, _ := s.contact.failing(); err != nil {
		st.Collector.Unreached, st.Collector.Reason = since.UTC(), clip(err.Error())
	}
	st.Alarm = s.alarm.standing.Load()
	st.Traps = s.traps.status()
	steps, ago, by := s.eras.lastStep()
	st.Clock.Steps, st.Clock.StepAgo, st.Clock.StepBy = steps, ago.Seconds(), by.Seconds()
	stalled, longest := s.stalls.worst()
	st.Attempts.Stalls, st.Attempts.StallMax = stalled, longest.Seconds()
	st.Attempts.OpenFiles, st.Attempts.OpenFilesLimit = descriptors()
	if id := s.renewals.identity; id.enrolled() {
		st.Certificate = &CertificateStatus{Until: id.until()}
		if p := s.renewals.problem.Load(); p != nil {
			st.Certificate.Problem = *p
		}
	}
	st.References, st.Trouble = s.health.status()
	s.outcomes.status(st.Checks)
	s.outcomes.status(st.References)
	return st
}

// status returns what waits for the collector.
func (s *spool) status() SpoolStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := SpoolStatus{Pending: s.pending, Queued: s.queued, Limit: s.limit, Disk: s.disk.bytes(), DiskLimit: s.disk.limit}
	if !s.anchored.IsZero() {
		st.Anchored = time.Now().Add(-time.Since(s.anchored)).UTC() // as this clock has it now
	}
	if t := s.trouble.Load(); t != nil {
		st.Failing, st.Since = t.err.Error(), t.since
	}
	for _, c := range s.chains {
		if len(c.queue) == 0 {
			continue
		}
		st.Notes += len(c.queue)
		if from := c.queue[0].link.From.UTC(); st.Oldest.IsZero() || from.Before(st.Oldest) {
			st.Oldest = from
		}
	}
	return st
}

// status returns the checks that are scheduled.
func (s *schedule) status() []CheckStatus {
	s.mu.Lock()
	list := make([]CheckStatus, 0, len(s.entries))
	for _, e := range s.entries {
		if !e.gone {
			list = append(list, CheckStatus{
				Customer: e.Customer, Device: e.Device, Name: string(e.Check.Name), Kind: e.Check.Kind,
				Address: e.Check.Addr.String(), Interval: e.Check.Interval.Seconds(),
			})
		}
	}
	s.mu.Unlock()
	sort.Slice(list, func(i, k int) bool {
		a, b := &list[i], &list[k]
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Device, b.Device), strings.Compare(a.Name, b.Name)) < 0
	})
	return list
}

// status returns the references, and why silences prove nothing now.
func (c *selfCheck) status() ([]CheckStatus, vouch.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]CheckStatus, 0, len(c.refs))
	for _, r := range c.refs {
		list = append(list, CheckStatus{
			Name: r.Name, Kind: r.Kind, Address: r.Addr.String(), Interval: c.interval.Seconds(),
		})
	}
	sort.Slice(list, func(i, k int) bool { return list[i].Name < list[k].Name })
	return list, c.reason
}

// status adds to each of list how it ended last.
func (o *outcomes) status(list []CheckStatus) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range list {
		c := &list[i]
		if c.Device != "" {
			c.ended(o.customer[c.Customer][asked{Device: c.Device, Check: vouch.CheckName(c.Name)}])
			continue
		}
		for _, of := range o.customer { // a reference ends for all whom it concerns in the same way
			c.ended(of[asked{Reference: c.Name}])
		}
	}
}

func (c *CheckStatus) ended(l *last) {
	if l != nil && l.at.After(c.At) {
		c.At, c.Outcome, c.Reason = l.at.UTC(), l.outcome.String(), l.reason
	}
}

// serveStatus tells the status to everybody who connects to the socket, until ctx
// ends. It is for people: that it cannot be opened is logged, keeps nothing from being
// measured, and is tried again.
func (s *session) serveStatus(ctx context.Context, path string) error {
	ln, err := listenStatus(ctx, path)
	if err != nil {
		s.opts.Log.Warn("status cannot be asked for", "socket", path, "err", err)
	}
	for err != nil { // as on a disk that is read-only
		if !sleep(ctx, longWait) {
			return nil
		}
		ln, err = listenStatus(ctx, path)
	}
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil: // out of file descriptors, as a rule
			if !sleep(ctx, time.Second) {
				return nil
			}
			continue
		}
		// One reader at a time, each with a bound: no crowd can form here.
		_ = conn.SetDeadline(time.Now().Add(statusTime))
		_ = json.NewEncoder(conn).Encode(s.status(time.Now()))
		_ = conn.Close()
	}
}

func listenStatus(ctx context.Context, path string) (net.Listener, error) {
	// The state directory is locked: what lies there is of a process that has ended.
	_ = os.Remove(path)
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// ErrNotRunning is for who asks an agent that does not run.
var ErrNotRunning = errors.New("the agent does not run")

// ReadStatus asks the agent that runs with stateDir how it stands. Only its own
// account and root may. Where none runs, the error is [ErrNotRunning].
func ReadStatus(ctx context.Context, stateDir string) (Status, error) {
	path := StatusSocket(stateDir)
	conn, err := (&net.Dialer{Timeout: statusTime}).DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return Status{}, fmt.Errorf("ask %s: %w (be root, or the account of the agent)", path, err)
	case err != nil:
		return Status{}, fmt.Errorf("ask %s: %w (%v)", path, ErrNotRunning, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * statusTime))
	var st Status
	if err := json.NewDecoder(io.LimitReader(conn, maxStatus)).Decode(&st); err != nil {
		return Status{}, fmt.Errorf("ask %s: read the answer: %w", path, err)
	}
	return st, nil
}
