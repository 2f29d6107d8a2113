// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// collector is a little collector that keeps the rules of chains and speaks the wire
// over TLS. It can be told to fail.
type collector struct {
	t        *testing.T
	server   *http.Server
	served   sync.WaitGroup
	config   *tls.Config
	pin      [sha256.Size]byte
	verifier note.Verifier

	mu          sync.Mutex
	chains      map[string]evidence.Chain
	stored      map[string][]evidence.Item
	heartbeats  []evidence.Heartbeat
	assignment  []byte
	requests    map[string]int
	anchoredAgo int64 // ms, as heartbeats are answered
	tolerant    bool  // a refused note is part of the test

	// before may answer in the collector's place; after may spoil the answer to
	// batches that are stored.
	before func(w http.ResponseWriter, r *http.Request) bool
	after  func(w http.ResponseWriter, a *wire.BatchesAnswer) bool
}

// memory is a listener without a network, for virtual time.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), done: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}
func (m *memory) Close() error   { m.once.Do(func() { close(m.done) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (m *memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	end := newBuffered(there)
	select {
	case m.conns <- end:
		return newBuffered(here), nil
	case <-m.done:
		end.Close()
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		end.Close()
		return nil, ctx.Err()
	}
}

// newCollector makes a collector for the agent with the public key vkey. It does not
// listen yet.
func newCollector(t *testing.T, vkey string) *collector {
	t.Helper()
	verifier, err := evidence.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &collector{
		t: t, verifier: verifier, pin: sha256.Sum256(spki),
		config: &tls.Config{
			MinVersion:   tls.VersionTLS13,
			ClientAuth:   tls.RequireAnyClientCert,
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		},
		chains: map[string]evidence.Chain{}, stored: map[string][]evidence.Item{}, requests: map[string]int{},
	}
}

// listen begins to serve on ln; close ends it.
func (c *collector) listen(ln net.Listener) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathBatches, c.batches)
	mux.HandleFunc("POST "+wire.PathHeartbeats, c.beats)
	mux.HandleFunc("GET "+wire.PathAssignment, c.assigned)
	mux.HandleFunc("GET "+wire.PathHeads, c.heads)
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _ := r.TLS.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
		if vkey, err := note.NewEd25519VerifierKey(c.verifier.Name(), key); err != nil || !sameKey(vkey, c.verifier) {
			c.t.Errorf("client certificate of another key than %s", c.verifier.Name())
		}
		c.mu.Lock()
		c.requests[r.URL.Path]++
		before := c.before
		c.mu.Unlock()
		if before == nil || !before(w, r) {
			mux.ServeHTTP(w, r)
		}
	})}
	c.server = server
	c.served.Go(func() { server.Serve(tls.NewListener(ln, c.config)) })
}

func sameKey(vkey string, v note.Verifier) bool {
	w, err := note.NewVerifier(vkey)
	return err == nil && w.KeyHash() == v.KeyHash()
}

func (c *collector) close() {
	c.server.Close()
	c.served.Wait()
}

func (c *collector) assign(a wire.Assignment) {
	c.t.Helper()
	body, _, err := wire.EncodeAssignment(a)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assignment = body
}

func chainName(customer vouch.CustomerID, stream vouch.Stream) string {
	return string(customer) + "/" + string(stream)
}

func (c *collector) batches(w http.ResponseWriter, r *http.Request) {
	var d wire.Decompressor
	body, err := d.Read(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		c.t.Errorf("body of batches: %v", err)
		http.Error(w, "body", http.StatusBadRequest)
		return
	}
	notes, err := wire.SplitNotes(body)
	if err != nil {
		c.t.Errorf("notes: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var a wire.BatchesAnswer
	for _, raw := range notes {
		a.Results = append(a.Results, c.take(raw))
	}
	if c.after == nil || !c.after(w, &a) {
		json.NewEncoder(w).Encode(a)
	}
}

// take is one note. The caller holds mu.
func (c *collector) take(raw []byte) wire.Result {
	item, err := evidence.OpenNote(raw, note.VerifierList(c.verifier))
	if err != nil {
		c.t.Errorf("note: %v", err)
		return wire.Result{Status: wire.StatusRefused, Reason: err.Error()}
	}
	l := item.Link()
	name := chainName(l.Customer, l.Stream)
	chain := c.chains[name]
	next, err := chain.Next(l)
	if errors.Is(err, evidence.ErrBehind) {
		for _, s := range c.stored[name] {
			if s.Link().Hash == l.Hash {
				return wire.Result{Status: wire.StatusDuplicate}
			}
		}
	}
	if err != nil {
		if !c.tolerant {
			c.t.Errorf("chain %s: %v", name, err)
		}
		return wire.Result{Status: wire.StatusRefused, Reason: err.Error(), ExpectEpoch: chain.Epoch, ExpectSeq: chain.Seq + 1}
	}
	if err := chain.Follows(l); err != nil {
		c.t.Errorf("chain %s: %v", name, err)
	}
	if b, ok := item.(evidence.Batch); ok {
		if err := evidence.CheckLines(b); err != nil {
			c.t.Errorf("lines of %s: %v", name, err)
		}
	}
	c.chains[name] = next
	c.stored[name] = append(c.stored[name], item)
	return wire.Result{Status: wire.StatusStored}
}

func (c *collector) beats(w http.ResponseWriter, r *http.Request) {
	var d wire.Decompressor
	body, err := d.Read(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		c.t.Errorf("body of heartbeats: %v", err)
	}
	notes, err := wire.SplitNotes(body)
	if err != nil {
		c.t.Errorf("heartbeats: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := wire.HeartbeatAnswer{Assignment: wire.ETag(c.assignment), ServerTime: time.Now().UnixMilli(), AnchoredAgo: c.anchoredAgo}
	for _, raw := range notes {
		h, err := evidence.OpenHeartbeat(raw, note.VerifierList(c.verifier))
		if err == nil {
			err = evidence.CheckHeartbeat(h)
		}
		if err != nil {
			c.t.Errorf("heartbeat: %v", err)
		}
		c.heartbeats = append(c.heartbeats, h)
		a.Results = append(a.Results, wire.Result{Status: wire.StatusStored})
	}
	json.NewEncoder(w).Encode(a)
}

func (c *collector) assigned(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag := wire.ETag(c.assignment)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(c.assignment)
}

func (c *collector) heads(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var a wire.HeadsAnswer
	for name, s := range c.stored {
		if len(s) > 0 {
			l, h := s[len(s)-1].Link(), c.chains[name]
			a.Heads = append(a.Heads, wire.Head{Customer: l.Customer, Stream: l.Stream, Epoch: h.Epoch, Seq: h.Seq, Hash: h.Hash, Through: h.Through})
		}
	}
	json.NewEncoder(w).Encode(a)
}

// items returns what is stored of a chain.
func (c *collector) items(customer vouch.CustomerID, stream vouch.Stream) []evidence.Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.stored[chainName(customer, stream)])
}

// samples returns the samples of a customer's availability stream, in their order.
func (c *collector) samples(customer vouch.CustomerID) []vouch.Sample {
	c.t.Helper()
	var list []vouch.Sample
	for _, item := range c.items(customer, vouch.Availability) {
		b, ok := item.(evidence.Batch)
		if !ok {
			continue
		}
		for l, err := range evidence.DecodeLines(b.Stream, b.Lines) {
			if err != nil {
				c.t.Fatalf("DecodeLines: %v", err)
			}
			list = append(list, l.Sample)
		}
	}
	return list
}

// asked returns how many requests there were for a path.
func (c *collector) asked(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests[path]
}

// beaten returns the heartbeats so far.
func (c *collector) beaten() []evidence.Heartbeat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heartbeats)
}

// set changes how the collector behaves.
func (c *collector) set(f func(c *collector)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}
