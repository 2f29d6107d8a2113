// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// maxScalars bounds the objects of one GET.
const maxScalars = 20

// scalar is the value of an object of the plan; tag is 0 where the device has none.
type scalar struct {
	tag  byte
	data []byte
	skip bool // not to be asked (again)
}

// readScalars reads all scalars of the plan into a.scalars. The first exchange asks
// for the system group and little else, so that its round-trip time is that of the
// device and not of the work it was given.
func (a *attempt) readScalars(ctx context.Context) error {
	n := len(a.plan.scalars)
	a.scalars = slices.Grow(a.scalars[:0], n)[:n]
	for i := range a.scalars {
		a.scalars[i] = scalar{skip: a.v1 && a.memory.missing[i]}
	}
	for from := 0; from < len(a.scalars); from += maxScalars {
		if err := a.readScalarSpan(ctx, from, min(from+maxScalars, len(a.scalars))); err != nil {
			return err
		}
	}
	if a.rtt == 0 && a.garbled {
		return errGarbled
	}
	return nil
}

// readScalarSpan reads the scalars in [from, to) that are not skipped. A device may
// fail on one of them; then it is left out, or the lot is halved to find it.
func (a *attempt) readScalarSpan(ctx context.Context, from, to int) error {
	for {
		active := a.activeScalars(from, to)
		if len(active) == 0 || a.exchanges >= maxExchanges {
			return nil
		}
		ans, err := a.exchange(ctx, a.scalarRequest(active))
		a.garbled = a.garbled || errors.Is(err, errGarbled)
		if err != nil && !(errors.Is(err, errGarbled) && a.timeLeft()) {
			return err
		}
		switch {
		case err == nil && ans.status == statusAuthorizationError:
			return fail(probes.Unknown(vouch.ReasonCredentials, "the device answers, but does not let this user or community read (authorizationError): security level or view"))
		case err == nil && ans.status == statusNoError:
			if !a.acceptScalars(active, ans.binds) && a.rtt == 0 {
				return fail(probes.Unknown(vouch.ReasonProtocol, "the answer names none of the objects that were asked"))
			}
			a.answered()
			return nil
		case err == nil:
			a.answered()
		}
		index := ans.index
		if index == 0 && len(active) == 1 {
			index = 1
		}
		if index >= 1 && index <= len(active) {
			i := active[index-1]
			a.scalars[i].skip = true
			a.memory.missing[i] = a.v1
			continue
		}
		if len(active) == 1 {
			return nil
		}
		mid := active[len(active)/2]
		if err := a.readScalarSpan(ctx, from, mid); err != nil {
			return err
		}
		from = mid
	}
}

func (a *attempt) activeScalars(from, to int) []int {
	a.active = a.active[:0]
	for i := from; i < to; i++ {
		if !a.scalars[i].skip {
			a.active = append(a.active, i)
		}
	}
	return a.active
}

func (a *attempt) scalarRequest(active []int) *request {
	a.req.pdu, a.req.repetitions = pduGet, 0
	a.req.names = a.req.names[:0]
	for _, i := range active {
		a.req.names = append(a.req.names, a.plan.scalars[i].oid)
	}
	return &a.req
}

// answered notes that the device is up, and the round-trip time of its first answer.
func (a *attempt) answered() {
	if a.rtt == 0 {
		a.rtt = max(a.session.tally().rtt, 1)
	}
}

// acceptScalars takes over the bindings whose names were asked, and reports whether
// there was any: an answer that names none of them answers another question.
func (a *attempt) acceptScalars(active []int, binds []bind) bool {
	matched := false
	for at, i := range active {
		if at >= len(binds) || !bytes.Equal(binds[at].name, a.plan.scalars[i].oid) {
			continue
		}
		matched = true
		b := binds[at]
		if b.tag >= tagNoSuchObject && b.tag <= tagEndOfMibView || b.tag == tagNull {
			continue
		}
		a.scalars[i].tag, a.scalars[i].data = b.tag, a.keep(b.data)
	}
	return matched
}
