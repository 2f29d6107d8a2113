// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// mapping is a value that holds keys. Reading a key makes it known; done reports
// the keys of the file that nobody knew.
type mapping struct {
	value
	entries []entry
	known   []string
}

type entry struct {
	name string
	key  value
	val  value
}

// mapping returns the keys of a value and reports those that stand twice. It is
// never nil; for a value that is absent or no mapping it has no keys and reports no
// missing ones.
func (v value) mapping() *mapping {
	m := &mapping{value: v}
	if v.absent() {
		return m
	}
	var pairs []*ast.MappingValueNode
	switch n := v.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		v.mistype("a mapping of keys to values")
		m.node = nil
		return m
	}
	for _, p := range pairs {
		m.add(p)
	}
	return m
}

func (m *mapping) add(p *ast.MappingValueNode) {
	key := value{doc: m.doc, key: "key", node: p.Key}
	name, ok := keyName(p.Key)
	if !ok {
		key.wrong("a key of %s is no plain word, allowed are plain words as keys", m.key)
		return
	}
	if e, twice := m.find(name); twice {
		key.wrong("%s stands twice in %s (first at %s), allowed is once", name, m.key, e.key.at())
		return
	}
	e := entry{name: name, key: key}
	e.val = m.child(name, p.Value)
	m.entries = append(m.entries, e)
}

// keyName returns the text of a key. Numbers are fine: a credential may be called 1.
func keyName(k ast.MapKeyNode) (string, bool) {
	switch k := k.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		return k.GetToken().Value, true
	}
	return "", false
}

func (m *mapping) find(name string) (entry, bool) {
	i := slices.IndexFunc(m.entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return entry{}, false
	}
	return m.entries[i], true
}

// has reports whether the file holds a key, with whatever value.
func (m *mapping) has(name string) bool {
	_, ok := m.find(name)
	return ok
}

// get returns the value of an optional key.
func (m *mapping) get(name string) value {
	m.known = append(m.known, name)
	e, ok := m.find(name)
	if !ok {
		return value{doc: m.doc, key: name}
	}
	if _, null := e.val.node.(*ast.NullNode); null {
		e.key.wrong("%s has no value, give it one or leave the key out", name)
		return value{doc: m.doc, key: name}
	}
	return e.val
}

// need returns the value of a key that must be there; allowed says what it holds.
func (m *mapping) need(name, allowed string) value {
	v := m.get(name)
	if !m.has(name) && !m.absent() {
		m.wrong("%s lacks the key %s, needed is %s", m.key, name, allowed)
	}
	return v
}

// done reports the keys that nobody asked for. Values of unknown keys are never
// shown: a misspelt key may hold a secret.
func (m *mapping) done() {
	for _, e := range m.entries {
		if slices.Contains(m.known, e.name) {
			continue
		}
		allowed := slices.Compact(slices.Sorted(slices.Values(m.known)))
		hint := ""
		if near := nearest(e.name, allowed); near != "" {
			hint = fmt.Sprintf(" did you mean %s?", near)
		}
		e.key.wrong("unknown key %s in %s,%s allowed are %s", show(e.name), m.key, hint, strings.Join(allowed, ", "))
	}
}

// nearest returns the candidate that is a slip of the finger away from name, or "".
func nearest(name string, candidates []string) string {
	best, found := 1+min(2, len(name)/3), ""
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < best {
			best, found = d, c
		}
	}
	return found
}

// distance counts the insertions, deletions, replacements and swaps of neighbours
// that turn a into b, looking at no more than the first 64 bytes of each.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}

// show quotes a text for a message and cuts it to a length that fits on a line.
func show(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q...", string(r[:most]))
	}
	return fmt.Sprintf("%q", s)
}
