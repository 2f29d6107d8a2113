// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/internal/enrol"
	"github.com/vouch-sla/vouch/internal/wire"
)

// Limits bound what agents may ask of the collector at once.
type Limits struct {
	InFlight int           // requests of agents worked on at a time; more get 503
	Timeout  time.Duration // of one request, reading included
}

// DefaultLimits suit one collector on two cores: 64 requests of up to 8 MB each are
// at most half a gigabyte, and a minute is long for the slowest uplink that is leased.
func DefaultLimits() Limits { return Limits{InFlight: 64, Timeout: time.Minute} }

// door is the HTTP that agents knock at. Who they are, the TLS certificate says: the
// collector issued it when the agent enrolled, or the agent made it from its signing key,
// whose public half the installed base holds.
type door struct {
	keys        *keyring
	authority   authority
	certify     func(context.Context, enrol.Request) (enrol.Answer, error)
	turned      *turnaways
	enrolling   chan struct{} // places for requests for a certificate
	rate        rate
	intake      *intake
	judge       *judge
	assignments func(vouch.AgentID) (issued, bool)
	sealKey     func(agent vouch.AgentID, statement string) error
	news        *news
	polling     time.Duration   // bound of a wait for news
	ending      <-chan struct{} // closed when the collector stops
	slots       chan struct{}
	bulk        chan struct{} // places of those for batches: a backlog leaves some to heartbeats
	bodies      wire.Decompressor
	count       *counters
	anchored    func() (ago time.Duration, known bool) // since when everything is covered by anchors
	changed     func()                                 // tells the loop that looks at verdicts
	now         func() time.Time
	log         *slog.Logger
	failing     atomic.Bool // what came could not be stored; one line in the log for each change
}

// issued is an assignment as it is sent.
type issued struct {
	body  []byte
	etag  string
	plain []byte // the body without secrets and the instant from which it is in force
	plan  wire.Assignment
}

func (d *door) handler(limits Limits) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathBatches, d.as(d.busy(d.bulk, d.postBatches)))
	mux.HandleFunc("POST "+wire.PathHeartbeats, d.as(d.postHeartbeats))
	mux.HandleFunc("GET "+wire.PathAssignment, d.known(d.getAssignment))
	mux.HandleFunc("GET "+wire.PathHeads, d.as(d.getHeads))
	const late = `{"error":"the request took too long; send it again"}`
	all := http.NewServeMux()
	all.Handle("/", http.TimeoutHandler(mux, limits.Timeout, late))
	all.Handle("POST "+enrol.Path, hurried(http.TimeoutHandler(http.HandlerFunc(d.postRequest), enrolTimeout, late)))
	return all
}

// agentHandler answers a request of an agent.
type agentHandler func(http.ResponseWriter, *http.Request, vouch.AgentID)

// as finds out which agent asks, and takes one of the places for requests.
func (d *door) as(next agentHandler) http.HandlerFunc { return d.known(d.busy(d.slots, next)) }

// known finds out which agent asks.
func (d *door) known(next agentHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guestOf(r.Context()).heard()
		agent, err := d.who(r.TLS)
		if err != nil {
			d.turnAway(w, r, err)
			return
		}
		guestOf(r.Context()).shown(agent)
		next(w, r, agent)
	}
}

// busy takes one of the places for requests, or answers that there is none.
func (d *door) busy(places chan struct{}, next agentHandler) agentHandler {
	return func(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			d.tellBusy(w)
			return
		}
		next(w, r, agent)
	}
}

func (d *door) tellBusy(w http.ResponseWriter) {
	d.count.refuse("busy")
	w.Header().Set("Retry-After", "2")
	problem(w, http.StatusServiceUnavailable, "the collector is busy; try again in 2 s")
}

func problem(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", wire.TypeJSON)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(wire.Problem{Error: sentence}) // the client may have gone
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", wire.TypeJSON)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// notes reads the body of a request, or answers what is wrong with it.
func (d *door) notes(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) ([][]byte, bool) {
	body, err := d.bodies.Read(http.MaxBytesReader(w, r.Body, wire.MaxCompressed), r.Header.Get("Content-Encoding"))
	var notes [][]byte
	if err == nil {
		notes, err = wire.SplitNotes(body)
	}
	if err == nil {
		return notes, true
	}
	status, reason := http.StatusBadRequest, "unreadable body"
	switch {
	case errors.Is(err, wire.ErrTooLarge):
		status, reason = http.StatusRequestEntityTooLarge, "body too large"
	case errors.Is(err, wire.ErrEncoding):
		status = http.StatusUnsupportedMediaType
	}
	d.count.refuse(reason)
	d.log.Warn("refused a request", "agent", agent, "err", err)
	problem(w, status, err.Error())
	return nil, false
}

func (d *door) postBatches(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
	notes, ok := d.notes(w, r, agent)
	if !ok {
		return
	}
	results, err := d.intake.batches(r.Context(), agent, notes)
	if err != nil {
		d.failed(w, r.Context(), agent, err)
		return
	}
	if d.failing.Swap(false) {
		d.log.Info("notes are taken in again")
	}
	answer(w, wire.BatchesAnswer{Results: results})
}

// failed answers a request that could not be carried out for reasons of our own: the
// agent keeps what it sent and tries again.
func (d *door) failed(w http.ResponseWriter, ctx context.Context, agent vouch.AgentID, err error) {
	if ctx.Err() == nil {
		d.count.refuse("own failure")
		if !d.failing.Swap(true) {
			d.log.Error("could not take notes in; agents keep them and try again", "agent", agent, "err", err)
		}
	}
	w.Header().Set("Retry-After", strconv.Itoa(5))
	problem(w, http.StatusServiceUnavailable, "the collector could not store the notes; keep them and try again")
}

func (d *door) postHeartbeats(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
	notes, ok := d.notes(w, r, agent)
	if !ok {
		return
	}
	received := d.now()
	doc, _ := d.assignments(agent)
	out := wire.HeartbeatAnswer{Assignment: doc.etag, ServerTime: received.UnixMilli()}
	if ago, known := d.anchored(); known {
		out.AnchoredAgo = ago.Milliseconds() + 1
	}
	for _, raw := range notes {
		h, samples, err := d.intake.heartbeat(agent, raw)
		if err != nil {
			d.count.refuse(refusalOf(err))
			d.log.Warn("refused a heartbeat", "agent", agent, "err", err)
			out.Results = append(out.Results, wire.Result{Status: wire.StatusRefused, Reason: err.Error()})
			continue
		}
		d.count.heartbeats.Inc()
		d.judge.heartbeat(agentKey{h.Customer, agent}, samples, doubtful(samples, h.Clock, received), h.At, received, h.Clock)
		out.Results = append(out.Results, wire.Result{Status: wire.StatusStored})
	}
	d.changed()
	answer(w, out)
}

// getAssignment waits, if the agent wants that and has what is in force, for something
// else to come into force. It holds no place for requests meanwhile.
func (d *door) getAssignment(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
	if err := d.sealKey(agent, r.Header.Get(wire.HeaderSealKey)); err != nil {
		d.count.refuse("unusable key for secrets")
		d.log.Warn("an agent's key for secrets cannot be used: no secret is sent to it", "agent", agent, "err", err)
	}
	tag, wait := r.Header.Get("If-None-Match"), wire.Wait(r.Header)
	if tag != "" && wait > 0 {
		d.await(r.Context(), agent, tag, wait)
	}
	d.busy(d.slots, d.putAssignment)(w, r, agent)
}

func (d *door) putAssignment(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
	a, ok := d.assignments(agent)
	if !ok {
		problem(w, http.StatusNotFound, "nothing is assigned to this agent; add devices or contracts that name its location")
		return
	}
	w.Header().Set("ETag", a.etag)
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", wire.TypeJSON)
	_, _ = w.Write(a.body) // the client may have gone
}

func (d *door) getHeads(w http.ResponseWriter, r *http.Request, agent vouch.AgentID) {
	chains, err := d.intake.ledger.Chains(r.Context(), "", d.keys.keyID(agent))
	if err != nil {
		d.failed(w, r.Context(), agent, err)
		return
	}
	out := wire.HeadsAnswer{Heads: make([]wire.Head, 0, len(chains))}
	for _, c := range chains {
		out.Heads = append(out.Heads, headOf(c))
	}
	answer(w, out)
}

func headOf(c store.ChainHead) wire.Head {
	return wire.Head{Customer: c.Customer, Stream: c.Stream, Epoch: c.Epoch, Seq: c.Seq, Hash: c.Hash, Through: c.Through}
}
