// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"errors"
	"sync"
	"syscall"
)

var Summary = summary

// ShareNow makes a prober use its shared sockets from now on.
func ShareNow(p *Prober) { p.many = true }

// ShareNever makes a prober never find that its addresses are many.
func ShareNever(p *Prober) { p.closed, p.many = true, true }

// StopReader keeps a prober from reading its socket of IPv4 until resume.
func StopReader(p *Prober) (resume func()) {
	p.v4.receiving.Lock()
	return p.v4.receiving.Unlock
}

// TriesUntilGivenUp plays pro-bing's loop on a send error that does not go away, and
// returns how many tries the guard lets it make, at most ten.
func TriesUntilGivenUp(err error) int {
	r := new(round)
	g := &guard{round: r}
	tries := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for tries < 10 {
			tries++
			if errors.Is(err, syscall.EACCES) {
				g.Infof("Pinging a broadcast address")
			} else {
				r.onSendError(nil, err)
			}
		}
	})
	wg.Wait()
	if !errors.Is(r.sendErr, err) {
		return -1
	}
	return tries
}
