// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxWait is how long a request for an assignment that the agent has already may wait
// for another one: less than what most gateways let a quiet connection live.
const MaxWait = 50 * time.Second

// SetWait asks the server to wait for up to d, whole seconds, before it answers that
// nothing changed (RFC 7240 section 4.3).
func SetWait(h http.Header, d time.Duration) {
	h.Set("Prefer", "wait="+strconv.Itoa(int(d/time.Second)))
}

// Wait returns how long a request wants to wait, between 0 and [MaxWait]. A preference
// that cannot be read is none (RFC 7240 section 2).
func Wait(h http.Header) time.Duration {
	for _, line := range h.Values("Prefer") {
		for p := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
			if err != nil {
				return 0
			}
			return min(time.Duration(n)*time.Second, MaxWait)
		}
	}
	return 0
}
