// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vouch-sla/vouch"
)

// MaxAnswer is the size of the longest answer, in bytes.
const MaxAnswer = 8 << 10

// Answer is the certificate that was asked for, and where the collector knows the agent
// to stand.
type Answer struct {
	Location    vouch.LocationID `json:"location"`
	Certificate []byte           `json:"certificate"` // X.509, DER
}

// ParseAnswer reads an answer and makes sure that its certificate is for the agent and
// for its TLS key: with any other it could not connect.
func ParseAnswer(raw []byte, agent vouch.AgentID, key crypto.PublicKey) (Answer, *x509.Certificate, error) {
	var a Answer
	if len(raw) > MaxAnswer {
		return a, nil, fmt.Errorf("answer of %d bytes, at most %d are allowed", len(raw), MaxAnswer)
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return Answer{}, nil, fmt.Errorf("read the answer: %v", err)
	}
	if err := vouch.ValidID(string(a.Location)); err != nil {
		return Answer{}, nil, fmt.Errorf("the location in the answer: %v", err)
	}
	cert, err := CheckCertificate(a.Certificate, agent, key)
	if err != nil {
		return Answer{}, nil, fmt.Errorf("the answer: %w", err)
	}
	return a, cert, nil
}

// CheckCertificate reads a certificate, DER, and makes sure that it is for the agent and
// for that TLS key. Its dates are the collector's business: a device without a clock must
// be able to connect.
func CheckCertificate(der []byte, agent vouch.AgentID, key crypto.PublicKey) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("it holds no certificate")
	}
	own, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case cert.Subject.CommonName != string(agent):
		return nil, fmt.Errorf("its certificate is for %.80q, this is agent %s", cert.Subject.CommonName, agent)
	case !ok || !own.Equal(cert.PublicKey):
		return nil, errors.New("its certificate is for another key")
	}
	return cert, nil
}
