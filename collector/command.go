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
	route("GET "+admin.PathIncident, c.showIncident)
	route("POST "+admin.PathIncidents, c.openIncident)
	route("POST "+admin.PathIncident, c.sayIncident)
	route("GET "+admin.PathMaintenance, func(r *http.Request) (any, error) { return c.maintenanceList(), nil })
	route("POST "+admin.PathMaintenance, c.addMaintenance)
	route("DELETE "+admin.PathMaintenance, c.cancelMaintenance)
	route("GET "+admin.PathCalendar, c.exportCalendar)
	route("POST "+admin.PathCalendar, c.importCalendar)
	route("GET "+admin.PathExclusions, c.claimList)
	route("POST "+admin.PathExclusions, c.addClaim)
	route("POST "+admin.PathApprove, c.approveClaim)
	route("POST "+admin.PathReject, c.rejectClaim)
	route("GET "+admin.PathAcceptances, c.acceptableList)
	route("POST "+admin.PathAcceptances, c.addAcceptance)
	route("GET "+admin.PathHolds, c.holdList)
	route("POST "+admin.PathHolds, c.addHold)
	route("DELETE "+admin.PathHolds, c.removeHold)
	route("GET "+admin.PathStatement, c.statementFor)
	route("GET "+admin.PathStatementPDF, c.statementPDF)
	route("GET "+admin.PathReportIncidents, c.reportIncidents)
	route("GET "+admin.PathReportCredit, c.reportCredit)
	route("GET "+admin.PathReportBase, c.reportBase)
	route("GET "+admin.PathIssued, func(r *http.Request) (any, error) {
		return c.issuedList(vouch.CustomerID(r.FormValue("customer"))), nil
	})
	route("POST "+admin.PathIssued, c.issueFor)
	mux.HandleFunc("GET "+admin.PathBundle, c.bundleFor)
	route("GET "+admin.PathTokens, func(r *http.Request) (any, error) { return c.tokens(r.Context()) })
	route("POST "+admin.PathTokens, c.addToken)
	route("DELETE "+admin.PathTokens, c.removeToken)
	route("GET "+admin.PathPeople, c.peopleList)
	route("POST "+admin.PathPeople, c.invitePerson)
	route("POST "+admin.PathPeopleReset, c.resetPerson)
	route("DELETE "+admin.PathPeople, c.disablePerson)
	route("GET "+admin.PathAgents, c.agentList)
	route("POST "+admin.PathJoin, c.addJoin)
	route("POST "+admin.PathRevoke, c.revokeAgent)
	route("GET "+admin.PathSecrets, c.secretList)
	route("POST "+admin.PathSecrets, c.setSecret)
	route("DELETE "+admin.PathSecrets, c.removeSecret)
	route("GET "+admin.PathMutes, c.muteList)
	route("POST "+admin.PathMutes, c.addMute)
	route("DELETE "+admin.PathMutes, c.endMute)
	route("GET "+admin.PathDeliveries, c.deliveries)
	route("POST "+admin.PathTest, c.testChannel)
	route("POST "+admin.PathReload, func(r *http.Request) (any, error) { return c.reload(r.Context()) })
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

// rebuild derives everything below the ledger anew.
func (c *Collector) rebuild(ctx context.Context) error {
	c.log.Info("rebuilding from the ledger")
	return c.watch.again(ctx, c.reader.rebuild)
}
