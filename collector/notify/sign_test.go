// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/notify"
)

// The vectors were made with another program:
//
//	printf '1793000000.{"id":"x"}' | openssl dgst -sha256 -hmac secret
func TestSignatureVectors(t *testing.T) {
	tests := []struct {
		secret vouch.Secret
		at     int64
		body   string
		want   string
	}{
		{"secret", 1793000000, `{"id":"x"}`, "4127ebc1bad13de96d6b34ee203dc21ed39276535de5082ab0f1044301021350"},
		{"k", 0, ``, "6b4a4b8b3c40f1e8f53a3d36682e5f99f7ad2ac1df1c93dfe336f329167641e7"},
		{"ünï", 9999999999, `zeichen ☃`, "820468ff4d4f2a43d1fd179e2d33e16df6d876fc709fd982d81c1852e1a9b9d8"},
	}
	for _, tt := range tests {
		if got := notify.Signature(tt.secret, tt.at, []byte(tt.body)); got != "v1="+tt.want {
			t.Errorf("Signature(%d, %q) = %s, want v1=%s", tt.at, tt.body, got, tt.want)
		}
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1_793_000_000, 0)
	body := []byte(`{"id":"x"}`)
	signed := func(change func(http.Header)) http.Header {
		h := http.Header{}
		notify.Sign(h, "secret", "key", body, now)
		change(h)
		return h
	}
	tests := []struct {
		name   string
		secret vouch.Secret
		header http.Header
		body   []byte
		now    time.Time
		want   error
	}{
		{"no headers", "secret", http.Header{}, body, now, notify.ErrSignature},
		{"another secret", "other", signed(func(http.Header) {}), body, now, notify.ErrSignature},
		{"another body", "secret", signed(func(http.Header) {}), []byte(`{"id":"y"}`), now, notify.ErrSignature},
		{"another time", "secret", signed(func(h http.Header) { h.Set(notify.HeaderTimestamp, "1793000001") }), body, now, notify.ErrSignature},
		{"time spelled otherwise", "secret", signed(func(h http.Header) { h.Set(notify.HeaderTimestamp, "+1793000000") }), body, now, notify.ErrSignature},
		{"no signature", "secret", signed(func(h http.Header) { h.Del(notify.HeaderSignature) }), body, now, notify.ErrSignature},
		{"signature cut off", "secret", signed(func(h http.Header) { h.Set(notify.HeaderSignature, h.Get(notify.HeaderSignature)[:40]) }), body, now, notify.ErrSignature},
		{"unknown version", "secret", signed(func(h http.Header) {
			h.Set(notify.HeaderSignature, strings.Replace(h.Get(notify.HeaderSignature), "v1", "v2", 1))
		}), body, now, notify.ErrSignature},
		{"old", "secret", signed(func(http.Header) {}), body, now.Add(notify.MaxSkew + time.Second), notify.ErrStale},
		{"from the future", "secret", signed(func(http.Header) {}), body, now.Add(-notify.MaxSkew - time.Second), notify.ErrStale},
		{"genuine", "secret", signed(func(http.Header) {}), body, now.Add(notify.MaxSkew), nil},
		{"genuine among others", "secret", signed(func(h http.Header) {
			h.Set(notify.HeaderSignature, "v2=00, "+h.Get(notify.HeaderSignature)+",v1=11")
		}), body, now, nil},
	}
	for _, tt := range tests {
		if err := notify.Verify(tt.secret, tt.header, tt.body, tt.now); !errors.Is(err, tt.want) {
			t.Errorf("%s: Verify() = %v, want %v", tt.name, err, tt.want)
		}
	}
}
