// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"net"
)

// DialBy makes the alarm's connections another way.
func (a *Alarm) DialBy(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	a.dial = dial
}

// Send brings one message out.
func (a *Alarm) Send(ctx context.Context, m AlarmMessage) error { return a.send(ctx, m) }
