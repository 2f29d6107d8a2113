// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/retry"
)

// Limits of what is read and kept of an answer, in bytes.
const (
	maxAnswer  = 64 << 10
	maxExcerpt = 200
)

// carrier takes a message to one receiver.
type carrier interface {
	// carry makes one attempt, until ctx ends at the latest. A nil error means that the
	// receiver has the message.
	carry(ctx context.Context, i store.Intent) (receipt, error)
	// close lets go of idle connections.
	close()
}

// receipt is what is known after an attempt.
type receipt struct {
	answer  string        // what the receiver said when it took the message, at most maxExcerpt bytes of it
	after   time.Duration // the receiver asks not to be tried sooner
	unclear bool          // it failed, and the receiver may have the message all the same
}

// poster makes HTTP requests for a channel.
type poster struct {
	ch     Channel
	host   string
	client *http.Client
}

func (p poster) close() { p.client.CloseIdleConnections() }

// send makes one request and returns the whole body of an answer 2xx, of at most
// maxAnswer bytes. Redirects are errors.
func (p poster) send(ctx context.Context, method, address string, header http.Header, body []byte) ([]byte, receipt, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, receipt{}, fmt.Errorf("channel %q: the url cannot be used", p.ch.Name)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "vouch")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	begun := time.Now()
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, receipt{unclear: !before(err)}, p.explain(err, time.Since(begun))
	}
	defer func() { _ = resp.Body.Close() }()
	limited := io.LimitReader(resp.Body, maxAnswer)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		// What comes later is cut off; all is read, so that the connection can be used again.
		got, err := io.ReadAll(limited)
		if err != nil {
			got = nil // the status says that it was taken
		}
		return got, receipt{answer: clip(resp.Status + p.quote(got))}, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, receipt{}, fmt.Errorf("%s answers %s: redirects are not followed, set the channel's url to the final address", p.host, resp.Status)
	}
	excerpt := make([]byte, maxExcerpt)
	n, _ := io.ReadFull(limited, excerpt)
	return nil, receipt{after: retry.After(resp.Header, time.Now())}, fmt.Errorf("%s answers %s%s", p.host, resp.Status, p.quote(excerpt[:n]))
}

// authorize returns the header of a server that wants a user or a token.
func (p poster) authorize() http.Header {
	h := http.Header{"Accept": {"application/json"}}
	switch {
	case p.ch.User != "":
		r := http.Request{Header: h}
		r.SetBasicAuth(p.ch.User, string(p.ch.Secret))
	case p.ch.Secret != "":
		h.Set("Authorization", "Bearer "+string(p.ch.Secret))
	}
	return h
}

// before reports whether an error came before anything was sent.
func before(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// explain drops the address from an error of the client: it may hold a secret.
func (p poster) explain(err error, waited time.Duration) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer within %v", p.host, waited.Round(time.Millisecond))
	}
	return fmt.Errorf("post to %s: %w", p.host, err)
}

// quote makes one printable line of the beginning of an answer.
func (p poster) quote(b []byte) string {
	text := clip(printable(string(b), p.ch))
	if text == "" {
		return ""
	}
	return ": " + text
}

// printable makes one line of what a receiver said, without its secret.
func printable(s string, ch Channel) string {
	text := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	if ch.Secret != "" {
		text = strings.ReplaceAll(text, string(ch.Secret), "[redacted]")
	}
	return text
}

func clip(s string) string {
	if len(s) > maxExcerpt {
		s = strings.ToValidUTF8(s[:maxExcerpt], "")
	}
	return s
}

// eventOf reads the message of an intent.
func eventOf(i store.Intent) (Event, error) {
	var e Event
	if err := json.Unmarshal(i.Payload, &e); err == nil && e.Transition != "" {
		return e, nil
	}
	var u UnitEvent
	if err := json.Unmarshal(i.Payload, &u); err != nil || u.Event != AnotherUnit && u.Event != UnitAgain {
		return e, fmt.Errorf("message %s cannot be read", i.Key)
	}
	return u.asEvent(), nil
}

// hook posts our own JSON, signed.
type hook struct{ poster }

func (h hook) carry(ctx context.Context, i store.Intent) (receipt, error) {
	header := http.Header{}
	Sign(header, h.ch.Secret, i.Key, i.Payload, time.Now())
	_, got, err := h.send(ctx, http.MethodPost, h.ch.URL, header, i.Payload)
	return got, err
}
