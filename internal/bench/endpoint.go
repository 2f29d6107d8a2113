// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// endpoint is the collector's end of the wire for one agent: it hands the assignment
// out, keeps the chains, acknowledges and counts. It stores nothing.
type endpoint struct {
	verifier   note.Verifier
	pin        [sha256.Size]byte
	url        string
	assignment []byte
	bad        bool // devices may be silent
	bodies     wire.Decompressor
	server     *http.Server
	serving    sync.WaitGroup

	mu    sync.Mutex // guards all below
	heads map[chainKey]wire.Head
	seen  map[evidence.Hash]bool
	count tally
	times timeline
}

type chainKey struct {
	customer vouch.CustomerID
	stream   vouch.Stream
}

// tally is what arrived.
type tally struct {
	polls   int // check lines
	sent    int // requests of these
	values  int // numbers of telemetry, of devices alone
	notes   int
	bytes   int // of bodies as sent
	beats   int
	refused int // notes that do not follow their chain
	broken  error
}

// newEndpoint serves an agent with the public key vkey until closed.
func newEndpoint(vkey string, a wire.Assignment) (*endpoint, error) {
	verifier, err := evidence.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	body, _, err := wire.EncodeAssignment(a)
	if err != nil {
		return nil, err
	}
	cert, pin, err := selfSigned()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &endpoint{verifier: verifier, pin: pin, url: "https://" + listener.Addr().String(), assignment: body, heads: map[chainKey]wire.Head{}, seen: map[evidence.Hash]bool{}, times: timeline{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathBatches, e.postBatches)
	mux.HandleFunc("POST "+wire.PathHeartbeats, e.postHeartbeats)
	mux.HandleFunc("GET "+wire.PathAssignment, e.getAssignment)
	mux.HandleFunc("GET "+wire.PathHeads, e.getHeads)
	e.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	config := &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{cert}}
	e.serving.Go(func() { _ = e.server.Serve(tls.NewListener(listener, config)) }) // ends by close
	return e, nil
}

func (e *endpoint) close() {
	_ = e.server.Close()
	e.serving.Wait()
}

// taken returns what arrived so far.
func (e *endpoint) taken() tally {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count
}

// cycles sums up what arrived of a check.
func (e *endpoint) cycles(check vouch.CheckName, chosen func(vouch.DeviceID) bool, from, to time.Time) cycles {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.times.cycles(check, chosen, from, to, interval)
}

// selfSigned makes a key, its certificate and the pin of it.
func selfSigned() (cert tls.Certificate, pin [sha256.Size]byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, pin, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return cert, pin, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, sha256.Sum256(spki), err
}

// notes reads the notes of a request.
func (e *endpoint) notes(r *http.Request) ([][]byte, error) {
	body, err := e.bodies.Read(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.count.bytes += int(max(0, r.ContentLength))
	e.mu.Unlock()
	return wire.SplitNotes(body)
}

func (e *endpoint) postBatches(w http.ResponseWriter, r *http.Request) {
	notes, err := e.notes(r)
	var a wire.BatchesAnswer
	for _, raw := range notes {
		a.Results = append(a.Results, e.open(raw))
	}
	if err != nil {
		e.mu.Lock()
		e.count.broken = err
		e.mu.Unlock()
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(a) // the agent may have gone
}

// open verifies a note and counts it when it follows its chain.
func (e *endpoint) open(raw []byte) wire.Result {
	item, err := evidence.OpenNote(raw, note.VerifierList(e.verifier))
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		err = e.take(item)
	}
	if errors.Is(err, evidence.ErrDuplicate) {
		return wire.Result{Status: wire.StatusDuplicate}
	}
	if err != nil {
		e.count.refused++
		e.count.broken = err
		return wire.Result{Status: wire.StatusRefused, Reason: err.Error()}
	}
	return wire.Result{Status: wire.StatusStored}
}

// take counts a batch that follows its chain. The caller holds mu.
func (e *endpoint) take(item evidence.Item) error {
	l := item.Link()
	k := chainKey{l.Customer, l.Stream}
	if e.seen[l.Hash] {
		return evidence.ErrDuplicate // its answer was lost, as when the agent stops in the middle of a request
	}
	next, err := e.heads[k].Chain().Next(l)
	if err != nil {
		return err
	}
	e.seen[l.Hash] = true
	e.heads[k] = wire.Head{Customer: l.Customer, Stream: l.Stream, Epoch: next.Epoch, Seq: next.Seq, Hash: next.Hash, Through: next.Through}
	e.count.notes++
	b, ok := item.(evidence.Batch)
	if !ok {
		return nil
	}
	for line, err := range evidence.DecodeLines(b.Stream, b.Lines) {
		switch {
		case err != nil:
			e.count.broken = err
		case line.Sample.Device == "":
		case b.Stream == vouch.Availability:
			e.count.polls++
			e.count.sent += line.Sample.Sent
			e.times.note(line.Sample)
			if line.Sample.Outcome != vouch.Up && !e.bad {
				e.count.broken = fmt.Errorf("%s is %s (%s)", line.Sample.Device, line.Sample.Outcome, line.Sample.Reason)
			}
		default:
			for _, f := range line.Point.Fields {
				if f.Value.Kind() != vouch.ValueString {
					e.count.values++
				}
			}
		}
	}
	return nil
}

func (e *endpoint) postHeartbeats(w http.ResponseWriter, r *http.Request) {
	notes, err := e.notes(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	a := wire.HeartbeatAnswer{Assignment: wire.ETag(e.assignment), ServerTime: time.Now().UnixMilli()}
	for _, raw := range notes {
		if _, bad := evidence.OpenHeartbeat(raw, note.VerifierList(e.verifier)); bad != nil {
			err = bad
		}
		a.Results = append(a.Results, wire.Result{Status: wire.StatusStored})
	}
	if err != nil {
		e.count.broken = err
	}
	e.count.beats += len(notes)
	_ = json.NewEncoder(w).Encode(a)
}

func (e *endpoint) getAssignment(w http.ResponseWriter, r *http.Request) {
	tag := wire.ETag(e.assignment)
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(e.assignment)
}

func (e *endpoint) getHeads(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := wire.HeadsAnswer{Heads: []wire.Head{}}
	for _, h := range e.heads {
		a.Heads = append(a.Heads, h)
	}
	_ = json.NewEncoder(w).Encode(a)
}
