// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/internal/lab"
)

// trio opens a lab of six devices that nobody runs: two of each walk.
func trio(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.Open(lab.Config{Listen: loopback("127.1.0.1"), Devices: 6}, []*lab.Recording{
		lab.NewRecording("router", lab.Router()), lab.NewRecording("firewall", lab.Firewall()), lab.NewRecording("telephony", lab.Telephony()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// request returns a v2c request that gosnmp made.
func request(t testing.TB, pdu gosnmp.PDUType, repetitions uint32, names ...string) []byte {
	t.Helper()
	p := &gosnmp.SnmpPacket{Version: gosnmp.Version2c, Community: "public", PDUType: pdu, RequestID: 77, MaxRepetitions: repetitions}
	for _, n := range names {
		p.Variables = append(p.Variables, gosnmp.SnmpPDU{Name: "." + n, Type: gosnmp.Null})
	}
	b, err := p.MarshalMsg()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// at asks a device at an instant, in process, and decodes the answer with gosnmp; nil
// for silence.
func at(t testing.TB, d *lab.Device, now time.Time, req []byte) *gosnmp.SnmpPacket {
	t.Helper()
	out, _ := d.Ask(req, now)
	if out == nil {
		return nil
	}
	p, err := gosnmp.Default.SnmpDecodePacket(out)
	if err != nil {
		t.Fatalf("%s answers %x: %v", d.Name(), out, err)
	}
	return p
}

// value asks for one object.
func value(t testing.TB, d *lab.Device, now time.Time, name string) any {
	t.Helper()
	p := at(t, d, now, request(t, gosnmp.GetRequest, 0, name))
	if p == nil || len(p.Variables) != 1 {
		t.Fatalf("%s: %s = %+v, want a value", d.Name(), name, p)
	}
	if b, ok := p.Variables[0].Value.([]byte); ok {
		return string(b)
	}
	return p.Variables[0].Value
}

const (
	sysUpTime   = "1.3.6.1.2.1.1.3.0"
	sysName     = "1.3.6.1.2.1.1.5.0"
	engineID    = "1.3.6.1.6.3.10.2.1.1.0"
	engineBoots = "1.3.6.1.6.3.10.2.1.2.0"
	inOctets    = "1.3.6.1.2.1.2.2.1.10."
	inOctets64  = "1.3.6.1.2.1.31.1.1.1.6."
	operStatus  = "1.3.6.1.2.1.2.2.1.8."
	lastChange  = "1.3.6.1.2.1.2.2.1.9."
)

func TestCommandsThatAreNotUnderstood(t *testing.T) {
	l := trio(t)
	for line, problem := range map[string]string{
		"":                               "write what and to whom",
		"dead":                           "write what and to whom",
		"kill all":                       "not a command",
		"dead 127.9.9.9":                 "no device",
		"dead nobody*":                   "no device",
		"dead 1%":                        "is none",
		"dead 120%":                      "from 0% to 100%",
		"dead all for ever":              `for "ever"`,
		"dead all for -3s":               `for "-3s"`,
		"dead all now":                   "want 0",
		"loss all 20":                    "from 0% to 100%",
		"loss all NaN%":                  "from 0% to 100%",
		"loss all":                       "want 1",
		"delay all":                      "needs a duration",
		"delay all 2h":                   "from 0s to 1h",
		"delay all 1s x":                 `delay "x"`,
		"interface all wan0":             "up or down",
		"interface all nosuch down":      `no interface "nosuch"`,
		"set all 1.3.6.1|4":              "not of the form",
		"set all 1.3.6.1|4|a b":          "want 1",
		"set all 1.3.6.1.9.9|4|a":        "no object",
		"set all 1.3.6.1.2.1.1.3.0|67|x": "not a number",
		"wrong all":                      "needs how",
		"wrong all sideways":             "not understood",
		"wrong all error 99":             "1 to 18",
		"wrong all error x":              "write a number",
		"wrong all bad-column 1.x":       `part "x"`,
		"dead \"all":                     "not closed",
		strings.Repeat("x", 5000):        "at most 4096",
	} {
		if _, err := l.Do(line); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("Do(%.40q) = %v, want an error with %q", line, err, problem)
		}
	}
	for _, d := range l.Devices() {
		if at(t, d, time.Now(), request(t, gosnmp.GetRequest, 0, sysUpTime)) == nil {
			t.Errorf("%s no longer answers: a command that was refused did something", d.Name())
		}
	}
}

func TestWhoIsMeant(t *testing.T) {
	l := trio(t)
	for who, want := range map[string]int{
		"all": 6, "127.1.0.3": 1, "firewall": 1, "firewall-2": 1, "firewall*": 2, "127.1.0.0/24": 6, "127.1.0.4/31": 2, "50%": 3, "100%": 6, "17%": 1,
	} {
		e, err := l.Do("dead " + who)
		if err != nil || e.Devices != want {
			t.Errorf("Do(dead %s) = %+v, %v; want %d devices", who, e, err, want)
		}
		silent := 0
		for _, d := range l.Devices() {
			if at(t, d, time.Now(), request(t, gosnmp.GetRequest, 0, sysUpTime)) == nil {
				silent++
			}
		}
		if silent != want {
			t.Errorf("dead %s: %d devices are silent, want %d", who, silent, want)
		}
		if _, err := l.Do("heal all"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeadForAWhile(t *testing.T) {
	l := trio(t)
	d, other := l.Devices()[0], l.Devices()[1]
	now := d.Started()
	e, err := l.DoAt("dead router for 30s", now)
	if err != nil || e.Until == nil || !e.Until.Equal(now.Add(30*time.Second)) || !strings.Contains(e.String(), "ping is still answered") {
		t.Fatalf("Do = %s, %v; want it to say until when, and what it does not do", e, err)
	}
	ask := request(t, gosnmp.GetRequest, 0, sysUpTime)
	if at(t, d, now.Add(29*time.Second), ask) != nil || at(t, other, now.Add(29*time.Second), ask) == nil {
		t.Error("after 29 s the device answers, or another one does not")
	}
	if at(t, d, now.Add(30*time.Second), ask) == nil {
		t.Error("after 30 s the device is still silent")
	}
}

func TestLossAndDelayByTheDice(t *testing.T) {
	l := trio(t)
	d := l.Devices()[0]
	if _, err := l.Do("loss router 20%"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Do("delay router 200ms 50ms"); err != nil {
		t.Fatal(err)
	}
	const rounds = 20_000
	ask, now := request(t, gosnmp.GetRequest, 0, sysUpTime), d.Started()
	lost, early, late, sum := 0, time.Hour, time.Duration(0), time.Duration(0)
	for range rounds {
		out, delay := d.Ask(ask, now)
		if out == nil {
			lost++
			continue
		}
		early, late, sum = min(early, delay), max(late, delay), sum+delay
	}
	// Five standard deviations of 20,000 draws, of which a fifth is lost.
	if share := float64(lost) / rounds; share < 0.2-0.0142 || share > 0.2+0.0142 {
		t.Errorf("%v of the requests are lost, want 0.2", share)
	}
	mean := sum / time.Duration(rounds-lost)
	if early < 150*time.Millisecond || early > 151*time.Millisecond || late > 250*time.Millisecond || late < 249*time.Millisecond {
		t.Errorf("delays lie within %v and %v, want 150ms and 250ms", early, late)
	}
	if mean < 198800*time.Microsecond || mean > 201200*time.Microsecond {
		t.Errorf("the mean delay is %v, want 200ms", mean)
	}
}

func TestRebootCommand(t *testing.T) {
	l := trio(t)
	d := l.Devices()[0]
	now := d.Started().Add(time.Hour)
	octets, boots := value(t, d, now, inOctets64+"1").(uint64), value(t, d, now, engineBoots).(int)
	id, name := value(t, d, now, engineID), value(t, d, now, sysName)
	if _, err := l.DoAt("reboot router for 45s", now); err != nil {
		t.Fatal(err)
	}
	if at(t, d, now.Add(44*time.Second), request(t, gosnmp.GetRequest, 0, sysUpTime)) != nil {
		t.Error("44 s into a reboot of 45 s the device answers")
	}
	up := now.Add(55 * time.Second)
	if got := value(t, d, up, sysUpTime); got != uint32(1000) {
		t.Errorf("10 s after the start sysUpTime is %v, want 1000", got)
	}
	if got := value(t, d, up, inOctets64+"1").(uint64); got == 0 || got >= octets {
		t.Errorf("10 s after the start ifHCInOctets is %v, want above 0 and below %d", got, octets)
	}
	if got := value(t, d, up, engineBoots); got != boots+1 {
		t.Errorf("snmpEngineBoots is %v, want %d", got, boots+1)
	}
	if value(t, d, up, engineID) != id || value(t, d, up, sysName) != name {
		t.Error("a reboot changes who the device is")
	}
}

func TestSwapCommand(t *testing.T) {
	const serial = "1.3.6.1.2.1.47.1.1.1.1.11.1"
	w := lab.Router().With(serial, 4, []byte("FX2201A0B1"))
	for _, still := range []bool{false, true} {
		l, err := lab.Open(lab.Config{Listen: loopback("127.1.0.1"), Devices: 2, Options: lab.Options{Still: still}}, []*lab.Recording{lab.NewRecording("router", w)})
		if err != nil {
			t.Fatal(err)
		}
		d, now := l.Devices()[0], l.Devices()[0].Started()
		id, name := value(t, d, now, engineID), value(t, d, now, sysName)
		if got := value(t, d, now, serial); got != "FX2201A0B1" {
			t.Errorf("the serial number is %v before, want the recorded one", got)
		}
		seen := map[any]bool{"FX2201A0B1": true}
		for round := range 3 {
			if _, err := l.DoAt("reboot router", now); err != nil {
				t.Fatal(err)
			}
			if _, err := l.DoAt("swap router", now); err != nil {
				t.Fatal(err)
			}
			number := value(t, d, now, serial)
			if s, ok := number.(string); !ok || seen[number] || len(s) != 10 || s[:2] != "FX" {
				t.Errorf("swap %d: the serial number is %v, want another one of the same form", round, number)
			}
			seen[number] = true
			if got := value(t, d, now, engineID); got == id || len(got.(string)) != len(id.(string)) {
				t.Errorf("swap %d: the engine id is %x, want another one than %x", round, got, id)
			}
			if got := value(t, d, now, engineBoots); got != 1 {
				t.Errorf("swap %d: snmpEngineBoots is %v, want 1", round, got)
			}
			if got := value(t, d, now, sysName); got != name {
				t.Errorf("swap %d: sysName is %v, want %v", round, got, name)
			}
			if again := value(t, d, now.Add(time.Minute), serial); again != number {
				t.Errorf("swap %d: the serial number changes by itself, from %v to %v", round, number, again)
			}
		}
		l.Close()
	}
}

// Copies of one recording are boxes of their own, and what stands in the file where
// the lab is still.
func TestCopiesOfARecording(t *testing.T) {
	for _, still := range []bool{false, true} {
		l, err := lab.Open(lab.Config{Listen: loopback("127.1.0.1"), Devices: 252, Options: lab.Options{Still: still}}, []*lab.Recording{lab.NewRecording("router", lab.Router())})
		if err != nil {
			t.Fatal(err)
		}
		names, ids := map[any]bool{}, map[any]bool{}
		for _, d := range l.Devices() {
			names[value(t, d, d.Started(), sysName)] = true
			ids[value(t, d, d.Started(), engineID)] = true
		}
		want := 252
		if still {
			want = 1
		}
		if len(names) != want || len(ids) != want {
			t.Errorf("still %v: %d names and %d engine ids, want %d", still, len(names), len(ids), want)
		}
		if got := l.Devices()[250].Addr().Addr().String(); got != "127.1.1.1" {
			t.Errorf("device 250 is at %s, want 127.1.1.1", got)
		}
		l.Close()
	}
}

func TestSetCommand(t *testing.T) {
	l := trio(t)
	d := l.Devices()[0]
	now := d.Started()
	before := value(t, d, now, sysName)
	if _, err := l.DoAt("set router '1.3.6.1.2.1.1.5.0|4|an edge | of it' for 10s", now); err != nil {
		t.Fatal(err)
	}
	if got := value(t, d, now.Add(9*time.Second), sysName); got != "an edge | of it" {
		t.Errorf("after set the name is %q", got)
	}
	if got := value(t, d, now.Add(10*time.Second), sysName); got != before {
		t.Errorf("after 10 s the name is %q, want %q", got, before)
	}
	if _, err := l.DoAt("set router 1.3.6.1.2.1.1.5.0|70|18446744073709551615", now); err != nil {
		t.Fatal(err)
	}
	if got := value(t, d, now, sysName); got != uint64(1<<64-1) {
		t.Errorf("after set of another type the object is %v", got)
	}
	for name, test := range map[string]struct{ from, to string }{
		sysUpTime:        {"67|4294967000", "704"},
		inOctets64 + "1": {"70|18446744073709551615", "18446744073709551615"},
	} {
		if _, err := l.DoAt("set router "+name+"|"+test.from, now); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(value(t, d, now.Add(10*time.Second), name)); got != test.to {
			t.Errorf("10 s after %s was set to %s it is %s, want %s", name, test.from, got, test.to)
		}
	}
	if _, err := l.DoAt("reboot router", now); err != nil || value(t, d, now, sysUpTime) != uint32(0) || value(t, d, now, sysName) == before {
		t.Errorf("after a reboot sysUpTime is %v and the name %v, want 0 and what was set", value(t, d, now, sysUpTime), value(t, d, now, sysName))
	}
	if _, err := l.DoAt("heal all", now); err != nil || value(t, d, now, sysName) != before {
		t.Errorf("heal leaves %q, want %q", value(t, d, now, sysName), before)
	}
}

func TestWrongAnswersOnCommand(t *testing.T) {
	l := trio(t)
	d := l.Devices()[0]
	now := d.Started()
	bulk := request(t, gosnmp.GetBulkRequest, 30, "1.3.6.1.2.1.2.2.1.10")
	last := func(p *gosnmp.SnmpPacket) string { return p.Variables[len(p.Variables)-1].Name }
	for how, wrong := range map[string]func(p *gosnmp.SnmpPacket) bool{
		"id":        func(p *gosnmp.SnmpPacket) bool { return p.RequestID != 77 },
		"community": func(p *gosnmp.SnmpPacket) bool { return p.Community != "public" },
		"version":   func(p *gosnmp.SnmpPacket) bool { return p.Version == gosnmp.Version1 },
		"endless":   func(p *gosnmp.SnmpPacket) bool { return strings.HasPrefix(last(p), ".1.3.6.1.2.1.2.2.1.10.") },
		"decreasing": func(p *gosnmp.SnmpPacket) bool {
			return strings.HasPrefix(p.Variables[0].Name, ".1.3.6.1.2.1.2.2.1.9.")
		},
		"too-big":                         func(p *gosnmp.SnmpPacket) bool { return p.Error == gosnmp.TooBig },
		"too-big 10":                      func(p *gosnmp.SnmpPacket) bool { return p.Error == gosnmp.TooBig },
		"error 5":                         func(p *gosnmp.SnmpPacket) bool { return p.Error == gosnmp.GenErr },
		"bad-column 1.3.6.1.2.1.2.2.1.11": func(p *gosnmp.SnmpPacket) bool { return p.Error == gosnmp.GenErr },
	} {
		if p := at(t, d, now, bulk); p == nil || p.RequestID != 77 || p.Error != 0 || p.Community != "public" || wrong(p) {
			t.Fatalf("before wrong %s the answer is %+v", how, p)
		}
		if _, err := l.DoAt("wrong router "+how+" for 1m", now); err != nil {
			t.Fatal(err)
		}
		if p := at(t, d, now, bulk); p == nil || !wrong(p) {
			t.Errorf("wrong %s: the answer is %+v", how, p)
		}
		now = now.Add(time.Minute)
	}
	for _, how := range []string{"truncated", "garbage"} {
		if _, err := l.DoAt("wrong router "+how, now); err != nil {
			t.Fatal(err)
		}
		if out, _ := d.Ask(bulk, now); out == nil {
			t.Errorf("wrong %s: nothing is sent", how)
		} else if _, err := gosnmp.Default.SnmpDecodePacket(out); err == nil {
			t.Errorf("wrong %s: the answer can be read", how)
		}
	}
}

func FuzzDo(f *testing.F) {
	for _, line := range strings.Split(lab.Help, "\n") {
		f.Add(line)
	}
	f.Add("loss all 20% for 30s")
	f.Add("wrong 'device' too-big 3")
	f.Add("set device \"1.3.6.1.2.1.1.5.0|4|a b\" for 1h")
	d := lab.Play(lab.Telephony(), lab.Options{})
	ask := request(f, gosnmp.GetBulkRequest, 20, "1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2.1.8")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := d.Lab().DoAt(line, d.Started())
		if err == nil && (e.Devices != 1 || e.String() == "") {
			t.Errorf("Do(%q) = %+v, want one device", line, e)
		}
		d.Ask(ask, d.Started())
		if _, err := d.Lab().Do("heal all"); err != nil {
			t.Fatal(err)
		}
	})
}
