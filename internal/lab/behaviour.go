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
	Jitter    time.Duration                // and up to this much earlier or later, by the dice, never before the request
	DelayFrom map[netip.Addr]time.Duration // answer these addresses this much later, instead of Delay
	Loss      float64                      // leave this share of the requests unanswered, by the dice; 0 to 1
	LoseFirst int                          // leave the next so many requests unanswered
	MuteAfter int                          // answer so many requests and no more; 0 means no limit
	LoseEvery int                          // leave every so many-th request unanswered; 1 all of them

	WrongID        bool // answer under a request-id that nobody used
	WrongCommunity bool // answer under a community that nobody used
	WrongVersion   bool // answer in another version
	OtherSource    bool // answer from another address of the loopback network
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

// delay returns how much later an answer to from is sent. dice is below 1 and not
// negative.
func (b *Behaviour) delay(from netip.Addr, dice float64) time.Duration {
	if d, ok := b.DelayFrom[from]; ok {
		return d
	}
	return max(b.Delay+time.Duration((2*dice-1)*float64(b.Jitter)), 0)
}
