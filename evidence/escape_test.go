// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/evidence"
)

func TestUnescapeRefuses(t *testing.T) {
	for _, s := range []string{`a\b`, `%`, `%4`, `100%`, `%zz`, `%5c`, `a%00%`, `%0A\`} {
		if got, err := evidence.Unescape(s); err == nil {
			t.Errorf("Unescape(%q) = %q, want an error", s, got)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"ge-0/0/1, up = yes \"x\"", "ge-0/0/1, up = yes \"x\""},
		{"100%", "100%25"},
		{"a\nb\tc\x7f\x00", "a%0Ab%09c%7F%00"},
		{`C:\`, "C:%5C"},
		{"Zürich \U0001F600", "Zürich \U0001F600"},
		{"bad \xff\xc3", "bad %FF%C3"},
		{"\xed\xa0\x80", "%ED%A0%80"}, // a surrogate, which UTF-8 has not
	} {
		if got := evidence.Escape(c.in); got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestEscapeIsReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		out := evidence.Escape(in)
		if evidence.Unsafe(out) {
			t.Fatalf("Escape(%q) = %q, which does not fit a note", in, out)
		}
		if back, err := evidence.Unescape(out); err != nil || back != in {
			t.Fatalf("Unescape(%q) = %q, %v, want %q", out, back, err, in)
		}
	})
}

func TestLeafReasonFitsALeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringN(300, 900, -1)).Draw(t, "reason")
		got := evidence.LeafReason(in)
		if got == "" {
			return // nothing but white space is no reason
		}
		l := evidence.Leaf{Kind: evidence.LeafRejected, Customer: "c", Agent: "a", Stream: "telemetry", Epoch: 1, Seq: 1, Note: evidence.Hash{1}, Received: t0, Reason: got}
		back, err := evidence.ParseLeaf(l.Append(nil))
		if err != nil || back != l {
			t.Fatalf("LeafReason(%q) = %q; its leaf reads %+v, %v", in, got, back, err)
		}
	})
}
