// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vouch-sla/vouch"
)

// AlarmWebhook is where an alarm is posted as JSON.
type AlarmWebhook struct {
	URL    *url.URL     // http or https. Its path is often its password: it is never shown
	Secret vouch.Secret // of the signature; empty for none
}

// send posts the message. 2xx is delivered. Neither proxy nor redirect is followed.
// Where there is a secret the headers are those of the collector's messages:
// Vouch-Intent, Vouch-Timestamp and Vouch-Signature.
func (w *AlarmWebhook) send(ctx context.Context, dial dialer, roots *x509.CertPool, m AlarmMessage) error {
	host := w.URL.Scheme + "://" + w.URL.Host
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("post to %s: %w", host, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post to %s: its URL cannot be used", host) // the error would show it
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Vouch-Intent", m.ID)
	if w.Secret != "" {
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(w.Secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		req.Header.Set("Vouch-Timestamp", stamp)
		req.Header.Set("Vouch-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	client := http.Client{
		Transport: &http.Transport{
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		var shown *url.Error
		if errors.As(err, &shown) { // it names the whole URL
			err = shown.Err
		}
		return fmt.Errorf("post to %s: %w", host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("post to %s: it answered %d %s", host, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return nil
}
