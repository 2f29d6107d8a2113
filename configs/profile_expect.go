// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"path"

	"github.com/goccy/go-yaml/ast"
)

// test reads what the profile is to find in one recording.
func (p *placedProfile) test(m *mapping) {
	defer m.done()
	recording := m.need("recording", "the name of a .snmprec file")
	t := ProfileTest{Recording: recording.text("")}
	if t.Recording != path.Base(t.Recording) && t.Recording != "" {
		recording.wrong("recording %s is a path, allowed is the name of a file: who runs the test says in which folder", show(t.Recording))
	}
	expect := m.need("expect", "what is found there").mapping()
	for _, e := range expect.entries {
		text, ok := "", true
		switch n := e.val.node.(type) {
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			text = n.GetToken().Value
		default:
			text, ok = e.val.rawText()
		}
		if ok {
			t.Expect = append(t.Expect, Expectation{Name: e.name, Value: text})
		}
	}
	if len(expect.entries) == 0 && m.has("expect") {
		m.wrong("%s expects nothing, needed is at least one line, as device.model: X", m.key)
	}
	p.Tests = append(p.Tests, t)
}
