// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package configs

import (
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Collector is all that a collector is configured with, cross-checked: its own
// file, the installed base, the contracts and the profiles.
type Collector struct {
	File      string // the file that it was read from
	Data      string // data directory
	Origin    string // first part of the name of every ledger, as "vouch.example.net"
	Listen    string // HOST:PORT for agents (TLS)
	Web       string // HOST:PORT for pages and metrics
	Address   string // HOST:PORT at which agents reach the collector; empty: this machine's name
	Seal      time.Duration
	Heartbeat time.Duration
	Limits    Limits
	Influx    *Influx // nil: none configured
	Notify    []Channel
	Anchor    Anchor
	LogLevel  slog.Level

	Base      Base
	Contracts []Contract // in the order of the file
	Profiles  []Profile  // those of the file, and those of the product that something names
}

// Limits bound what one request may cost.
type Limits struct {
	InFlight int // requests at once; more are answered 503
	Timeout  time.Duration
}

// Influx is the central time-series store.
type Influx struct {
	URL    *url.URL
	Org    string
	Bucket string
	Token  Secret
}

// Defaults of the collector, with their reasons.
const (
	// Every address: agents stand elsewhere, and only agents with a known key get in.
	defaultListen = ":7443"
	// Loopback: pages show customers to whoever reaches the port.
	defaultWeb = "127.0.0.1:7480"
	// A batch a minute keeps a chain of a year at half a million batches; outcome
	// changes are sealed within a second anyway.
	defaultSeal = 60 * time.Second
	// A third of the 30 s for which the live view carries an outcome on (rule 11), so
	// that two lost heartbeats change nothing.
	defaultHeartbeat = 10 * time.Second
	// Bounds memory to this times the 8 MiB of a request in the worst case.
	defaultInFlight = 64
	// Longer than a full body takes at 2 Mbit/s.
	defaultRequestTimeout = 60 * time.Second
)

// origin follows the C2SP checkpoint format: a schema-less URL without '+' and spaces.
var origin = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[A-Za-z0-9._~-]+)*$`)

// LoadCollector reads the collector's file and every file that it names, and checks
// them against each other. With a mistake anywhere the collector is the zero value.
func LoadCollector(src Source, name string) (Collector, Problems) {
	l := newLoader(src)
	c := l.collector(name)
	return finish(l, c)
}

// collector reads the file and what it names.
func (l *loader) collector(name string) Collector {
	m := l.open(name, value{})
	c := Collector{File: name}
	if dir := m.need("data", "the data directory, as /var/lib/vouch").text(""); dir != "" {
		c.Data = beside(name, dir)
	}
	c.Origin = m.need("origin", "a name for the ledgers, as vouch.example.net").origin()
	c.Listen = m.get("listen").listen(defaultListen)
	web := m.get("web").mapping()
	c.Web = web.get("listen").listen(defaultWeb)
	web.done()
	agents := m.get("agents").mapping()
	c.Address = agents.get("address").hostPort()
	c.Seal = agents.get("seal").duration(time.Second, 10*time.Minute, defaultSeal)
	c.Heartbeat = agents.get("heartbeat").duration(time.Second, time.Minute, defaultHeartbeat)
	agents.done()
	c.Limits = limits(m.get("limits").mapping())
	c.Influx = influx(m.get("influxdb"))
	c.Notify = l.channels(m.get("notify"))
	c.Anchor = l.anchor(m.get("anchor").mapping())
	c.LogLevel = m.get("log_level").logLevel()

	kept := m.get("retention")
	profiles, base, contracts := m.get("profiles"), m.need("base", "the file of the installed base, as base.yaml"), m.need("contracts", "a list of contract files, as [contract.yaml]")
	m.done()
	own := l.profiles(profiles)
	l.unread[symContract] = contracts.list() == nil
	l.fileList(contracts, func(path string, at value) { c.Contracts = append(c.Contracts, l.contract(path, at)) })
	if file := base.text(""); file != "" {
		c.Base = l.base(beside(name, file), base)
		l.resolve(symCustomer, symLocation, symDevice, symCredential, symProfile, symContract)
	}
	c.Profiles = l.usedProfiles(own)
	l.crossCheck(&c)
	l.settleRetention(&c, kept)
	return c
}

func limits(m *mapping) Limits {
	defer m.done()
	return Limits{
		InFlight: int(m.get("in_flight").integer(1, 10000, defaultInFlight)),
		Timeout:  m.get("request_timeout").duration(time.Second, 10*time.Minute, defaultRequestTimeout),
	}
}

func influx(v value) *Influx {
	if v.absent() {
		return nil
	}
	m := v.mapping()
	defer m.done()
	return &Influx{
		URL:    m.need("url", "the address of the server, as http://127.0.0.1:8086").link(),
		Org:    m.need("org", "the name of the organisation").text(""),
		Bucket: m.need("bucket", "the name of the bucket").text(""),
		Token:  m.need("token", "file:PATH, env:NAME or cred:NAME").secret(),
	}
}

func (v value) origin() string {
	s, ok := v.rawText()
	if ok && (len(s) > 200 || !origin.MatchString(s)) {
		v.wrong("%s %s is no ledger name, allowed is a host name with or without a path, as vouch.example.net", v.key, show(s))
		return ""
	}
	return s
}

func (v value) logLevel() slog.Level {
	var level slog.Level // zero is info
	if s := v.oneOf("", "debug", "info", "warn", "error"); s != "" {
		_ = level.UnmarshalText([]byte(s)) // oneOf let only its own words through
	}
	return level
}

// size returns a number of bytes, written with its unit as 8MiB, or def.
func (v value) size(lo, hi, def int64) int64 {
	if v.absent() {
		return def
	}
	s, ok := v.node.(*ast.StringNode)
	if !ok {
		v.mistype("a size with its unit, as 512KiB, 8MiB or 1GiB")
		return def
	}
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		digits, found := strings.CutSuffix(s.Value, unit)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 20)
		if err != nil {
			break
		}
		if size := int64(n) << (10 * (i + 1)); size >= lo && size <= hi {
			return size
		}
		v.wrong("%s %s is out of range, allowed are %s to %s", v.key, s.Value, bytesText(lo), bytesText(hi))
		return def
	}
	v.wrong("%s %s is no size, allowed is a whole number with its unit, as 512KiB, 8MiB or 1GiB", v.key, show(s.Value))
	return def
}

func bytesText(n int64) string {
	for i, unit := range []string{"GiB", "MiB", "KiB"} {
		if shift := 30 - 10*i; n >= 1<<shift && n%(1<<shift) == 0 {
			return strconv.FormatInt(n>>shift, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
