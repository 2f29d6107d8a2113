// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package tcp tells whether a TCP port accepts connections. It sends nothing over
// the connection and closes it at once; it is not a test of the service behind it.
package tcp

import (
	"context"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// Prober connects to a TCP port. The zero value is ready for use.
type Prober struct{}

// Probe implements [probes.Prober]. Up means that the handshake completed within
// the timeout of the check; the round-trip time is that of the handshake. What ends
// it otherwise is told by [probes.Connect]. A refused connection is Down(refused);
// for a reference it still proves the path, see [probes.ReferenceAnswers].
func (Prober) Probe(ctx context.Context, t probes.Target) vouch.Result {
	a := probes.Begin()
	if problem := probes.Problem(t); problem != "" {
		return a.End(probes.Unknown(vouch.ReasonSocket, problem))
	}
	if t.Check.Port == 0 {
		return a.End(probes.Unknown(vouch.ReasonSocket, "the check has no port"))
	}
	conn, r := probes.Connect(ctx, t, t.Check.Port)
	took := a.Elapsed()
	if conn == nil {
		r.Duration = took
		return a.End(r)
	}
	// Nothing was written, so a failing close loses nothing.
	_ = conn.Close()
	return a.End(vouch.Result{
		Duration: took,
		Outcome:  vouch.Up,
		Sent:     1,
		RTT:      vouch.RTT{Min: took, Avg: took, Max: took},
	})
}
