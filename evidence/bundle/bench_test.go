// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/evidence/bundle"
)

// BenchmarkMonth writes and verifies the bundle of a month of 10 devices, each asked by
// ICMP every 10 s from 3 locations, and the part of it around one day. The verification
// runs in a process of its own, as vouch-verify does, so that its memory can be told.
func BenchmarkMonth(b *testing.B) {
	if testing.Short() {
		b.Skip("it takes minutes")
	}
	dir := os.Getenv("VOUCH_BENCH_KEEP") // where to keep the bundles for another run
	if dir == "" {
		dir = b.TempDir()
	}
	month, around := filepath.Join(dir, "month.zip"), filepath.Join(dir, "around.zip")
	var took map[string]time.Duration
	if _, err := os.Stat(around); err != nil {
		took = writeMonth(b, month, around)
	}
	for _, path := range []string{month, around} {
		b.Run(strings.TrimSuffix(filepath.Base(path), ".zip"), func(b *testing.B) {
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				child := exec.Command(os.Args[0], "-test.run", "^TestVerifyFile$", "-test.v", "-test.count", "1")
				child.Env = append(os.Environ(), "VOUCH_VERIFY_FILE="+path)
				out, err := child.CombinedOutput()
				var values, seconds, rss float64
				at := strings.Index(string(out), "figures: ")
				if err != nil || at < 0 {
					b.Fatalf("%v\n%s", err, out)
				}
				if _, err := fmt.Sscanf(string(out[at:]), "figures: %g %g %g", &values, &seconds, &rss); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				cpu := child.ProcessState.UserTime() + child.ProcessState.SystemTime()
				b.ReportMetric(float64(info.Size())/1e6, "MB")
				b.ReportMetric(cpu.Seconds(), "cpu-s")
				b.ReportMetric(values/seconds/1e6, "Mvalues/s")
				b.ReportMetric(seconds, "s")
				b.ReportMetric(rss/1024, "MB-peak")
				if took != nil {
					b.ReportMetric(took[path].Seconds(), "s-to-write")
				}
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// TestVerifyFile verifies one file for [BenchmarkMonth].
func TestVerifyFile(t *testing.T) {
	path := os.Getenv("VOUCH_VERIFY_FILE")
	if path == "" {
		t.Skip("it is a part of BenchmarkMonth")
	}
	debug.SetMemoryLimit(100 << 20) // as vouch-verify does
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	r, err := bundle.Verify(f, info.Size(), bundle.Options{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	if r.Verdict != bundle.Consistent {
		t.Fatal(text(r))
	}
	peak := "0"
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		peak = strings.Fields(rest)[0]
	}
	t.Logf("%d processors, %d batches, %d samples", runtime.GOMAXPROCS(0), r.Counts.Notes, r.Counts.Samples)
	t.Logf("figures: %d %g %s", r.Counts.Values, took.Seconds(), peak)
}

const (
	monthDays    = 30
	monthDevices = 10
)

// monthStory is the records of a month's ledger.
func monthStory() *story {
	s := &story{customer: "acme", agents: []agent{ams, fra, hq}, period: span(day(0), day(monthDays))}
	t := terms()
	t.Interval, t.Timeout = 10*time.Second, 2*time.Second
	s.install(day(0), t)
	site := book.SiteBody{Subject: "site/hq", Site: "hq"}
	for d := range monthDevices {
		site.Devices = append(site.Devices, book.DeviceBody{Device: monthDevice(d), Class: vouch.ClassRouter, Addresses: []book.AddressBody{}})
	}
	s.write(day(0), evidence.KindInstallation, "collector", site)
	for _, a := range s.agents {
		body := assignment(a.id)
		check := body.Checks[0]
		body.Checks = nil
		for d := range monthDevices {
			check.Device, check.Interval, check.Timeout = monthDevice(d), 10_000, 2_000
			body.Checks = append(body.Checks, check)
		}
		s.write(day(0).Add(time.Second), evidence.KindAssignment, "collector", body)
	}
	return s
}

func monthDevice(d int) vouch.DeviceID { return vouch.DeviceID(fmt.Sprintf("rt%d", d+1)) }

// writeMonth makes the ledger of a month, writes its bundles, and says how long each took.
func writeMonth(b *testing.B, month, around string) map[string]time.Duration {
	w := newWorld(b, monthStory(), lies{})
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	books := w.bookAt(int64(len(w.log)))
	packed := make([][]byte, monthDays) // the notes of each day
	verdicts := map[vouch.DeviceID][]contract.Segment{}
	found := map[vouch.DeviceID]map[vouch.AgentID]*book.Heard{}
	selves := map[vouch.AgentID]*book.Heard{}
	seq, enc := uint64(0), evidence.Encoder{}
	for d := range monthDays {
		var notes []byte
		for at := day(d); at.Before(day(d + 1)); at = at.Add(time.Minute) {
			seq++
			for _, a := range []agent{ams, fra, hq} {
				var said []vouch.Sample
				for k := time.Duration(0); k < time.Minute; k += 10 * time.Second {
					said = monthSamples(said, a, at.Add(k), random)
				}
				var lines []byte
				for _, s := range said {
					if lines, err = enc.AppendSample(lines, s, vouch.Availability); err != nil {
						b.Fatal(err)
					}
					of := selves
					if s.Device != "" {
						if of = found[s.Device]; of == nil {
							of = map[vouch.AgentID]*book.Heard{}
							found[s.Device] = of
						}
					}
					if of[a.id] == nil {
						of[a.id] = &book.Heard{}
					}
					of[a.id].Add(string(s.Check)+s.Reference, s.Kind, s.Gateway, book.SampleOf(s, false))
				}
				e := w.seal(a, seq, at, lines)
				notes = append(notes, note4(e.note)...)
				e.note = nil
				w.log = append(w.log, e)
			}
		}
		packed[d] = zip.EncodeAll(notes, nil)
		whole := span(day(d), day(d+1))
		for id, of := range found {
			verdicts[id] = append(verdicts[id], books.Judge(id, whole, of, selves)...)
			for _, h := range of {
				h.Forget(whole.To - books.Lookback())
			}
		}
		for _, h := range selves {
			h.Forget(whole.To - books.Lookback())
		}
	}
	w.lies.judged = verdicts
	w.issue(span(day(0), day(monthDays)), day(monthDays).Add(3*time.Hour), "")
	open, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	took := map[string]time.Duration{}
	for path, c := range map[string]choice{month: {}, around: {around: span(day(15), day(16))}} {
		e := w.evidence(w.issued[0], c)
		for n := range e.Days {
			d := int(e.Days[n].Day.Sub(day(0)) / (24 * time.Hour))
			wanted := map[evidence.Hash]bool{}
			for _, h := range w.wantedOn(w.issued[0], c, e.Days[n].Day) {
				wanted[h] = true
			}
			e.Days[n].Notes = func(yield func([]byte) error) error {
				raw, err := open.DecodeAll(packed[d], nil)
				for _, x := range splitNotes(raw) {
					if err == nil && wanted[evidence.Sum(x)] {
						err = yield(x)
					}
				}
				return err
			}
		}
		f, err := os.Create(path)
		begin := time.Now()
		if err == nil {
			err = bundle.Write(f, e)
		}
		took[path] = time.Since(begin)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return took
}

func note4(n []byte) []byte { return joinNotes([][]byte{n}) }

// monthSamples is what an agent finds in one round: round trips that vary by place and by
// chance, now and then a lost answer, and every day some minutes of one device down.
func monthSamples(out []vouch.Sample, a agent, at time.Time, random *rand.Rand) []vouch.Sample {
	for n := range monthDevices + 2 {
		s := vouch.Sample{Customer: "acme", Agent: a.id, Location: a.at, Kind: vouch.KindICMP, Interval: 10 * time.Second, Timeout: 2 * time.Second}
		s.Start, s.Sent = at.Add(time.Duration(n*800+random.IntN(30))*time.Millisecond), 3
		base := time.Duration(2000+n*1700+len(a.id)*300) * time.Microsecond
		if n < monthDevices {
			s.Device, s.Check = monthDevice(n), "ping"
		} else {
			s.Reference, s.Gateway = []string{"gw", "core"}[n-monthDevices], n == monthDevices
		}
		if n == at.Day()%monthDevices && at.Hour() == 9 && at.Minute() < 7 {
			s.Outcome, s.Reason, s.Lost, s.Duration = vouch.Down, vouch.ReasonTimeout, 3, 2*time.Second+time.Duration(random.IntN(900))*time.Microsecond
			out = append(out, s)
			continue
		}
		s.Outcome = vouch.Up
		least := base + time.Duration(random.ExpFloat64()*80)*time.Microsecond
		more := time.Duration(random.ExpFloat64()*200) * time.Microsecond
		s.RTT = vouch.RTT{Min: least, Avg: least + more/2, Max: least + more, Jitter: more * 2 / 3}
		s.Duration = 400*time.Millisecond + s.RTT.Max + time.Duration(random.IntN(400))*time.Microsecond
		if random.IntN(3000) == 0 {
			s.Lost = 1
		}
		out = append(out, s)
	}
	return out
}
