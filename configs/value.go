// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// value is one value of a file, at its place. The zero node means that the file
// does not hold it: every method then returns its default and reports nothing, so
// that one mistake yields one problem.
type value struct {
	doc  *document
	key  string // what people call it: its key, or "devices[3]" in a list
	node ast.Node
}

func (v value) absent() bool { return v.node == nil }

// wrong reports a mistake at the value's place.
func (v value) wrong(format string, args ...any) {
	line, column := v.place()
	v.doc.report(line, column, false, format, args...)
}

// warn reports a warning at the value's place.
func (v value) warn(format string, args ...any) {
	line, column := v.place()
	v.doc.report(line, column, true, format, args...)
}

// at returns the place as people write it.
func (v value) at() string {
	line, column := v.place()
	return fmt.Sprintf("%s:%d:%d", v.doc.name, line, column)
}

func (v value) place() (line, column int) {
	if t := firstToken(v.node); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 1, 1
}

// firstToken returns the token that a reader sees first: a block mapping begins at
// its first key, although its own token is the colon behind it.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return firstToken(n.Values[0])
		}
		return n.Start
	case *ast.MappingValueNode:
		return firstToken(n.Key)
	case *ast.SequenceNode:
		return n.Start
	}
	return n.GetToken()
}

// child makes the value below v. Anchors, aliases and tags are refused: what a
// customer is to check stands written out.
func (v value) child(key string, node ast.Node) value {
	c := value{doc: v.doc, key: key, node: node}
	var what string
	switch node.(type) {
	case *ast.AnchorNode:
		what = "an anchor (&)"
	case *ast.AliasNode:
		what = "an alias (*)"
	case *ast.TagNode:
		what = "a tag (!)"
	case *ast.InfinityNode, *ast.NanNode:
		what = "no finite number"
	case nil:
		return c
	default:
		return c
	}
	c.wrong("%s is %s, allowed is the value written out", key, what)
	c.node = nil
	return c
}

// typeName says what a value is, in words for people.
func (v value) typeName() string {
	switch n := v.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "empty"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	default:
		return n.Type().String()
	}
}

// mistype reports that the value is not what it must be.
func (v value) mistype(allowed string) {
	v.wrong("%s is %s, allowed is %s", v.key, v.typeName(), allowed)
}

// list returns the values of a list.
func (v value) list() []value {
	if v.absent() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.mistype("a list, [] for none")
		return nil
	}
	out := make([]value, 0, len(seq.Values))
	for i, n := range seq.Values {
		out = append(out, v.child(fmt.Sprintf("%s[%d]", v.key, i), n))
	}
	return out
}

// word returns a plain text without complaining about anything else.
func (v value) word() (string, bool) {
	if n, ok := v.node.(*ast.StringNode); ok {
		return n.Value, true
	}
	return "", false
}
