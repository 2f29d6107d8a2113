// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package icmp

import (
	"errors"
	"runtime"
	"syscall"

	probing "github.com/prometheus-community/pro-bing"
)

// guard is the library's logger. It prints nothing; it breaks off two loops in which
// pro-bing 0.9.1 would send for ever. On EACCES, which a prohibiting route gives as
// well as a broadcast address, it tries again at once and says so to its logger
// alone; on ENOBUFS it tries again at once and calls OnSendError each time.
type guard struct {
	probing.NoopLogger
	round *round
}

// Infof hears of every try after EACCES: once it may set the broadcast flag, the
// second time nothing will help.
func (g *guard) Infof(string, ...any) { g.round.retrySend(syscall.EACCES) }

func (r *round) onSendError(_ *probing.Packet, err error) {
	if errors.Is(err, syscall.ENOBUFS) {
		r.retrySend(err)
		return
	}
	r.sendErr = err
}

// retrySend lets one try pass and ends the sending goroutine of the library at the
// second: its deferred functions stop the run, which then returns as usual.
func (r *round) retrySend(err error) {
	if r.sendErr != nil {
		r.sendErr = err
		runtime.Goexit()
	}
	r.sendErr = err
}
