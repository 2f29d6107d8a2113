// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a file of cases. They are far above what cases need; they keep a hostile
// file from taking the machine's memory or stack.
const (
	maxCaseBytes = 256 << 20
	maxDepth     = 100
)

// Mistake is one thing wrong with a case: where, and why.
type Mistake struct {
	Field   string // such as "agents[0].intervals[2].from"; empty for the file as a whole
	Problem string
}

// Error returns "field: problem".
func (m Mistake) Error() string {
	if m.Field == "" {
		return m.Problem
	}
	return m.Field + ": " + m.Problem
}

// node is one value of a JSON text, kept with the order and the repetition of its
// keys, which encoding/json forgets.
type node struct {
	value any // nil, bool, string, json.Number; unset for objects and lists
	kind  byte
	keys  []string
	items []*node // of a list, or the values of keys
}

// parseTree reads exactly one JSON value.
func parseTree(r io.Reader) (*node, error) {
	limited := &io.LimitedReader{R: r, N: maxCaseBytes + 1}
	dec := json.NewDecoder(limited)
	dec.UseNumber()
	n, err := parseNode(dec, 0)
	if limited.N <= 0 {
		return nil, fmt.Errorf("the file is longer than %d MiB", maxCaseBytes>>20)
	}
	if errors.Is(err, io.EOF) {
		return nil, errors.New("no JSON value: the text is empty or ends early")
	}
	if err != nil {
		return nil, fmt.Errorf("not JSON, at byte %d: %v", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the JSON value, at byte %d", dec.InputOffset())
	}
	return n, nil
}

func parseNode(dec *json.Decoder, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{kind: 'v', value: tok}
	delim, ok := tok.(json.Delim)
	if !ok {
		return n, nil
	}
	n.kind, n.value = byte(delim), nil
	for dec.More() {
		if n.kind == '{' {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			n.keys = append(n.keys, key.(string))
		}
		item, err := parseNode(dec, depth+1)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	_, err = dec.Token()
	return n, err
}

// mistakes collects what is wrong of a case while it is read, so that all are told at
// once.
type mistakes struct{ list []error }

func (m *mistakes) add(field, format string, args ...any) {
	m.list = append(m.list, Mistake{field, fmt.Sprintf(format, args...)})
}

// object is a JSON object whose keys are taken one by one; what is left over at the
// end is a mistake.
type object struct {
	*mistakes
	path string
	node *node
	used map[string]bool
}

// object returns n as an object. What is not one is a mistake, and read as empty.
func (m *mistakes) object(n *node, path string) *object {
	o := &object{mistakes: m, path: path, node: n, used: map[string]bool{}}
	if n.kind != '{' {
		m.add(path, "an object is needed, not %s", n.describe())
		o.node = nil
		return o
	}
	seen := make(map[string]bool, len(n.keys))
	for _, k := range n.keys {
		if seen[k] {
			m.add(join2(path, k), "the key stands here twice")
		}
		seen[k] = true
	}
	return o
}

// take returns the value of a key, nil where it is absent. An absent key that is
// required is a mistake.
func (o *object) take(key string, required bool) (*node, string) {
	path := join2(o.path, key)
	o.used[key] = true
	if o.node == nil {
		return nil, path
	}
	if i := slices.Index(o.node.keys, key); i >= 0 {
		return o.node.items[i], path
	}
	if required {
		o.add(path, "required and absent")
	}
	return nil, path
}

// done reports every key that was not taken, except the ignored ones.
func (o *object) done(ignored ...string) {
	if o.node == nil {
		return
	}
	for _, k := range o.node.keys {
		if !o.used[k] && !slices.Contains(ignored, k) {
			allowed := slices.Sorted(maps.Keys(o.used))
			o.add(join2(o.path, k), "no such key; allowed are %s", strings.Join(allowed, ", "))
		}
	}
}

func (o *object) text(key string, required bool) string {
	n, path := o.take(key, required)
	if n == nil {
		return ""
	}
	s, ok := n.value.(string)
	switch {
	case !ok:
		o.add(path, "a text is needed, not %s", n.describe())
	case s == "" && required:
		o.add(path, "the text is empty")
	}
	return s
}

func (o *object) oneOf(key string, required bool, allowed ...string) string {
	n, path := o.take(key, required)
	if n == nil {
		return ""
	}
	s, ok := n.value.(string)
	if !ok || !slices.Contains(allowed, s) {
		o.add(path, "%s is not allowed; allowed are %s", n.describe(), strings.Join(allowed, ", "))
	}
	return s
}

func (o *object) integer(key string, least, most int64) int64 {
	n, path := o.take(key, true)
	if n == nil {
		return least
	}
	return o.number(n, path, least, most)
}

func (m *mistakes) number(n *node, path string, least, most int64) int64 {
	num, ok := n.value.(json.Number)
	v, err := strconv.ParseInt(string(num), 10, 64)
	if !ok || err != nil || v < least || v > most {
		m.add(path, "a whole number from %d to %d is needed, not %s", least, most, n.describe())
		return least
	}
	return v
}

func (o *object) boolean(key string) bool {
	n, path := o.take(key, true)
	if n == nil {
		return false
	}
	v, ok := n.value.(bool)
	if !ok {
		o.add(path, "true or false is needed, not %s", n.describe())
	}
	return v
}

// list calls each for every item of a list.
func (o *object) list(key string, required bool, each func(n *node, path string)) {
	if n, path := o.take(key, required); n != nil {
		o.items(n, path, each)
	}
}

func (m *mistakes) items(n *node, path string, each func(n *node, path string)) {
	if n.kind != '[' {
		m.add(path, "a list is needed, not %s", n.describe())
		return
	}
	for i, item := range n.items {
		each(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

// describe names a value as a person would.
func (n *node) describe() string {
	switch v := n.value.(type) {
	case string:
		if len(v) > 60 {
			v = v[:60] + "..."
		}
		return strconv.Quote(v)
	case json.Number:
		return fmt.Sprintf("%.60s", v)
	case bool:
		return strconv.FormatBool(v)
	}
	switch n.kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "null"
}

func join2(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
