// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Due returns when a certificate of those dates is renewed, from an instant on.
func Due(from, until, now time.Time) time.Duration {
	r := &renewals{identity: &identity{}}
	r.identity.shown.Store(&tls.Certificate{Leaf: &x509.Certificate{NotBefore: from, NotAfter: until}})
	return r.due(now)
}
