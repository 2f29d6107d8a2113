// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// counters is what the agent counts of itself since it started.
type counters struct {
	outcome       [3]atomic.Uint64 // samples by outcome
	overload      atomic.Uint64    // attempts that were not made in time
	unencodable   atomic.Uint64
	dropped       atomic.Uint64 // samples
	lostNotes     atomic.Uint64 // dropped from the spool before they were acknowledged
	damaged       atomic.Uint64 // places of the spool that could not be read
	diskErrors    atomic.Uint64
	sealed        atomic.Uint64 // batches
	uploaded      atomic.Uint64 // notes acknowledged
	rejected      atomic.Uint64 // of those, the ones that the collector rejected
	refused       atomic.Uint64 // notes
	uploadErrors  atomic.Uint64
	heartbeats    atomic.Uint64
	heartbeatErrs atomic.Uint64
	lateMax       atomic.Int64 // nanoseconds, of the attempt that began latest
	lateSum       atomic.Int64 // nanoseconds
	begun         atomic.Uint64
	lastAck       atomic.Int64 // Unix nanoseconds; 0 for never
}

// late takes note of how late an attempt began.
func (c *counters) late(d time.Duration) {
	c.begun.Add(1)
	c.lateSum.Add(int64(d))
	for {
		most := c.lateMax.Load()
		if int64(d) <= most || c.lateMax.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// metricsText writes one metric after another in the text format of Prometheus
// (version 0.0.4).
type metricsText struct{ strings.Builder }

func (m *metricsText) head(name, kind, help string) {
	fmt.Fprintf(m, "# HELP vouch_agent_%s %s\n# TYPE vouch_agent_%s %s\n", name, help, name, kind)
}

func (m *metricsText) counter(name, help string, v uint64) {
	m.head(name, "counter", help)
	fmt.Fprintf(m, "vouch_agent_%s %d\n", name, v)
}

func (m *metricsText) gauge(name, help string, v float64) {
	m.head(name, "gauge", help)
	fmt.Fprintf(m, "vouch_agent_%s %g\n", name, v)
}

// metrics returns what the agent says of itself to a scraper.
func (s *session) metrics(now time.Time) string {
	var m metricsText
	m.gauge("up", "Whether the agent runs.", 1)
	m.head("checks_total", "counter", "Samples by outcome.")
	for _, o := range []vouch.Outcome{vouch.Up, vouch.Down, vouch.Unknown} {
		fmt.Fprintf(&m, "vouch_agent_checks_total{outcome=%q} %d\n", o, s.counts.outcome[o].Load())
	}
	m.counter("overload_total", "Attempts that were not made because they could not begin in time.", s.counts.overload.Load())
	m.counter("unencodable_total", "Samples or points that could not be encoded.", s.counts.unencodable.Load())
	m.counter("dropped_samples_total", "Samples dropped before sealing.", s.counts.dropped.Load())
	m.counter("batches_sealed_total", "Batches sealed.", s.counts.sealed.Load())
	m.counter("notes_uploaded_total", "Batches and gaps that the collector acknowledged.", s.counts.uploaded.Load())
	m.counter("notes_rejected_total", "Of those, the ones stored as rejected.", s.counts.rejected.Load())
	m.counter("notes_refused_total", "Batches and gaps that the collector refused.", s.counts.refused.Load())
	m.counter("upload_errors_total", "Requests with batches that failed.", s.counts.uploadErrors.Load())
	m.counter("heartbeats_total", "Heartbeats that arrived.", s.counts.heartbeats.Load())
	m.counter("heartbeat_errors_total", "Requests with heartbeats that failed.", s.counts.heartbeatErrs.Load())
	pending, queued := s.spool.size()
	m.gauge("pending_bytes", "Samples that are not sealed yet.", float64(pending))
	m.gauge("queue_bytes", "Sealed batches that are not acknowledged yet.", float64(queued))
	m.gauge("queue_limit_bytes", "Bound of both together.", float64(s.spool.limit))
	notes, age := s.spool.backlog(now)
	m.gauge("spool_bytes", "What the spool takes on disk.", float64(s.spool.disk.bytes()))
	m.gauge("spool_limit_bytes", "Bound of that.", float64(s.spool.disk.limit))
	m.gauge("spool_notes", "Batches and gaps that the collector has not acknowledged.", float64(notes))
	m.gauge("spool_age_seconds", "Time since the oldest of them began.", age.Seconds())
	m.gauge("spool_failing", "Whether the disk does not take what is measured.", s.spool.failing())
	m.counter("spool_errors_total", "Times that the disk did not take something.", s.counts.diskErrors.Load())
	m.counter("spool_lost_notes_total", "Batches dropped before they were acknowledged, because the spool reached its bound.", s.counts.lostNotes.Load())
	m.counter("spool_damaged_total", "Places of the spool that could not be read.", s.counts.damaged.Load())
	m.gauge("concurrency_needed", "Attempts at once when no device answers.", float64(s.need.Load()))
	m.counter("attempts_total", "Attempts begun.", s.counts.begun.Load())
	m.gauge("late_seconds_max", "How late the latest attempt began.", time.Duration(s.counts.lateMax.Load()).Seconds())
	m.head("late_seconds_total", "counter", "Sum of how late attempts began.")
	fmt.Fprintf(&m, "vouch_agent_late_seconds_total %g\n", time.Duration(s.counts.lateSum.Load()).Seconds())
	stalled, longest := s.stalls.worst()
	m.counter("stalls_total", "Times that the agent did not get to run.", stalled)
	m.gauge("stall_seconds_max", "How long the longest of them took.", longest.Seconds())
	open, limit := descriptors()
	m.gauge("open_files", "Files and sockets that are open.", float64(open))
	m.gauge("open_files_limit", "Bound of that.", float64(limit))
	if at := s.counts.lastAck.Load(); at != 0 {
		m.gauge("last_ack_age_seconds", "Time since the collector last acknowledged anything.", now.Sub(time.Unix(0, at)).Seconds())
	}
	if t := s.traps.status(); t != nil {
		m.head("traps_total", "counter", "Datagrams that came in as traps and informs, by outcome.")
		for _, o := range probes.TrapOutcomes() {
			fmt.Fprintf(&m, "vouch_agent_traps_total{outcome=%q} %d\n", o, t.Counts[o.String()].N)
		}
	}
	unreached := 0.0
	if since, err, _ := s.contact.failing(); err != nil {
		unreached = max(0, now.Sub(since).Seconds())
	}
	m.gauge("collector_unreached_seconds", "How long heartbeats or batches have not got through to the collector.", unreached)
	if a := s.alarm.standing.Load(); a != nil {
		m.gauge("alarm_raised", "Whether somebody was told that the collector is not reached.", map[bool]float64{true: 1}[a.Raised])
	}
	if offset, bound, known := s.offset.estimate(now); known {
		m.gauge("clock_offset_seconds", "This clock minus true time, as its sources tell it.", offset.Seconds())
		m.gauge("clock_offset_bound_seconds", "Bound of the error of that.", bound.Seconds())
	}
	steps, _, _ := s.eras.lastStep()
	m.counter("clock_steps_total", "Times that the clock was set, or the host slept.", steps)
	sources := s.times.status(now)
	m.head("clock_source_offset_seconds", "gauge", "This clock minus that of a source.")
	for _, c := range sources {
		if !c.At.IsZero() {
			fmt.Fprintf(&m, "vouch_agent_clock_source_offset_seconds{source=%q} %g\n", c.Name, c.Offset)
		}
	}
	m.head("clock_source_agrees", "gauge", "Whether a source agrees with most of them.")
	for _, c := range sources {
		agrees := 0
		if c.Agrees {
			agrees = 1
		}
		fmt.Fprintf(&m, "vouch_agent_clock_source_agrees{source=%q} %d\n", c.Name, agrees)
	}
	return m.String()
}

// serve answers /metrics and /healthz on ln until ctx ends.
func (s *session) serve(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, s.metrics(time.Now()))
	})
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve metrics on %s: %v", ln.Addr(), err)
	case <-ctx.Done():
	}
	err := server.Close()
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
