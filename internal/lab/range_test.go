// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/vouch-sla/vouch/internal/lab"
)

// A device answers at its address and from it: snmpget and a connected socket would
// not take an answer from elsewhere. No address beyond the range answers.
func TestEveryDeviceAtItsAddress(t *testing.T) {
	recordings := []*lab.Recording{lab.NewRecording("router", lab.Router()), lab.NewRecording("firewall", lab.Firewall())}
	l := start(t, lab.Config{Listen: loopback("127.1.7.1"), Devices: 255}, recordings)
	for _, i := range []int{0, 1, 249, 250, 254} {
		d := l.Devices()[i]
		want := d.Name()
		if i < 2 {
			want = recordedName(t, d)
		}
		got := tool(t, "snmpget", "-v2c", "-c", "public", "-Oqv", d.Addr().String(), sysName)
		if strings.Trim(strings.TrimSpace(got), `"`) != want {
			t.Errorf("%s says its name is %s, want %s", d.Addr(), got, want)
		}
	}
	conn, err := net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr("127.1.7.251"), l.Addr().Port()).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	before := asked(l)
	if _, err := conn.Write(request(t, gosnmp.GetRequest, 0, sysName)); err != nil {
		t.Fatal(err)
	}
	ask(t, l.Devices()[0], time.Minute) // comes after it
	if asked(l) != before+1 {
		t.Error("127.1.7.251, which is no device's address, was asked and something answered")
	}
}

func recordedName(t *testing.T, d *lab.Device) string {
	t.Helper()
	for _, v := range map[string]lab.Walk{"router": lab.Router(), "firewall": lab.Firewall()}[d.Name()] {
		if v.OID.String() == sysName {
			return string(v.Value)
		}
	}
	t.Fatal("the recording has no name")
	return ""
}

func asked(l *lab.Lab) (n int) {
	for _, d := range l.Devices() {
		n += d.Asked()
	}
	return n
}

// ask asks a device over its socket until it answers.
func ask(t testing.TB, d *lab.Device, limit time.Duration) *gosnmp.SnmpPacket {
	t.Helper()
	g := &gosnmp.GoSNMP{Target: d.Addr().Addr().String(), Port: d.Addr().Port(), Version: gosnmp.Version2c, Community: d.Community(), Timeout: limit}
	if err := g.Connect(); err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p, err := g.Get([]string{sysName})
	if err != nil {
		t.Fatalf("ask %s: %v", d.Addr(), err)
	}
	return p
}

// On loopback the socket of a range belongs to the interface lo, whatever its address.
func TestARangeOnLoopbackIsNotReachedFromOutside(t *testing.T) {
	l := start(t, lab.Config{Listen: loopback("127.1.8.1"), Devices: 2}, []*lab.Recording{lab.NewRecording("router", lab.Router())})
	device, err := l.BoundTo()
	if err != nil || device != "lo" {
		t.Errorf("the socket belongs to interface %q, %v; want lo", device, err)
	}
}

func TestAnswersFromAnotherAddressOnCommand(t *testing.T) {
	l := start(t, lab.Config{Listen: loopback("127.1.9.1"), Devices: 2}, []*lab.Recording{lab.NewRecording("router", lab.Router())})
	d := l.Devices()[1]
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback("127.0.0.1")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := func() netip.Addr {
		t.Helper()
		if _, err := conn.WriteToUDPAddrPort(request(t, gosnmp.GetRequest, 0, sysName), d.Addr()); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		_, a, err := conn.ReadFromUDPAddrPort(make([]byte, 2000))
		if err != nil {
			t.Fatal(err)
		}
		return a.Addr()
	}
	if got := from(); got != d.Addr().Addr() {
		t.Errorf("the answer comes from %s, want %s", got, d.Addr())
	}
	if _, err := l.Do("wrong router-2 address"); err != nil {
		t.Fatal(err)
	}
	if got := from(); got == d.Addr().Addr() || !got.IsLoopback() {
		t.Errorf("the answer comes from %s, want another loopback address", got)
	}
}

// trapSink receives what a lab sends, and returns the names and numbers in it.
func trapSink(t *testing.T) (netip.AddrPort, func() map[string]any) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback("127.0.0.1")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort(), func() map[string]any {
		t.Helper()
		b := make([]byte, 2000)
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		p, err := gosnmp.Default.UnmarshalTrap(b[:n], false)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{"from": from.Addr().String(), "community": p.Community}
		for _, v := range p.Variables {
			out[strings.TrimPrefix(v.Name, ".")] = v.Value
		}
		return out
	}
}

func TestTrapsOnRebootAndLinks(t *testing.T) {
	sink, next := trapSink(t)
	l := start(t, lab.Config{Listen: loopback("127.1.10.1"), Devices: 2, Traps: sink}, []*lab.Recording{lab.NewRecording("router", lab.Router())})
	for _, test := range []struct {
		command, trap string
		status        any
	}{
		{"reboot router-2", ".1.3.6.1.6.3.1.1.5.1", nil},
		{"interface router-2 1 down", ".1.3.6.1.6.3.1.1.5.3", 2},
		{"interface router-2 1 up", ".1.3.6.1.6.3.1.1.5.4", 1},
		{"interface router-2 1 down for 1ms", ".1.3.6.1.6.3.1.1.5.3", 2},
		{"", ".1.3.6.1.6.3.1.1.5.4", 1}, // by itself
		{"swap router-2 for 1ms", ".1.3.6.1.6.3.1.1.5.1", nil},
	} {
		if test.command != "" {
			if _, err := l.Do(test.command); err != nil {
				t.Fatal(err)
			}
		}
		got := next()
		if got["1.3.6.1.6.3.1.1.4.1.0"] != test.trap || got["from"] != "127.1.10.2" || got["community"] != "public" || got[operStatus+"1"] != test.status {
			t.Errorf("%q sends %v, want %s with ifOperStatus %v from 127.1.10.2", test.command, got, test.trap, test.status)
		}
	}
}

// snmpsim, a program of others, serves the same files: what it says is what we say.
func TestSnmpsimSaysTheSame(t *testing.T) {
	if os.Getenv("VOUCH_WHOLE") == "" && os.Getenv("VOUCH_SOAK") == "" {
		t.Skip("it takes a while: `make test` runs it")
	}
	addr := snmpsim(t, "../../../shared/devices/recordings", "../../../shared/devices/synthetic")
	for _, dir := range shared(t) {
		recordings, err := lab.ReadRecordings(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		l := start(t, lab.Config{Options: lab.Options{Still: true}}, recordings)
		for _, r := range recordings {
			theirs := readWalk(t, tool(t, "snmpwalk", "-v2c", "-c", r.Name, "-Onex", addr, ".1"))
			ours := readWalk(t, tool(t, "snmpwalk", "-v2c", "-c", r.Name, "-Onex", l.Addr().String(), ".1"))
			// snmpsim drops spaces at the end of a line; we say what stands there.
			differ(t, "beside snmpsim, "+r.Name, withoutSpaces(ours), withoutSpaces(theirs))
		}
	}
}

// withoutSpaces drops the spaces at the end of texts.
func withoutSpaces(walk map[string]string) map[string]string {
	for name, value := range walk {
		for strings.HasPrefix(value, "4x|") && len(value)%2 == 1 && strings.HasSuffix(value, "20") {
			value = strings.TrimSuffix(value, "20")
		}
		walk[name] = value
	}
	return walk
}

// BenchmarkLab asks 5,000 devices for a row of the interface table each, over real
// sockets, and says what the lab takes of memory.
func BenchmarkLab(b *testing.B) {
	var recordings []*lab.Recording
	for i := range 18 {
		recordings = append(recordings, lab.NewRecording("gateway-"+strconv.Itoa(i), lab.Gateway(10)))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := start(b, lab.Config{Listen: loopback("127.1.100.1"), Devices: 5000}, recordings)
	runtime.GC()
	runtime.ReadMemStats(&after)
	asking := request(b, gosnmp.GetBulkRequest, 10, "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10")
	var wg sync.WaitGroup
	const askers = 4
	b.ResetTimer()
	for k := range askers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback("127.0.0.1")))
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := make([]byte, 2000)
			for i := k; i < b.N; i += askers {
				for answered := false; !answered; {
					_, _ = conn.WriteToUDPAddrPort(asking, l.Devices()[i%5000].Addr())
					_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
					n, _, err := conn.ReadFromUDPAddrPort(in)
					answered = err == nil && n > 100
				}
			}
		}()
	}
	wg.Wait()
	var used runtime.MemStats
	runtime.ReadMemStats(&used)
	b.ReportMetric(float64(used.Sys)/1e6, "MB") // of the whole process, askers and recordings in it
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/5000, "B/device") // before anybody asked
}
