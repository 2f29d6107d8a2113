// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch

import (
	"fmt"
	"strings"
)

// The measurement of interfaces (IF-MIB, RFC 2863), and the tags that they are chosen by.
const (
	InterfaceMeasurement = "interface"
	tagIfName            = "ifName"
	tagIfAlias           = "ifAlias"
)

// Bounds of the patterns of a device's interfaces.
const (
	MaxInterfaces   = 64  // of one device
	maxInterfaceLen = 128 // bytes of one
)

// InterfacePattern chooses interfaces by one of their tags.
type InterfacePattern struct {
	Tag  string
	Glob string // '*' stands for any number of characters, '?' for one octet
}

// ParseInterface reads a pattern of interfaces: "Gi0/0/*" is about ifName, where '*'
// matches a slash, too, "alias:WAN *" about ifAlias. It is 1 to 128 bytes long.
func ParseInterface(s string) (InterfacePattern, error) {
	p := InterfacePattern{tagIfName, s}
	if alias, ok := strings.CutPrefix(s, "alias:"); ok {
		p = InterfacePattern{tagIfAlias, alias}
	}
	if strings.TrimSpace(p.Glob) == "" || len(s) > maxInterfaceLen {
		return p, fmt.Errorf("interface pattern %.140q is empty or longer than %d bytes, as wan1, \"Gi0/0/*\" or \"alias:WAN *\"", s, maxInterfaceLen)
	}
	return p, nil
}

// Matches reports whether the point is of an interface that the pattern chooses.
func (p InterfacePattern) Matches(tags []Tag) bool {
	for _, t := range tags {
		if t.Key == p.Tag {
			return glob(p.Glob, t.Value)
		}
	}
	return false
}

// glob matches without going back further than to the last star, so that its time is
// bounded by the product of both lengths.
func glob(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
