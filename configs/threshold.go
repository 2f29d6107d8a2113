// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// maxWindow bounds a threshold's window, and with it what has to be looked at for
// each sample.
const maxWindow = 24 * time.Hour

// threshold reads one agreed limit.
func threshold(v value, before []contract.Threshold, measured []Measure) contract.Threshold {
	m := v.mapping()
	defer m.done()
	name, kind := m.need("name", "an identifier, as slow"), m.need("kind", "icmp, snmp, tcp or sip")
	th := contract.Threshold{
		Name: name.id(),
		Kind: kind.kind(),
		Metric: contract.Metric(m.need("metric", "loss, rtt, jitter or value").oneOf("",
			string(contract.MetricLoss), string(contract.MetricRTT), string(contract.MetricJitter), string(contract.MetricValue))),
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
	th.Severity = choice(m.get("severity"), "", contract.SeverityInfo, contract.SeverityWarning, contract.SeverityMajor, contract.SeverityCritical)
	valueLimit(m, &th)
	fits(m, th.Metric, lost, of, limit)
	if slices.ContainsFunc(before, func(o contract.Threshold) bool { return th.Name != "" && o.Name == th.Name }) {
		name.wrong("threshold %s is defined twice, allowed is once", th.Name)
	}
	i := slices.IndexFunc(measured, func(e Measure) bool { return e.Kind == th.Kind })
	switch {
	case th.Kind == "" || len(measured) == 0:
	case i < 0:
		kind.wrong("kind %s is not measured, allowed are the kinds under measure", th.Kind)
	case th.Metric == contract.MetricValue && th.Kind != vouch.KindSNMP:
		kind.wrong("a check of the kind %s reports no values, allowed is snmp", th.Kind)
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
		strange = append(strange, ofValue(m)...)
		if lost.absent() && !m.absent() {
			m.wrong("%s is about loss and lacks the key lost, needed is a number of requests", m.key)
		}
	case contract.MetricRTT, contract.MetricJitter:
		strange = []value{lost, of}
		strange = append(strange, ofValue(m)...)
		if limit.absent() && !m.absent() {
			m.wrong("%s is about %s and lacks the key limit, needed is a duration as 150ms", m.key, metric)
		}
	case contract.MetricValue:
		strange = []value{lost, of, limit}
	}
	for _, v := range strange {
		if !v.absent() {
			v.wrong("%s does not belong to the metric %s, allowed is limit with rtt and jitter, lost and of with loss, value and at with value", v.key, metric)
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

// ofValue returns the keys that only a limit on a named value has.
func ofValue(m *mapping) []value {
	return []value{m.get("value"), m.get("compare"), m.get("at"), m.get("clear_at"), m.get("set")}
}

// valueLimit reads the limit on a named value.
func valueLimit(m *mapping, th *contract.Threshold) {
	keys := ofValue(m)
	compare, at, clearAt, set := keys[1], keys[2], keys[3], keys[4]
	if th.Metric != contract.MetricValue || m.absent() {
		return
	}
	name := m.need("value", "the name of a value, as temperature or interface.ifOperStatus{ifName=wan1}")
	if s, ok := name.rawText(); ok {
		if _, err := vouch.ParseValueRef(s); err == nil {
			th.Value = s
		} else {
			name.wrong("%v, allowed are FIELD, MEASUREMENT.FIELD and MEASUREMENT.FIELD{TAG=VALUE,...}, as interface.ifOperStatus{ifName=wan1}", err)
		}
	}
	th.Compare = choice(compare, contract.Above, contract.Above, contract.Below, contract.Equals, contract.NotIn)
	if th.Compare == contract.NotIn {
		if set.absent() || len(set.list()) == 0 {
			m.wrong("%s compares not_in and lacks the key set, needed is the list of what is in order", m.key)
		}
		for _, e := range set.list() {
			if n, ok := e.micro(); ok {
				th.Set = append(th.Set, n)
			}
		}
		for _, strange := range []value{at, clearAt} {
			if !strange.absent() {
				strange.wrong("%s does not belong to compare: not_in, allowed is set", strange.key)
			}
		}
		return
	}
	if at.absent() {
		m.wrong("%s is about a value and lacks the key at, needed is the limit, as 90", m.key)
	}
	th.At, _ = at.micro()
	if n, ok := clearAt.micro(); ok {
		th.ClearAt = &n
		if wrongSide := th.Compare == contract.Above && n > th.At || th.Compare == contract.Below && n < th.At || th.Compare == contract.Equals; wrongSide {
			clearAt.wrong("clear_at lies beyond the limit, allowed with above is at most at, with below at least at, with equals none")
		}
	}
	if !set.absent() {
		set.wrong("set belongs to compare: not_in, allowed is at")
	}
}

// micro returns a number with at most six decimals in millionths.
func (v value) micro() (contract.Micro, bool) {
	if v.absent() {
		return 0, false
	}
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		v.mistype("a number, as 90 or 71.5")
		return 0, false
	}
	written := v.node.GetToken().Value // the node itself holds a float
	n, err := contract.ParseMicro(written)
	if err != nil {
		v.wrong("%s %s is no such number, allowed are at most 100000000, either way, with at most six decimals", v.key, show(written))
		return 0, false
	}
	return n, true
}
