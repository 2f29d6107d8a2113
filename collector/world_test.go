// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// centre is a running collector with two customers and three agents, whose part the
// test plays itself: it signs notes and posts them over TLS, as an agent does.
type centre struct {
	t        *testing.T
	dir      string
	at       collector.Addresses
	agents   map[vouch.AgentID]*player
	stranger *player
	channels []notify.Channel
	terms    contract.Terms
	behind   atomic.Int64             // how far the collector's clock is behind, in nanoseconds
	edit     func(*collector.Options) // applied to the options at each start; nil for none
	stop     context.CancelFunc
	group    *errgroup.Group
}

type assignment = wire.Assignment

// player plays one agent.
type player struct {
	id     vouch.AgentID
	at     vouch.LocationID
	signer note.Signer
	vkey   string
	own    *http.Client // with a certificate made from its signing key
	client *http.Client
	chains map[evidence.Identity]map[vouch.Stream]evidence.Chain
	epoch  uint64
}

var locations = []vouch.Location{
	{ID: "AMS", Custody: vouch.CustodyProvider}, {ID: "BRU", Custody: vouch.CustodyNeutral},
	{ID: "OWN", Custody: vouch.CustodyCustomer, Customer: "acme"},
}

func newPlayer(t *testing.T, id vouch.AgentID, at vouch.LocationID) *player {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := note.NewEd25519VerifierKey(string(id), pub)
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(vkey, "+")[1]
	skey := "PRIVATE+KEY+" + string(id) + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, priv.Seed()...))
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: string(id)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, pub, priv)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{
		id: id, at: at, signer: signer, vkey: vkey, epoch: uint64(time.Now().UnixMilli()),
		chains: map[evidence.Identity]map[vouch.Stream]evidence.Chain{},
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: priv}}, InsecureSkipVerify: true,
		}}},
	}
	p.own = p.client
	return p
}

func newCentre(t *testing.T, channels ...notify.Channel) *centre {
	t.Helper()
	return newCentreOf(t, func(*centre) {}, channels...)
}

// newCentreOf is newCentre with terms and options changed before the first start.
func newCentreOf(t *testing.T, change func(*centre), channels ...notify.Channel) *centre {
	t.Helper()
	dir, err := os.MkdirTemp("", "vouch") // short, for the Unix socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &centre{t: t, dir: dir, agents: map[vouch.AgentID]*player{}, channels: channels, terms: contract.DefaultTerms()}
	c.terms.Zone = utcZone(t)
	c.terms.Windows = []contract.Window{{Days: contract.AllWeek, From: 0, To: 1440}}
	c.terms.Voters = []contract.Voter{{Location: "AMS", Custody: vouch.CustodyProvider}, {Location: "BRU", Custody: vouch.CustodyNeutral}}
	c.terms.ReachableBy = []vouch.Kind{vouch.KindICMP}
	c.terms.Confirm, c.terms.Clear, c.terms.Lag = 10*time.Second, 10*time.Second, time.Second
	for _, l := range locations {
		id := vouch.AgentID(string(l.ID) + "-1")
		c.agents[id] = newPlayer(t, id, l.ID)
	}
	c.stranger = newPlayer(t, "XXX-1", "AMS")
	change(c)
	t.Cleanup(func() { c.halt() })
	// What is measured counts from the assignment on: it is made an hour ago, so that
	// a test can play the last minutes without living through them.
	if c.behind.Load() == 0 {
		c.behind.Store(int64(time.Hour))
	}
	c.start()
	c.behind.Store(0)
	return c
}

func (c *centre) options() collector.Options {
	check := vouch.Check{Name: "icmp", Kind: vouch.KindICMP, Addr: netip.MustParseAddr("192.0.2.1"), Interval: time.Second, Timeout: 500 * time.Millisecond, Count: 1, Size: 56}
	cust := func(id vouch.CustomerID) vouch.Customer {
		return vouch.Customer{ID: id, Name: string(id), Contract: "gold", Sites: []vouch.Site{{ID: "hq", Name: "Head office", Devices: []vouch.Device{
			{ID: "rt1", Class: vouch.ClassRouter, Checks: []vouch.Check{check}}, {ID: "fw1", Class: vouch.ClassFirewall, Checks: []vouch.Check{check}},
		}}}}
	}
	o := collector.Options{
		Dir: c.dir, Origin: "ledger.example", Version: "test", Listen: "127.0.0.1:0", Web: "127.0.0.1:0", Channels: c.channels,
		Log:       slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:       func() time.Time { return time.Now().Add(-time.Duration(c.behind.Load())) },
		Base:      collector.Base{Provider: "Kade", Locations: locations, Customers: []vouch.Customer{cust("acme"), cust("other")}},
		Contracts: map[vouch.CustomerID]collector.Contract{},
	}
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	versions := []contract.Version{{Number: 1, Terms: c.terms}}
	o.Contracts["acme"], o.Contracts["other"] = collector.Contract{ID: "gold", Versions: versions}, collector.Contract{ID: "gold", Versions: versions}
	for _, l := range locations {
		p := c.agents[vouch.AgentID(string(l.ID)+"-1")]
		o.Base.Agents = append(o.Base.Agents, vouch.Agent{ID: p.id, Location: p.at, Key: p.vkey})
	}
	o.Plan = func(time.Time) (plans []wire.Assignment, _ time.Time) {
		for _, a := range o.Base.Agents {
			p := wire.Assignment{Agent: a.ID, Location: a.Location, Sealing: time.Second, Heartbeat: time.Second}
			for _, cu := range []vouch.CustomerID{"acme", "other"} {
				if a.Location == "OWN" && cu != "acme" {
					continue
				}
				p.Customers = append(p.Customers, cu)
				p.Devices = append(p.Devices, wire.Device{Customer: cu, ID: "rt1", Class: vouch.ClassRouter, Checks: []vouch.Check{check}})
			}
			plans = append(plans, p)
		}
		return plans, time.Time{}
	}
	return o
}

// again begins anew in an empty directory, with the clock as it is set.
func (c *centre) again(t *testing.T) *centre {
	t.Helper()
	dir, err := os.MkdirTemp("", "vouch")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c.dir = dir
	c.start()
	return c
}

// start starts the collector on the data that is there.
func (c *centre) start() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := sqlite.Open(ctx, c.dir, sqlite.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	ready := make(chan collector.Addresses, 1)
	o := c.options()
	o.Ready = func(a collector.Addresses) { ready <- a }
	if c.edit != nil {
		c.edit(&o)
	}
	c.group, c.stop = new(errgroup.Group), cancel
	done := make(chan error, 1)
	c.group.Go(func() error {
		err := collector.Run(ctx, s, o)
		done <- err
		return s.Close()
	})
	select {
	case c.at = <-ready:
	case err := <-done:
		c.t.Fatalf("collector.Run: %v", err)
	}
}

// halt stops the collector in order.
func (c *centre) halt() {
	c.stop()
	if err := c.group.Wait(); err != nil {
		c.t.Errorf("the collector ended with: %v", err)
	}
	c.group = new(errgroup.Group)
}

func (c *centre) client() *admin.Client { return admin.Dial(c.dir) }

// sample is one answer, or silence, of a device at an instant.
func (p *player) sample(cu vouch.CustomerID, d vouch.DeviceID, at time.Time, o vouch.Outcome) vouch.Sample {
	s := vouch.Sample{
		Customer: cu, Agent: p.id, Location: p.at, Device: d, Check: "icmp", Kind: vouch.KindICMP, Interval: time.Second, Timeout: 500 * time.Millisecond,
		Result: vouch.Result{Start: at, Duration: time.Millisecond, Outcome: o, Sent: 1},
	}
	switch o {
	case vouch.Up:
		s.RTT = vouch.RTT{Min: time.Millisecond, Avg: time.Millisecond, Max: time.Millisecond}
	case vouch.Down:
		s.Lost, s.Reason = 1, vouch.ReasonTimeout
	default:
		s.Sent, s.Reason = 0, vouch.ReasonSocket
	}
	return s
}

// header is the header of the next batch of a chain, over [from, through).
func (p *player) header(cu vouch.CustomerID, from, through time.Time) evidence.BatchHeader {
	id := evidence.Identity{Agent: p.id, Location: p.at, Customer: cu}
	c, ok := p.chains[id][vouch.Availability]
	nonce, err := evidence.NewNonce(rand.Reader)
	if err != nil {
		panic(err)
	}
	h := evidence.BatchHeader{
		Identity: id, Stream: vouch.Availability, Epoch: p.epoch, Seq: 1, Begins: evidence.BeginsFirstStart, Nonce: nonce, Boot: "boot",
		From: from, Through: through, Sealed: through, Clock: evidence.Clock{Known: true, Bound: time.Millisecond, Source: "collector"},
	}
	if ok {
		h.Epoch, h.Seq, h.Prev, h.Begins = c.Epoch, c.Seq+1, c.Hash, ""
	}
	return h
}

// seal seals samples as the next batch of their chain.
func (p *player) seal(t *testing.T, h evidence.BatchHeader, samples ...vouch.Sample) evidence.Batch {
	t.Helper()
	var e evidence.Encoder
	var lines []byte
	for _, s := range samples {
		var err error
		if lines, err = e.AppendSample(lines, s, vouch.Availability); err != nil {
			t.Fatal(err)
		}
	}
	b, err := evidence.SealBatch(h, lines, p.signer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// advance notes that a batch was stored.
func (p *player) advance(b evidence.Batch) {
	if p.chains[b.Identity] == nil {
		p.chains[b.Identity] = map[vouch.Stream]evidence.Chain{}
	}
	p.chains[b.Identity][b.Stream] = evidence.Chain{Epoch: b.Epoch, Seq: b.Seq, Hash: b.Hash, Through: b.Through}
}

// post sends a body and returns the status and what came back.
func (p *player) post(t *testing.T, c *centre, path, encoding string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "https://"+c.at.Agents+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", wire.TypeNotes)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, out
}

// send posts notes and returns a result for each.
func (p *player) send(t *testing.T, c *centre, notes ...[]byte) []wire.Result {
	t.Helper()
	body, err := wire.JoinNotes(notes)
	if err != nil {
		t.Fatal(err)
	}
	status, _, out := p.post(t, c, wire.PathBatches, "", body)
	var a wire.BatchesAnswer
	if status != http.StatusOK {
		t.Fatalf("POST batches = %d %s, want 200", status, out)
	}
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a.Results
}

// store sends one batch of samples over a span and insists that it is stored.
func (p *player) store(t *testing.T, c *centre, cu vouch.CustomerID, from, through time.Time, samples ...vouch.Sample) evidence.Batch {
	t.Helper()
	b := p.seal(t, p.header(cu, from, through), samples...)
	if r := p.send(t, c, b.Raw); r[0].Status != wire.StatusStored {
		t.Fatalf("batch %d of %s = %+v, want stored", b.Seq, p.id, r[0])
	}
	p.advance(b)
	return b
}

func (c *centre) status() admin.Status {
	c.t.Helper()
	var s admin.Status
	if err := c.client().Get(c.t.Context(), admin.PathStatus, nil, &s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// leaves returns the size of a customer's ledger.
func (c *centre) leaves(cu vouch.CustomerID) int64 {
	c.t.Helper()
	for _, l := range c.status().Ledgers {
		if l.Customer == cu {
			return l.Size
		}
	}
	return 0
}

// wait waits until ok holds, far longer than a busy machine needs.
func (c *centre) wait(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// utcZone is a time zone of one offset, with its bytes: the smallest TZif file (RFC 8536).
func utcZone(t testing.TB) contract.Zone {
	t.Helper()
	z, err := contract.NewZone("Etc/UTC", []byte("TZif\x00"+strings.Repeat("\x00", 34)+"\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00UTC\x00"))
	if err != nil {
		t.Fatal(err)
	}
	return z
}
