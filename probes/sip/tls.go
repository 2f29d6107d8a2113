// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// handshake secures the connection, whose deadline is that of the attempt. Where that
// failed the connection is nil. Only silence is the device's: a handshake that breaks
// off may be about our side as well as about its, so it says nothing.
func handshake(ctx context.Context, conn net.Conn, c vouch.Check) (net.Conn, vouch.Result) {
	config := &tls.Config{ServerName: c.SIP.TLSName, InsecureSkipVerify: c.SIP.TLSInsecure || c.SIP.TLSPin != ""}
	if config.ServerName == "" {
		config.ServerName = c.Addr.WithZone("").String()
	}
	if c.SIP.TLSPin != "" {
		config.VerifyConnection = func(s tls.ConnectionState) error {
			sum := sha256.Sum256(s.PeerCertificates[0].Raw)
			if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, c.SIP.TLSPin) {
				return fmt.Errorf("the certificate has the SHA-256 %s, not the one that is pinned", got)
			}
			return nil
		}
	}
	secured := tls.Client(conn, config)
	err := secured.Handshake()
	var untrusted *tls.CertificateVerificationError
	switch {
	case err == nil:
		return secured, vouch.Result{}
	case stopped(ctx):
		return nil, probes.Unknown(vouch.ReasonStopped, "")
	case probes.IsTimeout(err):
		return nil, lost(probes.Down(vouch.ReasonTimeout, "the TLS handshake did not end"))
	case errors.As(err, &untrusted):
		return nil, lost(probes.Unknown(vouch.ReasonProtocol, fmt.Sprintf("TLS: %v (give the name that the certificate holds, pin its SHA-256, or take any by insecure)", err)))
	}
	return nil, lost(probes.Unknown(vouch.ReasonProtocol, fmt.Sprintf("TLS: %v", err)))
}
