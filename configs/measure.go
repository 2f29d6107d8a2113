// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// measures reads how each kind of check is made.
func measures(v value) []Measure {
	m := v.mapping()
	defer m.done()
	var out []Measure
	if e := m.get("icmp"); !e.absent() {
		out = append(out, measureICMP(e))
	}
	for _, kind := range []vouch.Kind{vouch.KindSNMP, vouch.KindTCP} {
		e := m.get(string(kind))
		if e.absent() {
			continue
		}
		k := e.mapping()
		measure := paced(k, kind)
		if kind == vouch.KindTCP {
			measure.Port = k.need("port", "1 to 65535").port(0)
		}
		k.done()
		out = append(out, measure)
	}
	if !v.absent() && len(out) == 0 {
		v.wrong("measure names nothing to measure, needed is at least one of icmp, snmp and tcp")
	}
	return out
}

// paced reads interval and timeout.
func paced(m *mapping, kind vouch.Kind) Measure {
	interval, timeout := m.get("interval"), m.get("timeout")
	e := Measure{Kind: kind, Interval: interval.duration(100*time.Millisecond, time.Hour, defaultInterval)}
	// A contract that only shortens the interval keeps a timeout that fits into it.
	e.Timeout = timeout.duration(10*time.Millisecond, time.Minute, min(defaultTimeout, e.Interval*4/5))
	if e.Timeout >= e.Interval {
		at := timeout
		if at.absent() {
			at = m.value
		}
		at.wrong("timeout %s is not below the interval %s, allowed is less: an attempt ends before the next begins", e.Timeout, e.Interval)
	}
	return e
}

func measureICMP(v value) Measure {
	m := v.mapping()
	defer m.done()
	e := paced(m, vouch.KindICMP)
	count, spacing := m.get("count"), m.get("spacing")
	e.Count = int(count.integer(1, 20, defaultCount))
	e.Spacing = spacing.duration(10*time.Millisecond, 10*time.Second, defaultSpacing)
	e.Size = int(m.get("size").integer(16, 1400, defaultSize))
	if last := time.Duration(e.Count-1) * e.Spacing; last >= e.Timeout {
		at := count
		if at.absent() {
			at = m.value
		}
		at.wrong("the last of %d requests leaves after %s, allowed is less than the timeout %s: lower count or spacing, or raise timeout", e.Count, last, e.Timeout)
	}
	return e
}

// reachable derives the resolution of the terms from the checks that establish up
// and down, and reports a kind that is not measured.
func reachable(m *mapping, v *Version, t *contract.Terms) {
	t.Interval, t.Timeout = 0, 0
	for _, e := range v.Measure {
		if len(t.ReachableBy) > 0 && !slices.Contains(t.ReachableBy, e.Kind) {
			continue
		}
		t.Interval = max(t.Interval, e.Interval)
		t.Timeout = max(t.Timeout, e.Timeout)
	}
	for _, e := range m.get("reachable_by").list() {
		word, _ := e.word()
		kind := vouch.Kind(word)
		measured := func(k Measure) bool { return k.Kind == kind }
		if slices.Contains(t.ReachableBy, kind) && len(v.Measure) > 0 && !slices.ContainsFunc(v.Measure, measured) {
			e.wrong("%s is not measured, allowed are the kinds under measure", kind)
		}
	}
}

// maxWindow bounds a threshold's window, and with it what has to be looked at for
// each sample.
const maxWindow = 24 * time.Hour

func threshold(v value, before []contract.Threshold, measured []Measure) contract.Threshold {
	m := v.mapping()
	defer m.done()
	name, kind := m.need("name", "an identifier, as slow"), m.need("kind", "icmp, snmp or tcp")
	th := contract.Threshold{
		Name:   name.id(),
		Kind:   vouch.Kind(kind.oneOf("", string(vouch.KindICMP), string(vouch.KindSNMP), string(vouch.KindTCP))),
		Metric: contract.Metric(m.need("metric", "loss, rtt or jitter").oneOf("", string(contract.MetricLoss), string(contract.MetricRTT), string(contract.MetricJitter))),
	}
	window := m.need("window", "how far back it looks, as 5m")
	th.Window = window.seconds(time.Second, maxWindow, 0)
	lost, of, limit := m.get("lost"), m.get("of"), m.get("limit")
	th.Lost = int(lost.integer(1, 100_000, 0))
	th.Of = int(of.integer(1, 100_000, 0))
	th.Limit = limit.duration(100*time.Microsecond, time.Minute, 0)
	th.For = m.get("for").seconds(0, maxWindow, 0)
	th.ClearFor = m.get("clear_for").seconds(0, maxWindow, 0)
	th.Effect = m.get("effect").effect(contract.NoEffect)
	fits(m, th.Metric, lost, of, limit)
	if slices.ContainsFunc(before, func(o contract.Threshold) bool { return th.Name != "" && o.Name == th.Name }) {
		name.wrong("threshold %s is defined twice, allowed is once", th.Name)
	}
	i := slices.IndexFunc(measured, func(e Measure) bool { return e.Kind == th.Kind })
	switch {
	case th.Kind == "" || len(measured) == 0:
	case i < 0:
		kind.wrong("kind %s is not measured, allowed are the kinds under measure", th.Kind)
	case th.Metric == contract.MetricJitter && measured[i].Count < 2:
		kind.wrong("jitter needs at least two replies in a round, allowed is icmp with a count of 2 or more")
	case th.Window > 0 && th.Window < measured[i].Interval:
		window.wrong("window %s is shorter than the interval %s of %s, allowed is at least as long", short(th.Window), measured[i].Interval, th.Kind)
	case th.Metric == contract.MetricLoss && th.Lost > 0:
		lossSense(lost, of, th, measured[i])
	}
	return th
}

// fits checks that a threshold has the limits of its metric and no others.
func fits(m *mapping, metric contract.Metric, lost, of, limit value) {
	var strange []value
	switch metric {
	case contract.MetricLoss:
		strange = []value{limit}
		if lost.absent() && !m.absent() {
			m.wrong("%s is about loss and lacks the key lost, needed is a number of requests", m.key)
		}
	case contract.MetricRTT, contract.MetricJitter:
		strange = []value{lost, of}
		if limit.absent() && !m.absent() {
			m.wrong("%s is about %s and lacks the key limit, needed is a duration as 150ms", m.key, metric)
		}
	}
	for _, v := range strange {
		if !v.absent() {
			v.wrong("%s does not belong to the metric %s, allowed is limit with rtt and jitter, lost and of with loss", v.key, metric)
		}
	}
}

// lossSense checks a limit on loss against what is sent in its window, and warns of
// one that an ordinary path breaches by chance.
func lossSense(lost, of value, th contract.Threshold, e Measure) {
	sent := int(th.Window/e.Interval) * max(e.Count, 1)
	looked := th.Of
	switch {
	case looked > sent:
		of.wrong("of %d is more than the %d requests of the window, allowed is at most that many", looked, sent)
		return
	case looked == 0:
		looked = sent
	}
	if th.Lost > looked {
		lost.wrong("lost %d is more than the %d requests looked at, allowed is at most that many", th.Lost, looked)
		return
	}
	if p := atLeast(th.Lost, looked, ordinaryLoss); p > tolerated {
		lost.warn("a path with 1 %% loss would breach this in %.3g of 1,000 windows by chance, raise lost until that is at most 1", p*1000)
	}
}

// A path that loses 1 % is in order; it should breach at most once in 1,000 windows
// (rule 10).
const (
	ordinaryLoss = 0.01
	tolerated    = 0.001
)

// atLeast returns the probability of at least k losses in n requests, each lost
// independently with probability p. It decides nothing but a warning.
func atLeast(k, n int, p float64) float64 {
	term, below := 1.0, 0.0
	for range n {
		term *= 1 - p
	}
	for i := range k {
		below += term
		term *= float64(n-i) / float64(i+1) * p / (1 - p)
	}
	return max(0, 1-below)
}
