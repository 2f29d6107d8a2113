// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// The walks of the devices that the demo plays.
var (
	//go:embed walks/router.snmprec
	routerWalk string
	//go:embed walks/firewall.snmprec
	firewallWalk string
	//go:embed walks/telephony.snmprec
	telephonyWalk string
)

// synthetic holds every walk of the product's own: none was recorded from a device.
//
//go:embed walks/*.snmprec
var synthetic embed.FS

// Synthetic returns the recordings that the product brings along: made up from MIBs,
// with nobody's data in them.
func Synthetic() []*Recording {
	dir, err := fs.Sub(synthetic, "walks")
	if err == nil {
		var out []*Recording
		if out, err = ReadRecordings(dir); err == nil {
			return out
		}
	}
	panic("lab: embedded walks: " + err.Error())
}

// Router returns the walk of an access router with seven interfaces.
func Router() Walk { return embedded("router", routerWalk) }

// Firewall returns the walk of a firewall with eight interfaces.
func Firewall() Walk { return embedded("firewall", firewallWalk) }

// Telephony returns the walk of a voice gateway with two E1 trunks.
func Telephony() Walk { return embedded("telephony", telephonyWalk) }

func embedded(name, text string) Walk {
	w, err := ParseSnmprec(strings.NewReader(text))
	if err != nil {
		panic(fmt.Sprintf("lab: embedded walk %s: %v", name, err))
	}
	return w
}

// WithName returns w with another sysName, so that one walk can play many devices.
func (w Walk) WithName(name string) Walk {
	return w.With("1.3.6.1.2.1.1.5.0", tagOctetString, []byte(name))
}

// With returns w with the object at oid replaced or added. The tag is the BER tag of
// the value, content its content octets. It panics where oid is not an OID.
func (w Walk) With(oid string, tag byte, content []byte) Walk {
	name, err := ParseOID(oid)
	if err != nil {
		panic("lab: " + err.Error())
	}
	out := make(Walk, 0, len(w)+1)
	for _, v := range w {
		if v.OID.String() != name.String() {
			out = append(out, v)
		}
	}
	out, err = sorted(append(out, Var{OID: name, Tag: tag, Value: content}))
	if err != nil {
		panic("lab: " + err.Error())
	}
	return out
}

// Without returns w without the objects at or below oid.
func (w Walk) Without(oid string) Walk {
	name, err := ParseOID(oid)
	if err != nil {
		panic("lab: " + err.Error())
	}
	out := make(Walk, 0, len(w))
	for _, v := range w {
		if !v.OID.HasPrefix(name) {
			out = append(out, v)
		}
	}
	return out
}
