// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/evidence"
)

// served runs a collector on the example files and returns its data directory.
func served(t *testing.T) string {
	t.Helper()
	conf := initialised(t)
	data, err := os.MkdirTemp("", "vouch") // short, for the Unix socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	file := filepath.Join(conf, "collector.yaml")
	replace(t, file, "\ndata: data\n", "\ndata: "+data+"\n")
	replace(t, file, `listen: ":7443"`, "listen: 127.0.0.1:0")
	replace(t, file, "listen: 127.0.0.1:7480", "listen: 127.0.0.1:0")
	replace(t, file, "log_level: info", "log_level: error")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runCollector(ctx, file) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the collector ended with: %v", err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var s admin.Status
		err := admin.Dial(data).Get(t.Context(), admin.PathStatus, nil, &s)
		if err == nil {
			return data
		}
		select {
		case err := <-done:
			done <- nil
			t.Fatalf("the collector ended with: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the collector does not answer: %v", err)
		}
	}
}

// The way of a claim through the command line: made, listed, approved as far as one
// person may, corrected, accepted.
func TestExclusionCommands(t *testing.T) {
	data := served(t)
	exclusion := func(args ...string) (string, string, int) {
		return run(newExclusionCmd(), append(args, "--data", data)...)
	}
	report := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(report, []byte("the dyke broke"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	claim := func(args ...string) []string {
		return append([]string{"claim", "--customer", "bakery", "--device", "router-1", "--kind", "force-majeure", "--from", at(-2 * time.Hour), "--to", at(-time.Hour), "--reason", "flood"}, args...)
	}
	x := fmt.Sprintf("X-%d-000", now.UTC().Year())

	out, errs, code := exclusion("list")
	if out != "No claim was made.\n" || code != 0 {
		t.Errorf("list of nothing = %q, %q, %d", out, errs, code)
	}
	out, errs, code = exclusion(claim("--announced", at(-90*time.Minute))...)
	if code != 0 || !strings.HasPrefix(out, x+"1 claims force-majeure for device router-1 of bakery, from ") || !strings.Contains(out, "does not count: not accepted") {
		t.Errorf("claim = %q, %q, %d", out, errs, code)
	}
	for _, want := range []string{"vouch: warning: it needs evidence: enter it again with --evidence and --corrects " + x + "1\n", "vouch: warning: it needs the approval of somebody other than uid:"} {
		if !strings.Contains(errs, want) {
			t.Errorf("warnings of claim = %q, want %q", errs, want)
		}
	}
	out, errs, code = exclusion(claim("--corrects", x+"1", "--evidence", "report="+report, "--evidence", "https://example.net/?a=b", "--json")...)
	var c admin.Claim
	if err := json.Unmarshal([]byte(out), &c); err != nil || code != 0 || c.ID != x+"2" || c.Corrects != x+"1" {
		t.Fatalf("claim --json = %q, %q, %d, %v", out, errs, code, err)
	}
	if want := []string{"report sha256:f818946f93e098986436d57e8c8b7c12de3f43629818273ad669d7c3287922e6", "https://example.net/?a=b"}; !slices.Equal(c.Evidence, want) { // as sha256sum prints it
		t.Errorf("evidence = %q, want %q", c.Evidence, want)
	}
	out, errs, code = exclusion("approve", x+"2")
	if code != 1 || out != "" || !strings.Contains(errs, "asks for a second person") {
		t.Errorf("approve = %q, %q, %d, want a refusal", out, errs, code)
	}
	out, errs, code = exclusion("approve", x+"9")
	if code != 1 || !strings.Contains(errs, "see `vouch exclusion list`") {
		t.Errorf("approve of nothing = %q, %q, %d", out, errs, code)
	}
	out, errs, code = exclusion("list", "--customer", "bakery")
	for _, want := range []string{x + "1  force-majeure, device router-1 of bakery", "corrected by " + x + "2 at ", "in place of " + x + "1", "evidence: report sha256:", "does not count: corrected by another claim", "announced at "} {
		if !strings.Contains(out, want) {
			t.Errorf("list = %q, %q, %d, want %q", out, errs, code, want)
		}
	}
	out, _, _ = exclusion("list", "--json")
	var list []admin.Claim
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 2 {
		t.Errorf("list --json = %q, %v", out, err)
	}
	if out, errs, code = exclusion("reject", x+"2", "--reason", "no flood"); code != 0 || !strings.HasPrefix(out, x+"2 rejected at ") {
		t.Errorf("reject = %q, %q, %d", out, errs, code)
	}
	if out, _, _ = exclusion("list"); !strings.Contains(out, "decided because: no flood") || !strings.Contains(out, "does not count: rejected") {
		t.Errorf("list after the rejection = %q", out)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{claim("--evidence", "report=/nowhere"), "NAME=FILE"},
		{claim("--device", "shop/router-1"), "not of --customer"},
		{claim("--from", "yesterday"), "not a time"},
		{[]string{"claim"}, "required flag"},
		{[]string{"approve"}, "one argument is needed"},
		{nil, "say what to do"},
	} {
		if out, errs, code := exclusion(tt.args...); code == 0 || !strings.Contains(errs, tt.want) {
			t.Errorf("exclusion %q = %q, %q, %d, want %q", tt.args, out, errs, code, tt.want)
		}
	}
}

func TestAcceptAndHoldCommands(t *testing.T) {
	data := served(t)
	accept := func(args ...string) (string, string, int) {
		return run(newAcceptCmd(), append(args, "--data", data)...)
	}
	hold := func(args ...string) (string, string, int) { return run(newHoldCmd(), append(args, "--data", data)...) }

	out, errs, code := accept("list", "--customer", "bakery", "--json")
	var list []admin.Acceptable
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != 0 || len(list) == 0 || list[0].Record != "contract-1" {
		t.Fatalf("accept list --json = %q, %q, %d, %v", out, errs, code, err)
	}
	hash, err := evidence.ParseHash(list[0].Note)
	if err != nil {
		t.Fatal(err)
	}
	skey, vkey, err := evidence.GenerateKey(rand.Reader, "bakery-legal")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	a, err := evidence.SealAcceptance(evidence.AcceptanceHeader{Origin: list[0].Origin, Record: "contract-1", Note: hash, At: time.Now()}, signer)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "note")
	if err := os.WriteFile(file, a.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code = accept("--customer", "bakery", "--record", "contract-1", "--note", file)
	key := strings.Join(strings.Split(vkey, "+")[:2], "+")
	if code != 0 || !strings.HasPrefix(out, "acceptance-1: "+key+" accepts record contract-1 (contract)\n") || !strings.Contains(out, "bears the key "+key) {
		t.Errorf("accept --note = %q, %q, %d", out, errs, code)
	}
	out, errs, code = accept("--customer", "bakery", "--record", "lease-1", "--by", "account-7", "--object", "--json")
	var said admin.Acceptance
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != 0 || !said.Objects || said.By != "account-7" {
		t.Errorf("accept --object --json = %q, %q, %d, %v", out, errs, code, err)
	}
	if out, errs, code = accept("list", "--customer", "bakery"); code != 0 || !strings.Contains(out, "accepts ("+key) || !strings.Contains(out, "objects to (account-7") || !strings.Contains(out, list[0].Note) {
		t.Errorf("accept list = %q, %q, %d", out, errs, code)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--customer", "bakery", "--record", "contract-1"}, "--by ACCOUNT"},
		{[]string{"--customer", "bakery", "--record", "contract-1", "--note", "/nowhere"}, "--note"},
		{[]string{"--customer", "bakery", "--record", "contract-9", "--by", "x"}, "vouch accept list"},
		{[]string{"--customer", "bakery"}, "required flag"},
	} {
		if out, errs, code := accept(tt.args...); code == 0 || !strings.Contains(errs, tt.want) {
			t.Errorf("accept %q = %q, %q, %d, want %q", tt.args, out, errs, code, tt.want)
		}
	}

	if out, errs, code = hold("list"); out != "There is no legal hold.\n" || code != 0 {
		t.Errorf("hold list of nothing = %q, %q, %d", out, errs, code)
	}
	id := fmt.Sprintf("H-%d-0001", time.Now().UTC().Year())
	if out, errs, code = hold("add", "--customer", "bakery", "--reason", "claim of March"); code != 0 || !strings.HasPrefix(out, id+" placed at ") {
		t.Errorf("hold add = %q, %q, %d", out, errs, code)
	}
	if out, errs, code = hold("remove", id, "--customer", "bakery", "--reason", "settled", "--json"); code != 0 || !strings.Contains(out, `"removed_for": "settled"`) {
		t.Errorf("hold remove = %q, %q, %d", out, errs, code)
	}
	if out, errs, code = hold("list", "--customer", "bakery"); code != 0 || !strings.Contains(out, id) || !strings.Contains(out, "removed ") || !strings.Contains(out, "claim of March") {
		t.Errorf("hold list = %q, %q, %d", out, errs, code)
	}
	if out, errs, code = hold("remove", id, "--customer", "bakery"); code == 0 || !strings.Contains(errs, "required flag") {
		t.Errorf("hold remove without a reason = %q, %q, %d", out, errs, code)
	}
}

// Maintenance on the command line, corrected and cancelled.
func TestMaintenanceCommands(t *testing.T) {
	data := served(t)
	work := func(args ...string) (string, string, int) {
		return run(newMaintenanceCmd(), append(args, "--data", data)...)
	}
	m := fmt.Sprintf("M-%d-000", time.Now().UTC().Year())
	add := []string{"add", "--device", "bakery/router-1", "--from", "+200h", "--to", "+201h", "--reason", "firmware"}
	if out, errs, code := work(add...); code != 0 || !strings.HasPrefix(out, m+"1 announced at ") {
		t.Errorf("maintenance add = %q, %q, %d", out, errs, code)
	}
	if out, errs, code := work(append(add, "--corrects", m+"1", "--json")...); code != 0 || !strings.Contains(out, `"corrects": "`+m+`1"`) {
		t.Errorf("maintenance add --corrects = %q, %q, %d", out, errs, code)
	}
	if out, errs, code := work("cancel", m+"1"); code != 1 || !strings.Contains(errs, "cancel that one") {
		t.Errorf("cancel of what was corrected = %q, %q, %d", out, errs, code)
	}
	if out, errs, code := work("cancel", m+"2", "--json"); code != 0 || !strings.Contains(out, `"cancelled_by": "uid:`) {
		t.Errorf("cancel --json = %q, %q, %d", out, errs, code)
	}
	if out, errs, code := work("list"); code != 0 || !strings.Contains(out, "corrected by "+m+"2") || !strings.Contains(out, "cancelled ") {
		t.Errorf("maintenance list = %q, %q, %d", out, errs, code)
	}
}
