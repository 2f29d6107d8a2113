// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/wire"
)

// Whatever unit and interfaces a check has, the agent gets them as they are; a check
// without them has the bytes that it had before there were any.
func TestUnitsOverTheWire(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		const letters = "FX0189-_/ \"<>&é漢\u2028"
		runes := []rune(letters)
		var b strings.Builder
		b.WriteString("A") // never white space alone
		for range dice.IntN(20) {
			b.WriteRune(runes[dice.IntN(len(runes))])
		}
		return b.String()
	}
	for range 300 {
		a := assignment()
		c := &a.Devices[0].Checks[1]
		c.Unit, c.Interfaces = vouch.Unit{}, nil
		switch dice.IntN(3) {
		case 0:
			for range 1 + dice.IntN(vouch.MaxSerials) {
				c.Unit.Serials = append(c.Unit.Serials, text())
			}
		case 1:
			id := make([]byte, 5+dice.IntN(28))
			for i := range id {
				id[i] = byte(dice.Uint32())
			}
			c.Unit.EngineID = hex.EncodeToString(id)
		}
		if c.Unit.Known() {
			c.Unit.From = time.UnixMilli(dice.Int64N(4e12)).UTC()
		}
		for range dice.IntN(vouch.MaxInterfaces + 1) {
			c.Interfaces = append(c.Interfaces, "alias:"+text()+"*")
		}
		body, etag, err := wire.EncodeAssignment(a)
		if err != nil {
			t.Fatalf("EncodeAssignment of %+v: %v", *c, err)
		}
		got, err := wire.DecodeAssignment(body)
		if err != nil || !reflect.DeepEqual(got, a) {
			t.Fatalf("DecodeAssignment(%s) = %+v, %v, want %+v", body, got, err, a)
		}
		if _, again, err := wire.EncodeAssignment(got); err != nil || again != etag {
			t.Fatalf("ETag %s after a round trip, %v, want %s", again, err, etag)
		}
		for key, want := range map[string]bool{`"unit":{`: c.Unit.Known(), `"interfaces":`: len(c.Interfaces) > 0} {
			if strings.Contains(string(body), key) != want {
				t.Fatalf("%s holds %s: %v, want %v", body, key, !want, want)
			}
		}
	}
}
