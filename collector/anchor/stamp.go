// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
)

// stamper is one time-stamp authority with its state.
type stamper struct {
	Authority
	state *state
}

func (s *stamper) trust() stamp.Trust { return stamp.Trust{Roots: s.Roots, Policy: s.Policy} }

// stamp lets the first authority that does so stamp the checkpoint of the anchor ledger.
func (a *Anchors) stamp(ctx context.Context) (int64, error) {
	size, checkpoint, err := a.seal()
	if err != nil {
		a.opts.Log.Error("could not seal the checkpoint of the anchors; trying again", "err", err)
		return 0, err
	}
	var failed []error
	for _, s := range a.stampers {
		token, what, err := a.askAuthority(ctx, s, checkpoint)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			s.state.failed(err)
			failed = append(failed, err)
			continue
		}
		body := evidence.TimeStamped{Size: size, Checkpoint: string(checkpoint), Authority: s.Name, Token: token}
		if err := a.recorder.Record(ctx, evidence.KindTimeStamp, body); err != nil {
			a.opts.Log.Error("could not record a time stamp; asking again", "err", err)
			return 0, err
		}
		s.state.said(size, what.Time)
		return size, nil
	}
	return 0, errors.Join(failed...)
}

// askAuthority asks one authority, and checks what it answers as whoever reads it later
// will.
func (a *Anchors) askAuthority(ctx context.Context, s *stamper, message []byte) ([]byte, stamp.Stamp, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, stamp.Stamp{}, errors.New("its url cannot be read")
	}
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, stamp.Stamp{}, fmt.Errorf("make a nonce: %v", err)
	}
	nonce := binary.BigEndian.Uint64(random[:]) | 1 // never 0, which would be none
	request, err := stamp.Request(message, nonce, s.Policy)
	if err != nil {
		return nil, stamp.Stamp{}, err
	}
	limited, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, s.URL, bytes.NewReader(request))
	if err != nil {
		return nil, stamp.Stamp{}, errors.New("its url cannot be used")
	}
	req.Header.Set("Content-Type", stamp.TypeRequest)
	req.Header.Set("Accept", stamp.TypeResponse)
	req.Header.Set("User-Agent", "vouch")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, stamp.Stamp{}, unreachable(ctx, u.Host, err, a.opts.Timeout)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, stamp.MaxResponse+1))
	if err != nil {
		return nil, stamp.Stamp{}, unreachable(ctx, u.Host, err, a.opts.Timeout)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, stamp.Stamp{}, answered(u.Host, resp, body)
	}
	what, err := stamp.Verify(body, message, nonce, s.trust())
	if err != nil {
		return nil, stamp.Stamp{}, fmt.Errorf("%s: %w", u.Host, err)
	}
	return body, what, nil
}
