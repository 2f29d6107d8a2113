// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch_test

import (
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
)

func TestSIPAccepts(t *testing.T) {
	for _, c := range []struct {
		accept []string
		status int
		want   bool
	}{
		{nil, 200, true}, {nil, 302, true}, {nil, 401, true}, {nil, 404, true}, {nil, 486, true},
		{nil, 408, false}, {nil, 500, false}, {nil, 503, false}, {nil, 603, false},
		{[]string{"2xx"}, 204, true}, {[]string{"2xx"}, 401, false},
		{[]string{"200", "404"}, 200, true}, {[]string{"200", "404"}, 404, true}, {[]string{"200", "404"}, 202, false},
		{[]string{"4xx"}, 408, false}, {[]string{"4xx", "408"}, 408, true}, {[]string{"5xx"}, 503, true},
	} {
		if got := (vouch.SIP{Accept: c.accept}).Accepts(c.status); got != c.want {
			t.Errorf("SIP{Accept: %v}.Accepts(%d) = %v, want %v", c.accept, c.status, got, c.want)
		}
	}
}

func TestSIPValid(t *testing.T) {
	good := []vouch.SIP{
		{},
		{Transport: "udp", Accept: []string{"2xx", "404"}, User: "+3212345", Host: "pbx.example.net"},
		{Transport: "tls", TLSName: "pbx.example.net"},
		{Transport: "tls", TLSPin: strings.Repeat("a1", 32)},
		{Transport: "tls", TLSInsecure: true},
	}
	for _, s := range good {
		if err := s.Valid(); err != nil {
			t.Errorf("%+v: Valid() = %v, want nil", s, err)
		}
	}
	bad := map[string]vouch.SIP{
		"another transport":       {Transport: "sctp"},
		"accept of a provisional": {Accept: []string{"1xx"}},
		"accept of no class":      {Accept: []string{"7xx"}},
		"accept of half a code":   {Accept: []string{"40x"}},
		"accept of everything":    {Accept: []string{"xxx"}},
		"accept twice":            {Accept: []string{"2xx", "2xx"}},
		"accept endless":          {Accept: make([]string, vouch.MaxAccept+1)},
		"line in the user":        {User: "a\r\nVia: x"},
		"at sign in the user":     {User: "a@b"},
		"blank in the host":       {Host: "pbx example"},
		"port in the host":        {Host: "pbx:5060"},
		"long host":               {Host: strings.Repeat("a", 256)},
		"pin without tls":         {TLSPin: strings.Repeat("a1", 32)},
		"short pin":               {Transport: "tls", TLSPin: "a1"},
		"pin and insecure":        {Transport: "tls", TLSPin: strings.Repeat("a1", 32), TLSInsecure: true},
		"line in the name":        {Transport: "tls", TLSName: "a\nb"},
	}
	for name, s := range bad {
		if s.Valid() == nil {
			t.Errorf("%s: Valid() = nil, want an error", name)
		}
	}
}
