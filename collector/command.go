// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
)

// authorKey is the key of a connection's author in its context.
type authorKey struct{}

// adminServer answers the commands of people on this machine.
func (c *Collector) adminServer() *http.Server {
	mux := http.NewServeMux()
	route := func(pattern string, h func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			out, err := h(r)
			c.reply(w, out, err)
		})
	}
	route("GET "+admin.PathStatus, func(r *http.Request) (any, error) { return c.status(r.Context()) })
	route("GET "+admin.PathLive, func(r *http.Request) (any, error) { return c.live(), nil })
	route("GET "+admin.PathIncidents, func(r *http.Request) (any, error) {
		return c.incidentList(vouch.CustomerID(r.FormValue("customer"))), nil
	})
	route("GET "+admin.PathMaintenance, func(r *http.Request) (any, error) { return c.maintenanceList(), nil })
	route("POST "+admin.PathMaintenance, c.addMaintenance)
	route("DELETE "+admin.PathMaintenance, c.cancelMaintenance)
	route("GET "+admin.PathStatement, c.statementFor)
	route("GET "+admin.PathIssued, func(r *http.Request) (any, error) {
		return c.issuedList(vouch.CustomerID(r.FormValue("customer"))), nil
	})
	route("POST "+admin.PathIssued, c.issueFor)
	mux.HandleFunc("GET "+admin.PathBundle, c.bundleFor)
	route("GET "+admin.PathTokens, func(r *http.Request) (any, error) { return c.tokens(r.Context()) })
	route("POST "+admin.PathTokens, c.addToken)
	route("DELETE "+admin.PathTokens, func(r *http.Request) (any, error) {
		return nil, c.store.DeleteToken(r.Context(), r.FormValue("id"))
	})
	route("POST "+admin.PathRebuild, func(r *http.Request) (any, error) { return nil, c.rebuild(r.Context()) })
	route("GET "+admin.PathCheck, func(r *http.Request) (any, error) { return c.check(r.Context()) })
	s := c.server(mux, 10*time.Minute)
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, authorKey{}, peer(conn))
	}
	return s
}

// peer names the account on the other end of a Unix socket.
func peer(conn net.Conn) string {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return "unknown"
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return "unknown"
	}
	name := "unknown"
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return
		}
		name = "uid:" + strconv.Itoa(int(cred.Uid)) // an account, not a person: records keep no names
	})
	if err != nil {
		return "unknown"
	}
	return name
}

func author(ctx context.Context) string {
	name, _ := ctx.Value(authorKey{}).(string)
	return name
}

// wrong is something that the person who asks can mend: a sentence and a status.
type wrong struct {
	status  int
	message string
}

func (w wrong) Error() string { return w.message }

func badRequest(format string, args ...any) error {
	return wrong{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// document is an answer that is not JSON.
type document []byte

func (c *Collector) reply(w http.ResponseWriter, out any, err error) {
	var bad wrong
	switch {
	case errors.As(err, &bad):
		http.Error(w, bad.message, bad.status)
	case errors.Is(err, store.ErrNotFound):
		http.Error(w, "there is no such thing", http.StatusNotFound)
	case err != nil:
		c.log.Error("a command failed", "err", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		if doc, ok := out.(document); ok {
			_, _ = w.Write(doc) // the client may have gone
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}
}

func readBody(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badRequest("the request cannot be read: %v", err)
	}
	return nil
}

// maxReason bounds the words of an announcement.
const maxReason = 500

func (c *Collector) addMaintenance(r *http.Request) (any, error) {
	var in admin.NewMaintenance
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	customer, device, err := c.findScope(in)
	if err != nil {
		return nil, err
	}
	in.Customer, in.Device = customer, device
	switch {
	case !in.From.Before(in.To):
		return nil, badRequest("the maintenance ends at %s, which is not after its beginning at %s", in.To.Format(time.RFC3339), in.From.Format(time.RFC3339))
	case in.Reason == "" || len(in.Reason) > maxReason:
		return nil, badRequest("say in 1 to %d bytes what is done: the customer reads it", maxReason)
	}
	m := admin.Maintenance{
		ID: c.maintenanceID(in.Customer), Customer: in.Customer, Site: in.Site, Device: in.Device,
		From: milli(in.From), To: milli(in.To), Reason: in.Reason, AnnouncedAt: milli(c.now()), Author: author(r.Context()),
	}
	recs, err := c.recorder.write(r.Context(), draft{customer: m.Customer, kind: evidence.KindMaintenanceAnnounced, effective: m.From, author: m.Author, body: book.MaintenanceBody{ID: m.ID, Site: m.Site, Device: m.Device, From: m.From, To: m.To, Reason: m.Reason}})
	if err != nil {
		return nil, err
	}
	if err := c.book.take(recs[0]); err != nil {
		return nil, err
	}
	m.AnnouncedAt = recs[0].Recorded
	m.Warnings = c.maintenanceWarnings(m)
	c.exclusionsChanged(m)
	return m, nil
}

// findScope checks that what is to be under maintenance exists. A device may be named
// without its customer where only one has a device of that name.
func (c *Collector) findScope(in admin.NewMaintenance) (vouch.CustomerID, vouch.DeviceID, error) {
	if in.Customer == "" && in.Device != "" {
		for k := range c.base.devices {
			if k.device != in.Device {
				continue
			}
			if in.Customer != "" {
				return "", "", badRequest("more than one customer has a device %s; add --customer", in.Device)
			}
			in.Customer = k.customer
		}
	}
	switch _, known := c.base.customers[in.Customer]; {
	case in.Customer == "" && in.Device == "":
		return "", "", badRequest("say whose maintenance it is: --customer ID")
	case !known:
		return "", "", badRequest("there is no customer or device of that name in the installed base: %s%s", in.Customer, in.Device)
	case in.Site != "" && in.Device != "":
		return "", "", badRequest("give a site or a device, not both")
	case len(c.base.scopeOf(in.Customer, in.Site, in.Device)) == 0:
		return "", "", badRequest("customer %s has no device there: site %q, device %q", in.Customer, in.Site, in.Device)
	}
	return in.Customer, in.Device, nil
}

func (c *Collector) maintenanceID(cu vouch.CustomerID) string {
	return fmt.Sprintf("M-%d-%04d", c.now().UTC().Year(), len(c.book.works(cu))+1)
}

// maintenanceWarnings says in words what the contract makes of an announcement.
func (c *Collector) maintenanceWarnings(m admin.Maintenance) []string {
	ids := c.base.scopeOf(m.Customer, m.Site, m.Device)
	p := c.base.devices[deviceKey{m.Customer, ids[0]}]
	var out []string
	for _, d := range c.book.decide(p, contract.Floor(c.now())) {
		if d.ID == m.ID && d.Why != "" {
			out = append(out, "it does not count: "+string(d.Why))
		}
	}
	return out
}

func (c *Collector) cancelMaintenance(r *http.Request) (any, error) {
	id, customer := r.FormValue("id"), vouch.CustomerID(r.FormValue("customer"))
	var hit []admin.Maintenance
	for _, m := range c.maintenanceList() {
		if m.ID == id && (customer == "" || m.Customer == customer) {
			hit = append(hit, m)
		}
	}
	switch {
	case len(hit) == 0:
		return nil, wrong{http.StatusNotFound, "there is no maintenance " + id + "; see `vouch maintenance list`"}
	case len(hit) > 1:
		return nil, badRequest("more than one customer has a maintenance %s; add --customer", id)
	case !hit[0].CancelledAt.IsZero():
		return nil, badRequest("%s was cancelled at %s already", id, hit[0].CancelledAt.Format(time.RFC3339))
	}
	m := hit[0]
	recs, err := c.recorder.write(r.Context(), draft{customer: m.Customer, kind: evidence.KindMaintenanceCancelled, author: author(r.Context()), body: book.CancelBody{ID: m.ID}})
	if err != nil {
		return nil, err
	}
	if err := c.book.take(recs[0]); err != nil {
		return nil, err
	}
	m.CancelledAt, m.CancelledBy = recs[0].Recorded, recs[0].Author
	c.exclusionsChanged(m)
	return m, nil
}

// exclusionsChanged makes the watch look again. Verdicts that are remembered do not
// hold exclusions, so they stay.
func (c *Collector) exclusionsChanged(m admin.Maintenance) {
	c.grew(m.Customer)
	c.judge.reconsider(c.base.scopeOf(m.Customer, m.Site, m.Device), m.Customer)
	c.watch.changed()
	c.figures.changed()
}

func (c *Collector) addToken(r *http.Request) (any, error) {
	var in admin.NewToken
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	switch _, known := c.base.customers[in.Customer]; {
	case in.Role != roleNOC && in.Role != roleCustomer:
		return nil, badRequest("role %q: allowed are noc and customer", in.Role)
	case in.Role == roleCustomer && !known:
		return nil, badRequest("there is no customer %q in the installed base", in.Customer)
	case in.Role == roleNOC && in.Customer != "":
		return nil, badRequest("a token of the NOC is for no single customer")
	}
	t, secret := newToken(in.Role, in.Customer, author(r.Context()), c.now())
	if err := c.store.AddToken(r.Context(), t); err != nil {
		return nil, err
	}
	out := tokenOf(t)
	out.Secret = secret
	return out, nil
}

func tokenOf(t store.Token) admin.Token {
	return admin.Token{ID: t.ID, Role: t.Role, Customer: t.Customer, Author: t.Author, Created: t.Created}
}

func (c *Collector) tokens(ctx context.Context) (any, error) {
	ts, err := c.store.ListTokens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]admin.Token, 0, len(ts))
	for _, t := range ts {
		out = append(out, tokenOf(t))
	}
	return out, nil
}

// rebuild derives everything below the ledger anew.
func (c *Collector) rebuild(ctx context.Context) error {
	c.log.Info("rebuilding from the ledger")
	return c.watch.again(ctx, c.reader.rebuild)
}
