// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/enrol"
)

// Bounds of requests for a certificate, which anybody can send.
const (
	enrolTimeout  = 10 * time.Second
	maxEnrolling  = 4    // at once, after they were read; each costs three signatures
	maxEnrolments = 60   // a minute from one address, or of one agent that has shown itself
	maxEnrollers  = 4096 // addresses and agents a minute
)

// who returns the agent that a connection's certificate is of.
func (d *door) who(state *tls.ConnectionState) (vouch.AgentID, error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return "", errUnknownAgent
	}
	cert := state.PeerCertificates[0]
	if key, ok := cert.PublicKey.(ed25519.PublicKey); ok {
		if agent, ok := d.keys.configured(string(key)); ok {
			return agent, nil
		}
	}
	agent, signing, err := d.authority.read(cert, d.now())
	if err != nil && !errors.Is(err, errExpired) {
		return "", errUnknownAgent
	}
	held, ok := d.keys.of(agent)
	switch {
	case !ok || fingerprint(held.vkey) != signing:
		return "", refusal{http.StatusForbidden, "revoked or replaced key", "the key of this agent was revoked or replaced, or the agent was taken out of the installed base"}
	case err != nil:
		return "", refusal{http.StatusUnauthorized, "expired certificate", "this agent's certificate has expired: renew it with the signing key"}
	}
	return agent, nil
}

// errUnknownAgent is a certificate that nobody here knows, or none.
var errUnknownAgent error = refusal{http.StatusForbidden, "unknown agent",
	"this agent is not known here: enrol it with a join string of `vouch agents token` (`vouch-agent enrol`), or put its key (`vouch-agent key`) into the installed base"}

// turnAway answers somebody who is not let in, counts him, and ends the connection.
func (d *door) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	var no refusal
	if !errors.As(err, &no) {
		d.log.Error("a certificate could not be issued", "err", err)
		no = refusal{http.StatusServiceUnavailable, "own failure", "the collector could not do it; try again"}
		w.Header().Set("Retry-After", "5")
	}
	var from netip.Addr
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		from = network(at.Addr())
	}
	d.turned.refuse(no.reason, from)
	w.Header().Set("Connection", "close")
	problem(w, no.status, no.says)
}

// hurried gives a request that anybody can send less time than an agent's has, and the
// connection with it.
func hurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(enrolTimeout)) // else that of every request holds
		next.ServeHTTP(w, r)
	})
}

// postRequest answers a request for a certificate. It needs no certificate: an agent that
// enrols has none yet, and one that was away for long has one that expired.
func (d *door) postRequest(w http.ResponseWriter, r *http.Request) {
	guestOf(r.Context()).heard()
	who := hostKey(r)
	if agent, err := d.who(r.TLS); err == nil {
		who = "agent " + string(agent)
		guestOf(r.Context()).shown(agent)
	}
	if !d.rate.allow(who) {
		w.Header().Set("Retry-After", "60")
		d.turnAway(w, r, refusal{http.StatusTooManyRequests, "enrolment: too many requests", "too many requests for a certificate come from there; try again in a minute"})
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, enrol.MaxRequest))
	if err != nil {
		d.turnAway(w, r, refusal{http.StatusBadRequest, "enrolment: unreadable request", "the request cannot be read, or is too large"})
		return
	}
	select {
	case d.enrolling <- struct{}{}:
		defer func() { <-d.enrolling }()
	case <-r.Context().Done():
		return
	}
	req, err := enrol.Open(raw)
	if err != nil {
		d.turnAway(w, r, refusal{http.StatusBadRequest, "enrolment: unreadable request", "request for a certificate: " + err.Error()})
		return
	}
	a, err := d.certify(r.Context(), req)
	if err != nil {
		d.turnAway(w, r, err)
		return
	}
	answer(w, a)
}

func hostKey(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return network(at.Addr()).String()
}

// rate bounds how often somebody asks within a minute. The zero value is ready.
type rate struct {
	mu    sync.Mutex
	begun time.Time
	asked map[string]int
}

func (r *rate) allow(who string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil || time.Since(r.begun) >= time.Minute {
		r.begun, r.asked = time.Now(), map[string]int{}
	}
	if _, known := r.asked[who]; !known && len(r.asked) >= maxEnrollers {
		return false
	}
	r.asked[who]++
	return r.asked[who] <= maxEnrolments
}

// connections reports how many stand at the agents' door, and how long agents may.
type connections struct{ c *Collector }

var descConnections = prometheus.NewDesc("vouch_agent_connections", "Connections at the agents' door: of agents, and of who has not shown himself.", []string{"who"}, nil)

var descCertificate = prometheus.NewDesc("vouch_agent_certificate_seconds", "How long the newest certificate of an enrolled agent is good; negative once it has expired.", []string{"agent"}, nil)

// Describe implements [prometheus.Collector].
func (x connections) Describe(ch chan<- *prometheus.Desc) {
	ch <- descConnections
	ch <- descCertificate
}

// Collect implements [prometheus.Collector].
func (x connections) Collect(ch chan<- prometheus.Metric) {
	strangers, agents := 0, 0
	if x.c.crowd != nil {
		strangers, agents = x.c.crowd.size()
	}
	ch <- prometheus.MustNewConstMetric(descConnections, prometheus.GaugeValue, float64(strangers), "stranger")
	ch <- prometheus.MustNewConstMetric(descConnections, prometheus.GaugeValue, float64(agents), "agent")
	for a, until := range x.c.keys.untils() {
		ch <- prometheus.MustNewConstMetric(descCertificate, prometheus.GaugeValue, until.Sub(x.c.now()).Seconds(), string(a))
	}
}
