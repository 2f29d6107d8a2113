// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package anchor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

// watcher is one witness with its state.
type watcher struct {
	Witness
	key   note.Verifier
	state *state
	party *party
	old   int64 // leaves that it cosigned last, as far as it is known; owned by its follow
}

// maxCosignature bounds the answer of a witness, in bytes.
const maxCosignature = 16 << 10

// cosign lets a witness cosign the checkpoint of the anchor ledger.
func (a *Anchors) cosign(ctx context.Context, w *watcher) (int64, error) {
	size, checkpoint, err := a.seal()
	if err != nil {
		a.opts.Log.Error("could not seal the checkpoint of the anchors; trying again", "err", err)
		return 0, err
	}
	cosigned, err := a.askWitness(ctx, w, size, checkpoint)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		w.state.failed(err)
		return 0, err
	}
	_, at, err := evidence.OpenCosigned(cosigned, a.origin(vouch.Anchors), w.key)
	if err != nil {
		w.state.failed(err)
		return 0, err
	}
	w.old = size
	body := evidence.Cosigned{Size: size, Checkpoint: string(cosigned), Witness: w.Name}
	if err := a.recorder.Record(ctx, evidence.KindCosigned, body); err != nil {
		a.opts.Log.Error("could not record a cosignature; asking again", "err", err)
		return 0, err
	}
	w.state.said(size, at)
	return size, nil
}

// askWitness returns the checkpoint with the cosignature of a witness. A witness that
// cosigned another size last says which, and is asked again from there.
func (a *Anchors) askWitness(ctx context.Context, w *watcher, size int64, checkpoint []byte) ([]byte, error) {
	u, err := url.Parse(w.URL)
	if err != nil {
		return nil, errors.New("its url cannot be read")
	}
	cosigned, err := a.askOnce(ctx, w, u, size, checkpoint)
	var other conflictError
	if !errors.As(err, &other) {
		return cosigned, err
	}
	if err := a.conflict(w, u.Host, size, other.body); err != nil {
		return nil, err
	}
	return a.askOnce(ctx, w, u, size, checkpoint)
}

// conflictError is the answer 409 of a witness.
type conflictError struct {
	error
	body []byte
}

func (a *Anchors) askOnce(ctx context.Context, w *watcher, u *url.URL, size int64, checkpoint []byte) ([]byte, error) {
	proof, err := a.ledger.Consistency(ctx, vouch.Anchors, w.old, size)
	if err != nil {
		return nil, fmt.Errorf("prove that the anchor ledger grew from %d to %d leaves: %w", w.old, size, err)
	}
	resp, body, err := a.postCheckpoint(ctx, u, evidence.Growth{Old: w.old, Hashes: proof, Checkpoint: checkpoint})
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		cosigned, err := evidence.AddCosignature(checkpoint, body, w.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.Host, err)
		}
		return cosigned, nil
	case http.StatusConflict:
		return nil, conflictError{answered(u.Host, resp, body), body}
	}
	return nil, answered(u.Host, resp, body)
}

// conflict takes over the size from which a witness wants to go on.
func (a *Anchors) conflict(w *watcher, host string, size int64, body []byte) error {
	known, err := strconv.ParseInt(strings.TrimSuffix(string(body), "\n"), 10, 64)
	switch {
	case err != nil || known < 0 || known == w.old:
		return fmt.Errorf("%s answers %d%s: it cosigned another ledger of this name, so that this one was written anew, perhaps from a back-up",
			host, http.StatusConflict, excerpt(body))
	case known > size:
		return fmt.Errorf("%s has cosigned %d leaves of the anchor ledger, which has only %d: leaves are lost here, as after the restoring of a back-up", host, known, size)
	case known < w.old:
		a.opts.Log.Error("the witness remembers fewer leaves than it cosigned", "witness", w.Name, "remembers", known, "cosigned", w.old)
	}
	w.old = known
	return nil
}

// postCheckpoint asks once (C2SP tlog-witness).
func (a *Anchors) postCheckpoint(ctx context.Context, u *url.URL, g evidence.Growth) (*http.Response, []byte, error) {
	limited, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, u.JoinPath("add-checkpoint").String(), bytes.NewReader(g.Append(nil)))
	if err != nil {
		return nil, nil, errors.New("its url cannot be used")
	}
	req.Header.Set("User-Agent", "vouch")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, nil, unreachable(ctx, u.Host, err, a.opts.Timeout)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCosignature+1))
	switch {
	case err != nil:
		return nil, nil, unreachable(ctx, u.Host, err, a.opts.Timeout)
	case len(body) > maxCosignature:
		return nil, nil, fmt.Errorf("%s answers with more than %d bytes", u.Host, maxCosignature)
	}
	return resp, body, nil
}
