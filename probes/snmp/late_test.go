// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"errors"
	"net"
	"testing"

	"github.com/vouch-sla/vouch/probes/snmp"
)

// An answer that lies in the socket is an answer, also when we woke too late to read
// it in time; silence stays silence.
func TestAnswerThatWeAreLateToRead(t *testing.T) {
	peer, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	const id = 1 << 25
	request := snmp.Request("public", id, 1, "1.3.6.1.2.1.1.3.0")
	answer := make([]byte, len(request))
	copy(answer, request)
	for i, b := range answer {
		if b == 0xa5 { // GetBulkRequest-PDU becomes Response-PDU (RFC 3416 section 3); status and index are 0, repetitions 1 reads as index 1
			answer[i] = 0xa2
			break
		}
	}
	if err := snmp.AwaitLate(peer, "public", id, answer); errors.Is(err, snmp.ErrSilent) {
		t.Errorf("await with an answer in the socket = %v, want it read", err)
	}
	if err := snmp.AwaitLate(peer, "public", id, nil); !errors.Is(err, snmp.ErrSilent) {
		t.Errorf("await with an empty socket = %v, want %v", err, snmp.ErrSilent)
	}
}
