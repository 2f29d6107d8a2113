// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/configs"
)

// TestSecretPrintsNothing prints secrets in every way that a program might.
func TestSecretPrintsNothing(t *testing.T) {
	const canary = "canary"
	type hidden struct{ secret configs.Secret }
	s := configs.NewSecret(canary)
	c := configs.Credential{Community: s}
	for _, v := range []any{s, &s, hidden{s}, []configs.Secret{s}, map[string]any{"s": s}, c, &c, configs.Influx{Token: s}, configs.Agent{Credentials: map[string]configs.Credential{"a": c}}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		j, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json.Marshal(%T): %v", v, err)
		}
		out.Write(j)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
		for _, leak := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
			if strings.Contains(out.String(), leak) {
				t.Errorf("%T prints %q: %s", v, leak, out.String())
			}
		}
	}
	if s.Reveal() != canary || !s.IsSet() || (configs.Secret{}).IsSet() {
		t.Error("Reveal or IsSet is wrong")
	}
}

// TestMistakesNeverShowSecrets puts a canary where secrets go, in every wrong form.
func TestMistakesNeverShowSecrets(t *testing.T) {
	for _, form := range []string{
		"canary", "'canary'", `"canary"`, "[canary]", "{canary: canary}", "{file: canary}", "|canary\n", "|\n      canary", ">\n      canary", "!!str canary", "!canary x",
		"&canary x", "*canary", "file:", "env:", "env:can ary", "cred:can ary", "cred:", "cred:/canary", "exec:canary", "exec:", "exec:/bin/echo canary", "ENV:canary", "file canary", "\"canary", "'canary", "{canary", "[canary", "%canary", "@canary", "`canary",
		"canary: canary", "- canary", "\tcanary", "canary\n    - canary", "? canary", "\"can\\qary\"", "\xffcanary",
	} {
		f := example()
		f.edit(t, "agent.yaml", "community: file:secrets/snmp-community", "community: "+form)
		f.edit(t, "collector.yaml", "#influxdb:\n", "influxdb: {url: http://h, org: o, bucket: b, token: "+form+"}\n")
		got := lines(configs.Check(f.source(), "agent.yaml", "collector.yaml"))
		if strings.Contains(got, "canary") || got == "" {
			t.Errorf("community: %s gives\n%s\nwant a problem that does not show it", form, got)
		}
	}
}

func TestMisspeltSecretKey(t *testing.T) {
	f := example()
	place := f.edit(t, "agent.yaml", "community: file", "▸comunity: canary # file")
	got := lines(f.load("agent.yaml"))
	want := place + `: unknown key "comunity" in lab, did you mean community?`
	if !strings.Contains(got, want) || strings.Contains(got, "canary") {
		t.Errorf("problems =\n%s\nwant %s and no value", got, want)
	}
}

func TestSecretFileOfEverybody(t *testing.T) {
	dir := t.TempDir()
	for _, e := range configs.Examples() {
		path := filepath.Join(dir, e.Name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, e.Body, e.Mode)); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(dir, "secrets", "snmp-community")
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "agent.yaml")
	_, ps := configs.LoadAgent(configs.OS(), name)
	want := fmt.Sprintf("%s:32:16: warning: community: secret file %s can be read or written by every user (mode 0644), make it 0600 or 0640", name, secret)
	if got := lines(ps); got != want {
		t.Errorf("problems = %s, want %s", got, want)
	}
}

// TestUnreadableSecret makes reading fail after opening.
func TestUnreadableSecret(t *testing.T) {
	f := example()
	src := f.source()
	open := src.Open
	src.Open = func(name string) (fs.File, error) {
		if name == "secrets/snmp-community" {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
		return open(name)
	}
	_, ps := configs.LoadAgent(src, "agent.yaml")
	if got, want := lines(ps), "agent.yaml:32:16: community: secret file secrets/snmp-community cannot be read: permission denied, make it a readable file with one line"; got != want {
		t.Errorf("problems = %s, want %s", got, want)
	}
}
