// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// What a batch holds: a poll of ten devices, each ten interfaces with ten values and
// eight values of its own.
const (
	batchDevices = 10
	batchValues  = batchDevices * (10*10 + 8)
	batchTime    = 20 * time.Millisecond // that a batch spans
)

// writer plays an agent that uploads batches which were signed before.
type writer struct {
	id       vouch.AgentID
	public   string
	customer vouch.CustomerID
	signer   note.Signer
	client   *http.Client
	zip      *wire.Compressor

	chain  evidence.Chain
	next   time.Time // where the next batch begins
	bodies [][]byte
}

func newWriter(i int) (*writer, error) {
	w := &writer{id: vouch.AgentID(fmt.Sprintf("writer-%02d", i)), customer: customer(i % ingestCustomers), next: time.Now().UTC().Add(-time.Hour).Truncate(time.Second)}
	secret, public, err := evidence.GenerateKey(rand.Reader, string(w.id))
	if err != nil {
		return nil, err
	}
	w.public = public
	if w.signer, err = evidence.NewSigner(secret); err != nil {
		return nil, err
	}
	if w.zip, err = wire.NewCompressor(); err != nil {
		return nil, err
	}
	// PRIVATE+KEY+name+hash+base64 of a byte for the algorithm and the seed.
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(secret, "+", 5)[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("the key that was just made cannot be read")
	}
	key := ed25519.NewKeyFromSeed(raw[1:])
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	w.client = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify: true, // it was started here, on loopback
	}}}
	return w, nil
}

// prepare signs the batches of so many requests.
func (w *writer) prepare(requests, batches int) error {
	w.bodies = w.bodies[:0]
	for range requests {
		var notes [][]byte
		for range batches {
			raw, err := w.batch()
			if err != nil {
				return err
			}
			notes = append(notes, raw)
		}
		body, err := wire.JoinNotes(notes)
		if err != nil {
			return err
		}
		w.bodies = append(w.bodies, w.zip.Compress(body))
	}
	return nil
}

// batch signs the next batch of the chain.
func (w *writer) batch() ([]byte, error) {
	var e evidence.Encoder
	var lines []byte
	for d := range batchDevices {
		var err error
		if lines, err = e.AppendSample(lines, w.sample(d), vouch.Telemetry); err != nil {
			return nil, err
		}
	}
	nonce, err := evidence.NewNonce(rand.Reader)
	if err != nil {
		return nil, err
	}
	h := evidence.BatchHeader{
		Identity: evidence.Identity{Agent: w.id, Location: "bench", Customer: w.customer}, Stream: vouch.Telemetry,
		Epoch: w.chain.Epoch, Seq: w.chain.Seq + 1, Prev: w.chain.Hash, Nonce: nonce, Boot: "bench",
		From: w.next, Through: w.next.Add(batchTime), Sealed: w.next.Add(batchTime),
		Clock: evidence.Clock{Known: true, Bound: time.Millisecond, Source: "collector"},
	}
	if h.Seq == 1 {
		h.Epoch, h.Begins = uint64(w.next.UnixMilli()), evidence.BeginsFirstStart
	}
	b, err := evidence.SealBatch(h, lines, w.signer)
	if err != nil {
		return nil, err
	}
	w.next = h.Through
	w.chain = evidence.Chain{Epoch: h.Epoch, Seq: h.Seq, Hash: b.Hash, Through: h.Through}
	return b.Raw, nil
}

// sample is the telemetry of one device.
func (w *writer) sample(device int) vouch.Sample {
	at := w.next.Add(time.Duration(device) * time.Millisecond)
	seed := uint64(at.UnixMilli()) * uint64(device+1)
	s := vouch.Sample{
		Customer: w.customer, Agent: w.id, Location: "bench", Device: vouch.DeviceID(fmt.Sprint("router-", device)), Check: "snmp", Kind: vouch.KindSNMP,
		Interval: interval, Timeout: 2 * time.Second, Result: vouch.Result{Start: at, Outcome: vouch.Up},
	}
	for i := range uint64(10) {
		p := vouch.Point{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifAlias", Value: fmt.Sprint("uplink ", i)}, {Key: "ifName", Value: fmt.Sprint("ge-0/0/", i)}}}
		for f := range uint64(10) {
			p.Fields = append(p.Fields, vouch.Field{Name: fmt.Sprint("counter_", f), Value: vouch.Uint(seed * (i + 1) * (f + 1) % (1 << 40))})
		}
		s.Points = append(s.Points, p)
	}
	system := vouch.Point{Measurement: "snmp"}
	for f := range 8 {
		system.Fields = append(system.Fields, vouch.Field{Name: fmt.Sprint("value_", f), Value: vouch.Int(int64(f * 1000))})
	}
	s.Points = append(s.Points, system)
	return s
}

// post sends what was prepared, one request after the other, and returns how long
// each took.
func (w *writer) post(ctx context.Context, url string) ([]time.Duration, error) {
	var took []time.Duration
	for _, body := range w.bodies {
		begin := time.Now()
		var a wire.BatchesAnswer
		for {
			wait, err := w.once(ctx, url, body, &a)
			if err != nil {
				return nil, err
			}
			if wait == 0 {
				break
			}
			if err := pause(ctx, wait); err != nil {
				return nil, err
			}
		}
		took = append(took, time.Since(begin))
		for _, r := range a.Results {
			if r.Status != wire.StatusStored {
				return nil, fmt.Errorf("a batch of %s is %s: %s", w.id, r.Status, r.Reason)
			}
		}
	}
	return took, nil
}

// once sends one request. Where the collector is busy it returns how long to wait.
func (w *writer) once(ctx context.Context, url string, body []byte, a *wire.BatchesAnswer) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+wire.PathBatches, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", wire.TypeNotes)
	req.Header.Set("Content-Encoding", wire.EncodingZstd)
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return 0, wire.ReadJSON(resp.Body, wire.MaxAnswer, a)
	case http.StatusServiceUnavailable:
		return time.Second, nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	return 0, errors.Join(fmt.Errorf("the collector answered %s: %s", resp.Status, text), err)
}
