// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement_test

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/statement"
)

// TestDocumented: docs/evidence-format.md names every field of the JSON, those of the
// statement and of its figures in the order in which they are written, and marks those
// that may be left out.
func TestDocumented(t *testing.T) {
	raw, err := os.ReadFile("../docs/evidence-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, doc, found := strings.Cut(string(raw), "field by field\n")
	if !found {
		t.Fatal("the page has no section about the JSON field by field")
	}
	doc, _, _ = strings.Cut(doc, "\n## ")
	named := regexp.MustCompile("`([a-z0-9_]+)`(\\??)")
	table := func(after string) (out []string) {
		_, rows, found := strings.Cut(doc, after)
		if !found {
			t.Fatalf("the page has no table after %q", after)
		}
		for row := range strings.Lines(strings.TrimLeft(rows, "\n")) {
			if !strings.HasPrefix(row, "|") && len(out) > 0 {
				break
			}
			cell, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
			for _, m := range named.FindAllStringSubmatch(cell, -1) {
				out = append(out, m[1]+m[2])
			}
		}
		return out
	}
	all := map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(doc, -1) {
		all[m[1]+m[2]] = true
	}
	if got, want := table("**The statement**"), fields(reflect.TypeFor[statement.Statement](), reflect.TypeFor[statement.Body]()); !slices.Equal(got, want) {
		t.Errorf("the page has the fields of a statement as\n%v\nthey are\n%v", got, want)
	}
	if got, want := table("**The figures**"), fields(reflect.TypeFor[statement.Body]()); !slices.Equal(got, want) {
		t.Errorf("the page has the fields of the figures as\n%v\nthey are\n%v", got, want)
	}
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ.PkgPath() != reflect.TypeFor[statement.Statement]().PkgPath() {
			return
		}
		seen[typ] = true
		for _, f := range fields(typ) {
			if !all[f] {
				t.Errorf("the page does not name %s of %s", f, typ)
			}
		}
		for i := range typ.NumField() {
			check(typ.Field(i).Type)
		}
	}
	check(reflect.TypeFor[statement.Statement]())
	if len(seen) < 18 {
		t.Errorf("%d types were looked at, want at least 18", len(seen))
	}
}

// fields are the names of a type in JSON in their order, with a question mark where one
// may be left out; those of embedded types among them, but for those left out here.
func fields(typ reflect.Type, without ...reflect.Type) (out []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && slices.Contains(without, f.Type):
		case f.Anonymous:
			out = append(out, fields(f.Type)...)
		case name != "" && strings.Contains(options, "omitempty"):
			out = append(out, name+"?")
		case name != "":
			out = append(out, name)
		}
	}
	return out
}
