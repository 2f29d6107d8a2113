// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/retry"
)

// Limits of what is read and kept of an answer, in bytes.
const (
	maxAnswer  = 64 << 10
	maxExcerpt = 200
)

// job is an intent on its way.
type job struct {
	intent store.Intent
	lane   lane
}

// sender delivers the intents of one channel.
type sender struct {
	ch     Channel
	host   string // for people; the rest of a webhook's address is often a secret
	client *http.Client
	d      *dispatcher
	work   chan job // capacity queueLen; when it is full, intents wait in the store

	mu      sync.Mutex // guards what follows
	failing bool
}

func newSender(c Channel, d *dispatcher) (*sender, error) {
	u, err := c.parse()
	if err != nil {
		return nil, err
	}
	return &sender{ch: c, host: u.Scheme + "://" + u.Host, client: c.client(), d: d, work: make(chan job, queueLen)}, nil
}

func (s *sender) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.work:
			if ctx.Err() == nil {
				s.deliver(ctx, j)
			}
		}
	}
}

// deliver makes one attempt. The attempt is stored before it is made, so that one
// that takes the process down with it is not repeated at once, again and again.
func (s *sender) deliver(ctx context.Context, j job) {
	i, opts := j.intent, s.d.opts
	i.Attempts++
	wait := backoff(opts, i.Attempts)
	i.NotUntil, i.LastErr = time.Now().Add(opts.Timeout+wait), "under way or interrupted"
	if err := s.d.queue.Update(ctx, i); err != nil {
		s.d.release(j) // still due: the next pass finds it
		return
	}
	after, err := s.post(ctx, i)
	now := time.Now()
	switch {
	case err == nil:
		i.Done, i.LastErr = now.UTC(), ""
	case ctx.Err() != nil:
		i.NotUntil, i.LastErr = now, errStopped.Error()
	default:
		i.NotUntil, i.LastErr = now.Add(max(wait, min(after, opts.RetryMax))), err.Error()
		i.Failed = now.Sub(i.Created) >= opts.GiveUp
	}
	s.d.settle(ctx, i)
	j.intent = i
	s.d.release(j)
	if ctx.Err() == nil {
		s.tell(i, err)
	}
}

// backoff is the wait after the n-th attempt, spread over its upper half.
func backoff(o Options, n int) time.Duration {
	wait := o.RetryMin
	for ; n > 1 && wait < o.RetryMax; n-- {
		wait *= 2
	}
	wait = min(wait, o.RetryMax)
	return wait - rand.N(wait/2+1)
}

// tell logs the changes of the channel, and what is given up.
func (s *sender) tell(i store.Intent, err error) {
	s.mu.Lock()
	was := s.failing
	s.failing = err != nil
	s.mu.Unlock()
	switch {
	case err != nil && !was:
		s.d.opts.Log.Warn("channel does not take notifications: they are retried", "channel", s.ch.Name, "intent", i.Key, "err", err)
	case err == nil && was:
		s.d.opts.Log.Info("channel takes notifications again", "channel", s.ch.Name, "intent", i.Key)
	}
	if i.Failed {
		s.d.opts.Log.Error("notification is given up", "channel", s.ch.Name, "intent", i.Key, "attempts", i.Attempts, "err", err)
	}
}

// post sends the message once. A nil error means that the receiver has it.
func (s *sender) post(ctx context.Context, i store.Intent) (after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.d.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.ch.URL, bytes.NewReader(i.Payload))
	if err != nil {
		return 0, fmt.Errorf("channel %q: the url cannot be used", s.ch.Name)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "vouch")
	Sign(req.Header, s.ch.Secret, i.Key, i.Payload, time.Now())
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, s.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := io.LimitReader(resp.Body, maxAnswer)
	excerpt := make([]byte, maxExcerpt)
	n, _ := io.ReadFull(body, excerpt)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		_, _ = io.Copy(io.Discard, body) // so that the connection can be used again; what comes later is cut off
		return 0, nil
	}
	err = fmt.Errorf("%s answers %s%s", s.host, resp.Status, s.quote(excerpt[:n]))
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		err = fmt.Errorf("%s answers %s: redirects are not followed, set the channel's url to the final address", s.host, resp.Status)
	}
	return retry.After(resp.Header, time.Now()), err
}

// explain drops the address from an error of the client: it may hold a secret.
func (s *sender) explain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer within %v", s.host, s.d.opts.Timeout)
	}
	return fmt.Errorf("post to %s: %w", s.host, err)
}

// quote makes one printable line of the beginning of an answer.
func (s *sender) quote(b []byte) string {
	text := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b), "")))
	if s.ch.Secret != "" {
		text = strings.ReplaceAll(text, string(s.ch.Secret), "[redacted]")
	}
	if text == "" {
		return ""
	}
	return ": " + text
}
