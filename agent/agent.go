// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package agent measures at a location: it attempts the checks that the collector
// assigned to it, proves its own health, seals what it found into signed and chained
// batches, and brings them to the collector.
//
// It judges nothing. It knows no contract, no quorum and no other agent; whether a
// device was available is decided at the centre. On disk are its keys, a copy of
// the assignment, and the spool: samples from within a second of their measurement, and
// batches until the collector has acknowledged them, and longer where there is room.
// What the disk loses or has no room for becomes a signed gap.
package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/durable"
	"github.com/vouch-sla/vouch/internal/journal"
	"github.com/vouch-sla/vouch/probes"
)

// Options is all that an agent is told by its operator.
type Options struct {
	ID           vouch.AgentID
	StateDir     string            // for the key, the heads and the copy of the assignment; made where it is missing
	CollectorURL string            // https://host:port
	Pin          [sha256.Size]byte // SHA-256 of the collector's public key (SubjectPublicKeyInfo)
	Source       netip.Addr        // local address of checks; zero leaves it to the host. Not used for the collector

	// Credential resolves the name of a credential. It may be called at any time,
	// concurrently. With ErrNoCredential, what the collector sent is used.
	Credential func(name string) (probes.Credential, error)
	Probers    map[vouch.Kind]probes.Prober

	// TimeServers are NTP servers, "host" or "host:port", at most 8, that say how far this
	// host's clock is off. Without any the collector alone says so.
	TimeServers []string

	MetricsListen string        // address for /metrics and /healthz; empty for none
	StatusSocket  string        // path of a Unix socket on which the agent tells its status; empty for none
	Version       string        // what the status says of the program
	QueueBytes    int           // bound of samples and batches in memory; 0 means 32 MB
	SpoolBytes    int64         // bound of the spool on disk; 0 means 64 MB
	SpoolAge      time.Duration // how long a batch is kept there at most; 0 means 30 days
	Concurrency   int           // bound of attempts at once; 0 means 512
	// ReferenceInterval is the shortest time between two self-checks, 0 meaning 1 s.
	// They run as often as the shortest check does, within this and 10 s.
	ReferenceInterval time.Duration

	Traps *Traps // nil: none are heard

	Alarm *Alarm // who is told that the collector is not reached; nil: nobody

	Log *slog.Logger     // nil discards
	Now func() time.Time // stamps samples and batches; nil means time.Now

	// Dial makes connections to the collector; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	boot     string   // of the host
	lastStop LastStop // how the run before ended

	trapBoots  uint32 // number of this start, for informs of SNMPv3; 0 for none
	trapsBegan time.Time

	spool    journal.FS    // where the spool lies; nil means the directory "spool" in StateDir
	patience time.Duration // with a disk that takes no heads, before batches leave all the same; 0 means 1 min
}

// Defaults of Options, and the least that makes sense.
const (
	defaultQueueBytes        = 32 << 20 // a day of ten devices, or some minutes of a thousand
	minQueueBytes            = 1 << 20  // a batch of the greatest size
	defaultConcurrency       = 512      // sockets; half of the usual limit on open files
	defaultReferenceInterval = time.Second
	stopTime                 = 2 * time.Second // for the last upload
)

// complete fills the defaults in and reports every mistake.
func (o Options) complete() (Options, error) {
	var problems []error
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := vouch.ValidID(string(o.ID)); err != nil {
		add("identifier of the agent: %v", err)
	}
	if o.StateDir == "" {
		add("no state directory is given")
	}
	if _, err := parseCollector(o.CollectorURL); err != nil {
		problems = append(problems, err)
	}
	if o.Pin == [sha256.Size]byte{} {
		add("no pin of the collector's key is given: without it anybody could pose as the collector")
	}
	if len(o.Probers) == 0 {
		add("no prober is given")
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = defaultQueueBytes
	}
	if o.QueueBytes < minQueueBytes {
		add("queue of %d bytes: at least %d are needed", o.QueueBytes, minQueueBytes)
	}
	if o.SpoolBytes == 0 {
		o.SpoolBytes = defaultSpoolBytes
	}
	if o.SpoolBytes < minSpoolBytes {
		add("spool of %d bytes: at least %d are needed", o.SpoolBytes, minSpoolBytes)
	}
	if o.SpoolAge == 0 {
		o.SpoolAge = defaultSpoolAge
	}
	if o.SpoolAge < minSpoolAge {
		add("spool keeps batches for %v: at least %v are needed", o.SpoolAge, minSpoolAge)
	}
	if len(o.TimeServers) > maxTimeServers {
		add("%d time servers: at most %d are asked", len(o.TimeServers), maxTimeServers)
	}
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Concurrency < 1 {
		add("concurrency %d: it must be 1 or more", o.Concurrency)
	}
	if o.ReferenceInterval == 0 {
		o.ReferenceInterval = defaultReferenceInterval
	}
	if o.ReferenceInterval < 100*time.Millisecond || o.ReferenceInterval > maxReferenceInterval {
		add("reference interval %v: allowed are 100ms to %v", o.ReferenceInterval, maxReferenceInterval)
	}
	if o.Alarm != nil {
		if err := o.Alarm.check(); err != nil {
			problems = append(problems, err)
		}
	}
	if o.Credential == nil {
		o.Credential = func(name string) (probes.Credential, error) {
			return probes.Credential{}, ErrNoCredential
		}
	}
	if o.spool == nil {
		o.spool = journal.Dir(filepath.Join(o.StateDir, "spool"))
	}
	if o.patience == 0 {
		o.patience = longWait
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		o.Dial = dialTCP()
	}
	return o, errors.Join(problems...)
}

// Run is the agent. It blocks until ctx ends, then seals what is measured, tries for
// two seconds to upload it, and returns nil having left nothing running. Its errors
// are those that an operator has to act on: wrong options, a state directory or a
// key that cannot be used, an address that cannot be listened on. A collector that
// does not answer is none.
func Run(ctx context.Context, opts Options) (err error) {
	o, err := opts.complete()
	if err != nil {
		return err
	}
	key, err := openKey(o.StateDir, o.ID)
	if err != nil {
		return err
	}
	unlock, err := durable.Lock(o.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	secretKey, err := openSealKey(o.StateDir, o.Log)
	if err != nil {
		return err
	}
	var metrics net.Listener
	if o.MetricsListen != "" {
		if metrics, err = net.Listen("tcp", o.MetricsListen); err != nil {
			return fmt.Errorf("listen for metrics on %s: %w (another program may use the port: choose another in the agent's file)", o.MetricsListen, err)
		}
		defer metrics.Close() // closed already where the server ran
	}
	if _, limit := descriptors(); within(o.Concurrency, limit) < o.Concurrency {
		o.Concurrency = within(o.Concurrency, limit)
		o.Log.Warn("the limit on open files bounds the attempts at once; raise it (LimitNOFILE in the unit, ulimit -n)", "limit", limit, "attempts", o.Concurrency)
	}
	random, err := evidence.NewNonce(rand.Reader)
	if err != nil {
		return err
	}
	o.boot = bootID(hex.EncodeToString(random[:]))
	o.lastStop = beginRun(o.StateDir, o.boot, o.Log)
	defer noteRun(o.StateDir, lastRun{Boot: o.boot, Stopped: true}, o.Log) // before the directory is unlocked
	if o.Traps != nil {
		o.trapBoots, o.trapsBegan = countTrapBoots(o.StateDir, o.Log), time.Now()
	}
	o.Log.Info("agent starts", "agent", string(o.ID), "key", key.public, "collector", o.CollectorURL)
	var body []byte
	for {
		s, err := newSession(o, key, secretKey)
		if err != nil {
			return err
		}
		s.assigner.load(body)
		err = s.run(ctx, metrics)
		var elsewhere *relocated
		if !errors.As(err, &elsewhere) {
			o.Log.Info("agent stopped")
			return err
		}
		o.Log.Warn("assigned to another location: all chains begin anew there")
		body, metrics = elsewhere.body, nil
		if o.MetricsListen != "" {
			if metrics, err = net.Listen("tcp", o.MetricsListen); err != nil {
				return fmt.Errorf("listen for metrics on %s: %w", o.MetricsListen, err)
			}
		}
	}
}

// bootID identifies this boot of the host, so that a reader can tell a restart of the
// agent from one of the host.
func bootID(random string) string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := strings.TrimSpace(string(raw))
	if err != nil || vouch.ValidID(id) != nil {
		return "run-" + random // no such file: at least runs are told apart
	}
	return id
}
