// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/evidence"
)

// sealer signs the checkpoint of a ledger with the collector's key under the name of
// that ledger, as C2SP tlog-checkpoint wants it.
type sealer func(evidence.Checkpoint) ([]byte, error)

// sealerOf keeps the secret key within the function, so that nothing prints it.
func sealerOf(secret string) sealer {
	return func(c evidence.Checkpoint) ([]byte, error) {
		renamed, err := evidence.RenameSigner(secret, c.Origin)
		if err != nil {
			return nil, err
		}
		signer, err := evidence.NewSigner(renamed)
		if err != nil {
			return nil, err
		}
		return evidence.SealCheckpoint(c, signer)
	}
}

// served answers /ledger/ORIGIN/CUSTOMER/...: checkpoint, tiles and entries of a
// customer's ledger by C2SP tlog-tiles, so that whoever may read it can watch that it
// only grows, and recompute its root. Notes are not served: entries name their hashes.
type served struct {
	ledger store.Ledger
	origin string // of the collector
	seal   sealer
	viewer func(*http.Request) (web.Viewer, error)
	log    *slog.Logger
}

// How long what is served stays true. A full tile never changes. It is the answer to
// one reader's token and not for caches that several share.
const (
	cacheForEver = "private, max-age=31536000, immutable"
	cacheNever   = "no-store"
)

// ServeHTTP answers a ledger that the reader may not see and one that does not exist
// with the same bytes, before the store is asked for either.
func (s served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", cacheNever)
	h.Set("Vary", "Authorization, Cookie")
	viewer, err := s.viewer(r)
	switch {
	case errors.Is(err, web.ErrUnauthenticated):
		h.Set("WWW-Authenticate", `Basic realm="vouch"`)
		http.Error(w, "a token is needed", http.StatusUnauthorized)
		return
	case errors.Is(err, web.ErrForbidden):
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	customer, path, ok := s.find(r.URL.Path)
	if !ok || !mayRead(viewer, customer) {
		http.NotFound(w, r)
		return
	}
	p, err := s.read(r.Context(), customer, path)
	switch {
	case errors.Is(err, store.ErrNotFound):
		http.NotFound(w, r)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	h.Set("Content-Type", p.kind)
	h.Set("Cache-Control", p.cache)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(p.body) // the client may have gone
}

func (s served) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil { // otherwise nobody waits
		s.log.Error("a part of a ledger could not be served", "path", r.URL.Path, "err", err)
	}
	http.Error(w, "that went wrong on our side; the provider's log says how", http.StatusInternalServerError)
}

// find splits the path of a request into the ledger and the path within it.
func (s served) find(path string) (vouch.CustomerID, string, bool) {
	rest, ok := strings.CutPrefix(path, "/ledger/"+s.origin+"/")
	customer, rest, ok2 := strings.Cut(rest, "/")
	return vouch.CustomerID(customer), rest, ok && ok2 && vouch.ValidID(customer) == nil
}

// mayRead reports whether a viewer may read a ledger. The provider's own ledgers are
// for the NOC and for auditors, whatever else a token or an account says.
func mayRead(v web.Viewer, ledger vouch.CustomerID) bool {
	if ledger == vouch.Provider || ledger == vouch.Anchors {
		return v.Role == web.RoleNOC || v.Role == web.RoleAuditor
	}
	return v.May(ledger)
}

// part is what one request asks for.
type part struct {
	kind  string // media type
	cache string // for how long it is true
	body  []byte
}

func (s served) read(ctx context.Context, customer vouch.CustomerID, path string) (p part, err error) {
	if path == "checkpoint" {
		p.kind, p.cache = "text/plain; charset=utf-8", cacheNever
		p.body, err = s.checkpoint(ctx, customer)
		return p, err
	}
	t, err := evidence.ParseTile(path)
	if err != nil {
		return p, fmt.Errorf("%v: %w", err, store.ErrNotFound)
	}
	p.kind, p.cache = "application/octet-stream", cacheNever
	if t.Width == evidence.TileWidth {
		p.cache = cacheForEver
	}
	if t.Entries {
		p.body, err = s.entries(ctx, customer, t)
	} else {
		p.body, err = s.tile(ctx, customer, t)
	}
	return p, err
}

// checkpoint seals the head as it stands. The same head gives the same bytes, because
// Ed25519 signatures hold no chance.
func (s served) checkpoint(ctx context.Context, customer vouch.CustomerID) ([]byte, error) {
	head, err := s.ledger.Head(ctx, customer)
	switch {
	case err != nil:
		return nil, err
	case head.Size == 0:
		return nil, fmt.Errorf("customer %s has no ledger: %w", customer, store.ErrNotFound)
	}
	return s.seal(evidence.Checkpoint{Origin: ledgerOrigin(s.origin, customer), Size: head.Size, Root: head.Root})
}

func (s served) tile(ctx context.Context, customer vouch.CustomerID, t evidence.Tile) ([]byte, error) {
	hashes, err := s.ledger.Tile(ctx, customer, t)
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, len(hashes)*len(evidence.Hash{}))
	for _, h := range hashes {
		body = append(body, h[:]...)
	}
	return body, nil
}

// entries returns a bundle of leaf records, each after its length in two bytes,
// big-endian.
func (s served) entries(ctx context.Context, customer vouch.CustomerID, t evidence.Tile) ([]byte, error) {
	if t.N > math.MaxInt64/evidence.TileWidth {
		return nil, store.ErrNotFound
	}
	from := t.N * evidence.TileWidth
	leaves, err := s.ledger.Leaves(ctx, customer, from, t.Width)
	switch {
	case err != nil:
		return nil, err
	case len(leaves) < t.Width:
		return nil, store.ErrNotFound
	}
	var body []byte
	for i, e := range leaves {
		if e.Index != from+int64(i) || len(e.Leaf) > math.MaxUint16 {
			return nil, fmt.Errorf("leaf %d of customer %s is damaged: run `vouch ledger check`", from+int64(i), customer)
		}
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(e.Leaf))), e.Leaf...)
	}
	return body, nil
}
