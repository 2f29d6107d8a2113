// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp

import (
	"context"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// What a device that is silent to a user is silent about.
const (
	silentPrivacy = "the privacy password or protocol is wrong: the device knows the user and its authentication, and is silent to what is encrypted " +
		"(AES192 and AES256 are not AES192C and AES256C)"
	silentEngine = "the device tells its engine, but is silent to user and key: check the privacy password and protocol " +
		"(AES192 and AES256 are not AES192C and AES256C) and the context name"
)

// canDiagnose reports whether the credential has something that devices meet with
// silence where it is wrong: a privacy key, or the name of a context.
func (s *usmSession) canDiagnose() bool {
	c := s.target.credential
	return c.SecurityLevel() == probes.AuthPriv || c.Context != ""
}

// diagnose says why a fresh session got no answer. Where the device told its engine,
// the request is sent again without the context, then without privacy: what answers
// then shows what it was silent about. No value is taken from such an answer.
func (s *usmSession) diagnose(ctx context.Context, req *request, deadline time.Time) error {
	if from, ok := s.stray.sender(make([]byte, 2<<10), func(b []byte) bool {
		id, ok := messageID(b)
		return ok && id == s.tap.id
	}); ok {
		return fail(strayResult(from, s.tap.RemoteAddr()))
	}
	if !s.tap.engine {
		return errSilent
	}
	credentials := func(detail string) error { return fail(probes.Unknown(vouch.ReasonCredentials, detail)) }
	c := s.target.credential
	private := c.SecurityLevel() == probes.AuthPriv
	if c.Context != "" {
		s.lib.ContextName = ""
		until := deadline
		if private {
			until = deadline.Add(-time.Until(deadline) / 2)
		}
		if s.answers(ctx, req, until) {
			return credentials(`the device does not know the context "` + c.Context + `": it is silent to it, and answers without it`)
		}
	}
	if private {
		s.lib.MsgFlags = gosnmp.AuthNoPriv | gosnmp.Reportable
		if s.answers(ctx, req, deadline) {
			return credentials(silentPrivacy)
		}
	}
	if stopped(ctx) {
		return fail(probes.Unknown(vouch.ReasonStopped, ""))
	}
	return credentials(silentEngine)
}

// answers reports whether anything answers the request. The session cannot be used
// any more.
func (s *usmSession) answers(ctx context.Context, req *request, deadline time.Time) bool {
	_, _ = s.call(ctx, req, deadline) // the tap tells more than the library
	return s.tap.came
}
