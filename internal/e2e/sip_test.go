// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/incident"
)

// TestTelephonyOutage is [TestOutage] for a telephone exchange that is judged by SIP: one
// that answers 503 is down although it answers SNMP, and up again when it answers 200.
func TestTelephonyOutage(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var status atomic.Value
	status.Store("200 OK")
	var serving sync.WaitGroup
	serving.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, headers, _ := strings.Cut(string(b[:n]), "\r\n")
			if _, err := conn.WriteToUDPAddrPort([]byte("SIP/2.0 "+status.Load().(string)+"\r\n"+headers), from); err != nil {
				return
			}
		}
	})
	defer serving.Wait()
	defer conn.Close()

	w := newWorld(t)
	addr := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	w.also = []vouch.Check{{Name: "sip", Kind: vouch.KindSIP, Addr: addr.Addr(), Port: addr.Port(), Interval: 250 * time.Millisecond, Timeout: 200 * time.Millisecond}}
	w.terms.ReachableBy = []vouch.Kind{vouch.KindSIP}
	w.collect()
	w.measure()
	all := func(state string) func() bool {
		return func() bool {
			for _, s := range w.live().Seen {
				if s.State != state {
					return false
				}
			}
			return w.live().State == state
		}
	}
	w.wait("the exchange is up for everybody", all("up"))
	status.Store("503 Service Unavailable")
	w.wait("it is down for everybody", all("down"))
	w.wait("an incident opens", func() bool {
		list := w.incidents()
		return len(list) == 1 && list[0].Status == incident.Open
	})
	status.Store("401 Unauthorized") // somebody is there who asks who we are
	w.wait("it closes", func() bool { return w.incidents()[0].Status == incident.Closed })
	w.wait("it is up for everybody again", all("up"))
}
