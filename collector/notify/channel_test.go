// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/collector/notify"
)

func TestRunRefusesBadChannels(t *testing.T) {
	ok := notify.Channel{Name: "noc", URL: "https://hooks.example.net/x", Secret: "s"}
	change := func(f func(*notify.Channel)) []notify.Channel {
		c := ok
		f(&c)
		return []notify.Channel{c}
	}
	tests := []struct {
		name     string
		channels []notify.Channel
		want     string
	}{
		{"no name", change(func(c *notify.Channel) { c.Name = "" }), "no name"},
		{"no url", change(func(c *notify.Channel) { c.URL = "" }), "want one like"},
		{"a file", change(func(c *notify.Channel) { c.URL = "file:///etc/passwd" }), "want one like"},
		{"no host", change(func(c *notify.Channel) { c.URL = "https:///x" }), "want one like"},
		{"unreadable", change(func(c *notify.Channel) { c.URL = "https://user:hunter2@h\x7f/" }), "want one like"},
		{"no secret", change(func(c *notify.Channel) { c.Secret = "" }), "secret is missing"},
		{"twice", []notify.Channel{ok, ok}, "twice"},
	}
	for _, tt := range tests {
		err := notify.New(newStore(t), tt.channels, quick()).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: Run() = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A channel without AllowPrivate reaches nothing in our own network, whatever name
// leads there.
func TestPrivateAddressesAreRefused(t *testing.T) {
	rec, s := newReceiver(t, nil), newStore(t)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"} {
		t.Run(host, func(t *testing.T) {
			c := rec.channel(host)
			c.AllowPrivate = false
			c.URL = strings.Replace(c.URL, "127.0.0.1", host, 1)
			name := "INC-" + host + "/opened"
			add(t, s, host, name)
			q := &recordingQueue{Queue: s}
			stop := start(t, q, quick(), c)
			until(t, "an attempt", func() bool { return strings.Contains(q.errors(), "http://") })
			stop()
			if errs := q.errors(); !strings.Contains(errs, "allow_private") && !strings.Contains(errs, "address family not supported") {
				t.Errorf("last errors %q, want the cure", errs)
			}
		})
	}
	if n := len(rec.keys()); n != 0 {
		t.Errorf("%d messages came, want none", n)
	}
}

func TestPublic(t *testing.T) {
	tests := []struct {
		addr string
		want bool
	}{
		{"0.0.0.0", false}, {"0.1.2.3", false}, {"10.0.0.1", false}, {"100.64.0.1", false}, {"127.8.9.1", false},
		{"169.254.169.254", false}, {"172.16.0.1", false}, {"192.0.0.8", false}, {"192.168.1.1", false}, {"198.18.0.1", false},
		{"224.0.0.1", false}, {"240.0.0.1", false}, {"255.255.255.255", false},
		{"::", false}, {"::1", false}, {"::7f00:1", false}, {"::ffff:10.0.0.1", false}, {"64:ff9b::a00:1", false}, {"2002:a00:1::", false},
		{"2001::1", false}, {"2001:db8::1", false}, {"fc00::1", false}, {"fe80::1", false}, {"fe80::1%eth0", false}, {"fec0::1", false}, {"ff02::1", false},
		{"9.255.255.255", true}, {"11.0.0.0", true}, {"100.63.255.255", true}, {"172.32.0.1", true}, {"193.0.0.1", true},
		{"::ffff:193.0.0.1", true}, {"2001:200::1", true}, {"2a00::1", true},
	}
	for _, tt := range tests {
		if got := notify.Public(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("Public(%s) = %v, want %v", tt.addr, got, tt.want)
		}
	}
	if notify.Public(netip.Addr{}) {
		t.Error("Public(zero) = true, want false")
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	c := notify.Channel{Name: "noc", Secret: "hunter2"}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, c, c.Secret)
	}
	j, err := json.Marshal(c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "channel", c, "secret", c.Secret)
	for _, bad := range []string{"hunter2", fmt.Sprintf("%x", "hunter2")} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("printed %q, want [redacted] only", out.String())
		}
	}
}
