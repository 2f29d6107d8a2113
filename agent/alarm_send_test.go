// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/collector/notify"
)

var ringing = agent.AlarmMessage{
	ID: "0011223344556677-1", Event: agent.AlarmRaised, Agent: "a1", Location: "north", Collector: "https://collector.test:7443",
	At: time.Date(2026, 11, 20, 16, 15, 0, 0, time.UTC), Since: time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC), Lasted: 900,
	Reason: "connection refused", Text: "a1 has not reached its collector.\r\n.\r\nQUIT",
}

func TestWebhook(t *testing.T) {
	var got []*http.Request
	var bodies [][]byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, bodies = append(got, r), append(bodies, body)
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/canary", http.StatusTemporaryRedirect)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, strings.Repeat("canary", 1<<20))
		}
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	send := func(path string, roots *x509.CertPool) error {
		u, err := url.Parse(server.URL + path)
		check(t, err)
		a := agent.Alarm{Webhook: &agent.AlarmWebhook{URL: u, Secret: "canary"}, Roots: roots}
		err = a.Send(t.Context(), ringing)
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("error shows a secret: %v", err)
		}
		return err
	}
	if err := send("/canary?token=canary", roots); err != nil {
		t.Errorf("send = %v, want nil", err)
	}
	var m agent.AlarmMessage
	if err := json.Unmarshal(bodies[0], &m); err != nil || m != ringing {
		t.Errorf("body = %s, %v, want the message", bodies[0], err)
	}
	if err := notify.Verify("canary", got[0].Header, bodies[0], time.Now()); err != nil || got[0].Header.Get(notify.HeaderIntent) != ringing.ID {
		t.Errorf("signature = %v, headers %v, want those of the collector's messages", err, got[0].Header)
	}
	for path, want := range map[string]string{"/elsewhere": "307", "/busy": "503"} {
		if err := send(path, roots); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("send to %s = %v, want an error with %s", path, err, want)
		}
	}
	if len(got) != 3 {
		t.Errorf("requests = %d, want 3: a redirect is not followed", len(got))
	}
	if err := send("/canary", nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("send to a server that nobody vouches for = %v, want an error about its certificate", err)
	}
	server.Close()
	if err := send("/canary", roots); err == nil {
		t.Error("send to nobody = nil, want an error")
	}
}

// smtpServer is aiosmtpd with STARTTLS and one user. It prints the port, then each
// envelope with its content as a line of JSON.
const smtpServer = `
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps([envelope.mail_from, envelope.rcpt_tos, envelope.content.decode(), session.ssl is not None, bool(session.authenticated)]), flush=True)
        return "250 taken"
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

func TestMailToARealServer(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	if exec.Command(python, "-c", "import aiosmtpd").Run() != nil {
		t.Skip("aiosmtpd is missing: apt-get install --no-install-recommends python3-aiosmtpd")
	}
	dir := t.TempDir()
	roots := certificate(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, python, "-c", smtpServer, filepath.Join(dir, "cert"), filepath.Join(dir, "key"))
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	check(t, err)
	check(t, server.Start())
	defer server.Wait()
	defer cancel()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server says nothing")
	}
	a := agent.Alarm{Roots: roots, Mail: &agent.AlarmMail{Server: "127.0.0.1:" + lines.Text(), From: "vouch@example.net",
		To: []string{"noc@example.net", "night@example.net"}, User: "vouch", Password: "canary"}}
	check(t, a.Send(t.Context(), ringing))
	if !lines.Scan() {
		t.Fatal("the server took nothing")
	}
	var envelope struct {
		from, content string
		to            []string
		tls, known    bool
	}
	check(t, json.Unmarshal(lines.Bytes(), &[]any{&envelope.from, &envelope.to, &envelope.content, &envelope.tls, &envelope.known}))
	if envelope.from != "vouch@example.net" || strings.Join(envelope.to, " ") != "noc@example.net night@example.net" || !envelope.tls || !envelope.known {
		t.Errorf("envelope = %+v, want ours, over TLS, by a known user", envelope)
	}
	m, err := mail.ReadMessage(strings.NewReader(envelope.content))
	check(t, err)
	body, err := io.ReadAll(m.Body)
	check(t, err)
	if m.Header.Get("Subject") != "vouch-agent a1: does not reach its collector" || m.Header.Get("Message-ID") != "<0011223344556677-1@example.net>" ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasPrefix(string(body), "a1 has not reached its collector. . QUIT\r\n") {
		t.Errorf("mail = %v\n%s", m.Header, body)
	}
	if when, err := m.Header.Date(); err != nil || !when.Equal(ringing.At) {
		t.Errorf("date = %v, %v, want %v", when, err, ringing.At)
	}

	wrong := *a.Mail
	wrong.Password = "canaries"
	for name, a := range map[string]agent.Alarm{
		"refuses user and password (535)": {Roots: roots, Mail: &wrong},
		"certificate":                     {Mail: a.Mail},
	} {
		if err := a.Send(t.Context(), ringing); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canar") {
			t.Errorf("send = %v, want an error with %q and no password", err, name)
		}
	}
}

// certificate makes one for 127.0.0.1 in dir, and returns what trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, "cert"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return roots
}

// What a server of others does wrong ends the attempt, within a bound of bytes and time.
func TestMailToServersThatMisbehave(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		serve      func(net.Conn)
	}{
		{"garbage", "", func(c net.Conn) { io.WriteString(c, "\x00\xff\x01 nonsense\r\n") }},
		{"an endless line", "", func(c net.Conn) {
			for b := []byte(strings.Repeat("2", 4<<10)); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}},
		{"endless lines", "", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "220-welcome\r\n"); err != nil {
					return
				}
			}
		}},
		{"hangs up", "", func(net.Conn) {}},
		{"no STARTTLS and a password", "unencrypted", func(c net.Conn) {
			in := bufio.NewReader(c)
			io.WriteString(c, "220 mail.test\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if strings.Contains(line, "AUTH") {
					t.Errorf("client says %q without TLS", line)
				}
				io.WriteString(c, "250 AUTH PLAIN\r\n")
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			check(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if c, err := ln.Accept(); err == nil {
					tt.serve(c)
					c.Close()
				}
			}()
			a := agent.Alarm{Mail: &agent.AlarmMail{Server: ln.Addr().String(), From: "a@example.net", To: []string{"b@example.net"}, User: "u", Password: "canary"}}
			if tt.want != "" { // the name of no loopback address: there the password would leave the machine
				a.Mail.Server = "collector.test:25"
				a.DialBy(func(ctx context.Context, network, _ string) (net.Conn, error) {
					return net.Dial(network, ln.Addr().String())
				})
			}
			if err := a.Send(t.Context(), ringing); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("send = %v, want an error with %q", err, tt.want)
			}
			ln.Close()
			<-done
		})
	}
	t.Run("says nothing", func(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		defer ln.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if c, err := ln.Accept(); err == nil {
				cancel() // the agent stops while it waits
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		}()
		a := agent.Alarm{Mail: &agent.AlarmMail{Server: ln.Addr().String(), From: "a@example.net", To: []string{"b@example.net"}}}
		if err := a.Send(ctx, ringing); err == nil {
			t.Error("send = nil, want an error")
		}
	})
}
