// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/collector/notify"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
)

// smtpProgram is aiosmtpd with STARTTLS and one user. It prints its port, then each
// message as a line of JSON; then it answers as the next line of its input says.
const smtpProgram = `
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "content": envelope.content.decode(), "tls": session.ssl is not None, "known": bool(session.authenticated)}), flush=True)
        line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        if line.strip() == "hang up":
            server.transport.abort()
            return "451 gone"
        return line.strip()
def auth(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"vouch", b"canary"), handled=False)
async def main():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(sys.argv[1], sys.argv[2])
    make = lambda: SMTP(Handler(), tls_context=c, require_starttls=True, authenticator=auth, auth_required=True, hostname="mail.test")
    s = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(s.sockets[0].getsockname()[1], flush=True)
    await s.serve_forever()
asyncio.run(main())
`

// letter is a message as the mail server took it.
type letter struct {
	From    string   `json:"from"`
	To      []string `json:"to"`
	Content string   `json:"content"`
	TLS     bool     `json:"tls"`
	Known   bool     `json:"known"`
}

// smtpd is a real mail server, a process of its own.
type smtpd struct {
	t    *testing.T
	addr string
	dir  string // holds its certificate, cert
	in   io.Writer
	out  *bufio.Scanner
}

func newSMTPD(t *testing.T) *smtpd {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	if exec.Command(python, "-c", "import aiosmtpd").Run() != nil {
		t.Skip("aiosmtpd is missing: apt-get install --no-install-recommends python3-aiosmtpd")
	}
	s := &smtpd{t: t, dir: t.TempDir()}
	writeCertificate(t, s.dir)
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, python, "-c", smtpProgram, filepath.Join(s.dir, "cert"), filepath.Join(s.dir, "key"))
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	check(t, err)
	s.in, err = server.StdinPipe()
	check(t, err)
	check(t, server.Start())
	t.Cleanup(func() { cancel(); _ = server.Wait() })
	s.out = bufio.NewScanner(out)
	s.out.Buffer(nil, 1<<20)
	if !s.out.Scan() {
		t.Fatal("the server says nothing")
	}
	s.addr = "127.0.0.1:" + s.out.Text()
	return s
}

// take waits for a message. The server waits with its answer for [smtpd.answer].
func (s *smtpd) take() letter {
	s.t.Helper()
	if !s.out.Scan() {
		s.t.Fatalf("the server ended: %v", s.out.Err())
	}
	var l letter
	check(s.t, json.Unmarshal(s.out.Bytes(), &l))
	return l
}

func (s *smtpd) answer(line string) {
	s.t.Helper()
	_, err := io.WriteString(s.in, line+"\n")
	check(s.t, err)
}

func (s *smtpd) channel() notify.Channel {
	return mailChannel(s.t, s.addr, s.dir)
}

func mailChannel(t *testing.T, addr, dir string) notify.Channel {
	t.Helper()
	pemBytes, err := os.ReadFile(filepath.Join(dir, "cert"))
	check(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pemBytes)
	return notify.Channel{Name: "night", Kind: notify.Mail, Server: addr, From: "vouch@example.net", To: []string{"noc@example.net", "night@example.net"},
		User: "vouch", Secret: "canary", AllowPrivate: true, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
}

// writeCertificate makes one for 127.0.0.1: files cert and key.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: private}} {
		check(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outage is what happens to one incident: opened, and closed.
func outage(at time.Time) (opened, closed notify.Event) {
	opened = notify.Event{ID: "acme/INC-2026-0007/r1", Customer: "acme", Incident: "INC-2026-0007", Transition: notify.Opened, Event: incident.Opened,
		At: at, Site: "main-street", Devices: []vouch.DeviceID{"router-1", "<b>"}, From: at.Add(-time.Minute), OpenedAt: at, Witnesses: []vouch.LocationID{"ams1", "bru1"},
		RestsOnOneWitness: true, URL: "http://127.0.0.1:7480/incident/acme/INC-2026-0007"}
	closed = opened
	closed.ID, closed.Transition, closed.Event, closed.At, closed.To, closed.CountedS = "acme/INC-2026-0007/r2", notify.Closed, incident.ClosedEv, at.Add(time.Hour), at.Add(time.Hour), 3660
	return opened, closed
}

// tell stores events for a channel.
func tell(t *testing.T, s *sqlite.Store, channel string, events ...notify.Event) {
	t.Helper()
	var d store.Derivation
	for n, e := range events {
		i, err := e.ForChannel(channel, time.Now().Add(time.Duration(n)))
		check(t, err)
		d.Intents = append(d.Intents, i)
	}
	check(t, s.Derive(t.Context(), d))
}

// parts reads the two texts of a mail.
func parts(t *testing.T, m *mail.Message) (plain, page string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v, want multipart/alternative", kind, err)
	}
	read := func(r *multipart.Reader, want string) string {
		p, err := r.NextRawPart()
		check(t, err)
		if !strings.HasPrefix(p.Header.Get("Content-Type"), want) || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part %v, want %s", p.Header, want)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		check(t, err)
		return string(b)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	return read(r, "text/plain"), read(r, "text/html")
}

func TestMailToARealServer(t *testing.T) {
	server, s := newSMTPD(t), newStore(t)
	ch := server.channel()
	ch.Dutch = true
	zone, err := time.LoadLocation("Europe/Amsterdam")
	check(t, err)
	ch.Zone = zone
	opened, closed := outage(time.Date(2026, 7, 3, 22, 0, 0, 0, time.UTC))
	tell(t, s, "night", opened, closed)
	start(t, s, quick(), ch)
	var letters []letter
	var mails []*mail.Message
	for range 2 {
		l := server.take()
		server.answer("250 taken as 42")
		m, err := mail.ReadMessage(strings.NewReader(l.Content))
		check(t, err)
		letters, mails = append(letters, l), append(mails, m)
	}
	until(t, "delivered", settled(t, s))
	l, first, second := letters[0], mails[0].Header, mails[1].Header
	if l.From != "vouch@example.net" || strings.Join(l.To, " ") != "noc@example.net night@example.net" || !l.TLS || !l.Known {
		t.Errorf("envelope = %+v, want ours, over TLS, by a known user", l)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(first.Get("Subject"))
	check(t, err)
	if subject != "INC-2026-0007: storing op main-street (acme)" || second.Get("Subject") != "Re: "+first.Get("Subject") {
		t.Errorf("subjects %q and %q, want one thread", subject, second.Get("Subject"))
	}
	if first.Get("References") == "" || first.Get("References") != second.Get("References") || first.Get("In-Reply-To") != first.Get("References") {
		t.Errorf("references %q and %q, want the same", first.Get("References"), second.Get("References"))
	}
	if id := first.Get("Message-ID"); !strings.HasSuffix(id, "@example.net>") || id == second.Get("Message-ID") {
		t.Errorf("message ids %q and %q, want one each", id, second.Get("Message-ID"))
	}
	if first.Get("Auto-Submitted") != "auto-generated" || first.Get(notify.HeaderIntent) != opened.ID+"/night" {
		t.Errorf("header = %v, want Auto-Submitted and the intent", first)
	}
	plain, page := parts(t, mails[0])
	for _, want := range []string{"Apparatuur antwoordt niet.", "router-1, <b>", "2026-07-03 23:59:00 CEST", "dit berust op één meetpunt", opened.URL} {
		if !strings.Contains(plain, want) {
			t.Errorf("text:\n%s\nwant %q", plain, want)
		}
	}
	if !strings.Contains(page, "router-1, &lt;b&gt;") || !strings.Contains(page, `lang="nl"`) || strings.Contains(page, "<b>") {
		t.Errorf("page:\n%s\nwant it in Dutch, names escaped", page)
	}
	if plain, _ := parts(t, mails[1]); !strings.Contains(plain, "1h1m0s") || !strings.Contains(plain, "antwoordt weer") {
		t.Errorf("text of the end:\n%s", plain)
	}
	if i := intent(t, s, opened.ID+"/night"); i.Attempts != 1 || i.Unclear != 0 || !strings.Contains(i.Answer, "taken as 42") {
		t.Errorf("stored %+v, want what the server said", i)
	}
}

// A mail whose fate is unknown is repeated once, under the same Message-ID; one that
// was refused is tried on.
func TestMailIsRepeatedOnceAtMost(t *testing.T) {
	server, s := newSMTPD(t), newStore(t)
	opened, _ := outage(time.Now())
	tell(t, s, "night", opened)
	start(t, s, quick(), server.channel())
	var ids []string
	for _, answer := range []string{"451 not now", "452 nor now", "451 nor now", "hang up", "hang up"} {
		m, err := mail.ReadMessage(strings.NewReader(server.take().Content))
		check(t, err)
		ids = append(ids, m.Header.Get("Message-ID"))
		server.answer(answer)
	}
	until(t, "given up", settled(t, s))
	i := intent(t, s, opened.ID+"/night")
	if !i.Failed || i.Unclear != 2 || i.Attempts != 5 || !strings.Contains(i.LastErr, "cannot tell a repeat") {
		t.Errorf("stored %+v, want given up after two attempts of unknown fate", i)
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("message ids %q, want the same", ids)
		}
	}
}

func TestMailRefusals(t *testing.T) {
	server := newSMTPD(t)
	opened, _ := outage(time.Now())
	for want, change := range map[string]func(*notify.Channel){
		"refuses user and password (535)": func(c *notify.Channel) { c.Secret = "canaries" },
		"certificate":                     func(c *notify.Channel) { c.TLS = nil },
		"allow_private":                   func(c *notify.Channel) { c.AllowPrivate = false },
	} {
		ch, s := server.channel(), newStore(t)
		change(&ch)
		tell(t, s, "night", opened)
		q := &recordingQueue{Queue: s}
		stop := start(t, q, quick(), ch)
		until(t, want, func() bool { return strings.Contains(q.errors(), want) })
		stop()
		if i := intent(t, s, opened.ID+"/night"); i.Unclear != 0 || strings.Contains(q.errors(), "canar") {
			t.Errorf("stored %+v, errors %q, want nothing unclear and no password", i, q.errors())
		}
	}
}
