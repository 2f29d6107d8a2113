// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package witness watches from outside that ledgers only grow, and says so: it is a
// small C2SP tlog-witness, run by a customer or by somebody whom both parties trust.
// For each ledger it keeps the checkpoint that it cosigned last, and cosigns the next
// one when that is shown to have grown out of it. It sees sizes and hashes, nothing of
// what a ledger says, and nothing else of vouch.
//
// What it said once must never be contradicted: the checkpoint is on disk before the
// cosignature leaves. It does not start with its key and without its memory, and not
// with a damaged one; a memory that was set back it cannot tell from a right one, so
// that must not be done: see docs/operating.md.
package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
)

// Options are what a witness is started with.
type Options struct {
	Dir  string // its directory, made where there is none; for one process at a time
	Name string // of its key, as witness.example.org; needed at the first start, then it must be the same or empty
	// Logs are the public keys of the ledgers that it watches, "name+hash+base64". The
	// name of a key is the origin of its ledger; a ledger may have several.
	Logs []string
	Log  *slog.Logger
	Now  func() time.Time // nil for time.Now
}

// Witness is one witness with its directory locked.
type Witness struct {
	key    evidence.Cosigner
	own    note.Verifier
	public string
	logs   map[string]note.Verifiers // by origin
	path   string                    // of the memory
	unlock func() error
	slots  chan struct{} // bounds the requests that are worked on at once; more are answered 503
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex // held while a checkpoint is compared, stored and signed
	last map[string]cosigned
	said map[string]string // what was last logged of a ledger, so that it is said once
}

// maxInFlight is small: a request takes milliseconds, and comes once an hour.
const maxInFlight = 16

// Open reads the key and the memory of a witness, and makes both at the first start.
func Open(o Options) (*Witness, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the witness's directory: %w", err)
	}
	w := &Witness{
		logs: map[string]note.Verifiers{}, path: filepath.Join(o.Dir, "memory"), slots: make(chan struct{}, maxInFlight),
		log: o.Log, now: o.Now, said: map[string]string{},
	}
	if w.now == nil {
		w.now = time.Now
	}
	if err := w.watch(o.Logs); err != nil {
		return nil, err
	}
	unlock, err := durable.Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	w.unlock = unlock
	if err := w.open(o); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return w, nil
}

// watch sorts the keys of the ledgers by their origin.
func (w *Witness) watch(keys []string) error {
	if len(keys) == 0 {
		return errors.New("no ledger to watch: give its public key, which `vouch status` prints on the collector")
	}
	byOrigin := map[string][]note.Verifier{}
	for _, k := range keys {
		v, err := evidence.NewVerifier(k)
		if err != nil {
			return fmt.Errorf("ledger to watch: %w", err)
		}
		byOrigin[v.Name()] = append(byOrigin[v.Name()], v)
	}
	for origin, vs := range byOrigin {
		w.logs[origin] = note.VerifierList(vs...)
	}
	return nil
}

// open reads key and memory. Without either it is the first start. One without the
// other is never made up for: a key whose memory is gone might sign a fork.
func (w *Witness) open(o Options) error {
	keyFile := filepath.Join(o.Dir, "witness.key")
	secret, keyErr := durable.ReadSecret(keyFile)
	memory, memErr := readMemory(w.path)
	switch first := errors.Is(keyErr, fs.ErrNotExist); {
	case first && errors.Is(memErr, fs.ErrNotExist), first && memErr == nil && len(memory) == 0:
		return w.begin(keyFile, o.Name)
	case first:
		return fmt.Errorf("the witness's key is gone: %s does not exist, but %s tells of checkpoints signed by it; put it back, or begin in an empty directory with another name", keyFile, w.path)
	case keyErr != nil:
		return fmt.Errorf("read the witness's key: %w", keyErr)
	case errors.Is(memErr, fs.ErrNotExist):
		return fmt.Errorf("the witness's memory is gone: %s does not exist, so that its key might sign a ledger that was written anew; begin in an empty directory with another name", w.path)
	case memErr != nil:
		return memErr
	}
	if err := w.take(string(secret)); err != nil {
		return fmt.Errorf("read the witness's key %s: %w", keyFile, err)
	}
	if o.Name != "" && o.Name != w.key.Name() {
		return fmt.Errorf("the witness in %s is named %q, not %q; leave the name out, or begin in an empty directory", o.Dir, w.key.Name(), o.Name)
	}
	return w.remember(memory)
}

// begin makes memory and key, in this order: an empty memory alone is a first start
// that was cut short.
func (w *Witness) begin(keyFile, name string) error {
	if name == "" {
		return errors.New("the witness has no key yet: give it a name, as witness.example.org")
	}
	skey, vkey, err := evidence.GenerateCosignerKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if err := w.store(nil); err != nil {
		return err
	}
	if err := durable.WriteFile(keyFile, []byte(skey+"\n"+vkey+"\n"), 0o600); err != nil {
		return fmt.Errorf("store the witness's key: %w", err)
	}
	w.last = map[string]cosigned{}
	return w.take(skey + "\n" + vkey)
}

// take reads the two lines of a key file.
func (w *Witness) take(file string) (err error) {
	secret, public, _ := strings.Cut(file, "\n")
	if w.key, err = evidence.NewCosigner(secret); err != nil {
		return err
	}
	w.public = strings.TrimSpace(public)
	w.own, err = evidence.NewCosignerVerifier(w.public)
	return err
}

// Key returns the witness's public key, "name+hash+base64".
func (w *Witness) Key() string { return w.public }

// Close gives the directory back.
func (w *Witness) Close() error { return w.unlock() }

// How long a request may take over each part of its work, and what it may bring.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 3 * time.Second
	maxHeader     = 16 << 10
)

// Run answers on a listener until ctx ends, then lets what is being answered finish.
func (w *Witness) Run(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler: w.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: 2 * readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if s.Shutdown(end) != nil {
			_ = s.Close() // it took too long
		}
	})
	err := s.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
