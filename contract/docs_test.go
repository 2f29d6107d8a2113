// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// docBlock matches a fenced example of the document: what it is, then its text.
var docBlock = regexp.MustCompile("(?ms)^```(json vouch-case|text timeline)\n(.*?)^```$")

// docExamples returns the document and its examples of each kind.
func docExamples(t *testing.T) (text string, blocks map[string][]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", "contract-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, blocks = string(b), map[string][]string{}
	for _, m := range docBlock.FindAllStringSubmatch(text, -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	if fences := strings.Count("\n"+text, "\n```"); fences != 2*(len(blocks["json vouch-case"])+len(blocks["text timeline"])) {
		t.Errorf("the document has %d fences, want two for each of its %d cases and %d timelines: another example is not computed",
			fences, len(blocks["json vouch-case"]), len(blocks["text timeline"]))
	}
	return text, blocks
}

// TestDocumentedCases computes the worked cases of the document.
func TestDocumentedCases(t *testing.T) {
	_, blocks := docExamples(t)
	cases := blocks["json vouch-case"]
	if len(cases) < 8 {
		t.Fatalf("the document has %d worked cases, want at least 8", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		var head struct{ Schema, ID string }
		if err := json.Unmarshal([]byte(c), &head); err != nil {
			t.Fatalf("a worked case cannot be read: %v\n%s", err, c)
		}
		if head.Schema != contract.SchemaCase || seen[head.ID] {
			t.Errorf("case %q has schema %q, want %q and an id of its own", head.ID, head.Schema, contract.SchemaCase)
		}
		seen[head.ID] = true
	}
	checkAnswers(t, []byte("["+strings.Join(cases, ",")+"]"))
}

// TestDocumentedTimelines computes the worked examples from samples to a verdict. One
// location is all there is, so that the verdict is what it says.
func TestDocumentedTimelines(t *testing.T) {
	_, blocks := docExamples(t)
	timelines := blocks["text timeline"]
	if len(timelines) < 3 {
		t.Fatalf("the document has %d timelines, want at least 3", len(timelines))
	}
	for i, text := range timelines {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			terms, agent, want := alone(), contract.Agent{ID: "a", Location: "X"}, ""
			var interval, timeout time.Duration
			for line := range strings.Lines(text) {
				name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				rest = strings.TrimSpace(rest)
				switch name {
				case "interval":
					interval, timeout = docPace(t, rest)
				case "threshold":
					terms.Thresholds = append(terms.Thresholds, docThreshold(t, rest))
				case "gateway", "reference":
					agent.References = append(agent.References, contract.Reference{Name: name, Gateway: name == "gateway", Samples: docSamples(t, interval, timeout, rest)})
				case "device":
					agent.Checks = append(agent.Checks, contract.Check{Name: "icmp", Kind: vouch.KindICMP, Samples: docSamples(t, interval, timeout, rest)})
				case "verdict":
					want = rest
				default:
					t.Fatalf("line %q begins with none of interval, threshold, gateway, reference, device and verdict", line)
				}
			}
			var end contract.Second
			if _, err := fmt.Sscanf(want[strings.LastIndex(want, "-")+1:], "%d", &end); err != nil {
				t.Fatalf("the verdict %q has no end: %v", want, err)
			}
			span := contract.Span{From: 0, To: end}
			got := told(contract.Judge(contract.Matter{Span: span, Versions: one(terms), Leases: []contract.Span{span}, Agents: []contract.Agent{agent}}))
			if got != want {
				t.Errorf("Judge = %s, want %s", got, want)
			}
		})
	}
}

// docPace reads "30s, timeout 5s".
func docPace(t *testing.T, text string) (interval, timeout time.Duration) {
	t.Helper()
	first, second, _ := strings.Cut(text, ", timeout ")
	return docDuration(t, first), docDuration(t, second)
}

func docDuration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// docThreshold reads "rtt window 3m limit 100ms for 2m clear_for 2m".
func docThreshold(t *testing.T, text string) contract.Threshold {
	t.Helper()
	words := strings.Fields(text)
	th := contract.Threshold{Name: "documented", Kind: vouch.KindICMP, Metric: contract.Metric(words[0])}
	for i := 1; i+1 < len(words); i += 2 {
		d := docDuration(t, words[i+1])
		switch words[i] {
		case "window":
			th.Window = d
		case "limit":
			th.Limit = d
		case "for":
			th.For = d
		case "clear_for":
			th.ClearFor = d
		default:
			t.Fatalf("threshold %q: %q is not known", text, words[i])
		}
	}
	return th
}

// docSamples reads what samples does, with a mean round trip after an outcome: "0 up 40ms".
func docSamples(t *testing.T, interval, timeout time.Duration, text string) []contract.Sample {
	t.Helper()
	out := samples(t, interval, timeout, text)
	for i, item := range strings.Split(text, ",") {
		if words := strings.Fields(item); len(words) == 3 {
			out[i].Sent, out[i].RTT = 1, docDuration(t, words[2])
		}
	}
	return out
}

// TestDocumentedNames finds every name of the terms' JSON in the table that the
// evidence format points to, and no name in it that the terms do not have.
func TestDocumentedNames(t *testing.T) {
	text, _ := docExamples(t)
	_, table, found := strings.Cut(text, "\n## 15. The names in the record\n")
	if !found {
		t.Fatal("the document has no section 15, The names in the record")
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\|").FindAllStringSubmatch(table, -1) {
		documented[m[1]] = true
	}
	names := map[string]bool{}
	jsonNames(reflect.TypeFor[contract.Terms](), "", names)
	for n := range names {
		if !documented[n] {
			t.Errorf("terms have the name %s, which the document does not list", n)
		}
	}
	for n := range documented {
		if !names[n] {
			t.Errorf("the document lists the name %s, which terms do not have", n)
		}
	}
}

// jsonNames adds the names of a struct's JSON members, those of structs in it after a
// dot and those of lists after "[]".
func jsonNames(typ reflect.Type, path string, names map[string]bool) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := path + strings.Split(f.Tag.Get("json"), ",")[0]
		names[name] = true
		inner, prefix := f.Type, name+"."
		if inner.Kind() == reflect.Slice {
			inner, prefix = inner.Elem(), name+"[]."
		}
		// Types that write themselves are leaves, whatever they are made of.
		_, leaf := reflect.New(inner).Interface().(json.Unmarshaler)
		_, text := reflect.New(inner).Interface().(interface{ UnmarshalText([]byte) error })
		if inner.Kind() == reflect.Struct && !leaf && !text {
			jsonNames(inner, prefix, names)
		}
	}
}
