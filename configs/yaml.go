// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of one file. An installed base of 10,000 devices takes about 3 MB; the
// deepest file in use nests twelve levels. The parser recurses, so depth is bounded
// before it runs.
const (
	maxFile  = 32 << 20
	maxDepth = 64
)

// document is one file while it is read: where its problems go, and where the files
// and secrets that it names come from.
type document struct {
	name     string
	src      Source
	problems *Problems
	exec     bool   // secrets may come from programs
	head     string // the comment before its first key, without the marks
}

func (d *document) report(line, column int, warning bool, format string, args ...any) {
	*d.problems = append(*d.problems, Problem{
		File: d.name, Line: max(line, 1), Column: max(column, 1),
		Warning: warning, Message: fmt.Sprintf(format, args...),
	})
}

// open reads and parses the named file and returns its outermost value. On failure
// the value is absent and at, the place that named the file, says why; at may be
// the zero value for the file that the operator named.
func open(src Source, name string, at value, problems *Problems) value {
	d := &document{name: name, src: src, problems: problems}
	body, _, err := readFile(src, name, maxFile)
	switch {
	case err != nil && at.doc != nil:
		at.wrong("%s: file %s cannot be read: %s", at.key, name, cause(err))
		return value{}
	case err != nil:
		d.report(1, 1, false, "the file cannot be read: %s", cause(err))
		return value{}
	}
	return d.parse(body)
}

// parse returns the outermost value of a file with exactly one YAML document.
func (d *document) parse(body []byte) value {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	if line, column, ok := badByte(body); ok {
		d.report(line, column, false, "a byte that is no printable UTF-8 text, allowed are UTF-8 and line feeds")
		return value{}
	}
	d.head = headComment(string(body))
	file, err := parseYAML(string(body))
	if err != nil {
		d.syntax(err)
		return value{}
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case doc.Body.Type() == ast.DirectiveType:
			v := value{doc: d, node: doc.Body}
			v.wrong("a YAML directive, allowed is plain YAML without directives")
			return value{}
		case root != nil:
			v := value{doc: d, node: doc.Body}
			v.wrong("a second YAML document, allowed is one in a file")
			return value{}
		default:
			root = doc.Body
		}
	}
	if root == nil {
		d.report(1, 1, false, "the file is empty, see the example that \"vouch init DIR\" writes")
		return value{}
	}
	return value{doc: d, key: "the file", node: root}
}

// tooDeep is the error of a file that nests deeper than maxDepth.
type tooDeep struct{ at *token.Token }

func (tooDeep) Error() string { return fmt.Sprintf("nested more than %d levels deep", maxDepth) }

// parseYAML parses without expanding anything. A panic inside the library becomes an
// error: it meets bytes from outside.
func parseYAML(body string) (f *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, errors.New("the YAML cannot be understood")
		}
	}()
	tokens := lexer.Tokenize(body)
	if t := deepest(tokens); t != nil {
		return nil, tooDeep{t}
	}
	// Keys given twice are reported by mapping, all of them at once.
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// deepest returns the first token beyond maxDepth, counting open brackets and the
// indicators that open a level within one line.
func deepest(tokens token.Tokens) *token.Token {
	open, inLine, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			inLine++
		}
		if open > maxDepth || inLine > maxDepth || t.Position.IndentLevel > maxDepth {
			return t
		}
	}
	return nil
}

// syntax reports what the parser said, without its excerpt of the file: a secret
// could stand there.
func (d *document) syntax(err error) {
	var deep tooDeep
	if errors.As(err, &deep) {
		d.report(deep.at.Position.Line, deep.at.Position.Column, false, "%s, allowed are %d", deep, maxDepth)
		return
	}
	var ye yaml.Error
	if !errors.As(err, &ye) {
		d.report(1, 1, false, "not YAML: the parser cannot read the file, see the example that \"vouch init DIR\" writes")
		return
	}
	line, column := 1, 1
	if t := ye.GetToken(); t != nil && t.Position != nil {
		line, column = t.Position.Line, t.Position.Column
	}
	said, _, _ := strings.Cut(ye.GetMessage(), `"`)
	d.report(line, column, false, "not YAML: %s", strings.TrimRight(said, ": "))
}

// badByte finds the first byte that is not text: the parser would skip or
// misplace it.
func badByte(body []byte) (line, column int, found bool) {
	line, column = 1, 1
	for len(body) > 0 {
		r, n := utf8.DecodeRune(body)
		switch {
		case r == '\n':
			line, column = line+1, 0
		case r == '\t':
		case r < 0x20, r == 0x7f, r == '\u0085', r == '\u2028', r == '\u2029', r == utf8.RuneError && n == 1:
			return line, column, true
		}
		column++
		body = body[n:]
	}
	return 0, 0, false
}

// headComment returns the lines of comment that a file begins with, as one text.
func headComment(body string) string {
	var lines []string
	for line := range strings.Lines(body) {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	return strings.Join(lines, " ")
}
