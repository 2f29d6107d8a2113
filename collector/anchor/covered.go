// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import "time"

// round is one anchoring of every ledger that grew.
type round struct {
	at   time.Time // when it began: all that was in a ledger by then is covered
	need int64     // leaves of the anchor ledger that say so
}

// maxRounds bounds the rounds that nobody has vouched for yet.
const maxRounds = 64

// Covered returns how long ago it was that everything then in the ledgers is covered by
// an anchor for which somebody outside has vouched, or, where nobody is configured, by an
// anchor. It is not known before the first round of this process.
func (a *Anchors) Covered() (ago time.Duration, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.coveredAt.IsZero() {
		return 0, false
	}
	return max(0, a.opts.Now().Sub(a.coveredAt)), true
}

// went takes note of a round that began at an instant.
func (a *Anchors) went(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.parties) == 0 {
		a.coveredAt = at
		return
	}
	if len(a.rounds) == maxRounds { // the latest gives way: it is known later, no more
		a.rounds = a.rounds[:maxRounds-1]
	}
	a.rounds = append(a.rounds, round{at, a.need})
	a.settle()
}

// vouched takes note of how much of the anchor ledger a party vouches for.
func (a *Anchors) vouched(size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.vouchedFor = max(a.vouchedFor, size)
	a.settle()
}

// settle takes off the rounds that are vouched for. The caller holds mu.
func (a *Anchors) settle() {
	for len(a.rounds) > 0 && a.rounds[0].need <= a.vouchedFor {
		a.coveredAt = a.rounds[0].at
		a.rounds = a.rounds[1:]
	}
}
