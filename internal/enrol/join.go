// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package enrol is what agent and collector say to each other when an agent gets, or
// renews, its certificate: the join string, the request that the agent signs, and the
// answer. It knows how to write and read them within bounds. It opens no connection and
// decides nothing.
//
// Two keys of an agent stand behind it. Its signing key speaks for it: it signs batches
// and each request for a certificate. Its TLS key only opens connections; the
// certificate binds it to the signing key, and ends with it.
package enrol

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/vouch-sla/vouch"
)

// MaxJoin is the size of the longest join string, in bytes.
const MaxJoin = 1024

// SecretBytes is the length of the secret in a join string, before it is encoded.
const SecretBytes = 24

// joinFormat begins every join string. What stands in one is of letters, digits and of
// what no shell takes for its own: dots, colons, commas, '-', '_'; an IPv6 address has
// brackets.
const joinFormat = "vouch1"

// Join is what a join string says: who may enrol, where, and by what it knows that it
// speaks to the right collector.
type Join struct {
	Agent   vouch.AgentID
	Address string            // of the collector, HOST:PORT
	Pin     [sha256.Size]byte // SHA-256 of the collector's key (SubjectPublicKeyInfo, RFC 7469 section 2.4)
	Secret  vouch.Secret      // base64url of [SecretBytes] bytes, valid once
}

// Encode returns the join string. It holds the secret.
func (j Join) Encode() string {
	pin := base64.RawURLEncoding.EncodeToString(j.Pin[:])
	return strings.Join([]string{joinFormat, string(j.Agent), j.Address, pin, string(j.Secret)}, ",")
}

// ParseJoin reads a join string. Its errors never show the secret.
func ParseJoin(s string) (Join, error) {
	s = strings.TrimSpace(s)
	part := strings.Split(s[:min(len(s), MaxJoin)], ",")
	if len(s) > MaxJoin || part[0] != joinFormat || len(part) != 5 {
		return Join{}, errors.New("it is no join string: `vouch agents token` prints one, as " + joinFormat + ",AGENT,HOST:PORT,PIN,SECRET; copy all of it")
	}
	j := Join{Agent: vouch.AgentID(part[1]), Address: part[2], Secret: vouch.Secret(part[4])}
	if err := vouch.ValidID(part[1]); err != nil {
		return Join{}, fmt.Errorf("the agent in the join string: %v", err)
	}
	if err := ValidAddress(j.Address); err != nil {
		return Join{}, fmt.Errorf("the collector in the join string: %v", err)
	}
	pin, err := base64.RawURLEncoding.Strict().DecodeString(part[3])
	if err != nil || len(pin) != len(j.Pin) || [sha256.Size]byte(pin) == j.Pin { // nothing hashes to zeroes
		return Join{}, errors.New("the pin in the join string is damaged: copy all of it, without line breaks")
	}
	j.Pin = [sha256.Size]byte(pin)
	if err := validSecret(part[4]); err != nil {
		return Join{}, err
	}
	return j, nil
}

func validSecret(s string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != SecretBytes {
		return errors.New("the secret of the join string is damaged (not shown): copy all of it, without line breaks")
	}
	return nil
}

// ValidAddress reports why s is not HOST:PORT of a collector that agents can reach.
func ValidAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 || host == "" || len(host) > 253 || net.JoinHostPort(host, strconv.FormatUint(n, 10)) != s {
		return fmt.Errorf("%.80q is not HOST:PORT, as collector.example.net:7443 or [2001:db8::1]:7443", s)
	}
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == ':':
		default:
			return fmt.Errorf("host %.80q: allowed are letters, digits, '.', '-', '_', and ':' in an IPv6 address", host)
		}
	}
	return nil
}
