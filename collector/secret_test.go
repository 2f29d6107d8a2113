// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/internal/seal"
	"github.com/vouch-sla/vouch/internal/wire"
)

const canary = "cAnArY-7f3"

// newSecretCentre is a centre in which AMS-1 asks with the credential lab, BRU-1 with core
// and lab, and OWN-1 with none.
func newSecretCentre(t *testing.T) *centre {
	t.Helper()
	return newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) {
			plan := o.Plan
			o.Plan = func(at time.Time) ([]wire.Assignment, time.Time) {
				out, next := plan(at)
				for i := range out {
					for d := range out[i].Devices {
						check := &out[i].Devices[d].Checks[0]
						out[i].Devices[d].Checks = []vouch.Check{*check}
						check = &out[i].Devices[d].Checks[0]
						switch {
						case out[i].Agent == "BRU-1" && d == 0:
							check.Credential = "core"
						case out[i].Agent != "OWN-1":
							check.Credential = "lab"
						}
					}
				}
				return out, next
			}
		}
	})
}

// with asks for the assignment and tells a key.
func (p *player) with(t *testing.T, c *centre, statement []byte) (tag string, doc wire.Assignment, body []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "https://"+c.at.Agents+wire.PathAssignment, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(wire.HeaderSealKey, base64.StdEncoding.EncodeToString(statement))
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("assignment of %s = %d, %v, want 200", p.id, resp.StatusCode, err)
	}
	if doc, err = wire.DecodeAssignment(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("ETag"), doc, b.Bytes()
}

// keyed is a new key of an agent, with its statement.
func (p *player) keyed(t *testing.T) (seal.Key, []byte) {
	t.Helper()
	k, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	statement, err := seal.Statement(k.Public(), p.id, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return k, statement
}

func (c *centre) keep(name string, cred wire.Credential) (out admin.Secret, err error) {
	c.t.Helper()
	raw, err := wire.EncodeCredential(cred)
	if err != nil {
		c.t.Fatal(err)
	}
	err = c.client().Post(c.t.Context(), admin.PathSecrets, admin.NewSecret{Name: name, Credential: raw}, &out)
	return out, err
}

// opened returns what an agent can read of its assignment.
func opened(t *testing.T, k seal.Key, doc wire.Assignment) map[string]vouch.Secret {
	t.Helper()
	out := map[string]vouch.Secret{}
	for _, s := range doc.Secrets {
		raw, err := k.Open(doc.Agent, s.Name, s.Sealed)
		if err != nil {
			t.Fatalf("secret %s of %s: %v", s.Name, doc.Agent, err)
		}
		cred, err := wire.DecodeCredential(raw)
		if err != nil {
			t.Fatal(err)
		}
		out[s.Name] = cred.Community
	}
	return out
}

func TestSecretsGoSealedToWhoNeedsThem(t *testing.T) {
	c := newSecretCentre(t)
	ams, bru, own := c.agents["AMS-1"], c.agents["BRU-1"], c.agents["OWN-1"]
	amsKey, amsSays := ams.keyed(t)
	bruKey, bruSays := bru.keyed(t)
	_, ownSays := own.keyed(t)
	bare, doc, _ := ams.with(t, c, amsSays)
	if len(doc.Secrets) != 0 {
		t.Errorf("secrets before any is stored = %d", len(doc.Secrets))
	}

	waits := ams.await(t.Context(), c, bare)
	s, err := c.keep("lab", wire.Credential{Version: "2c", Community: canary + "-lab"})
	if err != nil || len(s.Sent) != 1 || s.Sent[0] != "AMS-1" || len(s.Waiting) != 1 || s.Waiting[0] != "BRU-1" {
		t.Errorf("secret lab = %+v, %v, want it sent to AMS-1 and to wait for BRU-1", s, err)
	}
	if a := <-waits; !a.is(http.StatusOK) {
		t.Errorf("the agent that waits got %+v, want the secret", a)
	}
	if _, err := c.keep("core", wire.Credential{Version: "2c", Community: canary + "-core"}); err != nil {
		t.Fatal(err)
	}
	tag, doc, body := ams.with(t, c, amsSays)
	if got := opened(t, amsKey, doc); len(got) != 1 || got["lab"] != canary+"-lab" {
		t.Errorf("secrets of AMS-1 = %d, want lab alone", len(got))
	}
	if bytes.Contains(body, []byte(canary)) {
		t.Error("the assignment holds a secret that anybody can read")
	}
	if again, _, _ := ams.with(t, c, amsSays); again != tag {
		t.Error("an assignment in which nothing changed has another tag")
	}
	if _, doc, _ := bru.with(t, c, bruSays); len(opened(t, bruKey, doc)) != 2 {
		t.Errorf("secrets of BRU-1 = %d, want lab and core", len(doc.Secrets))
	}
	if _, doc, _ := own.with(t, c, ownSays); len(doc.Secrets) != 0 {
		t.Errorf("secrets of an agent that needs none = %d", len(doc.Secrets))
	}
	before := doc.From

	// A new key of an agent, a restart, and another secret: each is sealed anew, and what
	// is measured is not touched.
	amsKey, amsSays = ams.keyed(t)
	if now, doc, _ := ams.with(t, c, amsSays); now == tag || opened(t, amsKey, doc)["lab"] == "" || !doc.From.Equal(before) {
		t.Errorf("after a new key: tag %s, in force from %v, want another tag and %v as before", now, doc.From, before)
	}
	c.halt()
	c.start()
	if _, doc, _ := ams.with(t, c, amsSays); opened(t, amsKey, doc)["lab"] != canary+"-lab" {
		t.Error("the secret is lost after a restart")
	}
	if _, err := c.keep("lab", wire.Credential{Version: "2c", Community: canary + "-new"}); err != nil {
		t.Fatal(err)
	}
	if _, doc, _ := ams.with(t, c, amsSays); opened(t, amsKey, doc)["lab"] != canary+"-new" {
		t.Error("the changed secret did not arrive")
	}

	var list []admin.Secret
	raw, err := c.client().Bytes(t.Context(), admin.PathSecrets, nil)
	if err != nil || strings.Contains(string(raw), canary) {
		t.Errorf("list = %s, %v, want no secret in it", raw, err)
	}
	if err := c.client().Get(t.Context(), admin.PathSecrets, nil, &list); err != nil || len(list) != 2 || list[0].Name != "core" || list[1].Version != "2c" {
		t.Errorf("list = %+v, %v, want core and lab", list, err)
	}
	if err := c.client().Delete(t.Context(), admin.PathSecrets, url.Values{"name": {"lab"}}, nil); err != nil {
		t.Fatal(err)
	}
	if _, doc, _ := ams.with(t, c, amsSays); len(doc.Secrets) != 0 {
		t.Error("a secret that was removed is still sent")
	}
	if err := c.client().Delete(t.Context(), admin.PathSecrets, url.Values{"name": {"lab"}}, nil); err == nil || !strings.Contains(err.Error(), "no secret") {
		t.Errorf("removing it again = %v", err)
	}
	files, err := filepath.Glob(filepath.Join(c.dir, "secrets", "*"))
	if err != nil || len(files) != 1 {
		t.Errorf("files of secrets = %v, %v, want that of core", files, err)
	}
}

// What an agent says of a key that is not its own, or nobody's, changes nothing.
func TestKeyForSecretsThatIsNotTheAgents(t *testing.T) {
	c := newSecretCentre(t)
	ams := c.agents["AMS-1"]
	key, says := ams.keyed(t)
	if _, err := c.keep("lab", wire.Credential{Version: "2c", Community: canary}); err != nil {
		t.Fatal(err)
	}
	ams.with(t, c, says)
	_, others := c.agents["BRU-1"].keyed(t)
	foreign, err := seal.Statement(key.Public(), "AMS-1", c.stranger.signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"another agent's": others, "by a stranger's key": foreign, "no statement": []byte("hello"), "too long": bytes.Repeat([]byte("x"), 5000), "cut": says[:len(says)-9],
	} {
		if _, doc, _ := ams.with(t, c, bad); opened(t, key, doc)["lab"] != canary {
			t.Errorf("%s: the agent's own key does not hold any more", name)
		}
	}
	refused := int64(0)
	for _, r := range c.status().Refused {
		if r.Reason == "unusable key for secrets" {
			refused = r.Count
		}
	}
	if refused != 5 {
		t.Errorf("refused keys = %d, want 5", refused)
	}
}

func TestSecretRefused(t *testing.T) {
	c := newSecretCentre(t)
	for name, in := range map[string]admin.NewSecret{
		"a name that is a path": {Name: "../tls", Credential: []byte(`{"version":"2c","community":"` + canary + `"}`)},
		"no community":          {Name: "lab", Credential: []byte(`{"version":"2c"}`)},
		"an unknown key":        {Name: "lab", Credential: []byte(`{"version":"2c","community":"x","` + canary + `":1}`)},
		"no credential":         {Name: "lab", Credential: []byte(`"` + canary + `"`)},
	} {
		err := c.client().Post(t.Context(), admin.PathSecrets, in, &admin.Secret{})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want it refused without showing it", name, err)
		}
	}
	if _, err := c.keep("lab", wire.Credential{Version: "2c", Community: canary}); err != nil {
		t.Fatal(err)
	}
	c.halt()
	path := filepath.Join(c.dir, "secrets", "lab.secret")
	for name, spoil := range map[string]func() error{
		"open to others": func() error { return os.Chmod(path, 0o644) },
		"damaged":        func() error { return os.WriteFile(path, []byte(canary), 0o600) },
	} {
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := c.options()
		c.edit(&o)
		err = collector.Run(t.Context(), s, o)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: Run = %v, want the file named and nothing of it shown", name, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
