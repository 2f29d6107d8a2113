// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

// Answer returns what a device with the walk says to a datagram.
func Answer(w Walk, datagram []byte, b Behaviour) []byte {
	a := newAgent(w, Options{Community: "public", MaxSize: 1400}, time.Unix(0, 0))
	return a.answer(datagram, &b, time.Unix(10, 0))
}
