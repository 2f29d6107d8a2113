// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/vouch-sla/vouch/internal/retry"
)

// party is who is to vouch for the anchor ledger: the authorities together, or one
// witness.
type party struct {
	// ask lets him vouch for the ledger as it is now, and records what he said. It returns
	// how many leaves that covers.
	ask     func(ctx context.Context) (int64, error)
	wake    chan struct{} // capacity 1
	covered int64         // leaves of the anchor ledger; owned by follow
}

// follow asks a party whenever there are anchors that he has not vouched for, until ctx
// ends. After a failure it waits, longer each time.
func (a *Anchors) follow(ctx context.Context, p *party) {
	wait := a.opts.RetryMin
	for ctx.Err() == nil {
		a.mu.Lock()
		need := a.need
		a.mu.Unlock()
		if need <= p.covered {
			select {
			case <-ctx.Done():
			case <-p.wake:
			}
			continue
		}
		covered, err := p.ask(ctx)
		if err == nil {
			p.covered, wait = covered, a.opts.RetryMin
			a.vouched(covered)
			continue
		}
		var later laterError
		pause := wait
		if errors.As(err, &later) {
			pause = max(pause, min(later.after, a.opts.RetryMax))
		}
		retry.Pause(ctx, pause-rand.N(pause/4+1)) // so that many collectors do not come back at once
		wait = min(2*wait, a.opts.RetryMax)
	}
}

// laterError is an answer that says when to come again.
type laterError struct {
	error
	after time.Duration
}

// state is what is known of an authority or a witness.
type state struct {
	kind, name string
	log        *slog.Logger
	now        func() time.Time

	mu     sync.Mutex // guards status
	status Party
}

// Party says how one authority or witness is.
type Party struct {
	Kind     string    // "authority" or "witness"
	Name     string    // as it is configured
	Last     time.Time // what his last word says of when; zero for none
	Size     int64     // leaves of the anchor ledger that it covers
	Failures int64     // questions that failed since the start
	Error    string    // of the last question; empty where it succeeded, or none was asked yet
	Since    time.Time // when it began to fail
}

func newState(kind, name string, o Options) *state {
	return &state{kind: kind, name: name, log: o.Log, now: o.Now, status: Party{Kind: kind, Name: name}}
}

// know takes over what he said before the start.
func (s *state) know(size int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Size, s.status.Last = size, at
}

// said takes note of an answer.
func (s *state) said(size int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Error != "" {
		s.log.Info("vouches for the anchors again", s.kind, s.name)
	}
	s.status.Size, s.status.Last, s.status.Error, s.status.Since = size, at, "", time.Time{}
}

// failed takes note of a failure, and logs the first of a row.
func (s *state) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Failures++
	if s.status.Error == "" {
		s.status.Since = s.now().UTC()
		s.log.Error("does not vouch for the anchors; asking again", s.kind, s.name, "err", err)
	}
	s.status.Error = err.Error()
}

func (s *state) get() Party {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Status says how the anchors are.
type Status struct {
	Last    time.Time // when the last anchor was written; zero for never
	Size    int64     // leaves of the anchor ledger that others are to vouch for
	Parties []Party   // authorities in the order in which they are asked, then witnesses
}

// Status returns how the anchors are. It never waits for anything.
func (a *Anchors) Status() Status {
	a.mu.Lock()
	s := Status{Last: a.last, Size: a.need}
	a.mu.Unlock()
	for _, x := range a.stampers {
		s.Parties = append(s.Parties, x.state.get())
	}
	for _, x := range a.watchers {
		s.Parties = append(s.Parties, x.state.get())
	}
	return s
}

// newClient uses no proxy and follows no redirect: what is asked goes where the
// configuration says, or nowhere.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// unreachable drops the address from an error of the client: it may hold a secret.
func unreachable(ctx context.Context, host string, err error, limit time.Duration) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%s did not answer within %v", host, limit)
	}
	return fmt.Errorf("ask %s: %w", host, err)
}

// answered makes an error of an answer that is none.
func answered(host string, resp *http.Response, body []byte) error {
	err := fmt.Errorf("%s answers %s%s", host, resp.Status, excerpt(body))
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		err = fmt.Errorf("%s answers %s: redirects are not followed, set url to the final address", host, resp.Status)
	}
	return laterError{err, retry.After(resp.Header, time.Now())}
}

// excerpt makes one printable line of the beginning of what somebody else says.
func excerpt(b []byte) string {
	text := strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(b[:min(len(b), 200)]), "")))
	if text == "" {
		return ""
	}
	return ": " + text
}
