// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package probes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const hidden = "kept-to-ourselves"
	c := probes.Credential{Community: hidden, AuthPassword: hidden, PrivPassword: hidden, User: "reader"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", c.Community)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", []vouch.Secret{c.Community})
		fmt.Fprintf(&out, verb+"\n", map[vouch.Secret]int{c.Community: 1})
	}
	encoded, err := json.Marshal(map[string]any{"c": c, "p": &c, "s": c.Community})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewTextHandler(&out, nil)).Info("credential", "credential", c, "community", c.Community)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("credential", "credential", c, "community", c.Community)
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("output shows the secret as %q:\n%s", form, out.String())
		}
	}
	if !strings.Contains(out.String(), "reader") || !strings.Contains(out.String(), "[redacted]") {
		t.Errorf("output shows neither the user nor a redaction:\n%s", out.String())
	}
}

func TestValidate(t *testing.T) {
	usm := probes.Credential{User: "u", Auth: probes.AuthSHA256, AuthPassword: "12345678", Priv: probes.PrivAES, PrivPassword: "12345678"}
	change := func(f func(*probes.Credential)) probes.Credential {
		c := usm
		f(&c)
		return c
	}
	tests := []struct {
		name       string
		credential probes.Credential
		version    string
		problem    string // part of the error; empty for none
	}{
		{"unknown version", probes.Credential{}, "2", "allowed are 1, 2c and 3"},
		{"no community", probes.Credential{}, "2c", "no community"},
		{"long community", probes.Credential{Community: vouch.Secret(strings.Repeat("x", 256))}, "1", "255"},
		{"other version", probes.Credential{Version: "3", Community: "c"}, "2c", "is for SNMP version 3"},
		{"no user", change(func(c *probes.Credential) { c.User = "" }), "3", "user name"},
		{"long user", change(func(c *probes.Credential) { c.User = strings.Repeat("x", 33) }), "3", "user name"},
		{"unknown level", change(func(c *probes.Credential) { c.Level = "authpriv" }), "3", "authNoPriv"},
		{"unknown authentication", change(func(c *probes.Credential) { c.Auth = "SHA-256" }), "3", "SHA256"},
		{"unknown privacy", change(func(c *probes.Credential) { c.Priv = "AES-256" }), "3", "AES256C"},
		{"short passwords", change(func(c *probes.Credential) { c.AuthPassword, c.PrivPassword = "1234567", "" }), "3", "privacy password"},
		{"privacy without authentication", change(func(c *probes.Credential) { c.Auth = "" }), "3", "authentication protocol"},
		{"good v1", probes.Credential{Community: "c"}, "1", ""},
		{"good v2c", probes.Credential{Version: "2c", Community: "c"}, "2c", ""},
		{"good v3", usm, "3", ""},
		{"good v3 without keys", probes.Credential{User: "u"}, "3", ""},
		{"a lower level needs no privacy", change(func(c *probes.Credential) { c.Level, c.Priv, c.PrivPassword = probes.AuthNoPriv, "", "" }), "3", ""},
	}
	for _, test := range tests {
		err := test.credential.Validate(test.version)
		switch {
		case test.problem == "" && err != nil:
			t.Errorf("%s: Validate(%s) = %v, want nil", test.name, test.version, err)
		case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)):
			t.Errorf("%s: Validate(%s) = %v, want an error with %q", test.name, test.version, err, test.problem)
		}
	}
}

func TestErrorsOfSockets(t *testing.T) {
	wrapped := func(e error) error { return &net.OpError{Op: "x", Net: "udp", Err: os.NewSyscallError("x", e)} }
	tests := []struct {
		errno   syscall.Errno
		send    vouch.Reason
		receive vouch.Reason
	}{
		{syscall.EPERM, vouch.ReasonSocket, vouch.ReasonSocket},
		{syscall.ENETUNREACH, vouch.ReasonSocket, vouch.ReasonFiltered},
		{syscall.EHOSTUNREACH, vouch.ReasonSocket, vouch.ReasonFiltered},
		{syscall.EADDRNOTAVAIL, vouch.ReasonSocket, vouch.ReasonSocket},
		{syscall.ENOBUFS, vouch.ReasonOverload, vouch.ReasonOverload},
		{syscall.ENOMEM, vouch.ReasonOverload, vouch.ReasonOverload},
		{syscall.EMFILE, vouch.ReasonOverload, vouch.ReasonOverload},
		{syscall.ENFILE, vouch.ReasonOverload, vouch.ReasonOverload},
		{syscall.ENOPROTOOPT, vouch.ReasonSocket, vouch.ReasonUnreachable},
		{syscall.ECONNREFUSED, vouch.ReasonRefused, vouch.ReasonRefused},
	}
	for _, test := range tests {
		if got := probes.SendError(wrapped(test.errno)); got.Reason != test.send || got.Outcome != outcomeOf(test.send) {
			t.Errorf("SendError(%v) = %v %v, want %v", test.errno, got.Outcome, got.Reason, test.send)
		}
		if got := probes.ReceiveError(wrapped(test.errno)); got.Reason != test.receive || got.Outcome != outcomeOf(test.receive) {
			t.Errorf("ReceiveError(%v) = %v %v, want %v", test.errno, got.Outcome, got.Reason, test.receive)
		}
	}
	if got := probes.ReceiveError(os.ErrDeadlineExceeded); got.Reason != vouch.ReasonTimeout {
		t.Errorf("ReceiveError(deadline) = %v, want timeout", got.Reason)
	}
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := (&net.Dialer{}).DialContext(past, "udp", "127.0.0.1:9")
	for _, err := range []error{err, &net.OpError{Op: "write", Net: "udp", Err: os.ErrDeadlineExceeded}} {
		if got := probes.SendError(err); got.Outcome != vouch.Unknown || got.Reason != vouch.ReasonOverload {
			t.Errorf("SendError(%v) = %v %v, want that it was too late to ask", err, got.Outcome, got.Reason)
		}
	}
}

func outcomeOf(r vouch.Reason) vouch.Outcome {
	switch r {
	case vouch.ReasonTimeout, vouch.ReasonRefused, vouch.ReasonUnreachable:
		return vouch.Down
	}
	return vouch.Unknown
}

func TestReferenceCheck(t *testing.T) {
	r := vouch.Reference{Name: "gw", Kind: vouch.KindICMP}
	if c := probes.ReferenceCheck(r, 10, 5); c.Name != "gw" || c.Count < 2 || c.Interval != 10 || c.Timeout != 5 {
		t.Errorf("ReferenceCheck(icmp) = %+v, want a round of several requests under the reference's name", c)
	}
	r = vouch.Reference{Name: "ref", Kind: vouch.KindSNMP, Version: "2c", Credential: "ro", Port: 1161}
	if c := probes.ReferenceCheck(r, 10, 5); c.Version != "2c" || c.Credential != "ro" || c.Port != 1161 || c.Profile != "" {
		t.Errorf("ReferenceCheck(snmp) = %+v, want version, credential and port of the reference", c)
	}
}
