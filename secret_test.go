// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package vouch_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
)

// No way of printing shows a secret.
func TestSecret(t *testing.T) {
	const canary = "canary-in-the-coal-mine"
	type holder struct {
		Name   string
		Secret vouch.Secret
		In     map[string]vouch.Secret
	}
	h := holder{"x", canary, map[string]vouch.Secret{"a": canary}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T"} {
		fmt.Fprintf(&out, verb+" ", h.Secret)
		fmt.Fprintf(&out, verb+" ", h)
		fmt.Fprintf(&out, verb+" ", &h)
	}
	fmt.Fprint(&out, h.Secret, h)
	for _, log := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(log).Info("said", "secret", h.Secret, "holder", h)
	}
	for _, encode := range []func() error{
		func() error { return json.NewEncoder(&out).Encode(h) },
		func() error { return xml.NewEncoder(&out).Encode(h.Secret) },
	} {
		if err := encode(); err != nil {
			t.Fatal(err)
		}
	}
	for _, leak := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printing shows the secret as %q in:\n%s", leak, out.String())
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("printing does not say that something is redacted")
	}
}
