// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/evidence"
)

const recordText = `vouch/record v1
customer: acme
kind: maintenance-announced
id: m-17
recorded: 2026-11-01T00:00:00.000Z
effective: 2026-11-03T22:00:00.000Z
author: uid:1000
corrects: m-16
nonce: AQIDAAAAAAAAAAAAAAAAAA==

{"devices":["router-1"],"minutes":120}
`

func recordHeader() evidence.RecordHeader {
	return evidence.RecordHeader{
		Customer: "acme", Kind: evidence.KindMaintenanceAnnounced, ID: "m-17", Recorded: t0,
		Effective: t0.Add(70 * time.Hour), Author: "uid:1000", Corrects: "m-16", Nonce: evidence.Nonce{1, 2, 3},
	}
}

func TestOpenRecordRefuses(t *testing.T) {
	p := newParty(t, "vouch.example.net", 3)
	for _, c := range []struct{ name, old, new, want string }{
		{"no customer", "customer: acme\n", "", `"customer" is missing`},
		{"a kind in capitals", "kind: maintenance-announced", "kind: Maintenance", "lower-case letters"},
		{"a kind without a name", "kind: maintenance-announced", "kind: ", "1 to 63"},
		{"an id with a slash", "id: m-17", "id: m/17", `header line "id"`},
		{"no author", "author: uid:1000", "author: ", "a text is empty"},
		{"effective missing", "effective: 2026-11-03T22:00:00.000Z\n", "", `"effective" is missing`},
		{"corrects nothing", "corrects: m-16", "corrects: ", "an identifier is empty"},
		{"no body", "{\"devices\":[\"router-1\"],\"minutes\":120}\n", "", "the body is missing"},
		{"white space in the body", `"minutes":120`, `"minutes": 120`, "not in canonical form"},
		{"keys out of order", `{"devices":["router-1"],"minutes":120}`, `{"minutes":120,"devices":["router-1"]}`, "not in canonical form"},
		{"a key twice", `"minutes":120`, `"devices":120`, "stands twice"},
		{"a fraction", `120`, `120.5`, "whole numbers"},
		{"an exponent", `120`, `12e1`, "whole numbers"},
		{"minus zero", `120`, `-0`, "whole numbers"},
		{"too great a number", `120`, `9007199254740992`, "whole numbers"},
		{"two values", `120}`, `120}{}`, "something stands after"},
		{"two lines", `120}`, "120}\n{}", "something stands after"},
		{"broken JSON", `120}`, `120`, "not JSON"},
		{"an escape that is not needed", `router-1`, `router\u002d1`, "not in canonical form"},
	} {
		changed := strings.Replace(recordText, c.old, c.new, 1)
		if changed == recordText {
			t.Fatalf("%s: %q is not in the record", c.name, c.old)
		}
		_, err := evidence.OpenRecord(resign(t, p, changed), p.known)
		wantError(t, c.name, err, c.want)
	}
}

func TestSealRecord(t *testing.T) {
	p := newParty(t, "vouch.example.net", 3)
	body, err := evidence.MarshalCanonical(map[string]any{"minutes": 120, "devices": []string{"router-1"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.SealRecord(recordHeader(), body, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(r.Raw); got != recordText {
		t.Errorf("text of the record:\n%s\nwant:\n%s", got, recordText)
	}
	opened, err := evidence.OpenRecord(r.Raw, p.known)
	if err != nil || !reflect.DeepEqual(opened, r) {
		t.Errorf("OpenRecord = %+v, %v, want %+v", opened, err, r)
	}
	if r.RecordHeader != recordHeader() || r.KeyName != "vouch.example.net" {
		t.Errorf("SealRecord gave %+v of %s, want %+v of vouch.example.net", r.RecordHeader, r.KeyName, recordHeader())
	}
	h := recordHeader()
	h.Author, h.Corrects = "x\ncorrects: m-16", ""
	_, err = evidence.SealRecord(h, body, p.signer)
	wantError(t, "a line in the author", err, "newline")
}

func TestCanonicalRefuses(t *testing.T) {
	for _, in := range []string{"", "{", "[1,]", "[1 2]", `{"a"}`, `{"a":1,"a":2}`, "1.0", "1e2", "nul", "\"\xff\"", strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if out, err := evidence.Canonical([]byte(in)); err == nil {
			t.Errorf("Canonical(%.20q) = %q, want an error", in, out)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" null ", "null"},
		{"[ true , false ]", "[true,false]"},
		{`{"b":1,"a":{"d":-2,"c":[]}}`, `{"a":{"c":[],"d":-2},"b":1}`},
		{`"\u0041\u00e9\u2028<>&\/"`, "\"Aé\u2028<>&/\""},
		{`"\u0000\b\t\n\u000b\f\r\u001f\"\\\u007f"`, "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\\x7f\""},
		// RFC 8785 section 3.2.3: the order of UTF-16 code units, so that U+1F600
		// (D83D DE00) comes before U+FB33.
		{"{\"\ufb33\":1,\"\U0001F600\":2,\"\u20ac\":3,\"\\r\":4,\"1\":5,\"\u0080\":6,\"\u00f6\":7}", "{\"\\r\":4,\"1\":5,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":3,\"\U0001F600\":2,\"\ufb33\":1}"},
		{"9007199254740991", "9007199254740991"},
	} {
		got, err := evidence.Canonical([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("Canonical(%s) = %s, %v, want %s", c.in, got, err, c.want)
		}
	}
}

// Canonical JSON means the same, and is its own canonical form.
func TestCanonicalProperty(t *testing.T) {
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			switch n := rapid.IntRange(0, 5).Draw(t, "type"); {
			case n == 0:
				return float64(rapid.Int64Range(-1<<53+1, 1<<53-1).Draw(t, "number"))
			case n == 1:
				return rapid.Bool().Draw(t, "bool")
			case n == 2 && depth > 0:
				return rapid.SliceOfN(value(depth-1), 0, 4).Draw(t, "list")
			case n == 3 && depth > 0:
				return rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).Draw(t, "object")
			}
			return rapid.String().Draw(t, "text")
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		in := value(4).Draw(t, "value")
		var plain bytes.Buffer
		enc := json.NewEncoder(&plain)
		if err := enc.Encode(widen(in)); err != nil {
			t.Fatal(err)
		}
		out, err := evidence.Canonical(plain.Bytes())
		if err != nil {
			t.Fatalf("Canonical(%s): %v", plain.Bytes(), err)
		}
		if err := evidence.CheckCanonical(out); err != nil {
			t.Fatalf("CheckCanonical(%s): %v", out, err)
		}
		var a, b any
		if json.Unmarshal(plain.Bytes(), &a) != nil || json.Unmarshal(out, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("Canonical(%s) = %s, which means something else", plain.Bytes(), out)
		}
	})
}

// widen turns whole floats into integers, since encoding/json prints great floats
// with an exponent.
func widen(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = widen(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = widen(v[k])
		}
		return out
	}
	return v
}
