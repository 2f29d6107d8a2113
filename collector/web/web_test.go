// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
)

// viewerOf reads who asks from a header, as a collector reads it from a token.
func viewerOf(r *http.Request) (web.Viewer, error) {
	switch who := r.Header.Get("X-Test-Viewer"); who {
	case "", "noc":
		return web.Viewer{Role: web.RoleNOC}, nil
	case "nobody":
		return web.Viewer{}, web.ErrUnauthenticated
	case "forbidden":
		return web.Viewer{}, web.ErrForbidden
	default:
		return web.Viewer{Role: web.RoleCustomer, Customer: vouch.CustomerID(who)}, nil
	}
}

// handler serves the fixture, changed by change.
func handler(t testing.TB, change func(*reader)) http.Handler {
	t.Helper()
	w := newWorld(t)
	r := &reader{w: w, fleet: w.fleet()}
	if change != nil {
		change(r)
	}
	return web.Handler(r, options(w))
}

func options(w world) web.Options {
	return web.Options{Viewer: viewerOf, Provider: "Kade Managed Networks", Version: "1.0", Now: func() time.Time { return w.now }}
}
