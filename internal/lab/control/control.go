// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package control is the way into a running lab from another program: commands and the
// list of devices over HTTP on loopback, and the client that `vouch lab do` is. It
// decides nothing; see package lab for what commands there are.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/internal/lab"
)

// Default is where a lab listens for commands.
const Default = "127.0.0.1:1160"

// Paths of the requests.
const (
	PathDo      = "/do"      // POST: one command as text; answered with a lab.Effect
	PathDevices = "/devices" // GET: every Device
)

// maxBody bounds a command and an answer, in bytes.
const (
	maxCommand = 8 << 10
	maxAnswer  = 64 << 20
)

// Device is one simulated device, for people and scripts.
type Device struct {
	Name      string `json:"name"`
	Address   string `json:"address"` // HOST:PORT
	Community string `json:"community"`
	Recording string `json:"recording"`
	Objects   int    `json:"objects"`
	Says      string `json:"says"` // what the recording's device says that it is
	Asked     int    `json:"asked"`
	Answered  int    `json:"answered"`
	// What commands have made of it and still holds.
	Doing []string `json:"doing,omitempty"`
}

// Devices lists the devices of a lab.
func Devices(l *lab.Lab) []Device {
	out := make([]Device, 0, len(l.Devices()))
	for _, d := range l.Devices() {
		r := d.Recording()
		out = append(out, Device{
			Name: d.Name(), Address: d.Addr().String(), Community: d.Community(),
			Recording: r.Name, Objects: r.Objects(), Says: strings.ToValidUTF8(r.Description(), "\uFFFD"),
			Asked: d.Asked(), Answered: d.Answered(), Doing: d.Doing(),
		})
	}
	return out
}

// Listen opens the port of a lab's control at HOST:PORT, which must be a loopback
// address: a command needs no password.
func Listen(addr string) (net.Listener, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil || !a.Addr().IsLoopback() {
		return nil, fmt.Errorf("control %q: it must be a loopback address with a port, as %s", addr, Default)
	}
	return net.Listen("tcp", addr)
}

// Serve answers until ctx ends, and then returns nil. told is called with each command
// that was carried out, from any goroutine.
func Serve(ctx context.Context, ln net.Listener, l *lab.Lab, told func(lab.Effect)) error {
	s := &http.Server{Handler: handler(l, told), ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(ln); ctx.Err() == nil {
		return fmt.Errorf("control at %s: %w", ln.Addr(), err)
	}
	return nil
}

func handler(l *lab.Lab, told func(lab.Effect)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathDevices, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, Devices(l)) })
	mux.HandleFunc("POST "+PathDo, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCommand))
		if err != nil {
			answer(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		e, err := l.Do(strings.TrimSpace(string(body)))
		if err != nil {
			answer(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
		told(e)
		answer(w, http.StatusOK, e)
	})
	return fromHere(mux)
}

// fromHere refuses what a web page in somebody's browser sends: it names itself, or
// reaches this port under a name of its own.
func fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, err := netip.ParseAddrPort(r.Host)
		if err != nil || !host.Addr().IsLoopback() || r.Header.Get("Origin") != "" {
			answer(w, http.StatusForbidden, problem{"only programs of this machine may ask, by a loopback address"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

type problem struct {
	Error string `json:"error"`
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who went away needs no answer
}

// Refused is a command that the lab did not understand, or that is about no device.
type Refused struct{ Problem string }

func (r Refused) Error() string { return r.Problem }

// Do sends one command to the lab whose control is at addr. The error is [Refused]
// where the lab does not take it.
func Do(ctx context.Context, addr, command string) (e lab.Effect, err error) {
	return e, ask(ctx, http.MethodPost, addr, PathDo, command, &e)
}

// List asks the lab whose control is at addr for its devices.
func List(ctx context.Context, addr string) (d []Device, err error) {
	return d, ask(ctx, http.MethodGet, addr, PathDevices, "", &d)
}

func ask(ctx context.Context, method, addr, path, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the lab at %s: %w", addr, err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the lab at %s: %w; is `vouch lab` running, and is that its --control?", addr, errors.Unwrap(err))
	}
	defer res.Body.Close()
	d := json.NewDecoder(io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode == http.StatusOK {
		err = d.Decode(into)
	} else {
		var p problem
		if err = d.Decode(&p); err == nil {
			return Refused{p.Error}
		}
	}
	if err != nil {
		return fmt.Errorf("the answer of the lab at %s cannot be read: %w", addr, err)
	}
	return nil
}
