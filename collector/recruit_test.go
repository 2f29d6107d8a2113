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
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/enrol"
	"github.com/vouch-sla/vouch/internal/wire"
)

// logged keeps what the collector logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines counts the lines that hold s.
func (l *logged) lines(s string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, s) {
			n++
		}
	}
	return n
}

// openCentre is a centre whose agents AMS-1 and OWN-1 have yet to enrol.
func openCentre(t *testing.T) (*centre, *logged) {
	t.Helper()
	log := new(logged)
	c := newCentreOf(t, func(c *centre) {
		c.edit = func(o *collector.Options) {
			for i, a := range o.Base.Agents {
				if a.ID != "BRU-1" {
					o.Base.Agents[i].Key = ""
				}
			}
			if !testing.Verbose() {
				o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
		}
	})
	return c, log
}

// recruit plays an agent that enrols.
type recruit struct {
	*player
	tls  ed25519.PrivateKey
	cert *x509.Certificate
}

func newRecruit(t *testing.T, id vouch.AgentID, at vouch.LocationID) *recruit {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &recruit{player: newPlayer(t, id, at), tls: key}
	r.client = r.connect(tls.Certificate{})
	return r
}

// connect returns a client that shows a certificate.
func (r *recruit) connect(cert tls.Certificate) *http.Client {
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

func (c *centre) join(t *testing.T, in admin.NewJoin) enrol.Join {
	t.Helper()
	var out admin.Join
	in.Address = c.at.Agents
	if err := c.client().Post(t.Context(), admin.PathJoin, in, &out); err != nil {
		t.Fatal(err)
	}
	j, err := enrol.ParseJoin(out.Join)
	if err != nil || j.Agent != in.Agent || j.Address != c.at.Agents {
		t.Fatalf("join string of %s = %+v, %v", in.Agent, j, err)
	}
	return j
}

// request is what the recruit asks with; change may spoil it.
func (r *recruit) request(t *testing.T, j enrol.Join, change func(*enrol.Request)) []byte {
	t.Helper()
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, r.tls)
	if err != nil {
		t.Fatal(err)
	}
	req := enrol.Request{Agent: r.id, Pin: j.Pin, Key: r.vkey, Secret: j.Secret, CSR: csr}
	if change != nil {
		change(&req)
	}
	raw, err := req.Seal(r.signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// ask sends a request for a certificate and shows the one that came from then on.
func (r *recruit) ask(t *testing.T, c *centre, raw []byte) (int, string) {
	t.Helper()
	status, _, out := r.post(t, c, enrol.Path, "", raw)
	if status != http.StatusOK {
		var p wire.Problem
		if err := json.Unmarshal(out, &p); err != nil || p.Error == "" {
			t.Errorf("answer %d without a sentence: %s", status, out)
		}
		return status, p.Error
	}
	a, cert, err := enrol.ParseAnswer(out, r.id, r.tls.Public())
	if err != nil || a.Location != r.at {
		t.Fatalf("answer = %+v, %v, want a certificate of %s at %s", a, err, r.id, r.at)
	}
	r.cert = cert
	r.client = r.connect(tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: r.tls})
	return status, ""
}

func (r *recruit) enrolled(t *testing.T, c *centre, j enrol.Join) {
	t.Helper()
	if status, says := r.ask(t, c, r.request(t, j, nil)); status != http.StatusOK {
		t.Fatalf("enrol %s = %d %s, want 200", r.id, status, says)
	}
}

// get asks where the agent's chains stand, and returns the status.
func (r *recruit) get(t *testing.T, c *centre) (int, string) {
	t.Helper()
	resp, err := r.client.Get("https://" + c.at.Agents + wire.PathHeads)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func (r *recruit) want(t *testing.T, c *centre, status int, says string) {
	t.Helper()
	if got, out := r.get(t, c); got != status || !strings.Contains(out, says) {
		t.Errorf("heads of %s = %d %s, want %d with %q", r.id, got, out, status, says)
	}
}

// refused returns how often something was refused for that reason.
func (c *centre) refused(reason string) int64 {
	for _, r := range c.status().Refused {
		if r.Reason == reason {
			return r.Count
		}
	}
	return 0
}

func (c *centre) agent(t *testing.T, id vouch.AgentID) admin.Agent {
	t.Helper()
	var as []admin.Agent
	if err := c.client().Get(t.Context(), admin.PathAgents, nil, &as); err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		if a.Agent == id {
			return a
		}
	}
	t.Fatalf("agents = %+v, want %s among them", as, id)
	return admin.Agent{}
}

// records returns the records of a kind in a customer's ledger.
func (c *centre) notesOf(t *testing.T, cu vouch.CustomerID, kind evidence.RecordKind) (notes []string) {
	t.Helper()
	c.halt()
	c.inStore(func(ctx context.Context, s store.Store) {
		entries, err := s.Records(ctx, cu, string(kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			notes = append(notes, string(e.Note))
		}
	})
	c.start()
	return notes
}

func (c *centre) revoke(t *testing.T, id vouch.AgentID) {
	t.Helper()
	if err := c.client().Post(t.Context(), admin.PathRevoke, admin.Revocation{Agent: id, Reason: "it was stolen"}, nil); err != nil {
		t.Fatal(err)
	}
}
