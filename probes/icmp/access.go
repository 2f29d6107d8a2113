// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"context"
	"errors"
	"fmt"
	"time"

	probing "github.com/prometheus-community/pro-bing"
)

// Mode says which kind of socket carries the echo requests.
type Mode uint8

// The modes.
const (
	None       Mode = iota // neither kind of socket may be opened
	PingSocket             // unprivileged, where net.ipv4.ping_group_range allows it
	RawSocket              // needs the capability CAP_NET_RAW
)

// String returns "none", "ping socket" or "raw socket".
func (m Mode) String() string {
	switch m {
	case PingSocket:
		return "ping socket"
	case RawSocket:
		return "raw socket"
	default:
		return "none"
	}
}

// cure is what a user can do when neither socket may be opened.
const cure = `allow ping sockets with: sysctl -w net.ipv4.ping_group_range="0 2147483647", ` +
	`or give this program the right to raw sockets with: setcap cap_net_raw+ep PROGRAM`

// Access tells which kind of socket this process may use, ping sockets first
// because they need no privilege. Where it may use neither, the error says why and
// what to do about it; ICMP checks then are Unknown(own socket).
func Access(ctx context.Context) (Mode, error) {
	var problems []error
	for _, m := range []Mode{PingSocket, RawSocket} {
		err := openable(ctx, m)
		if err == nil {
			return m, nil
		}
		problems = append(problems, fmt.Errorf("open %s: %v", m, err))
	}
	return None, fmt.Errorf("no right to send ICMP (%w): %s", errors.Join(problems...), cure)
}

// openable opens and closes a socket of the kind. The library offers no way to open
// one without a round, so a round to this host is broken off as soon as it is set up.
func openable(ctx context.Context, m Mode) error {
	p := probing.New("127.0.0.1")
	p.SetLogger(probing.NoopLogger{})
	p.SetPrivileged(m == RawSocket)
	p.Count, p.Timeout = 1, time.Second
	opened := false
	p.OnSetup = func() { opened = true; p.Stop() }
	err := p.RunWithContext(ctx)
	if opened {
		return nil
	}
	return err
}
