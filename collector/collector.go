// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package collector is the centre: it takes in what agents measured, keeps it in one
// ledger per customer, judges it by the customer's contract, opens incidents, ships
// samples to a time-series store, and answers people.
//
// Data flows one way. Agents knock at the door (door.go); the intake verifies and
// appends to the ledger (ingest.go); a reader derives the outcome table (reader.go);
// the judge keeps the present and the watch opens incidents (judge.go, watch.go);
// figures are computed from the outcome table when somebody asks (figures.go). The
// ledger is the only truth: everything below it can be rebuilt.
//
// It measures nothing: a location beside the collector is just another agent. It
// computes no availability: package contract does.
package collector

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/anchor"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/people"
	"github.com/vouch-sla/vouch/collector/sink"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// Options are what a collector is started with.
type Options struct {
	Dir     string // data directory; the store in it is opened by the caller
	Origin  string // name of the ledger's key
	Version string // of the product, for people
	Listen  string // HOST:PORT for agents, TLS
	Web     string // HOST:PORT for pages, JSON and metrics; TLS unless it is loopback
	Address string // HOST:PORT at which agents reach the collector, for join strings; empty for this machine's name
	Base    Base
	// Contracts, Plan and Retention are as in Installed, with which they are replaced.
	Contracts map[vouch.CustomerID]Contract
	Plan      func(at time.Time) (plans []wire.Assignment, next time.Time)
	Retention map[vouch.CustomerID]Retention
	// Reload reads again what is installed, and names what else was changed and needs a
	// restart. Its error is for people: every mistake with its place. Nil: it cannot.
	Reload   func() (next Installed, restart []string, err error)
	Reloads  <-chan os.Signal // each makes the collector reload; nil for none
	Influx   *sink.Influx     // nil for none
	Channels []notify.Channel
	// Anchors says who is to vouch for the ledgers, and how often he is asked. What it
	// needs of the collector is filled in.
	Anchors anchor.Options
	Limits  Limits
	Refresh time.Duration // how often an open page asks again; 0 for the default
	Log     *slog.Logger
	Now     func() time.Time // nil for time.Now
	// First is told the one-time link by which the first person comes in, while there is
	// no account. Nil: there is none.
	First func(link string)
	Cost  people.Cost // of a password; zero for the default
	few   int64       // fewLeaves, but in tests

	// Ready is called once, when every listener is open.
	Ready func(Addresses)
}

// Contract is a customer's contract as it is configured.
type Contract struct {
	ID       vouch.ContractID
	Versions []contract.Version
}

// Addresses say where a running collector can be reached.
type Addresses struct {
	Agents string // HOST:PORT
	Pin    string // of its public key, as agents have it in their file
	Web    string // URL
}

// Collector is one running collector.
type Collector struct {
	opts      Options
	store     store.Store
	base      *atomic.Pointer[base]
	keys      *keyring
	book      *books
	recorder  *recorder
	own       ledgerKeys
	vault     *vault
	anchors   *anchor.Anchors
	issuing   sync.Mutex // held while a statement is issued
	intake    *intake
	judge     *judge
	watch     *watch
	reader    *reader
	figures   *figures
	tele      *telemetry
	count     *counters
	sink      *sink.Sink // nil for none
	notifier  *notify.Notifier
	people    *people.Desk
	pagesAt   string // URL of the pages as others may reach them
	registry  *prometheus.Registry
	bell      *bell
	assigned  atomic.Pointer[map[vouch.AgentID]issued]
	planning  sync.Mutex             // held while assignments are worked out
	reloading sync.Mutex             // held while the installed base is read again
	replanned chan struct{}          // capacity 1: another plan is in force
	news      news                   // told when assigned changes
	webAt     atomic.Pointer[string] // URL of the pages, once they are served
	now       func() time.Time
	started   time.Time
	pin       string // "sha256:" and pinned in hexadecimal
	pinned    [sha256.Size]byte
	log       *slog.Logger

	eraser eraser
	desk   sync.Mutex // held while a command decides by what is recorded, and records

	authority authority
	crowd     *crowd
	turned    *turnaways
	agentsAt  string     // HOST:PORT on which agents are listened to
	enrolling sync.Mutex // held while a key is enrolled, renewed or revoked

	anchorKey string // public key of the ledger of anchors
}

// Run runs a collector on an open store until ctx ends. On return nothing is left
// running; the store is still open.
func Run(ctx context.Context, s store.Store, opts Options) error {
	c, err := newCollector(s, opts)
	if err != nil {
		return err
	}
	ls, err := c.listen()
	if err != nil {
		return err
	}
	// Whoever knocks meanwhile waits. Nothing is written before it is certain that the
	// collector can run.
	if err := c.begin(ctx); err != nil {
		ls.close()
		return err
	}
	if url := ls.webURL(); ls.loopback {
		c.webAt.Store(&url)
	}
	if err := c.inviteFirst(ctx, ls); err != nil {
		ls.close()
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveTLS(ctx, ls.agents, c.doorServer(ctx.Done())) })
	g.Go(func() error { return serve(ctx, ls.web, c.webServer(ls)) })
	g.Go(func() error { return serve(ctx, ls.admin, c.adminServer()) })
	g.Go(func() error { return c.reader.run(ctx) })
	g.Go(func() error { return c.watch.run(ctx) })
	g.Go(func() error { return c.replan(ctx) })
	g.Go(func() error { return c.reloads(ctx) })
	g.Go(func() error { return c.figures.run(ctx) })
	g.Go(func() error { return c.amend(ctx) })
	g.Go(func() error { return c.figures.night(ctx, c.reader.caught, c.log) })
	g.Go(func() error { return c.erase(ctx) })
	g.Go(func() error { return c.notifier.Run(ctx) })
	g.Go(func() error { return c.anchors.Run(ctx) })
	if c.sink != nil {
		g.Go(func() error { return c.sink.Run(ctx) })
	}
	if opts.Ready != nil {
		opts.Ready(ls.addresses(c.pin))
	}
	c.log.Info("collector is running", "agents", ls.agents.Addr().String(), "web", ls.webURL(), "pin", c.pin)
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func newCollector(s store.Store, opts Options) (*Collector, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.few == 0 {
		opts.few = fewLeaves
	}
	if opts.Limits == (Limits{}) {
		opts.Limits = DefaultLimits()
	}
	first, err := newBase(Installed{opts.Base, opts.Contracts, opts.Plan, opts.Retention})
	if err != nil {
		return nil, err
	}
	b := new(atomic.Pointer[base])
	b.Store(first)
	begun, err := s.Customers(context.Background())
	if err != nil {
		return nil, err
	}
	keys, err := ledgerKey(opts.Dir, opts.Origin, len(begun) == 0)
	if err != nil {
		return nil, err
	}
	c := &Collector{
		opts: opts, store: s, base: b, replanned: make(chan struct{}, 1), keys: newKeyring(), book: newBooks(), own: keys, tele: newTelemetry(),
		registry: prometheus.NewRegistry(), bell: newBell(), now: opts.Now, started: opts.Now().UTC(), log: opts.Log,
	}
	if c.vault, err = openVault(opts.Dir); err != nil {
		return nil, err
	}
	c.count = newCounters(c.registry)
	c.turned = newTurnaways(c.count, c.log)
	c.recorder = &recorder{ledger: s, signer: keys.signer, verifier: keys.verifier, now: c.now, next: map[recordSeries]int{}}
	if err := c.openAnchors(); err != nil {
		return nil, err
	}
	c.figures = newFigures(b, c.book, s, c.now)
	c.judge = newJudge(b, c.book, s, c.now, c.log)
	c.judge.contradicted = func(n int) { c.count.contradicted.Add(float64(n)) }
	c.people = people.New(s, people.Options{Record: c.accountEvent, Cost: opts.Cost, Now: c.now, Log: c.log})
	caught := make(chan struct{})
	admitter, units := newAdmitter(c.book), newUnits(c.book)
	c.watch = &watch{
		due:      map[incidentKey]dueAt{},
		admitter: admitter,
		units:    units,
		ready:    caught,
		judge:    c.judge, book: c.book, recorder: c.recorder, store: s, wake: c.grew, came: make(chan struct{}, 1),
		figures: c.figures, count: c.count, now: c.now, log: c.log,
	}
	c.intake = &intake{
		base: b, keys: c.keys, book: c.book, ledger: s, count: c.count, wake: c.grew, now: c.now, log: c.log,
		recorder: c.recorder, reported: map[evidence.Hash]bool{}, troubles: map[agentKey]int{},
	}
	c.notifier = notify.New(s, opts.Channels, notify.Options{Log: c.log})
	c.reader = &reader{
		admitter: admitter,
		units:    units,
		store:    s, judge: c.judge, figures: c.figures, telemetry: c.tele, page: c.incidentPage, devicePage: c.devicePage, own: note.VerifierList(keys.verifier),
		channels: opts.Channels, service: c.serviceHours, book: c.book, bell: c.bell, messages: c.notifier.Wake, changed: c.watch.changed, log: c.log, caught: caught,
	}
	if err := c.openSink(); err != nil {
		return nil, err
	}
	c.registry.MustRegister(connections{c}, gauges{func() (admin.Status, error) { return c.status(context.Background()) }, c.now})
	return c, nil
}

func (c *Collector) openSink() error {
	if c.opts.Influx == nil {
		return nil
	}
	w, err := c.opts.Influx.Open()
	if err != nil {
		return err
	}
	c.sink = sink.New(c.store, c.store, w, sink.Options{Log: c.log})
	return nil
}

// grew tells every reader that ledgers have grown.
func (c *Collector) grew(cs ...vouch.CustomerID) {
	c.bell.ring(cs...)
	if c.sink != nil {
		for _, id := range cs {
			c.sink.Notify(id)
		}
	}
}

// incidentPage is the address of an incident's page, as far as the collector knows
// under which name it is reached: on loopback it does.
func (c *Collector) incidentPage(cu vouch.CustomerID, id incident.ID) string {
	if at := c.webAt.Load(); at != nil {
		return fmt.Sprintf("%sincident/%s/%s", *at, cu, id)
	}
	return ""
}

// devicePage is the address of a device's page, by the same rule.
func (c *Collector) devicePage(cu vouch.CustomerID, id vouch.DeviceID) string {
	if at := c.webAt.Load(); at != nil {
		return fmt.Sprintf("%sdevice/%s/%s", *at, cu, id)
	}
	return ""
}

// begin makes the ledgers say what is configured, and reads the book from them.
func (c *Collector) begin(ctx context.Context) error {
	b := c.base.Load()
	if err := c.load(ctx, b); err != nil {
		return err
	}
	keys, err := c.readKeys(ctx, b)
	if err != nil {
		return err
	}
	if err := c.install(ctx, b, keys); err != nil {
		return err
	}
	c.keys.become(keys)
	_, err = c.assign(ctx)
	return err
}

// listeners are the three doors.
type listeners struct {
	agents, web, admin net.Listener
	loopback           bool
}

func (l listeners) webURL() string {
	if l.loopback {
		return "http://" + l.web.Addr().String() + "/"
	}
	return "https://" + l.web.Addr().String() + "/"
}

func (l listeners) addresses(pin string) Addresses {
	return Addresses{Agents: l.agents.Addr().String(), Pin: pin, Web: l.webURL()}
}

// errPort says what to do about an address that is taken.
func errPort(what, addr string, err error) error {
	return fmt.Errorf("listen for %s on %s: %w; stop what uses it, or set another address in the collector file", what, addr, err)
}
