// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"errors"
	"net"
	"os"
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

// The same over SNMPv3, where the library waits.
func TestAnswerOverV3ThatWeAreLateToRead(t *testing.T) {
	peer, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	q, e := snmp.Question{Version: 3, User: "u", MsgID: 1 << 25}, snmp.Engine{ID: "\x80\x00\x00\x00\x01"}
	message := q.Answer(e, 0, 0, uptime(9)) // a request and an answer to it have the same header
	if b, err := snmp.ReadLate(peer, message, message); err != nil || !bytes.Equal(b, message) {
		t.Errorf("Read with an answer in the socket = %x, %v, want it", b, err)
	}
	if b, err := snmp.ReadLate(peer, message, nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read with an empty socket = %x, %v, want a timeout", b, err)
	}
}
