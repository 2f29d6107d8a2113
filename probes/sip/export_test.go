// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/vouch-sla/vouch"
)

// MaxReads is how many messages one attempt looks at.
const MaxReads = maxReads

// OverPipe runs one attempt over datagrams on a connection in memory.
func OverPipe(ctx context.Context, c vouch.Check, conn net.Conn) vouch.Result {
	x := newTransaction(c, netip.MustParseAddrPort("192.0.2.1:40000"))
	return x.overDatagrams(ctx, conn, time.Now().Add(c.Timeout), make([]byte, maxMessage))
}

// Parsed is what [Parse] finds in a message.
type Parsed struct {
	Request              bool
	Status, Vias, Length int
	Phrase, Branch       string
	CallID, Method       string
	Server               string
	CSeq                 uint32
}

// Parse reads the headers that b begins with.
func Parse(b []byte) (Parsed, int, error) {
	a, used, err := parse(b)
	return Parsed{a.request, a.status, a.vias, a.length, a.phrase, a.branch, a.callID, a.method, a.server, a.cseq}, used, err
}
