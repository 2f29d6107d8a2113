// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vouch-sla/vouch/agent"
)

// stopped stops the collector as a machine does that swaps: connections stay open, and
// nothing is answered.
func (w *faultWorld) stopped(length time.Duration) {
	w.t.Helper()
	w.collector.signal(w.t, syscall.SIGSTOP)
	w.unreached("while the collector is stopped", "")
	time.Sleep(length) // how long it lasts is what is played
	w.collector.signal(w.t, syscall.SIGCONT)
}

// losesPower ends the collector without a word to anybody: the agents' connections are
// half-open.
func (w *faultWorld) losesPower() {
	w.t.Helper()
	w.net.lower("collector")
	w.collector.kill(w.t)
	w.net.raise("collector", atCollector)
	w.unreached("while the collector is down", "")
	w.collect(w.net.name("collector"))
}

// stranger puts a collector with another key in the place of the collector: no agent says
// a word to it.
func (w *faultWorld) stranger() {
	w.t.Helper()
	w.collector.stop(w.t)
	w.write("stranger.yaml", faultCollector, map[string]any{"Data": "stranger", "Ways": ways})
	other := launch(w.t, w.dir, "stranger", w.net.name("collector"), w.programs.vouch, "collector", "--config", "stranger.yaml")
	w.unreached("while somebody else answers", "is not the pinned one")
	raw, err := run(w.dir, w.programs.vouch, "status", "--data", w.path("stranger"), "--json")
	var st struct {
		Agents []struct {
			Heartbeat *time.Time `json:"heartbeat_at"`
		} `json:"agents"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(raw), &st)
	}
	if err != nil || len(st.Agents) != len(ways) {
		w.t.Errorf("status of the stranger = %v, %s", err, raw)
	}
	for _, a := range st.Agents {
		if a.Heartbeat != nil {
			w.t.Errorf("the stranger heard an agent at %v, want nothing said to it", a.Heartbeat)
		}
	}
	other.stop(w.t)
	for _, way := range ways {
		log, err := os.ReadFile(w.agents[w.agent(way)].log)
		if n := bytes.Count(log, []byte("is not the pinned one")); err != nil || n != 1 {
			w.t.Errorf("%s: %d lines about another key, %v; want 1", way, n, err)
		}
	}
}

// unreached waits until every agent says that it does not reach the collector, for a
// reason with that text.
func (w *faultWorld) unreached(what, reason string) {
	w.t.Helper()
	for _, way := range ways {
		w.wait(fmt.Sprintf("%s: %s says so", what, way), func() bool {
			st, err := agent.ReadStatus(context.Background(), w.path(string(w.agent(way))))
			return err == nil && !st.Collector.Unreached.IsZero() && strings.Contains(st.Collector.Reason, reason)
		})
	}
}

// nonsense is what a broken collector, or a proxy that has its key, answers: each
// connection meets the next of its manners. Elsewhere is where it redirects to.
type nonsense struct {
	next      atomic.Int64
	mu        sync.Mutex // guards met
	met       map[string]int
	elsewhere string
}

// manner writes one answer, the status line included.
type manner struct {
	name  string
	write func(w io.Writer, n *nonsense) error
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

var manners = []manner{
	{"random bytes", func(w io.Writer, _ *nonsense) error {
		b := make([]byte, 64<<10)
		_, _ = rand.Read(b)
		_, err := w.Write(b)
		return err
	}},
	{"wrong JSON", func(w io.Writer, _ *nonsense) error {
		_, err := io.WriteString(w, head+"Content-Length: 17\r\n\r\n{\"results\":[null]")
		return err
	}},
	{"another JSON", func(w io.Writer, _ *nonsense) error {
		_, err := io.WriteString(w, head+"Content-Length: 12\r\n\r\n{\"a\":[1,2]}\n")
		return err
	}},
	{"500 with a page", func(w io.Writer, _ *nonsense) error {
		page := "<html>" + strings.Repeat("error ", 50_000)
		_, err := fmt.Fprintf(w, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
		return err
	}},
	{"endless body", func(w io.Writer, _ *nonsense) error {
		_, err := io.WriteString(w, head+"\r\n[")
		for b := bytes.Repeat([]byte("1,"), 32<<10); err == nil; {
			_, err = w.Write(b)
		}
		return err
	}},
	{"endless headers", func(w io.Writer, _ *nonsense) error {
		_, err := io.WriteString(w, head)
		for n := 0; err == nil; n++ {
			_, err = fmt.Fprintf(w, "X-%d: %s\r\n", n, strings.Repeat("x", 1000))
		}
		return err
	}},
	{"slow body", func(w io.Writer, _ *nonsense) error {
		_, err := io.WriteString(w, head+"Content-Length: 1000000\r\n\r\n")
		for err == nil {
			time.Sleep(100 * time.Millisecond) // slowness is what is played
			_, err = io.WriteString(w, " ")
		}
		return err
	}},
	{"redirect", func(w io.Writer, n *nonsense) error {
		_, err := fmt.Fprintf(w, "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", n.elsewhere)
		return err
	}},
}

// answersNonsense puts a server with the collector's own key in its place, until every
// manner was met several times.
func (w *faultWorld) answersNonsense() {
	t := w.t
	t.Helper()
	w.collector.stop(t)
	raw, err := os.ReadFile(w.path("data/tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.(crypto.Signer).Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	var followed atomic.Int64
	canary := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				followed.Add(1)
			}
		}}
	n := &nonsense{met: map[string]int{}, elsewhere: "https://10.77.254.1:8443/agent/v1/batches"}
	elsewhere, ln := w.net.listen("router", "10.77.254.1:8443"), w.net.listen("collector", uplinkAddr)
	var served sync.WaitGroup
	served.Go(func() { _ = canary.Serve(elsewhere) })
	var conns sync.Map
	served.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Store(c, true)
			served.Go(func() {
				defer c.Close()
				n.answer(tls.Server(c, config))
			})
		}
	})
	w.wait("every manner of nonsense was met", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, m := range manners {
			if n.met[m.name] < 3 {
				return false
			}
		}
		return true
	})
	w.unreached("while nonsense is answered", "")
	ln.Close()
	canary.Close()
	conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
	served.Wait()
	t.Logf("nonsense that was answered: %v", n.met)
	if followed.Load() > 0 {
		t.Errorf("connections to where it redirects to = %d, want none", followed.Load())
	}
}

// answer reads one request and answers it in the next manner.
func (n *nonsense) answer(c *tls.Conn) {
	defer c.Close()
	if c.Handshake() != nil {
		return
	}
	_, _ = c.Read(make([]byte, 4<<10))
	m := manners[int(n.next.Add(1))%len(manners)]
	n.mu.Lock()
	n.met[m.name]++
	n.mu.Unlock()
	_ = m.write(c, n)
}

// checkLogs looks whether an agent says each change once, and little altogether.
func (w *faultWorld) checkLogs() {
	w.t.Helper()
	for _, way := range ways {
		raw, err := os.ReadFile(w.agents[w.agent(way)].log)
		if err != nil {
			w.t.Fatal(err)
		}
		lines := bytes.Count(raw, []byte("\n"))
		fails, works := bytes.Count(raw, []byte("heartbeat fails")), bytes.Count(raw, []byte("heartbeat works again"))
		w.t.Logf("%s: %d lines in the log, %d of heartbeats that fail, %d of heartbeats that work again", way, lines, fails, works)
		most := 40
		if soaking() {
			most = 200
		}
		if lines > most || len(raw) > most<<9 {
			w.t.Errorf("%s: %d lines, %d bytes in the log, want %d lines at most", way, lines, len(raw), most)
		}
	}
}
