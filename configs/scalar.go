// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// rawText returns a text as it stands. Numbers are refused rather than turned into
// text: 0123 and 1e3 would not come out as they were written.
func (v value) rawText() (string, bool) {
	if v.absent() {
		return "", false
	}
	switch n := v.node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		v.mistype("a text: put it in quotes")
	default:
		v.mistype("a text")
	}
	return "", false
}

// maxText bounds names, reasons and paths, in bytes.
const maxText = 400

// text returns a text of one line, or def when the value is absent or wrong.
func (v value) text(def string) string {
	s, ok := v.rawText()
	switch {
	case !ok:
		return def
	case strings.TrimSpace(s) == "":
		v.wrong("%s is empty, give it a text or leave the key out", v.key)
	case len(s) > maxText:
		v.wrong("%s is %d bytes long, allowed are at most %d", v.key, len(s), maxText)
	case strings.ContainsAny(s, "\n\t"):
		v.wrong("%s has a line break or tab, allowed is one line", v.key)
	default:
		return s
	}
	return def
}

// id returns an identifier, or "".
func (v value) id() string {
	s, ok := v.rawText()
	if !ok {
		return ""
	}
	if err := vouch.ValidID(s); err != nil {
		v.wrong("%s %s is no identifier, allowed are 1 to %d letters, digits, and after the first character '.', '_' and '-'", v.key, show(s), vouch.MaxIDLen)
		return ""
	}
	return s
}

// oneOf returns one of the allowed words, or def. A word may look like a number:
// SNMP has the versions 1, 2c and 3.
func (v value) oneOf(def string, allowed ...string) string {
	var s string
	if n, number := v.node.(*ast.IntegerNode); number {
		s = n.Token.Value
	} else if text, ok := v.rawText(); ok {
		s = text
	} else {
		return def
	}
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	hint := ""
	if near := nearest(s, allowed); near != "" {
		hint = " did you mean " + near + "?"
	}
	v.wrong("%s %s is unknown,%s allowed are %s", v.key, show(s), hint, strings.Join(allowed, ", "))
	return def
}

// integer returns a whole number in [lo, hi], or def.
func (v value) integer(lo, hi, def int64) int64 {
	if v.absent() {
		return def
	}
	n, ok := v.node.(*ast.IntegerNode)
	if !ok {
		v.mistype("a whole number from " + strconv.FormatInt(lo, 10) + " to " + strconv.FormatInt(hi, 10))
		return def
	}
	got, fits := int64(0), true
	switch x := n.Value.(type) {
	case int64:
		got = x
	case uint64:
		got, fits = int64(x), x <= 1<<63-1
	default:
		fits = false
	}
	if !fits || got < lo || got > hi {
		v.wrong("%s %s is out of range, allowed are %d to %d", v.key, n.Token.Value, lo, hi)
		return def
	}
	return got
}

// boolean returns true or false, or def.
func (v value) boolean(def bool) bool {
	if v.absent() {
		return def
	}
	if n, ok := v.node.(*ast.BoolNode); ok {
		return n.Value
	}
	v.mistype("true or false")
	return def
}

// duration returns a duration in [lo, hi], or def.
func (v value) duration(lo, hi, def time.Duration) time.Duration {
	if v.absent() {
		return def
	}
	s, ok := v.node.(*ast.StringNode)
	if !ok {
		v.mistype("a duration with its unit, as 250ms, 10s or 5m")
		return def
	}
	d, err := time.ParseDuration(s.Value)
	switch {
	case err != nil:
		v.wrong("%s %s is no duration, allowed is a number with its unit, as 250ms, 10s or 5m", v.key, show(s.Value))
	case d < lo || d > hi:
		v.wrong("%s %s is out of range, allowed are %s to %s", v.key, s.Value, short(lo), short(hi))
	default:
		return d
	}
	return def
}

// seconds is duration for what the rules count in whole seconds.
func (v value) seconds(lo, hi, def time.Duration) time.Duration {
	d := v.duration(lo, hi, def)
	if d%time.Second != 0 {
		v.wrong("%s %s is no whole number of seconds, the rules count in seconds", v.key, d)
		return def
	}
	return d
}

// short prints a duration without the zero minutes and seconds at its end.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// target returns a percentage, or def.
func (v value) target(def contract.Target) contract.Target {
	if v.absent() {
		return def
	}
	switch v.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		v.mistype("a number of percent, as 99.9")
		return def
	}
	written := v.node.GetToken().Value // the node itself holds a float
	t, err := contract.ParseTarget(written)
	if err != nil {
		v.wrong("%s %s is no percentage, allowed are 0 to 100 with at most six decimals", v.key, show(written))
		return def
	}
	return t
}
