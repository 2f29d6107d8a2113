// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/web"
)

// How long a connection may take over each part of its work. Agents send at most 8 MB
// over the slowest uplink that is leased; people and scripts send next to nothing.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 3 * time.Second
	maxHeader     = 16 << 10
)

// listen opens the three doors. When one cannot be opened none is left open.
func (c *Collector) listen() (ls listeners, err error) {
	defer func() {
		if err != nil {
			ls.close()
		}
	}()
	cert, pin, err := certificate(c.opts.Dir, c.now())
	if err != nil {
		return ls, err
	}
	c.pin, c.pinned = pinText(pin), pin
	c.authority = newAuthority(cert.PrivateKey.(*ecdsa.PrivateKey))
	conf := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}
	if ls.web, err = net.Listen("tcp", c.opts.Web); err != nil {
		return ls, errPort("the pages", c.opts.Web, err)
	}
	if a, ok := ls.web.Addr().(*net.TCPAddr); ok {
		ls.loopback = a.IP.IsLoopback()
	}
	if !ls.loopback {
		ls.web = tls.NewListener(ls.web, conf.Clone())
	}
	if ls.agents, err = net.Listen("tcp", c.opts.Listen); err != nil {
		return ls, errPort("agents", c.opts.Listen, err)
	}
	// Which agent it is, its certificate says; whether that counts is checked for each
	// request, so that an unknown agent gets a sentence. Who enrols has none yet.
	agents := conf.Clone()
	agents.ClientAuth = tls.RequestClientCert
	agents.SessionTicketsDisabled = true // a key that is revoked must not live on in a ticket
	c.agentsAt = ls.agents.Addr().String()
	c.crowd = newCrowd(ls.agents, c.turned.refuse)
	ls.agents = tls.NewListener(c.crowd, agents)
	ls.admin, err = listenUnix(filepath.Join(c.opts.Dir, admin.SocketName))
	return ls, err
}

func (l listeners) close() {
	for _, x := range []net.Listener{l.agents, l.web, l.admin} {
		if x != nil {
			_ = x.Close() // the error that matters is returned
		}
	}
}

// maxSocketPath is the longest path of a Unix socket (sun_path, unix(7)).
const maxSocketPath = 107

// listenUnix opens the socket for this account alone. A socket that is left over from
// a collector that died is removed: the lock on the store says that none is running.
func listenUnix(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on the socket %s: its path is longer than %d bytes; choose a shorter data directory", path, maxSocketPath)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	return l, nil
}

// serve answers on a listener until ctx ends, then lets what is being answered finish.
func serve(ctx context.Context, l net.Listener, s *http.Server) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if s.Shutdown(end) != nil {
			_ = s.Close() // it took too long
		}
	}()
	err := s.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		<-stopped
		return nil
	}
	return err // the group's context ends, and with it the goroutine above
}

// serveTLS is serve on a listener that speaks TLS already, with HTTP/2.
func serveTLS(ctx context.Context, l net.Listener, s *http.Server) error { return serve(ctx, l, s) }

func (c *Collector) server(h http.Handler, read time.Duration) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: read, WriteTimeout: 2 * read, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
	}
}

func (c *Collector) doorServer(ending <-chan struct{}) *http.Server {
	d := &door{
		keys: c.keys, intake: c.intake, judge: c.judge, assignments: c.issued, sealKey: c.sealKey, news: &c.news, polling: c.opts.Limits.Timeout * 3 / 4, ending: ending, anchored: c.anchors.Covered,
		authority: c.authority, certify: c.certify, turned: c.turned, enrolling: make(chan struct{}, maxEnrolling),
		slots: make(chan struct{}, c.opts.Limits.InFlight), bulk: make(chan struct{}, max(1, c.opts.Limits.InFlight*3/4)), count: c.count, changed: c.watch.changed, now: c.now, log: c.log,
	}
	s := c.server(d.handler(c.opts.Limits), c.opts.Limits.Timeout)
	s.ConnContext = remember
	s.ErrorLog = stdlog.New(c.turned, "", 0)
	return s
}

// webServer serves the pages, their JSON, the ledgers, the metrics and the health.
func (c *Collector) webServer(ls listeners) *http.Server {
	g := gate{tokens: c.store, people: c.people, now: c.now, loopback: ls.loopback}
	pages := web.Handler(view{c}, web.Options{
		Viewer: g.viewer, People: entrance{c.people}, Desk: desk{view{c}}, Provider: c.base.Load().Provider, Version: c.opts.Version, Refresh: c.opts.Refresh, Log: c.log, Now: c.now,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	metrics := promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Timeout: headerTimeout})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		// Metrics name every customer, so they are for the NOC alone.
		switch v, err := g.viewer(r); {
		case err != nil:
			w.Header().Set("WWW-Authenticate", `Basic realm="vouch"`)
			http.Error(w, "a token of the NOC is needed", http.StatusUnauthorized)
		case v.Role != web.RoleNOC:
			http.NotFound(w, r)
		default:
			metrics.ServeHTTP(w, r)
		}
	})
	mux.Handle("GET /ledger/", served{ledger: c.store, origin: c.opts.Origin, seal: c.own.seal, viewer: g.viewer, log: c.log})
	mux.HandleFunc("GET /bundle/{customer}/{number}/{version}", c.bundlePage(g.viewer))
	mux.Handle("/", pages)
	return c.server(mux, 30*time.Second)
}
