// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"net/netip"
)

// Serve plays one device that answers from a recording in the .snmprec format (see
// [ParseSnmprec]) on a free UDP port of 127.0.0.1. With opts.Still it answers exactly
// what stands in the recording. It answers until stop is called or ctx ends; stop
// waits until the socket is closed, and may be called more than once. An error says
// which line cannot be read, or why there is no socket.
func Serve(ctx context.Context, recording []byte, opts Options) (addr netip.AddrPort, stop func(), err error) {
	walk, err := ParseSnmprec(bytes.NewReader(recording))
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	d, err := Listen(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0), walk, opts)
	if err != nil {
		return netip.AddrPort{}, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx) // its socket is closed by nobody else
	}()
	return d.Addr(), func() { cancel(); <-done }, nil
}
