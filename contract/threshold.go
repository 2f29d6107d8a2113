// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"time"

	"github.com/vouch-sla/vouch"
)

// reading is one evaluation of a threshold.
type reading uint8

const (
	undetermined reading = iota // too few samples in the window, or no value in this one
	within
	beyond
	neither // past the limit for clearing, and not beyond the limit: what was stays
)

// watch is a threshold as it is evaluated over the samples of a check.
type watch struct {
	window
	effect         Effect
	hold, clearing Second

	degraded timeline // where it degrades the witness
	last     reading
	since    Second // of the evaluations that read last
	bad      bool
}

// watches returns the thresholds for a kind of check, ready to be evaluated.
func (t *Terms) watches(k vouch.Kind) []watch {
	var out []watch
	for i := range t.Thresholds {
		th := &t.Thresholds[i]
		if th.Kind == k {
			out = append(out, watch{window: window{threshold: th, span: ceilSeconds(th.Window)}, effect: cmp.Or(th.Effect, t.Degraded),
				hold: ceilSeconds(th.For), clearing: ceilSeconds(th.ClearFor)})
		}
	}
	return out
}

// begin forgets everything visited.
func (w *watch) begin() {
	*w = watch{window: window{threshold: w.threshold, span: w.span}, effect: w.effect, hold: w.hold, clearing: w.clearing}
}

// visit evaluates the threshold at a sample that counts (rule 10): the witness is
// degraded from the first evaluation that completes For beyond the limit, not set
// back, until the first that completes ClearFor within it. An undetermined evaluation
// begins both counts anew: it neither degrades nor clears.
func (w *watch) visit(at Second, s *Sample) {
	r := w.evaluate(at, s)
	if r != w.last {
		w.last, w.since = r, at
	}
	switch {
	case r == beyond && !w.bad && at-w.since >= w.hold:
		w.bad = true
		w.degraded = w.degraded.set(at, cell{degraded: w.effect})
	case r == within && w.bad && at-w.since >= w.clearing:
		w.bad = false
		w.degraded = w.degraded.set(at, unsampled)
	}
}

// window is the trailing window of a threshold as it moves over the samples. It keeps
// the sums of what lies in it, so that moving it costs the same however long it is.
type window struct {
	threshold *Threshold
	span      Second
	queue     []observation // from head on
	head      int
	sum       int64 // of the values
	lost      int
	sent      int
	interval  time.Duration // that due was computed for
	due       int
}

// observation is what a sample contributes. Round trips are nanoseconds, named values
// millionths.
type observation struct {
	at         Second
	value      int64
	sent, lost uint16
}

// evaluate adds the sample and reads the threshold over (at - Window, at].
func (w *window) evaluate(at Second, s *Sample) reading {
	o, ok := w.threshold.observe(s)
	o.at = at
	if ok {
		w.queue = append(w.queue, o)
		w.sum, w.sent, w.lost = w.sum+o.value, w.sent+int(o.sent), w.lost+int(o.lost)
	}
	for w.head < len(w.queue) && w.queue[w.head].at <= at-w.span {
		w.drop()
	}
	if s.Interval != w.interval {
		w.interval, w.due = s.Interval, int(due(w.threshold.Window, s.Interval))
	}
	present := len(w.queue) - w.head
	if !ok || 2*present < w.due {
		return undetermined
	}
	switch w.threshold.Metric {
	case MetricLoss:
		if w.recentlyLost() >= w.threshold.Lost {
			return beyond
		}
		return within
	case MetricValue:
		return w.threshold.read(Micro(o.value), w.sum, int64(present))
	}
	if w.sum > int64(w.threshold.Limit)*int64(present) {
		return beyond
	}
	return within
}

// recentlyLost returns the lost requests of the last Of ones. A round counts whole:
// the oldest one in is that which completes Of.
func (w *window) recentlyLost() int {
	of := w.threshold.Of
	for of > 0 && w.head < len(w.queue) && w.sent-int(w.queue[w.head].sent) >= of {
		w.drop()
	}
	return w.lost
}

func (w *window) drop() {
	o := w.queue[w.head]
	w.sum, w.sent, w.lost = w.sum-o.value, w.sent-int(o.sent), w.lost-int(o.lost)
	w.head++
	if w.head > 1024 && w.head > len(w.queue)/2 {
		w.queue = w.queue[:copy(w.queue, w.queue[w.head:])]
		w.head = 0
	}
}

// observe returns what the sample contributes, and whether it has the value at all.
func (th *Threshold) observe(s *Sample) (observation, bool) {
	if s.ClockDoubt || s.Outcome == vouch.Unknown {
		return observation{}, false
	}
	if th.Metric == MetricValue {
		return th.named(s)
	}
	sent, lost := s.Sent, s.Lost
	switch {
	case sent == 0:
	case th.Metric == MetricLoss:
		return observation{sent: sent, lost: lost}, true
	case s.Outcome != vouch.Up:
	case th.Metric == MetricRTT:
		return observation{value: int64(s.RTT)}, lost < sent
	case th.Metric == MetricJitter:
		return observation{value: int64(s.Jitter)}, int(sent)-int(lost) >= 2
	}
	return observation{}, false
}

// due returns how many samples of a check a window should hold. A check asked more
// than once a second still yields one sample that counts in a second.
func due(window, interval time.Duration) int64 {
	return int64(window / max(interval, time.Second))
}
