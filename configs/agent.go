// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
)

// Agent is all that an agent is configured with. What it measures comes from the
// collector.
type Agent struct {
	File        string // the file that it was read from
	ID          vouch.AgentID
	Data        string // data directory: signing key, chains, queue
	Collector   Upstream
	Source      netip.Addr // address to probe from; the zero value lets the system choose
	Credentials map[string]Credential
	TimeServers []string // NTP servers, HOST or HOST:PORT; none: the collector alone tells the time
	Metrics     string   // HOST:PORT for metrics and health; empty for none
	Queue       int64    // bytes of samples and batches in memory at most
	Spool       Spool
	Traps       *Traps // nil: none are heard
	Alarm       *Alarm // nil: none
	LogLevel    slog.Level
}

// Spool is the part of an agent's data directory in which samples and batches lie.
type Spool struct {
	Bytes int64         // at most; what does not fit is dropped, the oldest first
	Age   time.Duration // of the oldest batch in it at most
}

// Upstream is the collector as an agent knows it.
type Upstream struct {
	URL *url.URL
	Pin [32]byte // SHA-256 of the collector's public key (SubjectPublicKeyInfo)
}

// Credential is what a device is asked with over SNMP.
type Credential struct {
	Version   string // "1", "2c" or "3"
	Community Secret // 1 and 2c

	User            string // 3, as are the rest (RFC 3414)
	Level           string // noAuthNoPriv, authNoPriv or authPriv
	AuthProtocol    string // MD5, SHA, SHA224, SHA256, SHA384 or SHA512
	AuthPassword    Secret
	PrivacyProtocol string // DES, AES, AES192, AES256, AES192C or AES256C
	PrivacyPassword Secret
	Context         string
}

// Defaults of an agent, with their reasons.
const (
	// Loopback: metrics name every device that is measured.
	defaultMetrics = "127.0.0.1:7481"
	// Some hours of batches of 100 devices, on a machine with little memory.
	defaultQueue = 32 << 20
	// Fits the flash of a router, and holds four days of ten of them with all telemetry,
	// or weeks of their availability.
	defaultSpoolBytes = 64 << 20
	// Longer than anybody waits for the figures of a month.
	defaultSpoolAge = 30 * 24 * time.Hour
)

// LoadAgent reads an agent's file and the secrets that it names. With a mistake
// anywhere the agent is the zero value.
func LoadAgent(src Source, name string) (Agent, Problems) {
	l := newLoader(src)
	a := l.agent(name)
	return finish(l, a)
}

func (l *loader) agent(name string) Agent {
	m := l.open(name, value{})
	defer m.done()
	a := Agent{File: name, Credentials: map[string]Credential{}}
	a.ID = vouch.AgentID(m.need("id", "the agent's id, as in the collector's installed base").id())
	if dir := m.need("data", "the data directory, as /var/lib/vouch-agent").text(""); dir != "" {
		a.Data = beside(name, dir)
	}
	c := m.need("collector", "a mapping with url and pin").mapping()
	a.Collector.URL = c.need("url", "the collector's address, as https://collector.example.net:7443").collectorURL()
	a.Collector.Pin = c.need("pin", "sha256: and the hash of the collector's key, as \"vouch pin\" prints it").pin()
	c.done()
	a.Source = m.get("source").addr()
	if exec := m.get("allow_exec"); !exec.absent() {
		exec.doc.exec = exec.boolean(false)
	}
	credentials := m.get("credentials").mapping()
	for _, e := range credentials.entries {
		if err := vouch.ValidID(e.name); err != nil {
			e.key.wrong("credential %s is no identifier, allowed are 1 to %d letters, digits, and after the first character '.', '_' and '-'", show(e.name), vouch.MaxIDLen)
		}
		a.Credentials[e.name] = credential(credentials.get(e.name).mapping())
	}
	a.TimeServers = m.get("ntp").timeServers()
	metrics := m.get("metrics").mapping()
	a.Metrics = metrics.get("listen").listen(defaultMetrics)
	if metrics.get("off").boolean(false) {
		a.Metrics = ""
	}
	metrics.done()
	a.Queue = m.get("queue").size(1<<20, 64<<30, defaultQueue)
	spool := m.get("spool").mapping()
	a.Spool.Bytes = spool.get("bytes").size(4<<20, 1<<40, defaultSpoolBytes)
	a.Spool.Age = spool.get("age").duration(time.Hour, 366*24*time.Hour, defaultSpoolAge)
	spool.done()
	a.Traps = traps(m.get("traps"))
	a.Alarm = alarm(m.get("alarm"))
	a.LogLevel = m.get("log_level").logLevel()
	return a
}

// collectorURL returns an https URL without path: an agent speaks nothing else.
func (v value) collectorURL() *url.URL {
	u := v.link()
	if u == nil {
		return nil
	}
	if u.Scheme != "https" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		v.wrong("%s is no https URL of a host and port alone, allowed is https://HOST:PORT", v.key)
		return nil
	}
	return u
}

// pin reads a SHA-256 as hexadecimal (sha256:...), the way hashes are written in these
// files, or as the base64 of RFC 7469 section 2.4.
func (v value) pin() (pin [32]byte) {
	s, ok := v.rawText()
	if !ok {
		return pin
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if digits, found := strings.CutPrefix(s, "sha256:"); found {
		b, err = hex.DecodeString(digits)
	}
	if err != nil || len(b) != len(pin) || [32]byte(b) == pin { // nothing hashes to zeroes
		v.wrong("%s %s is no pin, allowed is sha256: and 64 hexadecimal digits, or 44 characters of base64, as \"vouch pin\" prints it", v.key, show(s))
		return pin
	}
	return [32]byte(b)
}

func credential(m *mapping) Credential {
	defer m.done()
	version := m.need("version", "1, 2c or 3")
	c := Credential{Version: version.snmpVersion("")}
	community, user, level := m.get("community"), m.get("user"), m.get("level")
	auth, privacy, context := m.get("auth"), m.get("privacy"), m.get("context")
	c.Community = community.secret()
	c.User = user.text("")
	c.Level = level.oneOf("", "noAuthNoPriv", "authNoPriv", "authPriv")
	c.Context = context.text("")
	a := auth.mapping()
	c.AuthProtocol = a.need("protocol", "as SHA256").oneOf("", "MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
	c.AuthPassword = a.need("password", "file:PATH, env:NAME or cred:NAME").password()
	a.done()
	p := privacy.mapping()
	c.PrivacyProtocol = p.need("protocol", "as AES").oneOf("", "DES", "AES", "AES192", "AES256", "AES192C", "AES256C")
	c.PrivacyPassword = p.need("password", "file:PATH, env:NAME or cred:NAME").password()
	p.done()
	switch c.Version {
	case "1", "2c":
		m.together(c.Version, []value{community}, []value{user, level, auth, privacy, context})
	case "3":
		m.together(c.Version, []value{user}, []value{community})
		m.level(&c, level, auth, privacy)
	}
	return c
}

// together checks which keys a version of SNMP needs and which it has no use for.
func (m *mapping) together(version string, needed, strange []value) {
	for _, v := range needed {
		if v.absent() && !m.has(v.key) {
			m.wrong("%s is for SNMP version %s and lacks the key %s", m.key, version, v.key)
		}
	}
	for _, v := range strange {
		if !v.absent() {
			v.wrong("%s does not belong to SNMP version %s, allowed are community with 1 and 2c, user, level, auth, privacy and context with 3", v.key, version)
		}
	}
}

// level checks that the keys of a version 3 user fit its security level, which
// follows from them where it is not said (RFC 3411 section 3.4.3).
func (m *mapping) level(c *Credential, level, auth, privacy value) {
	implied := "noAuthNoPriv"
	switch {
	case !privacy.absent() && auth.absent():
		privacy.wrong("privacy is set without auth, allowed is it only together with auth (RFC 3411)")
		return
	case !privacy.absent():
		implied = "authPriv"
	case !auth.absent():
		implied = "authNoPriv"
	}
	switch c.Level {
	case "", implied:
		c.Level = implied
	default:
		level.wrong("level %s does not fit the keys given, which make it %s, allowed is auth with authNoPriv, auth and privacy with authPriv", c.Level, implied)
	}
	if c.AuthProtocol == "MD5" {
		auth.warn("auth protocol MD5 is weak, SHA256 or better is advised where the device has it")
	}
	if c.PrivacyProtocol == "DES" {
		privacy.warn("privacy protocol DES is weak, AES is advised where the device has it")
	}
}

// minPassword is the shortest password that RFC 3414 section 11.2 allows.
const minPassword = 8

func (v value) password() Secret {
	s := v.secret()
	if s.Reveal() != "" && len(s.Reveal()) < minPassword { // empty: not read
		v.wrong("%s is shorter than %d characters (not shown), allowed are %d and more (RFC 3414)", v.key, minPassword, minPassword)
	}
	return s
}
