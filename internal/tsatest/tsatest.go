// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package tsatest runs a real time-stamp authority on loopback for tests: `openssl ts`
// behind HTTP (RFC 3161 section 3.4), with a root certificate and one for time stamps
// that it makes itself. It is for tests only. A test that needs it skips, with the
// reason and the cure, where openssl is not installed.
package tsatest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Policy is what the authority stamps under; it also takes OtherPolicy.
const (
	Policy      = "1.2.3.4.1"
	OtherPolicy = "1.2.3.4.2"
)

// config is the authority's configuration (openssl-ts(1)).
const config = `[tsa]
default_tsa = authority
[authority]
serial = serial
crypto_device = builtin
signer_cert = signer.pem
certs = root.pem
signer_key = signer.key
signer_digest = sha256
default_policy = ` + Policy + `
other_policies = ` + OtherPolicy + `
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = %s
`

// Authority is one time-stamp authority.
type Authority struct {
	Dir   string // holds root.pem, root.key, signer.pem and signer.key
	Roots []byte // PEM
	URL   string

	mu    sync.Mutex // one openssl at a time: the serial number stands in a file
	down  atomic.Bool
	asked atomic.Int64
}

// Start runs an authority until the test ends, or skips the test. Each change is
// applied to the certificate for time stamps before it is signed.
func Start(t testing.TB, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: `make test` installs it")
	}
	a := &Authority{Dir: t.TempDir()}
	a.certificates(t, changes)
	a.ESS(t, "sha256")
	s := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

// ESS sets the hash by which the stamps name their certificate: "sha1" for version 1
// of the attribute, another for version 2.
func (a *Authority) ESS(t testing.TB, hash string) {
	t.Helper()
	a.file(t, "tsa.cnf", fmt.Appendf(nil, config, hash))
}

// Down makes every answer from now on 503, or ends that.
func (a *Authority) Down(down bool) { a.down.Store(down) }

// Asked returns how many requests came.
func (a *Authority) Asked() int64 { return a.asked.Load() }

// Reply returns the answer to a request, both in DER.
func (a *Authority) Reply(request []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := os.WriteFile(filepath.Join(a.Dir, "request.tsq"), request, 0o600); err != nil {
		return nil, err
	}
	if _, err := a.run("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request.tsq", "-out", "response.tsr"); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(a.Dir, "response.tsr"))
}

// Run runs openssl in the authority's directory and returns what it printed.
func (a *Authority) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := a.run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Verify asks openssl whether an answer is a stamp of the message.
func (a *Authority) Verify(t testing.TB, message, response []byte) error {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{"message": message, "response.tsr": response} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.run("ts", "-verify", "-data", filepath.Join(dir, "message"), "-in", filepath.Join(dir, "response.tsr"), "-CAfile", "root.pem")
	return err
}

func (a *Authority) run(args ...string) (string, error) {
	c := exec.Command("openssl", args...)
	c.Dir = a.Dir
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("openssl %q: %v\n%s", args, err, out)
	}
	return string(out), nil
}

func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	if a.down.Load() {
		http.Error(w, "closed for today", http.StatusServiceUnavailable)
		return
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "this is a time-stamp authority", http.StatusBadRequest)
		return
	}
	request, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the client has gone
	}
	response, err := a.Reply(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(response) // the client may have gone
}

// certificates makes the root and what it vouches for.
func (a *Authority) certificates(t testing.TB, changes []func(*x509.Certificate)) {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root of a test"}, NotBefore: now.AddDate(-10, 0, 0), NotAfter: now.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signer := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Time stamps of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{Usage(t, true, 8)},
	}
	for _, change := range changes {
		change(signer)
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	signerDER, err := x509.CreateCertificate(rand.Reader, signer, root, key.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]*ecdsa.PrivateKey{"root.key": rootKey, "signer.key": key} {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		a.file(t, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	a.Roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	a.file(t, "root.pem", a.Roots)
	a.file(t, "signer.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signerDER}))
	a.file(t, "serial", []byte("01\n"))
}

// Usage is the extension extended key usage with the purposes 1.3.6.1.5.5.7.3.N: 8 is
// time stamping, 3 code signing.
func Usage(t testing.TB, critical bool, purposes ...int) pkix.Extension {
	t.Helper()
	var list []asn1.ObjectIdentifier
	for _, n := range purposes {
		list = append(list, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, n})
	}
	der, err := asn1.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: der}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *Authority) file(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.Dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
