// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// SelfCheck is the proof of an agent's own way out.
type SelfCheck = selfCheck

// NewSelfCheck returns one that asks a gateway once a second and records nothing.
func NewSelfCheck(answers func() vouch.Result) *SelfCheck {
	c := newSelfCheck(newFlights(newEras(time.Now, time.Now, nil, slog.New(slog.DiscardHandler))), slog.New(slog.DiscardHandler))
	c.ask = func(context.Context, vouch.Reference, time.Duration, time.Duration) vouch.Result { return answers() }
	c.record = func(*flight, wire.Reference, time.Duration, time.Duration, vouch.Result) {}
	c.assign([]wire.Reference{{Reference: vouch.Reference{Name: "gateway", Gateway: true}}}, time.Second)
	return c
}

func (c *selfCheck) Judge(began time.Time, fell bool, r vouch.Result, emit func(vouch.Result)) {
	c.judge(began, fell, r, emit)
}
