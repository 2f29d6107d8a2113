// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package snmp_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/probes"
	"github.com/vouch-sla/vouch/probes/snmp"
)

var (
	device     = netip.MustParseAddr("192.0.2.7")
	itsEngine  = []byte{0x80, 0, 0, 0, 1, 0x0a, 0x0b, 0x0c, 0x0d}
	ourEngine  = []byte{0x80, 0, 0, 0, 5, 'v', 'o', 'u', 'c', 'h'}
	userSHA256 = combinations()[5].credential()
)

// hearing is a host that measures every address.
func hearing(credentials ...probes.Credential) probes.TrapHost {
	return probes.TrapHost{
		EngineID: ourEngine, Boots: 7, Began: time.Now(),
		Known:       func(netip.Addr) bool { return true },
		Credentials: func() []probes.Credential { return credentials },
	}
}

// captured are datagrams that net-snmp's snmptrap sent, by the name of their file.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/traps/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captured traps: %v", err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(strings.Join(strings.Fields(string(raw)), ""))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".hex")] = b
	}
	return out
}

// everyone are the users of the captured datagrams.
func everyone() []probes.Credential {
	des := userSHA256
	des.User, des.Priv = "sha256des", probes.PrivDES
	return []probes.Credential{
		v1("public"), v2c("public"), userSHA256, des, {Version: probes.SNMPv3, User: "open"},
		{Version: probes.SNMPv3, User: "authonly", Auth: probes.AuthSHA256, AuthPassword: "authpass1234"},
	}
}

func TestCapturedTraps(t *testing.T) {
	h := hearing(everyone()...)
	want := map[string]string{
		"v1-linkdown": linkDown, "v1-enterprise": "1.3.6.1.4.1.9.9.41.2.0.1", "v2c-trap": linkDown, "v2c-inform": linkDown,
		"v3-noauth": linkDown, "v3-auth": linkDown, "v3-aes": linkDown, "v3-des": linkDown, "v3-inform": "", "v3-discovery": "",
	}
	all := captured(t)
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("captured = %v", got)
	}
	for name, b := range all {
		reply, trap, outcome := snmp.NewTrapListener(h).Read(b, device, h, time.Now())
		if want[name] == "" { // the first of an inform asks for our engine, the second for its time
			if outcome != probes.TrapHandshake || reply == nil {
				t.Errorf("%s: %v with %d bytes of reply, want a handshake", name, outcome, len(reply))
			}
			continue
		}
		if outcome != probes.TrapAccepted || trap.OID != want[name] || trap.From != device {
			t.Errorf("%s: %v %+v, want %s accepted", name, outcome, trap, want[name])
		}
		if inform := name == "v2c-inform"; trap.Inform != inform || (reply != nil) != inform {
			t.Errorf("%s: inform %v, reply of %d bytes", name, trap.Inform, len(reply))
		}
	}
}

// No cut and no flipped bit of what is authenticated is taken, and none panics.
func TestDamagedTrapsAreNotTaken(t *testing.T) {
	h := hearing(everyone()...)
	l := snmp.NewTrapListener(h)
	sender := netip.MustParseAddr("10.0.0.0")
	next := func() netip.Addr { // who is never cut for a storm
		sender = sender.Next()
		return sender
	}
	for name, b := range captured(t) {
		for n := range b {
			if _, _, outcome := l.Read(slices.Clone(b[:n]), next(), h, time.Now()); outcome != probes.TrapMalformed {
				t.Errorf("%s cut to %d bytes: %v, want malformed", name, n, outcome)
			}
		}
		for i := range len(b) * 8 {
			damaged := slices.Clone(b)
			damaged[i/8] ^= 1 << (i % 8)
			_, _, outcome := l.Read(damaged, next(), h, time.Now())
			if outcome == probes.TrapAccepted && strings.HasPrefix(name, "v3") && name != "v3-noauth" {
				t.Errorf("%s with bit %d flipped is accepted", name, i)
			}
		}
	}
}

func TestTimeWindowOfTraps(t *testing.T) {
	h := hearing(userSHA256)
	l := snmp.NewTrapListener(h)
	now := time.Now()
	for _, s := range []struct {
		what           string
		after          time.Duration // since the step before
		boots, seconds uint32
		want           probes.TrapOutcome
	}{
		{"the first", 0, 5, 1000, probes.TrapAccepted},
		{"a newer one", 10 * time.Second, 5, 1010, probes.TrapAccepted},
		{"one that waited in a queue", time.Second, 5, 900, probes.TrapAccepted},
		{"one from 160 s ago", time.Second, 5, 851, probes.TrapNotInWindow},
		{"one of a boot before", time.Second, 4, 99999, probes.TrapNotInWindow},
		{"the one from before, replayed in the window", 100 * time.Second, 5, 1010, probes.TrapAccepted},
		{"the same, replayed after it", 60 * time.Second, 5, 1010, probes.TrapNotInWindow},
		{"one of the next boot", time.Second, 6, 3, probes.TrapAccepted},
		{"one of the last boot, again", time.Second, 5, 1200, probes.TrapNotInWindow},
		{"an engine that came to the end of its boots", time.Second, 1<<31 - 1, 5, probes.TrapNotInWindow},
		{"the present boot", time.Second, 6, 6, probes.TrapAccepted},
	} {
		now = now.Add(s.after)
		b := snmp.MakeV3(userSHA256, snmp.PDUTrap, linkDown, itsEngine, s.boots, s.seconds)
		if _, _, got := l.Read(b, device, h, now); got != s.want {
			t.Errorf("%s: %v, want %v", s.what, got, s.want)
		}
	}
	b := snmp.MakeV3(userSHA256, snmp.PDUTrap, linkDown, []byte("\x80\x00\x00\x00\x01other"), 1, 1)
	if _, _, got := l.Read(b, device, h, now); got != probes.TrapAccepted {
		t.Errorf("the other box behind a shared address: %v, want accepted", got)
	}
}

func TestTimeWindowOfInforms(t *testing.T) {
	h := hearing(userSHA256)
	l := snmp.NewTrapListener(h)
	now := h.Began.Add(1000 * time.Second)
	for _, s := range []struct {
		what           string
		boots, seconds uint32
		want           probes.TrapOutcome
	}{
		{"now", 7, 1000, probes.TrapAccepted},
		{"just inside, behind", 7, 850, probes.TrapAccepted},
		{"just inside, ahead", 7, 1150, probes.TrapAccepted},
		{"just outside, behind", 7, 849, probes.TrapHandshake},
		{"just outside, ahead", 7, 1151, probes.TrapHandshake},
		{"of the run before", 6, 1000, probes.TrapHandshake},
		{"of a run to come", 8, 1000, probes.TrapHandshake},
	} {
		b := snmp.MakeV3(userSHA256, snmp.PDUInform, linkDown, ourEngine, s.boots, s.seconds)
		reply, _, got := l.Read(b, device, h, now)
		if got != s.want || reply == nil {
			t.Errorf("%s: %v with %d bytes of reply, want %v", s.what, got, len(reply), s.want)
		}
	}
	if _, _, got := l.Read(snmp.MakeV3(userSHA256, snmp.PDUTrap, linkDown, ourEngine, 7, 1000), device, h, now); got != probes.TrapMalformed {
		t.Errorf("a trap by our own engine: %v, want malformed", got)
	}
	h.Boots = 0
	reply, _, got := l.Read(snmp.MakeV3(userSHA256, snmp.PDUInform, linkDown, ourEngine, 7, 1000), device, h, now)
	if got == probes.TrapAccepted || reply != nil {
		t.Errorf("without a count of boots: %v with %d bytes of reply, want neither", got, len(reply))
	}
}

// A storm of one sender is cut, and is no other sender's trouble.
func TestStormOfOneSenderIsCut(t *testing.T) {
	h := hearing(v2c("public"))
	l := snmp.NewTrapListener(h)
	trap := captured(t)["v2c-trap"]
	now := time.Now()
	count := func(from netip.Addr, at time.Time, n int) map[probes.TrapOutcome]int {
		got := map[probes.TrapOutcome]int{}
		for range n {
			_, _, o := l.Read(trap, from, h, at)
			got[o]++
		}
		return got
	}
	if got := count(device, now, 5000); got[probes.TrapAccepted] != snmp.TrapBurst || got[probes.TrapRateLimited] != 5000-snmp.TrapBurst {
		t.Errorf("5,000 at once: %v, want %d accepted", got, snmp.TrapBurst)
	}
	if got := count(netip.MustParseAddr("192.0.2.8"), now, 1); got[probes.TrapAccepted] != 1 {
		t.Errorf("another sender: %v, want accepted", got)
	}
	if got := count(device, now.Add(time.Second), 100); got[probes.TrapAccepted] != snmp.TrapRate {
		t.Errorf("a second later: %v, want %d accepted", got, snmp.TrapRate)
	}
	if got := count(device, now.Add(-time.Hour), 1); got[probes.TrapRateLimited] != 1 {
		t.Errorf("with a clock that went back: %v, want limited", got)
	}
}

func TestMemoryOfSendersIsBounded(t *testing.T) {
	h := hearing(v2c("public"))
	measured := map[netip.Addr]bool{device: true}
	h.Known = func(a netip.Addr) bool { return measured[a] }
	l := snmp.NewTrapListener(h)
	trap := captured(t)["v2c-trap"]
	for i := range 20_000 {
		a := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		if _, _, got := l.Read(trap, a, h, time.Now()); got != probes.TrapUnknownSender {
			t.Fatalf("%v: %v, want an unknown sender", a, got)
		}
	}
	if l.Senders() != 0 {
		t.Errorf("after 20,000 unknown senders %d are remembered, want none", l.Senders())
	}
	h.Known = func(netip.Addr) bool { return true }
	for i := range 20_000 {
		if _, _, got := l.Read(trap, netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), h, time.Now()); got != probes.TrapAccepted {
			t.Fatalf("sender %d: %v, want accepted", i, got)
		}
	}
	if l.Senders() > snmp.MaxSenders {
		t.Errorf("%d senders are remembered, want at most %d", l.Senders(), snmp.MaxSenders)
	}
}

func TestPanicCostsOneDatagram(t *testing.T) {
	h := hearing(v2c("public"))
	right, panics := h.Credentials, 1
	h.Credentials = func() []probes.Credential {
		if panics--; panics >= 0 {
			panic("a defect")
		}
		return right()
	}
	l := snmp.NewTrapListener(h)
	trap := captured(t)["v2c-trap"]
	for _, want := range []probes.TrapOutcome{probes.TrapMalformed, probes.TrapAccepted} {
		if _, _, got := l.Handle(trap, device, h, time.Now()); got != want {
			t.Errorf("Handle = %v, want %v", got, want)
		}
	}
}

// hostile are datagrams of the kinds that made others crash (gosnmp issues 244, 274, 347,
// 440, 552), and some that are only wrong.
func hostile(t testing.TB) map[string][]byte {
	all := captured(t)
	trap, v3 := all["v2c-trap"], all["v3-aes"]
	edit := func(b []byte, old, with string) []byte {
		if !bytes.Contains(b, []byte(old)) {
			t.Fatalf("%x is not in %x", old, b)
		}
		return bytes.Replace(slices.Clone(b), []byte(old), []byte(with), 1)
	}
	binding := string(trap[len(trap)-17 : len(trap)-15]) // 30 0f of the last
	deep := bytes.Repeat([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, 100)
	many := bytes.Repeat([]byte{0x30, 5, 6, 1, 0x2b, 5, 0}, 1000)
	list := append([]byte{0x30, 0x82, byte(len(many) >> 8), byte(len(many))}, many...)
	body := append([]byte{2, 1, 1, 2, 1, 0, 2, 1, 0}, list...)
	pdu := append([]byte{0xa7, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
	rest := append([]byte{2, 1, 1, 4, 6, 'p', 'u', 'b', 'l', 'i', 'c'}, pdu...)
	return map[string][]byte{
		"empty":                             {},
		"a tag alone":                       {0x30},
		"a length of eight octets":          edit(trap, binding, "\x30\x88"),
		"a length of 2^31-1":                {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1},
		"an indefinite length":              {0x30, 0x80, 2, 1, 1, 0, 0},
		"a binding beyond the end":          edit(trap, binding, "\x30\x7f"),
		"nested lengths":                    deep,
		"a thousand bindings":               append([]byte{0x30, 0x82, byte(len(rest) >> 8), byte(len(rest))}, rest...),
		"a version of five octets":          {0x30, 9, 2, 5, 1, 0, 0, 0, 1, 4, 0},
		"no version":                        {0x30, 2, 2, 0},
		"a header alone":                    v3[:20],
		"no flags":                          edit(v3, "\x04\x01\x03\x02", "\x04\x00\x03\x02"),
		"privacy without authentication":    edit(v3, "\x04\x01\x03\x02", "\x04\x01\x02\x02"),
		"another security model":            edit(v3, "\x03\x02\x01\x03", "\x03\x02\x01\x07"),
		"a salt of no octets":               edit(v3, "\x04\x08\x37", "\x04\x00\x37"),
		"a time of five octets":             edit(v3, "\x02\x03\x36\x41\x9f", "\x02\x05\x36\x41\x9f"),
		"a get":                             edit(trap, "\xa7", "\xa0"),
		"a trap of SNMPv1 in v2c":           edit(trap, "\xa7", "\xa4"),
		"a name that is no OID":             edit(trap, "\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00\x06", "\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00\x04"),
		"no name":                           edit(trap, "\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00", "\x2b\x06\x01\x06\x03\x01\x01\x04\x02\x00"),
		"a name with a part of six octets":  edit(trap, "\x06\x09\x2b\x06\x01\x06\x03\x01\x01\x05\x03", "\x06\x09\x2b\xff\xff\xff\xff\xff\x7f\x05\x03"),
		"longer than a datagram may be":     make([]byte, snmp.MaxTrap+1),
		"something after the end":           append(slices.Clone(trap), 0),
		"a negative generic trap":           edit(all["v1-linkdown"], "\x02\x01\x02\x02\x01\x00", "\x02\x01\xff\x02\x01\x00"),
		"a generic trap that is not":        edit(all["v1-linkdown"], "\x02\x01\x02\x02\x01\x00", "\x02\x01\x07\x02\x01\x00"),
		"an agent-addr that is no address":  edit(all["v1-linkdown"], "\x40\x04", "\x04\x04"),
		"an enterprise that is not there":   edit(all["v1-enterprise"], "\x06\x09", "\x05\x09"),
		"an engine of three octets":         edit(v3, "\x04\x09\x80\x00\x00\x00\x01\x0a\x0b\x0c\x0d", "\x04\x03\x80\x00\x00\x04\x04\x0a\x0b\x0c\x0d"),
		"an engine with more than 32":       edit(v3, "\x04\x09\x80", "\x04\x29\x80"),
		"a user with more than 32":          edit(v3, "\x04\x09sha", "\x04\x39sha"),
		"SNMPv3 cut inside of its security": v3[:60],
	}
}

func TestHostileTrapsAreMalformed(t *testing.T) {
	h := hearing(everyone()...)
	for name, b := range hostile(t) {
		if reply, _, got := snmp.NewTrapListener(h).Read(b, device, h, time.Now()); got != probes.TrapMalformed && got != probes.TrapBadVersion || reply != nil {
			t.Errorf("%s: %v with %d bytes of reply, want malformed and none", name, got, len(reply))
		}
	}
}

// Keys are those of RFC 3414 appendix A.3, and of gosnmp in every combination.
func TestKeys(t *testing.T) {
	engine := []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}
	for p, want := range map[probes.AuthProtocol]string{
		probes.AuthMD5: "526f5eed9fcce26f8964c2930787d82b", probes.AuthSHA: "6695febc9288e36282235fc7151f128497b38f3f",
	} {
		u := probes.Credential{Auth: p, AuthPassword: "maplesyrup", Priv: probes.PrivDES, PrivPassword: "maplesyrup"}
		if auth, priv := snmp.Keys(u, engine); hex.EncodeToString(auth) != want || !bytes.Equal(priv, auth[:16]) {
			t.Errorf("keys by %s = %x and %x, want %s", p, auth, priv, want)
		}
	}
	auths := map[probes.AuthProtocol]gosnmp.SnmpV3AuthProtocol{
		probes.AuthMD5: gosnmp.MD5, probes.AuthSHA: gosnmp.SHA, probes.AuthSHA224: gosnmp.SHA224,
		probes.AuthSHA256: gosnmp.SHA256, probes.AuthSHA384: gosnmp.SHA384, probes.AuthSHA512: gosnmp.SHA512,
	}
	privs := map[probes.PrivProtocol]gosnmp.SnmpV3PrivProtocol{
		probes.PrivDES: gosnmp.DES, probes.PrivAES: gosnmp.AES, probes.PrivAES192: gosnmp.AES192,
		probes.PrivAES256: gosnmp.AES256, probes.PrivAES192C: gosnmp.AES192C, probes.PrivAES256C: gosnmp.AES256C,
	}
	for a, itsAuth := range auths {
		for p, itsPriv := range privs {
			theirs := gosnmp.UsmSecurityParameters{
				AuthoritativeEngineID: string(itsEngine), UserName: "u", AuthenticationProtocol: itsAuth, PrivacyProtocol: itsPriv,
				AuthenticationPassphrase: "authpass1234", PrivacyPassphrase: "privpass1234",
			}
			if err := theirs.InitSecurityKeys(); err != nil {
				t.Fatal(err)
			}
			auth, priv := snmp.Keys(probes.Credential{Auth: a, AuthPassword: "authpass1234", Priv: p, PrivPassword: "privpass1234"}, itsEngine)
			if !bytes.Equal(auth, theirs.SecretKey) || !bytes.Equal(priv, theirs.PrivacyKey[:len(priv)]) {
				t.Errorf("%s and %s: keys %x, %x, gosnmp has %x, %x", a, p, auth, priv, theirs.SecretKey, theirs.PrivacyKey)
			}
		}
	}
}

func TestListenSaysWhatToDo(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l, err := snmp.ListenTraps("127.0.0.1:0", taken.LocalAddr().String())
	if want := fmt.Sprintf("listen for traps on %s: ", taken.LocalAddr()); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("ListenTraps = %v, %v, want %q and what to do", l, err, want)
	}
}

func FuzzTrap(f *testing.F) {
	for _, b := range captured(f) {
		f.Add(b, uint32(3))
	}
	for _, b := range hostile(f) {
		f.Add(b, uint32(3))
	}
	h := hearing(everyone()...)
	f.Add(snmp.MakeV3(userSHA256, snmp.PDUInform, linkDown, ourEngine, 7, 3), uint32(3))
	l := snmp.NewTrapListener(h)
	sender := netip.MustParseAddr("10.0.0.0")
	f.Fuzz(func(t *testing.T, b []byte, seconds uint32) {
		sender = sender.Next() // who is never cut for a storm
		reply, trap, outcome := l.Read(b, sender, h, h.Began.Add(time.Duration(seconds)*time.Second))
		if (outcome == probes.TrapAccepted) != (trap.OID != "") || len(trap.OID) > 512 {
			t.Errorf("%v with name %q", outcome, trap.OID)
		}
		if reply != nil && outcome != probes.TrapAccepted && outcome != probes.TrapHandshake {
			t.Errorf("%v is answered", outcome)
		}
		if len(reply) > len(b)+256 {
			t.Errorf("%d bytes are answered with %d", len(b), len(reply))
		}
	})
}
