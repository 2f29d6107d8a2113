// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"reflect"

	"github.com/vouch-sla/vouch"
)

// sipJSON is the JSON of how a check asks over SIP; other checks have none.
type sipJSON struct {
	Transport   string   `json:"transport,omitempty"`
	Accept      []string `json:"accept,omitempty"`
	User        string   `json:"user,omitempty"`
	Host        string   `json:"host,omitempty"`
	TLSName     string   `json:"tls_name,omitempty"`
	TLSPin      string   `json:"tls_pin,omitempty"`
	TLSInsecure bool     `json:"tls_insecure,omitempty"`
}

func sipToJSON(s vouch.SIP) *sipJSON {
	j := sipJSON(s)
	j.Accept = each(s.Accept, same)
	if reflect.ValueOf(j).IsZero() {
		return nil
	}
	return &j
}

func sipFromJSON(j *sipJSON) vouch.SIP {
	if j == nil {
		return vouch.SIP{}
	}
	s := vouch.SIP(*j)
	s.Accept = each(j.Accept, same)
	return s
}
