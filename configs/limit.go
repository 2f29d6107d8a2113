// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch/contract"
)

// units are the words of a time limit, singular and plural.
var units = []struct {
	one, many string
	unit      contract.Unit
}{
	{"minute", "minutes", contract.Minutes},
	{"hour", "hours", contract.HoursUnit},
	{"day", "days", contract.Days},
	{"working day", "working days", contract.WorkingDays},
	{"week", "weeks", contract.Weeks},
	{"month", "months", contract.Months},
}

// anyUnit, runningUnits and longUnits are the units that a limit may have: any, those
// of a clock that runs, those of a notice between parties.
var (
	anyUnit      = []contract.Unit{contract.Minutes, contract.HoursUnit, contract.Days, contract.WorkingDays, contract.Weeks, contract.Months}
	runningUnits = []contract.Unit{contract.Minutes, contract.HoursUnit, contract.Days, contract.Weeks}
	longUnits    = []contract.Unit{contract.Days, contract.WorkingDays, contract.Weeks, contract.Months}
)

// limit returns a time limit as a clause puts it, such as "15 working days", in one of
// the allowed units, or def.
func (v value) limit(def contract.TimeLimit, allowed []contract.Unit) contract.TimeLimit {
	if v.absent() {
		return def
	}
	s, ok := v.word()
	if !ok {
		v.mistype("a number and a unit, as " + limitExample(allowed))
		return def
	}
	number, word, spaced := strings.Cut(s, " ")
	n, err := strconv.Atoi(number)
	switch {
	case !spaced || err != nil || number[0] == '+':
		v.wrong("%s %s is no time limit, allowed is a number and a unit, as %s", v.key, show(s), limitExample(allowed))
		return def
	case n < 1 || n > 10_000:
		v.wrong("%s %s is out of range, allowed are 1 to 10000 of a unit", v.key, show(s))
		return def
	}
	var words []string
	for _, u := range units {
		if !slices.Contains(allowed, u.unit) {
			continue
		}
		if word == u.one || word == u.many {
			return contract.TimeLimit{N: n, Unit: u.unit}
		}
		words = append(words, u.many)
	}
	hint := ""
	if near := nearest(word, words); near != "" {
		hint = " did you mean " + near + "?"
	}
	v.wrong("%s %s has the unit %s,%s allowed are %s", v.key, show(s), show(word), hint, strings.Join(words, ", "))
	return def
}

func limitExample(allowed []contract.Unit) string {
	switch {
	case slices.Contains(allowed, contract.WorkingDays):
		return "15 working days"
	case slices.Contains(allowed, contract.HoursUnit):
		return "4 hours"
	}
	return "18 months"
}

// share returns a share such as 10 or 2.5 percent, at most hi, or def.
func (v value) share(hi string, def contract.Share) contract.Share {
	if v.absent() {
		return def
	}
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		v.mistype("a number of percent, as 10")
		return def
	}
	written := v.node.GetToken().Value
	s, err := contract.ParseShare(written)
	most, _ := contract.ParseShare(hi)
	if err != nil || s > most {
		v.wrong("%s %s is no such percentage, allowed are 0 to %s with at most six decimals", v.key, show(written), hi)
		return def
	}
	return s
}

// name returns a short text that may also be written as a number, as SLA types are.
func (v value) name() string {
	if n, ok := v.node.(*ast.IntegerNode); ok {
		return n.Token.Value
	}
	return v.text("")
}

// names returns a list of short texts, each once.
func (v value) names() []string {
	var out []string
	for _, e := range v.list() {
		s := e.text("")
		switch {
		case s == "":
		case slices.Contains(out, s):
			e.wrong("%s stands twice, allowed is once", show(s))
		default:
			out = append(out, s)
		}
	}
	return out
}

// choices returns a list of the allowed words, each once.
func choices[T ~string](v value, allowed ...T) []T {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	var out []T
	for _, e := range v.list() {
		s := T(e.oneOf("", words...))
		switch {
		case s == "":
		case slices.Contains(out, s):
			e.wrong("%s stands twice, allowed is once", s)
		default:
			out = append(out, s)
		}
	}
	return out
}

// choice returns one of the allowed words, or def.
func choice[T ~string](v value, def T, allowed ...T) T {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return T(v.oneOf(string(def), words...))
}

// priority returns a priority, or def.
func (v value) priority(def contract.Priority) contract.Priority {
	p, err := contract.ParsePriority(v.oneOf(def.String(), "P1", "P2", "P3", "P4"))
	if err != nil {
		return def
	}
	return p
}
