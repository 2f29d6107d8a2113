// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
)

func (c *checking) thresholds(t Terms) {
	for i, th := range t.Thresholds {
		field := fmt.Sprintf("thresholds[%d]", i)
		if slices.ContainsFunc(t.Thresholds[:i], func(o Threshold) bool { return o.Name == th.Name }) {
			c.wrong(field+".name", "%q stands here twice", th.Name)
		}
		if !slices.Contains(vouch.Kinds(), th.Kind) {
			c.wrong(field+".kind", "%q is no kind of check; allowed are icmp, snmp, tcp and sip", th.Kind)
		}
		if th.Window < time.Second || th.Window > 24*time.Hour {
			c.wrong(field+".window_ns", "%v is not allowed; allowed are 1s to 24h", th.Window)
		}
		if th.For < 0 || th.ClearFor < 0 {
			c.wrong(field+".for_ns", "a duration cannot be negative")
		}
		if !slices.Contains([]Severity{"", SeverityInfo, SeverityWarning, SeverityMajor, SeverityCritical}, th.Severity) {
			c.wrong(field+".severity", "%q is no severity; allowed are info, warning, major and critical", th.Severity)
		}
		if th.Effect > EffectDown {
			c.wrong(field+".effect", "allowed are figure, incident and down")
		}
		switch th.Metric {
		case MetricLoss:
			c.loss(field, th)
		case MetricRTT, MetricJitter:
			if th.Limit <= 0 {
				c.wrong(field+".limit_ns", "a limit above zero is needed")
			}
		case MetricValue:
			c.value(field, th)
		default:
			c.wrong(field+".metric", "%q is no metric; allowed are loss, rtt, jitter and value", th.Metric)
		}
	}
}

func (c *checking) value(field string, th Threshold) {
	if th.Value == "" {
		c.wrong(field+".value", "the name of a value is needed, such as cpu")
	} else if _, err := vouch.ParseValueRef(th.Value); err != nil {
		c.wrong(field+".value", "%v", err)
	}
	mean := th.Compare == Above || th.Compare == Below
	if !mean && th.Compare != Equals && th.Compare != NotIn {
		c.wrong(field+".compare", "%q is no comparison; allowed are above, below, equals and not_in", th.Compare)
	}
	for _, m := range append([]Micro{th.At}, th.Set...) {
		if m <= -MaxMicro || m >= MaxMicro {
			c.wrong(field+".at", "%s is out of range; allowed is less than %s, either way", m, Micro(MaxMicro))
		}
	}
	if th.Compare == NotIn != (len(th.Set) > 0) {
		c.wrong(field+".set", "a set belongs to not_in, and not_in needs one")
	}
	switch {
	case th.ClearAt == nil:
	case !mean:
		c.wrong(field+".clear_at", "a limit of its own for clearing belongs to above and below")
	case th.Compare == Above && *th.ClearAt > th.At || th.Compare == Below && *th.ClearAt < th.At:
		c.wrong(field+".clear_at", "%s is beyond the limit %s: it would be breached and cleared at once", *th.ClearAt, th.At)
	}
}

func (c *checking) loss(field string, th Threshold) {
	switch {
	case th.Lost < 1:
		c.wrong(field+".lost", "at least 1 lost request is needed")
	case th.Of < 0 || th.Of > 100_000 || th.Of > 0 && th.Lost > th.Of:
		c.wrong(field+".of", "%d lost of %d is not allowed; of lies between lost and 100000", th.Lost, th.Of)
	case th.Of > 0 && breachOdds(th.Lost, th.Of) > 0.001:
		c.warn(field+".lost", "a path that loses 1 %% would breach %d of %d in more than one window of 1,000", th.Lost, th.Of)
	}
}

// breachOdds returns the probability that a path which loses one request in a hundred
// loses at least n of m. It decides on a warning and on no figure.
func breachOdds(n, m int) float64 {
	choose := func(k int) float64 {
		a, _ := math.Lgamma(float64(m + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(m - k + 1))
		return a - b - c
	}
	below := 0.0
	for k := range n {
		below += math.Exp(choose(k) + float64(k)*math.Log(0.01) + float64(m-k)*math.Log(0.99))
	}
	return 1 - below
}
