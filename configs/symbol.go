// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"strings"
)

// symbols knows which names the files define and which they use. Definitions may
// follow their uses, in the same file or in another one.
type symbols struct {
	defs map[symbol]value
	uses []use
}

// symbol is a name of a kind, as "device". Names of different scopes do not meet:
// a device's scope is its customer.
type symbol struct{ kind, scope, name string }

type use struct {
	symbol
	at value
}

func newSymbols() *symbols { return &symbols{defs: map[symbol]value{}} }

// define notes that v gives a name its meaning and reports a second one. An empty
// name was reported where it was read.
func (s *symbols) define(kind, scope, name string, v value) {
	if name == "" {
		return
	}
	sym := symbol{kind, scope, name}
	if first, twice := s.defs[sym]; twice {
		v.wrong("%s %s is defined twice (first at %s), allowed is once", kind, show(name), first.at())
		return
	}
	s.defs[sym] = v
}

// refer notes that v uses a name.
func (s *symbols) refer(kind, scope, name string, v value) {
	if name != "" {
		s.uses = append(s.uses, use{symbol{kind, scope, name}, v})
	}
}

// has reports whether the name is defined.
func (s *symbols) has(kind, scope, name string) bool {
	_, ok := s.defs[symbol{kind, scope, name}]
	return ok
}

// resolve reports the uses of names of the given kinds that nobody defines.
func (s *symbols) resolve(kinds []string) {
	for _, u := range s.uses {
		if !slices.Contains(kinds, u.kind) || s.has(u.kind, u.scope, u.name) {
			continue
		}
		names := s.names(u.kind, u.scope)
		hint := ""
		if near := nearest(u.name, names); near != "" {
			hint = " did you mean " + near + "?"
		}
		of := ""
		if u.scope != "" {
			of = " of " + u.scope
		}
		u.at.wrong("there is no %s %s%s,%s allowed are %s", u.kind, show(u.name), of, hint, some(names))
	}
}

func (s *symbols) names(kind, scope string) []string {
	var names []string
	for d := range s.defs {
		if d.kind == kind && d.scope == scope {
			names = append(names, d.name)
		}
	}
	slices.Sort(names)
	return names
}

// some lists names, as many as fit into a message.
func some(names []string) string {
	const most = 12
	switch {
	case len(names) == 0:
		return "none, because none is defined"
	case len(names) > most:
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
