// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/binary"
	"hash/fnv"
)

// otherBox appends what tells a box apart from the recorded one: number box of those
// that a recording plays. A serial number keeps its form, a hardware address its
// vendor, an engine id its first five octets (RFC 3411, SnmpEngineID); a name is that
// of the device, which a swap does not change.
func otherBox(b []byte, k kind, recorded []byte, box uint64, name string) []byte {
	dice := diceOf(recorded, box)
	if k == sysName {
		return append(b, name...)
	}
	b = append(b, recorded...)
	own := b[len(b)-len(recorded):]
	for i := range own {
		switch {
		case k == serial:
			own[i] = otherDigit(own[i], &dice)
		case k == hardware && i >= min(3, len(own)-1), k == engineID && i >= min(5, len(own)-1):
			own[i] = byte(dice.next())
		}
	}
	return b
}

// dice gives the same numbers for the same box, whenever it is asked.
type dice uint64

func diceOf(recorded []byte, box uint64) dice {
	h := fnv.New64a()
	_, _ = h.Write(recorded)
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, box))
	return dice(h.Sum64())
}

// next returns a number below 256 (the step of PCG, its highest octet).
func (d *dice) next() uint64 {
	*d = *d*6364136223846793005 + 1442695040888963407
	return uint64(*d >> 56)
}

// otherDigit returns another character of the same kind. Letters stay, because they
// often name the model.
func otherDigit(c byte, d *dice) byte {
	if c < '0' || c > '9' {
		return c
	}
	return '0' + byte((uint64(c-'0')+d.next())%10)
}
