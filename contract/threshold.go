// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"time"

	"github.com/vouch-sla/vouch"
)

// reading is one evaluation of a threshold.
type reading uint8

const (
	undetermined reading = iota // too few samples in the window, or no value in this one
	within
	beyond
)

// timeline returns where the threshold degrades the witness (rule 10): from the first
// evaluation that completes For beyond the limit, not set back, until the first that
// completes ClearFor within it. An undetermined evaluation begins both counts anew:
// it neither degrades nor clears.
func (th Threshold) timeline(samples []Sample, effect Effect) timeline {
	w := window{threshold: th, span: ceilSeconds(th.Window)}
	hold, clearing := ceilSeconds(th.For), ceilSeconds(th.ClearFor)
	var tl timeline
	var since Second
	last, degraded := undetermined, false
	counted(samples, func(at, _ Second, s, _ *Sample) {
		r := w.evaluate(at, s)
		if r != last {
			last, since = r, at
		}
		switch {
		case r == beyond && !degraded && at-since >= hold:
			degraded = true
			tl = tl.set(at, cell{degraded: effect})
		case r == within && degraded && at-since >= clearing:
			degraded = false
			tl = tl.set(at, unsampled)
		}
	})
	return tl
}

// window is the trailing window of a threshold as it moves over the samples. It keeps
// the sums of what lies in it, so that moving it costs the same however long it is.
type window struct {
	threshold Threshold
	span      Second
	queue     []observation // from head on
	head      int
	sum       time.Duration // of the values
	lost      int
	sent      int
}

type observation struct {
	at         Second
	value      time.Duration
	sent, lost int
}

// evaluate adds the sample and reads the threshold over (at - Window, at].
func (w *window) evaluate(at Second, s *Sample) reading {
	o, ok := w.threshold.observe(s)
	o.at = at
	if ok {
		w.queue = append(w.queue, o)
		w.sum, w.sent, w.lost = w.sum+o.value, w.sent+o.sent, w.lost+o.lost
	}
	for w.head < len(w.queue) && w.queue[w.head].at <= at-w.span {
		w.drop()
	}
	present := len(w.queue) - w.head
	if !ok || 2*int64(present) < due(w.threshold.Window, s.Interval) {
		return undetermined
	}
	if w.threshold.Metric != MetricLoss {
		if w.sum > w.threshold.Limit*time.Duration(present) {
			return beyond
		}
		return within
	}
	if w.recentlyLost() >= w.threshold.Lost {
		return beyond
	}
	return within
}

// recentlyLost returns the lost requests of the last Of ones. A round counts whole:
// the oldest one in is that which completes Of.
func (w *window) recentlyLost() int {
	of := w.threshold.Of
	for of > 0 && w.head < len(w.queue) && w.sent-w.queue[w.head].sent >= of {
		w.drop()
	}
	return w.lost
}

func (w *window) drop() {
	o := w.queue[w.head]
	w.sum, w.sent, w.lost = w.sum-o.value, w.sent-o.sent, w.lost-o.lost
	w.head++
	if w.head > 1024 && w.head > len(w.queue)/2 {
		w.queue = w.queue[:copy(w.queue, w.queue[w.head:])]
		w.head = 0
	}
}

// observe returns what the sample contributes, and whether it has the value at all.
func (th Threshold) observe(s *Sample) (observation, bool) {
	sent, lost := int(s.Sent), int(s.Lost)
	if s.ClockDoubt || s.Outcome == vouch.Unknown || sent == 0 {
		return observation{}, false
	}
	switch th.Metric {
	case MetricLoss:
		return observation{sent: sent, lost: lost}, true
	case MetricRTT:
		return observation{value: s.RTT}, s.Outcome == vouch.Up && lost < sent
	case MetricJitter:
		return observation{value: s.Jitter}, s.Outcome == vouch.Up && sent-lost >= 2
	}
	return observation{}, false
}

// due returns how many samples of a check a window should hold. A check asked more
// than once a second still yields one sample that counts in a second.
func due(window, interval time.Duration) int64 {
	return int64(window / max(interval, time.Second))
}
