// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"crypto/x509"
	"encoding/asn1"
	"net/url"
	"time"

	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/stamp"
)

// Anchor is who vouches from outside for when a ledger had how many leaves.
type Anchor struct {
	Every       time.Duration
	Authorities []Authority // in the order in which they are asked: the first that answers is enough
	Witnesses   []Witness   // all are asked
}

// Authority is a time-stamp authority (RFC 3161).
type Authority struct {
	Name   string
	URL    *url.URL
	Roots  *x509.CertPool
	Policy asn1.ObjectIdentifier // nil for any
}

// Witness is somebody who cosigns (C2SP tlog-witness).
type Witness struct {
	Name string
	URL  *url.URL
	Key  string // public key, "name+hash+base64"
}

// defaultAnchor bounds what somebody with the keys could date back without being seen;
// decisions are anchored within seconds anyway.
const defaultAnchor = time.Hour

func (l *loader) anchor(m *mapping) Anchor {
	defer m.done()
	a := Anchor{Every: m.get("every").duration(time.Minute, 24*time.Hour, defaultAnchor)}
	for _, v := range m.get("timestamp").list() {
		a.Authorities = append(a.Authorities, l.authority(v))
	}
	for _, v := range m.get("witnesses").list() {
		a.Witnesses = append(a.Witnesses, l.witness(v))
	}
	return a
}

func (l *loader) authority(v value) Authority {
	m := v.mapping()
	defer m.done()
	name, link, ca := m.need("name", "a name that stands in records and logs"), m.need("url", "where to ask, as http://tsa.example.net/"),
		m.need("ca", "a file of root certificates in PEM, the only ones that are trusted for these stamps")
	a := Authority{Name: name.id(), URL: link.link(), Roots: ca.roots()}
	l.symbols.define("authority", "", a.Name, name)
	policy := m.get("policy")
	if s := policy.text(""); s != "" {
		var err error
		if a.Policy, err = stamp.ParsePolicy(s); err != nil {
			policy.wrong("policy %s is no object identifier, allowed are numbers with dots, as 0.4.0.2023.1.1", show(s))
		}
	}
	return a
}

// roots reads a file of certificates.
func (v value) roots() *x509.CertPool {
	name := v.text("")
	if name == "" {
		return nil
	}
	path := beside(v.doc.name, name)
	text, _, err := readFile(v.doc.src, path, stamp.MaxRoots)
	if err != nil {
		v.wrong("%s: file %s cannot be read: %s", v.key, path, cause(err))
		return nil
	}
	pool, err := stamp.ParseRoots(text)
	if err != nil {
		v.wrong("%s: file %s holds no root certificates in PEM: %v", v.key, path, err)
		return nil
	}
	return pool
}

func (l *loader) witness(v value) Witness {
	m := v.mapping()
	defer m.done()
	link, key, name := m.need("url", "where to ask, without add-checkpoint, as https://witness.example.org"),
		m.need("key", "the witness's public key, as \"vouch witness\" prints it"), m.get("name")
	w := Witness{Name: name.id(), URL: link.link(), Key: key.text("")}
	if w.Key == "" {
		return w
	}
	verifier, err := evidence.NewCosignerVerifier(w.Key)
	if err != nil {
		key.wrong("key %s is no public key of a witness, allowed is NAME+HASH+BASE64 as \"vouch witness\" prints it", show(w.Key))
		return w
	}
	if name.absent() {
		w.Name, name = verifier.Name(), key
	}
	l.symbols.define("witness", "", w.Name, name)
	if first, twice := l.keys[w.Key]; twice {
		key.wrong("key is already that of the witness at %s, allowed is one entry for each witness", first.at())
	}
	l.keys[w.Key] = key
	return w
}
