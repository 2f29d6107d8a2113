// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vouch-sla/vouch"
)

// SNMP versions as checks and credentials name them.
const (
	SNMPv1  = "1"
	SNMPv2c = "2c"
	SNMPv3  = "3"
)

// Level is a security level of SNMPv3 (RFC 3411 section 3.4.3).
type Level string

// The security levels.
const (
	NoAuthNoPriv Level = "noAuthNoPriv"
	AuthNoPriv   Level = "authNoPriv"
	AuthPriv     Level = "authPriv"
)

// AuthProtocol names how SNMPv3 messages are authenticated.
type AuthProtocol string

// The authentication protocols (RFC 3414, RFC 7860).
const (
	AuthMD5    AuthProtocol = "MD5"
	AuthSHA    AuthProtocol = "SHA"
	AuthSHA224 AuthProtocol = "SHA224"
	AuthSHA256 AuthProtocol = "SHA256"
	AuthSHA384 AuthProtocol = "SHA384"
	AuthSHA512 AuthProtocol = "SHA512"
)

// AuthProtocols lists every authentication protocol, the weakest first.
func AuthProtocols() []AuthProtocol {
	return []AuthProtocol{AuthMD5, AuthSHA, AuthSHA224, AuthSHA256, AuthSHA384, AuthSHA512}
}

// PrivProtocol names how SNMPv3 messages are encrypted.
type PrivProtocol string

// The privacy protocols. AES-192 and AES-256 exist with two ways to lengthen a key
// that the digest leaves too short: Blumenthal's (net-snmp) and Reeder's (Cisco and
// many others), here with a C. A wrong choice between them is met with silence.
const (
	PrivDES     PrivProtocol = "DES"
	PrivAES     PrivProtocol = "AES"
	PrivAES192  PrivProtocol = "AES192"
	PrivAES256  PrivProtocol = "AES256"
	PrivAES192C PrivProtocol = "AES192C"
	PrivAES256C PrivProtocol = "AES256C"
)

// PrivProtocols lists every privacy protocol, the weakest first.
func PrivProtocols() []PrivProtocol {
	return []PrivProtocol{PrivDES, PrivAES, PrivAES192, PrivAES256, PrivAES192C, PrivAES256C}
}

// Credential is what proves to an SNMP agent who asks.
type Credential struct {
	Version   string       // SNMPv1, SNMPv2c or SNMPv3; empty follows the check
	Community vouch.Secret // SNMPv1 and SNMPv2c

	User         string // SNMPv3, as everything below
	Level        Level  // empty means the highest that the protocols below allow
	Auth         AuthProtocol
	AuthPassword vouch.Secret
	Priv         PrivProtocol
	PrivPassword vouch.Secret
	Context      string // context name; most devices have none
}

// minPassword is the shortest password that USM allows (RFC 3414 section 11.2).
const minPassword = 8

// SecurityLevel returns Level, or what the protocols imply where it is empty.
func (c Credential) SecurityLevel() Level {
	switch {
	case c.Level != "":
		return c.Level
	case c.Priv != "":
		return AuthPriv
	case c.Auth != "":
		return AuthNoPriv
	}
	return NoAuthNoPriv
}

// Validate reports everything that makes c unusable for the SNMP version, never
// showing a secret.
func (c Credential) Validate(version string) error {
	if c.Version != "" && c.Version != version {
		return fmt.Errorf("the credential is for SNMP version %s, the check asks for version %s", c.Version, version)
	}
	switch version {
	case SNMPv1, SNMPv2c:
		switch {
		case c.Community == "":
			return errors.New("the credential has no community")
		case len(c.Community) > 255:
			return errors.New("the community is longer than 255 bytes")
		}
		return nil
	case SNMPv3:
		return c.validateUSM()
	}
	return fmt.Errorf("SNMP version %q: allowed are 1, 2c and 3", version)
}

func (c Credential) validateUSM() error {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.User == "" || len(c.User) > 32 {
		add("the user name has %d bytes, 1 to 32 are allowed (RFC 3414)", len(c.User))
	}
	level := c.SecurityLevel()
	switch level {
	case NoAuthNoPriv, AuthNoPriv, AuthPriv:
	default:
		add("security level %q: allowed are noAuthNoPriv, authNoPriv and authPriv", level)
	}
	if level == AuthNoPriv || level == AuthPriv {
		if !slices.Contains(AuthProtocols(), c.Auth) {
			add("authentication protocol %q: allowed are %s", c.Auth, list(AuthProtocols()))
		}
		if len(c.AuthPassword) < minPassword {
			add("the authentication password is shorter than %d bytes (RFC 3414)", minPassword)
		}
	}
	if level == AuthPriv {
		if !slices.Contains(PrivProtocols(), c.Priv) {
			add("privacy protocol %q: allowed are %s", c.Priv, list(PrivProtocols()))
		}
		if len(c.PrivPassword) < minPassword {
			add("the privacy password is shorter than %d bytes (RFC 3414)", minPassword)
		}
	}
	return errors.Join(problems...)
}

func list[S ~string](names []S) string {
	text := make([]string, len(names))
	for i, n := range names {
		text[i] = string(n)
	}
	return strings.Join(text, ", ")
}
