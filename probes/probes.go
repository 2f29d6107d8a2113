// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package probes asks one target one question and says how that ended: up, down,
// or unknown with a reason. The packages below it speak one protocol each and hide
// the library that they use.
//
// It is not a scheduler and not a judge. Nothing here repeats a check, compares
// locations, knows a contract or remembers an outcome. What a silence means is
// decided at the centre; here it is only told from "we could not ask".
package probes

import (
	"context"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
)

// A Prober makes one attempt to ask one target. It never returns an error: what
// prevented the attempt is an Unknown result with its reason and Detail.
//
// The result's Start is the instant at which the attempt began, in UTC and without
// a monotonic reading; it is the one time stamp of everything in the result. When
// ctx is cancelled the result is Unknown with [vouch.ReasonStopped]. A deadline of
// ctx that passes is a timeout, not a stop. Probe may be called concurrently.
type Prober interface {
	Probe(ctx context.Context, t Target) vouch.Result
}

// Target is what a [Prober] asks and how.
type Target struct {
	Check      vouch.Check
	Source     netip.Addr     // local address to send from; the zero value leaves it to the host
	Credential Credential     // SNMP; resolved by the agent from Check.Credential
	Profile    *vouch.Profile // SNMP; nil reads the system group alone; never changed while in use
}

// The round that proves a reference by ICMP: three requests, because one lost
// packet must not make the whole location doubtful, and close together, because
// every verdict of the location waits for it.
const (
	referenceCount   = 3
	referenceSpacing = 100 * time.Millisecond
	referenceSize    = 56
)

// ReferenceCheck returns the check that asks the reference r at the interval with
// the timeout. It has no profile: a reference is asked for an answer, not for values.
func ReferenceCheck(r vouch.Reference, interval, timeout time.Duration) vouch.Check {
	c := vouch.Check{
		Name:       vouch.CheckName(r.Name),
		Kind:       r.Kind,
		Addr:       r.Addr,
		Port:       r.Port,
		Interval:   interval,
		Timeout:    timeout,
		Version:    r.Version,
		Credential: r.Credential,
	}
	if r.Kind == vouch.KindICMP {
		c.Count, c.Spacing, c.Size = referenceCount, referenceSpacing, referenceSize
	}
	return c
}

// ReferenceAnswers reports whether the result of a [ReferenceCheck] proves the path
// to the reference. A refused connection does, and so does a refused credential: the
// reference is asked whether packets get there and back, not whether it likes them.
func ReferenceAnswers(r vouch.Result) bool {
	switch r.Outcome {
	case vouch.Up:
		return true
	case vouch.Down:
		return r.Reason == vouch.ReasonRefused
	default:
		return r.Reason == vouch.ReasonCredentials
	}
}
