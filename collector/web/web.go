// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package web serves what the collector knows to people: the fleet, a device, the
// incidents, a statement and the planned maintenance, as HTML pages and as the same
// values in JSON under /api/v1/. It reads through [Reader], which the collector
// implements, and shows what it is given.
//
// It is not a judge and holds no state: every verdict and every figure arrives as a
// value, percentages as finished strings, so that the number on one page cannot
// differ from the number on another. [Options.Viewer] says who asks; [People] knows
// passwords, and what people decide on pages goes to whoever keeps the records.
//
// Pages are complete without script and without inline style. One small script
// fetches the page again and swaps its content. Nothing is loaded from elsewhere.
package web

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/report"
	"github.com/vouch-sla/vouch/statement"
)

// A Reader answers with what one viewer may see. A method returns an error that
// wraps [ErrNotFound] for an object that does not exist and for one that belongs to
// another customer alike, so that nobody learns which, one that wraps [ErrBadRequest]
// for a period that it cannot answer, and one that wraps [ErrUnavailable] when asking
// again later may help. Methods are called
// concurrently, and end early when ctx ends.
type Reader interface {
	// Fleet is the state of everything the viewer may see, now.
	Fleet(ctx context.Context, v Viewer) (Fleet, error)
	// Device is one device with its history over [from, to).
	Device(ctx context.Context, v Viewer, customer vouch.CustomerID, device vouch.DeviceID, from, to time.Time) (Device, error)
	// Incidents lists at most q.Limit incidents, open ones first, then by the time
	// they opened, newest first.
	Incidents(ctx context.Context, v Viewer, q IncidentQuery) (Incidents, error)
	// Incident is one incident with its events.
	Incident(ctx context.Context, v Viewer, customer vouch.CustomerID, id string) (IncidentDetail, error)
	// Statement is the statement of a customer for a period.
	Statement(ctx context.Context, v Viewer, customer vouch.CustomerID, p Period) (statement.Statement, error)
	// Issued lists the versions of the statement of a customer for a period that were
	// issued, newest first.
	Issued(ctx context.Context, v Viewer, customer vouch.CustomerID, p Period) ([]Issued, error)
	// Report is one of the reports beside the statement.
	Report(ctx context.Context, v Viewer, customer vouch.CustomerID, kind ReportKind, p Period) (report.Report, error)
	// Maintenance lists announced works, running and planned ones and those that
	// ended lately, by the time they begin.
	Maintenance(ctx context.Context, v Viewer) (Maintenance, error)
}

// Role says how much a viewer may see.
type Role string

const (
	RoleNOC      Role = "noc"              // everything of every customer
	RoleManager  Role = "contract-manager" // the same
	RoleAuditor  Role = "auditor"          // the same, and changes nothing
	RoleCustomer Role = "customer"         // what belongs to Viewer.Customer, and nothing else; changes nothing
)

// Viewer is who asks. The zero value may see nothing.
type Viewer struct {
	Role     Role
	Customer vouch.CustomerID // set for RoleCustomer
	Account  string           // as records name him; empty for who is not signed in: a token, or this machine
	Login    string           // of the account
}

// reads reports whether the viewer may see everything of every customer.
func (v Viewer) reads() bool {
	return v.Role == RoleNOC || v.Role == RoleManager || v.Role == RoleAuditor
}

// May reports whether the viewer may see what belongs to customer c.
func (v Viewer) May(c vouch.CustomerID) bool {
	return v.reads() || v.Role == RoleCustomer && v.Customer != "" && v.Customer == c
}

// Act is something that people decide on pages.
type Act string

// What people decide on pages.
const (
	ActMaintenance Act = "maintenance" // announce, and cancel
	ActExclusion   Act = "exclusion"   // approve or refuse a claim
)

// acts says which roles may do what.
var acts = map[Act][]Role{
	ActMaintenance: {RoleNOC, RoleManager},
	ActExclusion:   {RoleManager},
}

// Can reports whether the viewer may do something: signed in, because the ledger names
// who did it, and in a role that may.
func (v Viewer) Can(a Act) bool { return v.Account != "" && slices.Contains(acts[a], v.Role) }

// Errors that a [Reader] or [Options.Viewer] wraps to choose the answer's status.
var (
	ErrNotFound        = errors.New("not found")        // 404: does not exist, or is not the viewer's
	ErrUnauthenticated = errors.New("no valid token")   // 401: Options.Viewer does not know who asks
	ErrForbidden       = errors.New("not allowed")      // 403: known, and may not
	ErrUnavailable     = errors.New("busy, ask again")  // 503: may work later
	ErrBadRequest      = errors.New("unusable request") // 400: a parameter that cannot be read
)

// Options are what the pages need beside their data.
type Options struct {
	// Viewer says who sends a request. It is required: without it every request
	// is refused.
	Viewer func(*http.Request) (Viewer, error)
	// People knows who may sign in. Nil: nobody can.
	People People
	// Desk takes what people decide. Nil: pages are for reading.
	Desk Desk
	// Provider is the name of the provider, shown in the foot of every page.
	Provider string
	// Version is the version of the product, shown beside it.
	Version string
	// Refresh is how often an open page fetches itself again. Default 10 s: one
	// heartbeat interval.
	Refresh time.Duration
	// StaleAfter is the age of the last heartbeat from which the page says that its
	// data is old. Default 30 s: a live verdict carries the last outcome that long.
	StaleAfter time.Duration
	// Span is the period that a device's page shows unless asked otherwise. Default 6 h.
	Span time.Duration
	// Now gives the current time. Default time.Now.
	Now func() time.Time
	// Log receives one line for each request that failed on our side.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Refresh = cmp.Or(o.Refresh, 10*time.Second)
	o.StaleAfter = cmp.Or(o.StaleAfter, 30*time.Second)
	o.Span = cmp.Or(o.Span, 6*time.Hour)
	if o.Viewer == nil {
		o.Viewer = func(*http.Request) (Viewer, error) { return Viewer{}, ErrUnauthenticated }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Handler serves the pages, the script and style sheet under /static/, and the JSON
// under /api/v1/. It answers every path: what it does not know is a 404 page.
func Handler(r Reader, opts Options) http.Handler {
	s := &server{reader: r, opts: opts.withDefaults(), files: newStatic()}
	s.pages = parseTemplates(s.files)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.fleetPage))
	mux.HandleFunc("GET /device/{customer}/{device}", s.page(s.devicePage))
	mux.HandleFunc("GET /incidents", s.page(s.incidentsPage))
	mux.HandleFunc("GET /incident/{customer}/{id}", s.page(s.incidentPage))
	mux.HandleFunc("GET /statement/{customer}", s.page(s.statementPage))
	mux.HandleFunc("GET /report/{kind}/{customer}", s.page(s.reportPage))
	mux.HandleFunc("GET /maintenance", s.page(s.maintenancePage))

	s.signIn(mux)
	s.decide(mux)

	mux.HandleFunc("GET /api/v1/fleet", s.api(s.fleetJSON))
	mux.HandleFunc("GET /api/v1/devices/{customer}/{device}", s.api(s.deviceJSON))
	mux.HandleFunc("GET /api/v1/incidents", s.api(s.incidentsJSON))
	mux.HandleFunc("GET /api/v1/incidents/{customer}/{id}", s.api(s.incidentJSON))
	mux.HandleFunc("GET /api/v1/statement/{customer}", s.api(s.statementJSON))
	mux.HandleFunc("GET /api/v1/report/{kind}/{customer}", s.api(s.reportJSON))
	mux.HandleFunc("GET /api/v1/maintenance.ics", s.api(s.maintenanceICS))
	mux.HandleFunc("GET /api/v1/maintenance", s.api(s.maintenanceJSON))
	mux.HandleFunc("/api/", s.api(s.noJSON))

	mux.Handle("GET /static/", s.files)
	mux.HandleFunc("/", s.page(s.noPage))
	return headers(mux)
}

// server is what the handlers share; nothing in it changes after Handler.
type server struct {
	reader Reader
	opts   Options
	files  *static
	pages  templates
}
