// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
)

const canary = "cAnArY-7f3"

func credentials() []wire.Credential {
	return []wire.Credential{
		{Version: "2c", Community: canary + `<&>"\ é`},
		{Version: "3", User: "vouch", Auth: "SHA256", AuthPassword: canary, Priv: "AES", PrivPassword: canary + "2", Context: "vrf-a", Level: "authPriv"},
	}
}

func TestCredentialRoundTrip(t *testing.T) {
	for _, c := range credentials() {
		body, err := wire.EncodeCredential(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.DecodeCredential(body)
		if err != nil || got != c {
			t.Errorf("version %s: DecodeCredential = %v, %v, want what was encoded", c.Version, got, err)
		}
		if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, got.Community); strings.Contains(text, canary) {
			t.Errorf("a credential shows its secret: %s", text)
		}
	}
	if wire.MaxCredential > seal.MaxSecret {
		t.Error("not every credential fits what can be sealed")
	}
}

func TestCredentialIsRefusedWithoutShowingIt(t *testing.T) {
	long := strings.Repeat(canary, 1000)
	for name, c := range map[string]wire.Credential{
		"no version":         {Community: canary},
		"another version":    {Version: canary, Community: canary},
		"no community":       {Version: "1"},
		"no user":            {Version: "3", AuthPassword: canary},
		"two lines":          {Version: "2c", Community: canary + "\n" + canary},
		"a field too long":   {Version: "2c", Community: vouch.Secret(long)},
		"a field of no text": {Version: "2c", Community: canary + "\xff"},
	} {
		if _, err := wire.EncodeCredential(c); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: EncodeCredential = %v, want an error that shows nothing", name, err)
		}
	}
	for name, body := range map[string]string{
		"nothing":         "",
		"no JSON":         canary,
		"a wrong type":    `{"version":"2c","community":["` + canary + `"]}`,
		"an unknown key":  `{"version":"2c","community":"x","` + canary + `":1}`,
		"something more":  `{"version":"2c","community":"` + canary + `"}{}`,
		"an open string":  `{"version":"2c","community":"` + canary,
		"too long":        `{"version":"2c","community":"` + long + `"}`,
		"the wrong shape": `["` + canary + `"]`,
	} {
		if _, err := wire.DecodeCredential([]byte(body)); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: DecodeCredential = %v, want an error that shows nothing", name, err)
		}
	}
}

func FuzzDecodeCredential(f *testing.F) {
	for _, c := range credentials() {
		body, err := wire.EncodeCredential(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte(`{"version":"2c","community":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := wire.DecodeCredential(in)
		if err != nil {
			return
		}
		body, err := wire.EncodeCredential(c)
		if err != nil && !strings.Contains(err.Error(), "at most") {
			t.Errorf("a credential that was read cannot be written: %v", err)
		}
		if back, e := wire.DecodeCredential(body); err == nil && (e != nil || back != c) {
			t.Errorf("a credential changed on its way: %v", e)
		}
		if bytes.HasSuffix(body, []byte(" ")) {
			t.Error("an encoded credential ends in a space: it cannot be sealed")
		}
	})
}
