// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sip_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/probes"
)

// asked is a request as a server reads it.
type asked struct{ line, via, from, to, callID, cseq, body string }

func read(b []byte) asked {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	q := asked{line: lines[0], body: body}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ": ")
		switch name {
		case "Via":
			q.via = value
		case "From":
			q.from = value
		case "To":
			q.to = value
		case "Call-ID":
			q.callID = value
		case "CSeq":
			q.cseq = value
		}
	}
	return q
}

// answer is a well-formed answer with some more headers, each with its line end.
func (q asked) answer(status, more string) string {
	return fmt.Sprintf("SIP/2.0 %s\r\nVia: %s=5060\r\nFrom: %s\r\nTo: %s;tag=1\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		status, q.via, q.from, q.to, q.callID, q.cseq, more)
}

// says is what a server sends back, one text a message; nil for silence.
type says func(asked) []string

func status(s string) says {
	return func(q asked) []string { return []string{q.answer(s, "Server: Test PBX 1.0\r\n")} }
}

func silence(asked) []string { return nil }

// overUDP starts a server and returns a check of it.
func overUDP(t *testing.T, say says) probes.Target {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			for _, m := range say(read(b[:n])) {
				if _, err := conn.WriteToUDPAddrPort([]byte(m), from); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() { conn.Close(); serving.Wait() })
	return target(conn.LocalAddr().(*net.UDPAddr).AddrPort(), vouch.SIP{})
}

// overStream starts a server that answers and then closes, or waits where it has nothing to say.
func overStream(t *testing.T, transport string, config *tls.Config, say says) probes.Target {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				if config != nil {
					conn = tls.Server(conn, config)
				}
				b := make([]byte, 64<<10)
				n, err := conn.Read(b)
				if err != nil {
					return
				}
				answers := say(read(b[:n]))
				for _, m := range answers {
					if _, err := conn.Write([]byte(m)); err != nil {
						return
					}
				}
				if answers == nil {
					<-done
				}
			})
		}
	})
	t.Cleanup(func() { close(done); l.Close(); serving.Wait() })
	return target(l.Addr().(*net.TCPAddr).AddrPort(), vouch.SIP{Transport: transport})
}

func target(addr netip.AddrPort, s vouch.SIP) probes.Target {
	return probes.Target{Check: vouch.Check{Kind: vouch.KindSIP, Addr: addr.Addr(), Port: addr.Port(), Interval: 2 * time.Minute, Timeout: time.Minute, SIP: s}}
}

// certificate is that of pbx.example.net and 127.0.0.1, which signs itself.
var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pbx"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"pbx.example.net"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func pinOf(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// TestMain makes that certificate a root of this host, as an operator would install the
// one of his own authority.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sip")
	if err != nil {
		panic(err)
	}
	c, err := certificate()
	if err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", file)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
