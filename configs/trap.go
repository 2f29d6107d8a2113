// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
)

// Traps is where an agent hears SNMP traps and informs, and whose it takes.
type Traps struct {
	Listen      []string // HOST:PORT over UDP, one or more
	Credentials []string // names; in the agent's file, or what the collector sends under them
}

const (
	// The port that RFC 3417 gives to traps, and every device sends them to.
	defaultTraps = ":162"
	// More than a machine has addresses that traps are sent to.
	maxTrapListen = 16
	// Each one more costs a digest for each trap of SNMPv3.
	maxTrapCredentials = 16
)

// traps reads a mapping with listen and credentials; nil where it is absent.
func traps(v value) *Traps {
	if v.absent() {
		return nil
	}
	m := v.mapping()
	defer m.done()
	t := &Traps{Listen: listens(m.get("listen"))}
	names := m.need("credentials", "a list of names of credentials, as [lab]")
	for i, e := range names.list() {
		s, ok := e.rawText()
		switch {
		case !ok:
		case i >= maxTrapCredentials:
			e.wrong("%s has more than %d names, allowed are at most %d", names.key, maxTrapCredentials, maxTrapCredentials)
			return t
		case vouch.ValidID(s) != nil:
			e.wrong("%s %s is no identifier, allowed is the name of a credential", e.key, show(s))
		case slices.Contains(t.Credentials, s):
			e.wrong("%s %s is named twice", e.key, show(s))
		default:
			t.Credentials = append(t.Credentials, s)
		}
	}
	if names.empty() {
		names.wrong("%s names none: no trap could be taken, name those that devices send traps with", names.key)
	}
	return t
}

// listens reads one HOST:PORT or a list of them.
func listens(v value) []string {
	if _, several := v.node.(*ast.SequenceNode); !several {
		return []string{v.listen(defaultTraps)}
	}
	var out []string
	for i, e := range v.list() {
		switch at := e.listen(""); {
		case i >= maxTrapListen:
			e.wrong("%s has more than %d addresses, allowed are at most %d", v.key, maxTrapListen, maxTrapListen)
			return out
		case at == "":
		case slices.Contains(out, at):
			e.wrong("%s %s is named twice", e.key, show(at))
		default:
			out = append(out, at)
		}
	}
	if v.empty() {
		v.wrong("%s names no address, allowed is HOST:PORT as \":162\", or a list of them", v.key)
	}
	return out
}

// empty reports whether the value is a list of nothing.
func (v value) empty() bool {
	seq, ok := v.node.(*ast.SequenceNode)
	return ok && len(seq.Values) == 0
}
