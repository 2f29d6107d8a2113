// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch"
)

// Attempt measures one attempt: its stamp comes from the wall clock, its duration
// from the monotonic one, so that a stepped clock changes only the stamp.
type Attempt struct{ began time.Time }

// Begin starts an attempt.
func Begin() Attempt { return Attempt{time.Now()} }

// Elapsed returns the time since the attempt began.
func (a Attempt) Elapsed() time.Duration { return time.Since(a.began) }

// End fills in the Start and Duration of r.
func (a Attempt) End(r vouch.Result) vouch.Result {
	r.Start = a.began.Round(0).UTC()
	if r.Duration == 0 {
		r.Duration = a.Elapsed()
	}
	return r
}

// Unknown returns a result that established nothing, for the reason.
func Unknown(reason vouch.Reason, detail string) vouch.Result {
	return vouch.Result{Outcome: vouch.Unknown, Reason: reason, Detail: detail}
}

// Down returns a result of a device that was asked properly and did not answer.
func Down(reason vouch.Reason, detail string) vouch.Result {
	return vouch.Result{Outcome: vouch.Down, Reason: reason, Detail: detail}
}

// SendError returns the result of an attempt whose socket could not be opened or
// written to. The only such error that a device causes is a refusal that was already
// waiting on the socket; everything else is our own: no route, no such source
// address, no permission, and as overload no descriptors or buffers left, or no time: what
// could not be sent before its time was over was not asked.
func SendError(err error) vouch.Result {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Down(vouch.ReasonRefused, err.Error())
	case short(err):
		return Unknown(vouch.ReasonOverload, err.Error()+cure(err))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Unknown(vouch.ReasonOverload, "it was not sent in time")
	}
	return Unknown(vouch.ReasonSocket, err.Error()+cure(err))
}

// short reports whether this host had no descriptor, buffer or memory to spare.
func short(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// cure returns what a user can do about an error of our own socket.
func cure(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return " (raise the limit on open files, or lower the number of concurrent checks)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (the source address is not one of this host)"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return " (this host has no route to the address)"
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return " (a local firewall or a missing permission prevents it)"
	}
	return ""
}

// ReceiveError returns the result of an attempt that was sent and whose socket then
// reported err. On a connected socket the kernel passes on some ICMP messages as
// errors (RFC 1122 section 4.1.3.3; on Linux those with a hard code): port
// unreachable comes from the host itself; prohibited or unknown host and network
// (ICMP codes 6 to 10 and 13) come from somebody on the way.
func ReceiveError(err error) vouch.Result {
	switch {
	case IsTimeout(err):
		return Down(vouch.ReasonTimeout, "")
	case errors.Is(err, syscall.ECONNREFUSED):
		return Down(vouch.ReasonRefused, err.Error())
	case errors.Is(err, syscall.ENOPROTOOPT):
		return Down(vouch.ReasonUnreachable, err.Error())
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, syscall.EHOSTDOWN), errors.Is(err, syscall.EACCES):
		return Unknown(vouch.ReasonFiltered, err.Error())
	case short(err):
		return Unknown(vouch.ReasonOverload, err.Error()+cure(err))
	}
	return Unknown(vouch.ReasonSocket, err.Error())
}

// IsTimeout reports whether err says that a deadline passed.
func IsTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// Problem returns why the target cannot be asked at all, or "".
func Problem(t Target) string {
	a := t.Check.Addr
	switch {
	case !a.IsValid():
		return "the check has no address"
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "address " + a.String() + " is not that of a single device"
	case t.Source.IsValid() && t.Source.Unmap().Is4() != a.Unmap().Is4():
		return "source address " + t.Source.String() + " and address " + a.String() + " are not of the same family"
	case t.Check.Timeout <= 0:
		return "the check has no timeout"
	}
	return ""
}
