// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vouch-sla/vouch/evidence/stamp"
	"github.com/vouch-sla/vouch/internal/tsatest"
)

// extensions of the certificates that openssl makes here.
const extensions = `[signer]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
[between]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
`

// certify makes NAME.key and NAME.pem: a key made with those arguments, and a
// certificate from an issuer with the extensions of a section.
func certify(t *testing.T, a *tsatest.Authority, name, issuer, section string, key ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.Dir, "ext.cnf"), []byte(extensions), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Run(t, append([]string{"genpkey", "-out", name + ".key"}, key...)...)
	again(t, a, name, name, issuer, section)
}

// again makes another certificate, NAME.pem, for the key of another.
func again(t *testing.T, a *tsatest.Authority, name, key, issuer, section string) {
	t.Helper()
	a.Run(t, "req", "-new", "-key", key+".key", "-subj", "/CN="+name, "-out", "request.pem")
	a.Run(t, "x509", "-req", "-in", "request.pem", "-CA", issuer+".pem", "-CAkey", issuer+".key", "-set_serial", "7",
		"-days", "10", "-sha256", "-extfile", "ext.cnf", "-extensions", section, "-out", name+".pem")
}

// Signatures of every kind that authorities make in practice.
func TestSignatures(t *testing.T) {
	a := tsatest.Start(t)
	certify(t, a, "rsa", "root", "signer", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
	certify(t, a, "p384", "root", "signer", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
	certify(t, a, "between", "root", "between", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	certify(t, a, "below", "between", "signer", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	content := info(t) // after the certificates, which are valid from now on
	for name, args := range map[string][]string{
		"RSA with SHA-256":        {"-signer", "rsa.pem", "-inkey", "rsa.key", "-cades"},
		"RSA with SHA-512":        {"-signer", "rsa.pem", "-inkey", "rsa.key", "-cades", "-md", "sha512"},
		"RSA-PSS":                 {"-signer", "rsa.pem", "-inkey", "rsa.key", "-cades", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"},
		"ECDSA P-384":             {"-signer", "p384.pem", "-inkey", "p384.key", "-cades", "-md", "sha384"},
		"a signer by his key":     {"-signer", "p384.pem", "-inkey", "p384.key", "-cades", "-md", "sha384", "-keyid"},
		"an authority in between": {"-signer", "below.pem", "-inkey", "below.key", "-cades", "-certfile", "between.pem"},
	} {
		if _, err := stamp.Verify(signed(t, a, content, args...), message, nonce, trust(t, a)); err != nil {
			t.Errorf("%s: Verify: %v", name, err)
		}
	}
}

// Signed data that is no time stamp, however well it is signed.
func TestSignaturesRefused(t *testing.T) {
	a := tsatest.Start(t)
	certify(t, a, "one", "root", "signer", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	again(t, a, "twin", "one", "root", "signer") // same issuer, serial number and key
	certify(t, a, "between", "root", "between", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	certify(t, a, "below", "between", "signer", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
	content := info(t) // after the certificates, which are valid from now on
	one := []string{"-signer", "one.pem", "-inkey", "one.key", "-cades"}
	with := func(args ...string) []string { return append(slices.Clone(one), args...) }
	tests := []struct {
		name    string
		content []byte
		args    []string
		says    string
	}{
		{"content of another type", content, with("-econtent_type", "1.2.840.113549.1.7.1"), "the token signs content of type"},
		{"no TSTInfo", []byte("hello"), one, "TSTInfo cannot be read"},
		{"something after the TSTInfo", append(bytes.Clone(content), 5, 0), one, "something follows it"},
		{"two signers", content, with("-signer", "signer.pem", "-inkey", "signer.key"), "the token has 2 signers"},
		{"no certificate", content, with("-nocerts"), "certificate is not among the 0"},
		{"another certificate for the same key", content, with("-nocerts", "-certfile", "twin.pem"), "names another certificate"},
		{"no word on the certificate", content, one[:4], "does not name its certificate"},
		{"no signed attributes", content, append(slices.Clone(one[:4]), "-noattr"), "signed data cannot be read"},
		{"SHA-1", content, with("-md", "sha1"), "is not known here"},
		{"without the authority in between", content, []string{"-signer", "below.pem", "-inkey", "below.key", "-cades"}, "no trusted root vouches"},
	}
	for _, tt := range tests {
		s, err := stamp.Verify(signed(t, a, tt.content, tt.args...), message, nonce, trust(t, a))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Verify = %+v, %v, want %q", tt.name, s, err, tt.says)
		}
	}
	a.Run(t, "cms", "-sign", "-binary", "-in", "content.der", "-signer", "one.pem", "-inkey", "one.key", "-cades", "-outform", "DER", "-out", "detached.der")
	detached, err := os.ReadFile(filepath.Join(a.Dir, "detached.der"))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := stamp.Verify(granting(t, detached), message, nonce, trust(t, a)); err == nil {
		t.Errorf("Verify of a signature without content = %+v, want an error", s)
	}
}

// Whichever byte of an answer is changed: it is refused, or it says the same. In what is
// signed, and in the certificate that signs, no byte can be changed.
func TestEveryByte(t *testing.T) {
	a := tsatest.Start(t)
	good, trust := reply(t, a, request(t, message, nonce, "")), trust(t, a)
	want, err := stamp.Verify(good, message, nonce, trust)
	if err != nil {
		t.Fatal(err)
	}
	a.Run(t, "x509", "-in", "signer.pem", "-outform", "DER", "-out", "signer.der")
	signer, err := os.ReadFile(filepath.Join(a.Dir, "signer.der"))
	if err != nil {
		t.Fatal(err)
	}
	within := func(i int, part []byte) bool {
		at := bytes.Index(good, part)
		if at < 0 {
			t.Fatalf("the answer does not hold %x", part)
		}
		return at <= i && i < at+len(part)
	}
	content := contentOf(t, a, good)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		got, err := stamp.Verify(bad, message, nonce, trust)
		if err == nil && (got != want || within(i, content) || within(i, signer)) {
			t.Errorf("Verify with a bit of byte %d changed = %+v: want it refused, or, where it is not signed, as before", i, got)
		}
	}
}
