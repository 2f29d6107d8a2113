// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/vouch-sla/vouch/evidence"
)

// TimeServers asks time servers.
type TimeServers struct {
	t       *timeServers
	stepped chan struct{}
}

// NewTimeServers returns one for a host whose clock shows now.
func NewTimeServers(addresses []string, now func() time.Time, log io.Writer) TimeServers {
	stepped := make(chan struct{}, 1)
	return TimeServers{newTimeServers(addresses, &clockOffset{now: now}, stepped, slog.New(slog.NewTextHandler(log, nil))), stepped}
}

// Query asks one server once, over the network.
func (t TimeServers) Query(ctx context.Context, server string) (offset, bound time.Duration, err error) {
	m, err := t.t.query(ctx, server)
	return m.offset, m.bound, err
}

// Run asks by ask, until ctx ends.
func (t TimeServers) Run(ctx context.Context, ask func(server string) (offset, bound time.Duration, err error)) {
	t.t.ask = func(_ context.Context, server string) (offsetMeasure, error) {
		offset, bound, err := ask(server)
		return offsetMeasure{t.t.offset.reading(time.Now()), offset, bound}, err
	}
	_ = t.t.Run(ctx)
}

func (t TimeServers) Stepped() { poke(t.stepped) }

func (t TimeServers) Told() evidence.Clock { return t.t.offset.told(t.t.offset.reading(time.Now())) }

func (t TimeServers) Status() []ClockSource { return t.t.status(time.Now()) }

// Kiss is an answer with a kiss code.
func Kiss(code string) error { return errKiss(code) }

// Opinion is what a source says.
type Opinion struct {
	Name          string
	Offset, Bound time.Duration
}

// Agreed is what sources say together.
func Agreed(list ...Opinion) evidence.Clock {
	var words []opinion
	for _, o := range list {
		words = append(words, opinion{name: o.Name, offset: o.Offset, bound: o.Bound})
	}
	return agreed(words)
}

// ParseNTP reads the header of an answer.
func ParseNTP(p []byte) (received, sent time.Time, distance time.Duration, err error) {
	a, err := parseNTP(p)
	return a.received, a.sent, a.distance, err
}
