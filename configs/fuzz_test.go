// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
)

// check loads a file of any kind among the examples and asserts what must hold
// whatever it contains: no panic, a place for every problem, a value or mistakes.
func check(t *testing.T, name, body string) {
	t.Helper()
	f := example()
	f[name] = body
	for _, p := range configs.Check(f.source(), "collector.yaml", name) {
		if p.File == "" || p.Line < 1 || p.Column < 1 || p.Message == "" || strings.ContainsAny(p.Message, "\n\r") {
			t.Errorf("problem %+v of %q: it has no place or is not one line", p, body)
		}
	}
	c, ps := configs.LoadCollector(f.source(), "collector.yaml")
	switch {
	case ps.Err() != nil && c.File != "":
		t.Errorf("LoadCollector of %q gave a value and mistakes, want one of them", body)
	case ps.Err() == nil && c.File == "":
		t.Errorf("LoadCollector of %q gave neither a value nor a mistake", body)
	case ps.Err() == nil:
		for at, ok := configs.NextChange(c.Base, c.Contracts, c.Contracts[0].Versions[0].InForce.Time()); ok; at, ok = configs.NextChange(c.Base, c.Contracts, at) {
			configs.Assignments(c.Base, c.Contracts, at)
		}
	}
	if a, ps := configs.LoadAgent(f.source(), "agent.yaml"); (ps.Err() == nil) == (a.File == "") {
		t.Errorf("LoadAgent of %q: value %v, mistakes %v, want one of them", body, a.File, ps.Err())
	}
}

// mutate changes bytes or lines of a text.
func mutate(r *rand.Rand, body string) string {
	const bytes = "\x00\t\n -:[]{}#&*!|>'\"%@`,?~=09azA\xff\xc3é"
	for range 1 + r.IntN(3) {
		i := r.IntN(len(body) + 1)
		lines := strings.SplitAfter(body, "\n")
		k, l := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(6) {
		case 0: // insert a byte
			j := r.IntN(len(bytes))
			body = body[:i] + bytes[j:j+1] + body[i:]
		case 1: // cut a piece out
			body = body[:i] + body[min(len(body), i+1+r.IntN(20)):]
		case 2: // cut the end off
			body = body[:i]
		case 3: // swap two lines
			lines[k], lines[l] = lines[l], lines[k]
			body = strings.Join(lines, "")
		case 4: // repeat a line elsewhere
			lines[k] += lines[l]
			body = strings.Join(lines, "")
		case 5: // move a line in or out
			lines[k] = strings.Repeat(" ", r.IntN(6)) + strings.TrimLeft(lines[k], " ")
			body = strings.Join(lines, "")
		}
	}
	return body
}

// TestMutatedExamples is the fuzz targets' work in small, on every run of the tests.
// Each round reads the product's profiles several times.
func TestMutatedExamples(t *testing.T) {
	rounds := 20
	if os.Getenv("VOUCH_WHOLE") != "" {
		rounds = 150
	}
	for name, body := range example() {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		for range rounds {
			check(t, name, mutate(r, body))
		}
	}
}

func fuzz(f *testing.F, name string) {
	f.Add(example()[name])
	f.Add("")
	f.Add("a: &a [*a]")
	f.Add("id: a\nallow_exec: true\ncredentials: {a: {version: 2c, community: exec:/bin/true a}, b: {version: 2c, community: cred:b}, c: {version: 2c, community: env:GOOD}}\n")
	f.Add("? {a: b}\n: |2-\n  x\n--- !t\n...\n")
	f.Fuzz(func(t *testing.T, body string) { check(t, name, body) })
}

func FuzzCollector(f *testing.F) { fuzz(f, "collector.yaml") }
func FuzzAgent(f *testing.F)     { fuzz(f, "agent.yaml") }
func FuzzBase(f *testing.F)      { fuzz(f, "base.yaml") }
func FuzzContract(f *testing.F)  { fuzz(f, "contract.yaml") }

func FuzzProfile(f *testing.F) {
	for _, p := range []string{"schema: 1\nname: a\nclass: router\nextends: [generic]\nmatch: {sysobjectid: [\"1.3.*\"]}\nmetrics:\n  - symbol: {OID: 1.3.0, name: x, type: gauge}\n  - table: {name: t}\n    symbols: [{OID: 1.3, name: y, type: state}]\n    metric_tags: [{tag: z, symbol: {OID: 1.3}}]\n"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, body string) { check(t, "profile.yaml", body) })
}
