// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
)

// counters counts what happens, for /metrics and for `vouch status`. Labels are of a
// fixed set, so that nobody outside can make them grow.
type counters struct {
	notes        *prometheus.CounterVec
	refused      *prometheus.CounterVec
	heartbeats   prometheus.Counter
	contradicted prometheus.Counter
	events       *prometheus.CounterVec

	mu   sync.Mutex
	said map[string]int64 // refusals by reason
}

func newCounters(reg prometheus.Registerer) *counters {
	c := &counters{
		notes:        prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vouch_notes_stored_total", Help: "Notes appended to ledgers, by kind."}, []string{"kind"}),
		refused:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vouch_refused_total", Help: "What was refused, by reason."}, []string{"reason"}),
		heartbeats:   prometheus.NewCounter(prometheus.CounterOpts{Name: "vouch_heartbeats_total", Help: "Heartbeats taken in."}),
		contradicted: prometheus.NewCounter(prometheus.CounterOpts{Name: "vouch_contradicted_samples_total", Help: "Samples that two signed messages of one agent tell differently."}),
		events:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vouch_incident_events_total", Help: "Incident events, by kind."}, []string{"event"}),
		said:         map[string]int64{},
	}
	reg.MustRegister(c.notes, c.refused, c.heartbeats, c.contradicted, c.events)
	return c
}

func (c *counters) stored(e store.Entry) { c.notes.WithLabelValues(string(e.Kind)).Inc() }

// refuse counts a refusal. The reason must be one of a fixed set of sentences.
func (c *counters) refuse(reason string) {
	c.refused.WithLabelValues(reason).Inc()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[reason]++
}

func (c *counters) refusals() []admin.Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]admin.Refusal, 0, len(c.said))
	for r, n := range c.said {
		out = append(out, admin.Refusal{Reason: r, Count: n})
	}
	slices.SortFunc(out, func(a, b admin.Refusal) int { return cmp.Compare(a.Reason, b.Reason) })
	return out
}

// gauges reports what can be looked up when somebody asks.
type gauges struct {
	status func() (admin.Status, error)
	now    func() time.Time
}

var (
	descHeartbeat = prometheus.NewDesc("vouch_agent_heartbeat_age_seconds", "Age of the latest heartbeat.", []string{"agent", "location"}, nil)
	descThrough   = prometheus.NewDesc("vouch_agent_batches_age_seconds", "Age of the end of the latest batch.", []string{"agent", "location"}, nil)
	descLeaves    = prometheus.NewDesc("vouch_ledger_leaves", "Leaves of a ledger.", []string{"customer"}, nil)
	descForks     = prometheus.NewDesc("vouch_ledger_forks", "Refused notes that are kept as evidence of equivocation.", []string{"customer"}, nil)
	descIncidents = prometheus.NewDesc("vouch_incidents_open", "Open incidents.", nil, nil)
	descLag       = prometheus.NewDesc("vouch_sink_lag_leaves", "Leaves that a time-series store has not been sent.", []string{"sink"}, nil)
	descLagTime   = prometheus.NewDesc("vouch_sink_lag_seconds", "Age of the oldest leaf that a time-series store has not been sent.", []string{"sink"}, nil)
	descSkipped   = prometheus.NewDesc("vouch_sink_skipped_batches", "Batches of which a time-series store refused lines for good.", []string{"sink"}, nil)
	descFailing   = prometheus.NewDesc("vouch_sink_failing", "1 while a time-series store does not take what it is sent.", []string{"sink"}, nil)
	descAnchor    = prometheus.NewDesc("vouch_anchor_age_seconds", "Time since a ledger was last anchored.", nil, nil)
	descVouched   = prometheus.NewDesc("vouch_anchor_vouched_age_seconds", "Age of the latest time stamp of an authority, or cosignature of a witness.", []string{"kind", "name"}, nil)
	descUnvouched = prometheus.NewDesc("vouch_anchor_behind_leaves", "Leaves of the ledger of anchors that wait for a time stamp, or for a cosignature of a witness.", []string{"kind", "name"}, nil)
	descParty     = prometheus.NewDesc("vouch_anchor_failing", "1 while a time-stamp authority or witness does not vouch.", []string{"kind", "name"}, nil)
	descFailures  = prometheus.NewDesc("vouch_anchor_failures_total", "Questions to a time-stamp authority or witness that failed.", []string{"kind", "name"}, nil)
	descProven    = prometheus.NewDesc("vouch_channel_delivery_age_seconds", "Time since a channel last delivered a message; absent while it never did.", []string{"channel"}, nil)
	descChannel   = prometheus.NewDesc("vouch_channel_messages", "Messages of a channel by state.", []string{"channel", "state"}, nil)
	descMessages  = prometheus.NewDesc("vouch_messages", "Messages by state.", []string{"state"}, nil)
)

// Describe implements [prometheus.Collector].
func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descHeartbeat, descThrough, descLeaves, descForks, descIncidents, descLag, descLagTime, descSkipped, descFailing, descMessages, descProven, descChannel, descAnchor, descVouched, descUnvouched, descParty, descFailures} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	s, err := g.status()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descLeaves, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, a := range s.Agents {
		if a.Heartbeat != nil {
			gauge(descHeartbeat, g.now().Sub(*a.Heartbeat).Seconds(), string(a.Agent), string(a.Location))
		}
		if a.Through != nil {
			gauge(descThrough, g.now().Sub(*a.Through).Seconds(), string(a.Agent), string(a.Location))
		}
	}
	for _, l := range s.Ledgers {
		gauge(descLeaves, float64(l.Size), string(l.Customer))
		gauge(descForks, float64(l.Forks), string(l.Customer))
	}
	for _, k := range s.Sinks {
		gauge(descLag, float64(k.LagLeaves), k.Name)
		gauge(descLagTime, float64(k.LagS), k.Name)
		gauge(descSkipped, float64(k.Skipped), k.Name)
		gauge(descFailing, one(k.Error != ""), k.Name)
	}
	g.anchors(ch, s.Anchors)
	gauge(descIncidents, float64(s.Incidents))
	gauge(descMessages, float64(s.Messages.Pending), "pending")
	gauge(descMessages, float64(s.Messages.Failed), "failed")
	for _, ch := range s.Channels {
		gauge(descChannel, float64(ch.Pending), ch.Name, "pending")
		gauge(descChannel, float64(ch.Failed), ch.Name, "failed")
		if ch.Last != nil {
			gauge(descProven, g.now().Sub(*ch.Last).Seconds(), ch.Name)
		}
	}
}

// anchors reports who vouches for the ledgers.
func (g gauges) anchors(ch chan<- prometheus.Metric, a admin.Anchors) {
	if a.Last != nil {
		ch <- prometheus.MustNewConstMetric(descAnchor, prometheus.GaugeValue, g.now().Sub(*a.Last).Seconds())
	}
	for _, p := range a.Parties {
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, p.Kind, p.Name)
		}
		if p.Last != nil {
			gauge(descVouched, g.now().Sub(*p.Last).Seconds())
		}
		gauge(descUnvouched, float64(a.Behind(p)))
		gauge(descParty, one(p.Error != ""))
		ch <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(p.Failures), p.Kind, p.Name)
	}
}

// one is 1 for true.
func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
