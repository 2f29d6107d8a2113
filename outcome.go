// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import "fmt"

// Outcome is how a check ended. "We could not ask" is never [Down].
type Outcome uint8

const (
	Unknown Outcome = iota // nothing established: a [Reason] says why
	Up                     // the device answered as its contract requires
	Down                   // we asked properly and the device did not answer
)

// String returns "unknown", "up" or "down".
func (o Outcome) String() string {
	switch o {
	case Up:
		return "up"
	case Down:
		return "down"
	default:
		return "unknown"
	}
}

// ParseOutcome is the inverse of [Outcome.String].
func ParseOutcome(s string) (Outcome, error) {
	switch s {
	case "unknown":
		return Unknown, nil
	case "up":
		return Up, nil
	case "down":
		return Down, nil
	}
	return Unknown, fmt.Errorf("outcome %q: allowed are up, down and unknown", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (o *Outcome) UnmarshalText(b []byte) (err error) {
	*o, err = ParseOutcome(string(b))
	return err
}

// Reason says why an outcome or a verdict is unknown, or how a device was found
// down. An unknown outcome always has one. The wording is part of the evidence
// format: it is sealed, printed and compared.
type Reason string

// Reasons of a sample that is down.
const (
	ReasonTimeout     Reason = "timeout"     // asked, and no answer came within the timeout
	ReasonUnreachable Reason = "unreachable" // the device's own address or its last hop said so
	ReasonRefused     Reason = "refused"     // the address answered that nothing listens there
	ReasonRejected    Reason = "rejected"    // the device answered, and not as the check accepts
)

// Reasons of a sample that is unknown, said by the agent.
const (
	ReasonSocket      Reason = "own socket"       // our socket, route or permission failed
	ReasonOverload    Reason = "overload"         // our schedule, processor or descriptors could not keep up
	ReasonStopped     Reason = "stopped"          // the attempt was broken off because the agent stopped
	ReasonCredentials Reason = "credentials"      // the device refused the key or community that we hold
	ReasonProtocol    Reason = "protocol"         // an answer came that cannot be read
	ReasonFiltered    Reason = "filtered"         // prohibited, or unreachable told by a third address (RFC 1812 5.2.7.1)
	ReasonLocation    Reason = "location"         // the agent's own gateway does not answer: host or LAN
	ReasonNetwork     Reason = "provider network" // the gateway answers, the references beyond do not
)

// Reasons of an interval that is unknown, derived at the centre.
const (
	ReasonNoSample    Reason = "no sample"
	ReasonClock       Reason = "clock"
	ReasonNotAdmitted Reason = "not admitted"
	ReasonIdentity    Reason = "identity"
	ReasonSilent      Reason = "agent silent"
	ReasonDisputed    Reason = "disputed"          // two-sided quorum: neither side has enough witnesses
	ReasonWitnesses   Reason = "too few witnesses" // fewer voters than the quorum, or too many of them unknown
)
