// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
	"slices"
	"time"
)

// Behaviour says how a device answers. The zero value answers properly.
type Behaviour struct {
	Silent    bool                         // answer nobody
	Ignore    []netip.Addr                 // answer nobody at these addresses
	Only      []netip.Addr                 // where not empty, answer only these addresses
	Delay     time.Duration                // answer this much later
	DelayFrom map[netip.Addr]time.Duration // answer these addresses this much later, instead of Delay
	LoseFirst int                          // leave the next so many requests unanswered
	MuteAfter int                          // answer so many requests and no more; 0 means no limit
	LoseEvery int                          // leave every so many-th request unanswered; 1 all of them

	WrongID        bool // answer under a request-id that nobody used
	WrongCommunity bool // answer under a community that nobody used
	Truncate       bool // send half of each answer
	Garbage        bool // send bytes that are no BER at all
	Loop           bool // GETNEXT and GETBULK go in circles
	Endless        bool // tables never end: rows are made up

	MaxBinds  int    // say tooBig to what would need more variable bindings; 0 means no limit
	Status    int    // answer every request with this error-status (RFC 3416)
	BadColumn string // say genErr, with its index, to what would read at or below this OID
}

func (b *Behaviour) ignores(from netip.Addr) bool {
	return b.Silent || slices.Contains(b.Ignore, from) || len(b.Only) > 0 && !slices.Contains(b.Only, from)
}

func (b *Behaviour) delay(from netip.Addr) time.Duration {
	if d, ok := b.DelayFrom[from]; ok {
		return d
	}
	return b.Delay
}
