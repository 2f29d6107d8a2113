// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"encoding/hex"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// SIP says how a device is asked over SIP.
type SIP struct {
	Port uint16
	vouch.SIP
}

// Ports of SIP (RFC 3261 section 19.1.2).
const (
	sipPort    = 5060
	sipPortTLS = 5061
)

// sip reads how a device is asked over SIP, or nil: a device without the key is not. An
// empty mapping asks in the usual way.
func sip(v value) *SIP {
	if v.absent() {
		return nil
	}
	m := v.mapping()
	defer m.done()
	s := &SIP{SIP: vouch.SIP{Transport: m.get("transport").oneOf(vouch.SIPOverUDP, vouch.SIPOverUDP, vouch.SIPOverTCP, vouch.SIPOverTLS)}}
	def := uint16(sipPort)
	if s.Transport == vouch.SIPOverTLS {
		def = sipPortTLS
	}
	s.Port = m.get("port").port(def)
	accept := m.get("accept")
	for _, e := range accept.list() {
		if a := e.accepted(); a != "" {
			s.Accept = append(s.Accept, a)
		}
	}
	if !accept.absent() && len(accept.list()) == 0 {
		accept.wrong("accept is empty: nothing would ever be up, leave the key out for 2xx, 3xx and 4xx")
	}
	user, host, secure := m.get("user"), m.get("host"), m.get("tls")
	s.User, s.Host = user.text(""), host.text("")
	t := secure.mapping()
	name, pin, insecure := t.get("name"), t.get("pin"), t.get("insecure")
	s.TLSName, s.TLSInsecure = name.text(""), insecure.boolean(false)
	if !pin.absent() {
		sum := pin.pin()
		s.TLSPin = hex.EncodeToString(sum[:])
	}
	t.done()
	if s.TLSInsecure && !insecure.absent() {
		insecure.warn("any certificate is taken: whoever stands in between can answer for the device, a pin keeps him out")
	}
	if err := s.Valid(); err != nil {
		v.wrong("sip: %v", err)
	}
	return s
}

// accepted reads a class of answers or a code, which YAML takes for a number.
func (v value) accepted() string {
	s := ""
	if n, ok := v.node.(*ast.IntegerNode); ok {
		s = n.GetToken().Value
	} else if text, ok := v.rawText(); ok {
		s = text
	} else {
		return ""
	}
	if err := vouch.ValidAccept(s); err != nil {
		v.wrong("%v", err)
		return ""
	}
	return s
}

// checkSIP checks that a device can be asked over SIP where it must be, and that
// something asks those that can.
func (p placedDevice) checkSIP(d Device, c Contract) {
	measured := false
	for _, v := range c.Versions {
		_, sip := v.measure(vouch.KindSIP)
		measured = measured || sip
		var left []vouch.Kind // that ask this device
		for _, m := range v.Measure {
			if asked(d, v, m.Kind) {
				left = append(left, m.Kind)
			}
		}
		switch {
		case !sip || d.SIP != nil:
		case slices.Contains(d.Kinds, vouch.KindSIP):
			p.at.wrong("%s is checked by sip and lacks the key sip, needed is how it is asked, as {transport: udp}", p.at.key)
			return
		case len(d.Kinds) == 0 && !decided(left, v.Terms):
			p.at.wrong("%s lacks the key sip, and nothing else that version %d of contract %s measures decides, needed is sip or another check", p.at.key, v.Number, c.ID)
			return
		}
	}
	if d.SIP != nil && !measured && len(c.Versions) > 0 {
		p.at.warn("%s has the key sip, and contract %s measures no sip: it is not asked", p.at.key, c.ID)
	}
}

// decided reports whether one of some kinds establishes up and down.
func decided(kinds []vouch.Kind, t contract.Terms) bool {
	return slices.ContainsFunc(kinds, func(k vouch.Kind) bool { return len(t.ReachableBy) == 0 || slices.Contains(t.ReachableBy, k) })
}
