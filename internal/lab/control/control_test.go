// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/internal/lab"
	"github.com/vouch-sla/vouch/internal/lab/control"
)

// serve plays two devices and returns the address of their control.
func serve(t *testing.T) (*lab.Lab, string, chan lab.Effect) {
	t.Helper()
	l, err := lab.Open(lab.Config{Listen: netip.MustParseAddrPort("127.1.20.1:0"), Devices: 2}, []*lab.Recording{lab.NewRecording("router", lab.Router())})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := control.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan lab.Effect, 10)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- l.Run(ctx) }()
	go func() { done <- control.Serve(ctx, ln, l, func(e lab.Effect) { told <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, <-done); err != nil {
			t.Errorf("after the end: %v", err)
		}
	})
	return l, ln.Addr().String(), told
}

func TestDoAndList(t *testing.T) {
	_, addr, told := serve(t)
	e, err := control.Do(t.Context(), addr, "dead router-2 for 30s")
	if err != nil || e.Devices != 1 || e.Until == nil || len(e.Names) != 1 || e.Names[0] != "router-2" {
		t.Errorf("Do = %+v, %v; want one device, router-2, until some time", e, err)
	}
	if got := <-told; got.Command != "dead router-2 for 30s" {
		t.Errorf("told of %+v", got)
	}
	var refused control.Refused
	if _, err := control.Do(t.Context(), addr, "kill all"); !errors.As(err, &refused) || !strings.Contains(err.Error(), "not a command") {
		t.Errorf("Do(kill all) = %v, want a refusal", err)
	}
	devices, err := control.List(t.Context(), addr)
	if len(devices) == 2 && (len(devices[0].Doing) != 0 || len(devices[1].Doing) != 1 || !strings.HasPrefix(devices[1].Doing[0], "dead until ")) {
		t.Errorf("List says that the devices do %q and %q, want nothing and dead", devices[0].Doing, devices[1].Doing)
	}
	if err != nil || len(devices) != 2 || devices[1].Name != "router-2" || devices[0].Says == "" || devices[0].Objects != len(lab.Router()) {
		t.Errorf("List = %+v, %v", devices, err)
	}
	if _, err := control.Do(t.Context(), "127.0.0.1:1", "dead all"); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "is `vouch lab` running") {
		t.Errorf("Do where nobody is = %v, want the cure", err)
	}
}

func TestAWebPageIsRefused(t *testing.T) {
	_, addr, told := serve(t)
	for name, change := range map[string]func(*http.Request){
		"a page of another site":  func(r *http.Request) { r.Header.Set("Origin", "https://example.net") },
		"a name for this machine": func(r *http.Request) { r.Host = "evil.example.net:1160" },
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+control.PathDo, strings.NewReader("dead all"))
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, res.StatusCode)
		}
	}
	if len(told) != 0 {
		t.Errorf("a command was carried out: %v", <-told)
	}
}

func TestControlStaysOnThisMachine(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":1160", "192.0.2.1:1160", "localhost", "[::]:0"} {
		if ln, err := control.Listen(addr); err == nil {
			ln.Close()
			t.Errorf("Listen(%s) = nil, want a refusal", addr)
		}
	}
}
