// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/wire"
)

// waiting opens a connection of the agent, asks something over it, and returns how it
// ends: the channel is closed once the collector has ended it.
func (r *recruit) waiting(t *testing.T, c *centre) <-chan struct{} {
	t.Helper()
	conn, err := tls.Dial("tcp", c.at.Agents, &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{{Certificate: [][]byte{r.cert.Raw}, PrivateKey: r.tls}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "GET "+wire.PathHeads+" HTTP/1.1\r\nHost: collector\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 200" {
		t.Fatalf("answer on a connection of %s = %q, %v, want 200", r.id, first, err)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(ended)
	}()
	return ended
}

func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("waited in vain: %s", what)
	}
}

// A revoked key is silent at once and for good: its connections are cut, what it signs is
// refused, it gets no certificate, and every ledger that it spoke in says so. What came in
// before stays, and the other agents feel nothing.
func TestRevoke(t *testing.T) {
	c, _ := openCentre(t)
	ams, own := newRecruit(t, "AMS-1", "AMS"), newRecruit(t, "OWN-1", "OWN")
	j := c.join(t, admin.NewJoin{Agent: "AMS-1"})
	ams.enrolled(t, c, j)
	own.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "OWN-1"}))
	from := begin()
	ams.store(t, c, "acme", from, from.Add(time.Second), ams.sample("acme", "rt1", from, vouch.Up))
	cut, stays := ams.waiting(t, c), own.waiting(t, c)

	c.revoke(t, "AMS-1")
	within(t, "the connection of a revoked agent is cut", cut)
	ams.client.CloseIdleConnections()
	ams.want(t, c, http.StatusForbidden, "revoked or replaced")
	select {
	case <-stays:
		t.Error("another agent's connection was cut, too")
	default:
	}
	own.store(t, c, "acme", from, from.Add(time.Second), own.sample("acme", "rt1", from, vouch.Up))
	for _, secret := range []vouch.Secret{"", j.Secret} {
		j := j
		j.Secret = secret
		if status, says := ams.ask(t, c, ams.request(t, j, nil)); status != 403 || !strings.Contains(says, "revoked") {
			t.Errorf("a certificate for a revoked key = %d %s, want 403", status, says)
		}
	}
	if a := c.agent(t, "AMS-1"); a.State != admin.AgentRevoked || a.Revoked.IsZero() || a.Key != ams.vkey {
		t.Errorf("agent = %+v, want it revoked", a)
	}
	if err := c.client().Post(t.Context(), admin.PathRevoke, admin.Revocation{Agent: "AMS-1", Reason: "again"}, nil); err == nil {
		t.Error("revoking it again = nil, want that it has no key")
	}
	for _, cu := range []vouch.CustomerID{"acme", "other"} {
		notes := c.notesOf(t, cu, evidence.KindKeyRevoked)
		if len(notes) != 1 || !strings.Contains(notes[0], ams.vkey) || !strings.Contains(notes[0], "it was stolen") || !strings.Contains(notes[0], "\nauthor: uid:") {
			t.Errorf("key-revoked records of %s = %q, want one of the key, by a person", cu, notes)
		}
	}
	// The collector was started again meanwhile.
	ams.want(t, c, http.StatusForbidden, "revoked or replaced")
	own.want(t, c, http.StatusOK, "acme")

	// A new key gets in, and begins its own chains.
	fresh := newRecruit(t, "AMS-1", "AMS")
	fresh.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	fresh.store(t, c, "acme", from.Add(time.Second), from.Add(2*time.Second), fresh.sample("acme", "rt1", from.Add(time.Second), vouch.Up))
	ams.want(t, c, http.StatusForbidden, "revoked or replaced")
}

// The key of an agent in the installed base can be revoked, too, and stays so whatever
// stands there.
func TestRevokeConfiguredKey(t *testing.T) {
	c := newCentre(t)
	ams := c.agents["AMS-1"]
	from := begin()
	ams.store(t, c, "acme", from, from.Add(time.Second), ams.sample("acme", "rt1", from, vouch.Up))
	c.revoke(t, "AMS-1")
	for range 2 {
		ams.client.CloseIdleConnections() // the one it had was cut
		if status, _, out := ams.post(t, c, wire.PathBatches, "", nil); status != http.StatusForbidden {
			t.Errorf("a revoked agent's batches = %d %s, want 403", status, out)
		}
		c.halt()
		c.start()
	}
	if notes := c.notesOf(t, "acme", evidence.KindKeyRevoked); len(notes) != 1 {
		t.Errorf("key-revoked records = %q, want one", notes)
	}
	if a := c.agent(t, "AMS-1"); a.State != admin.AgentRevoked {
		t.Errorf("agent = %+v, want it revoked", a)
	}
	// Two ways in at once would contradict each other.
	err := c.client().Post(t.Context(), admin.PathJoin, admin.NewJoin{Agent: "BRU-1", Address: "c:1"}, nil)
	if err == nil || !strings.Contains(err.Error(), "take the key out there") {
		t.Errorf("a join string for an agent with its key in the base = %v, want that it needs none", err)
	}
}

// With a join string for it, a new key takes the place of the old one, which ends.
func TestRotate(t *testing.T) {
	c, _ := openCentre(t)
	old, next := newRecruit(t, "AMS-1", "AMS"), newRecruit(t, "AMS-1", "AMS")
	if err := c.client().Post(t.Context(), admin.PathJoin, admin.NewJoin{Agent: "AMS-1", Rotate: true, Address: "c:1"}, nil); err == nil {
		t.Error("rotating a key that does not exist = nil, want that there is none")
	}
	old.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	from := begin()
	last := old.store(t, c, "acme", from, from.Add(time.Second), old.sample("acme", "rt1", from, vouch.Up))
	j := c.join(t, admin.NewJoin{Agent: "AMS-1", Rotate: true})
	old.want(t, c, 200, "acme") // nothing has changed yet
	if status, says := old.ask(t, c, old.request(t, j, nil)); status != 403 || !strings.Contains(says, "--new-key") {
		t.Errorf("rotating to the same key = %d %s, want that a new one is needed", status, says)
	}
	cut := old.waiting(t, c)
	for range 2 { // it was interrupted, and asks again
		next.enrolled(t, c, j)
	}
	within(t, "the connection of the old key is cut", cut)
	old.client.CloseIdleConnections()
	old.want(t, c, 403, "revoked or replaced")
	next.want(t, c, 200, `{"heads":[]}`)
	if b := next.store(t, c, "acme", last.Through, last.Through.Add(time.Second), next.sample("acme", "rt1", last.Through, vouch.Up)); b.Seq != 1 {
		t.Errorf("first batch of the new key has number %d, want 1", b.Seq)
	}
	// Over a connection of the new key nobody can bring what the old one signs now.
	late := old.seal(t, old.header("acme", last.Through, last.Through.Add(time.Second)), old.sample("acme", "rt1", last.Through, vouch.Down))
	if r := next.send(t, c, late.Raw); r[0].Status != wire.StatusRefused {
		t.Errorf("a batch of the old key = %+v, want it refused", r[0])
	}
	if added, ended := c.notesOf(t, "acme", evidence.KindKeyAdded), c.notesOf(t, "acme", evidence.KindKeyRevoked); len(added) != 3 || len(ended) != 1 || !strings.Contains(ended[0], old.vkey) {
		t.Errorf("records = %q and %q, want three keys, and the end of the old one", added, ended)
	}
	// A collector that is configured with another key than the one that enrolled says so.
	c.halt()
	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := c.options()
	c.edit(&o)
	o.Base.Agents[0].Key = old.vkey
	if err := collector.Run(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), "take the key out") {
		t.Errorf("Run with two keys for one agent = %v, want that one must go", err)
	}
	_ = s.Close()
	c.start()
}

// A certificate without its key opens nothing.
func TestStolenCertificate(t *testing.T) {
	c, _ := openCentre(t)
	ams := newRecruit(t, "AMS-1", "AMS")
	ams.enrolled(t, c, c.join(t, admin.NewJoin{Agent: "AMS-1"}))
	_, other, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client := ams.connect(tls.Certificate{Certificate: [][]byte{ams.cert.Raw}, PrivateKey: other})
	if resp, err := client.Get("https://" + c.at.Agents + wire.PathHeads); err == nil {
		_ = resp.Body.Close()
		t.Errorf("a certificate with another key = %d, want the connection refused", resp.StatusCode)
	}
	c.wait("it is counted", func() bool { return c.refused("TLS handshakes that failed") == 1 })
	// One that somebody else issued in the agent's name is no better.
	self := newPlayer(t, "AMS-1", "AMS")
	if status, _, out := self.post(t, c, wire.PathBatches, "", nil); status != http.StatusForbidden {
		t.Errorf("a certificate of another authority = %d %s, want 403", status, out)
	}
	// Nor is one that the agent makes from its signing key, now that it is enrolled: a
	// certificate that never ends would make one that does pointless.
	ams.client = ams.own
	if status, _, out := ams.post(t, c, wire.PathBatches, "", nil); status != http.StatusForbidden {
		t.Errorf("a self-made certificate of an enrolled agent = %d %s, want 403", status, out)
	}
	ams.client = ams.connect(tls.Certificate{Certificate: [][]byte{ams.cert.Raw}, PrivateKey: ams.tls})
	ams.want(t, c, 200, "heads")
}

// The key that signs certificates is for its owner's eyes: open to others, it is refused
// with the reason and the cure.
func TestKeyOpenToOthersIsRefused(t *testing.T) {
	c := newCentre(t)
	c.halt()
	path := filepath.Join(c.dir, "tls.key")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), c.dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Run(t.Context(), s, c.options()); err == nil || !strings.Contains(err.Error(), "0644") || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("Run with a key that others can read = %v, want the mode and the cure", err)
	}
	if err := errors.Join(s.Close(), os.Chmod(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	c.start()
}

// Below TLS 1.3 nobody gets in, and so nobody renegotiates either (RFC 8446 section 4.1.2
// forbids it in 1.3).
func TestOldTLS(t *testing.T) {
	c, _ := openCentre(t)
	for n, version := range []uint16{tls.VersionTLS12, tls.VersionTLS11} {
		conn, err := tls.Dial("tcp", c.at.Agents, &tls.Config{
			InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version, Renegotiation: tls.RenegotiateFreelyAsClient,
		})
		if err == nil {
			_ = conn.Close()
			t.Errorf("a connection by %s was taken, want it refused", tls.VersionName(version))
		}
		c.wait("it is counted", func() bool { return c.refused("TLS below 1.3") == int64(n+1) })
	}
}
