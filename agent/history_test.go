// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/journal/journaltest"
	"github.com/vouch-sla/vouch/internal/wire"
)

// world is an agent's spool, its disk, and the rules of a collector, which a test takes
// through a history step by step.
type world struct {
	maker *agent.SpoolMaker
	dir   string
	disk  *journaltest.FS
	fail  func(op, name string) error
	spool *agent.Spool
	dice  *rand.Rand
	log   bytes.Buffer

	chain evidence.Chain
	notes []evidence.Item

	samples []made
	wrong   []string
}

// made is a sample that was measured. It is safe from a kill, and from a power cut, from
// when the spool said that it is written, and synced.
type made struct {
	at          time.Time
	kill, power bool // safe from it
	lost        bool // it was not, and it came
}

func newWorld(t *testing.T, maker *agent.SpoolMaker, dir string, seed uint64, fail func(n int) bool) *world {
	w := &world{maker: maker, dir: dir, disk: &journaltest.FS{}, dice: rand.New(rand.NewPCG(seed, 3))}
	ops := 0 // over all disks that a power cut makes
	w.fail = func(op, name string) error {
		ops++
		bad := fail(ops - 1)
		fmt.Fprintln(&w.log, "    op", op, name, bad)
		if bad {
			return syscall.EIO
		}
		return nil
	}
	maker.Log = &w.log
	if err := maker.First(dir); err != nil {
		t.Fatal(err)
	}
	w.begin(t)
	return w
}

func (w *world) begin(t *testing.T) {
	w.disk.Fail = w.fail
	var err error
	if w.spool, err = w.maker.Run(w.disk, w.dir); err != nil {
		t.Fatal(err)
	}
}

// step does one thing: r records a sample, j and y write the journal (y syncs it), s
// seals, u uploads one note, k is kill -9, p a power cut.
func (w *world) step(t *testing.T, op byte) {
	fmt.Fprintf(&w.log, "step %c\n", op)
	w.maker.Now = w.maker.Now.Add(time.Second)
	switch op {
	case 'r':
		w.spool.Record(vouch.Sample{
			Customer: "acme", Device: "d1", Check: "icmp", Kind: vouch.KindICMP, Interval: time.Second, Timeout: time.Second,
			Result: vouch.Result{Start: w.maker.Now, Outcome: vouch.Up, Sent: 1, RTT: vouch.RTT{Min: 1, Avg: 1, Max: 1}},
		})
		w.samples = append(w.samples, made{at: w.maker.Now})
	case 'j', 'y':
		if w.spool.Journal(op == 'y') {
			w.safe(op == 'y')
		}
	case 's':
		if w.spool.Seal() {
			w.safe(true)
		}
	case 'u':
		w.spool.Upload(1, w.heads, w.take)
	case 'k', 'p':
		if op == 'p' {
			w.disk = w.disk.PowerCut(w.dice)
		}
		for i := range w.samples {
			if x := &w.samples[i]; !x.kill || op == 'p' && !x.power {
				x.lost = true
			}
		}
		w.begin(t)
	}
}

func (w *world) safe(power bool) {
	for i := range w.samples {
		w.samples[i].kill = true
		w.samples[i].power = w.samples[i].power || power
	}
}

func (w *world) heads() []wire.Head {
	c := w.chain
	if c.Seq == 0 {
		return nil
	}
	return []wire.Head{{Customer: "acme", Stream: vouch.Availability, Epoch: c.Epoch, Seq: c.Seq, Hash: c.Hash, Through: c.Through}}
}

// take is the collector: it stores what follows and knows what it has.
func (w *world) take(raw []byte) wire.Result {
	item, err := evidence.OpenNote(bytes.Clone(raw), note.VerifierList(w.maker.Verifier()))
	if err != nil {
		w.wrong = append(w.wrong, err.Error())
		return wire.Result{Status: wire.StatusRefused}
	}
	l := item.Link()
	next, err := w.chain.Next(l)
	if errors.Is(err, evidence.ErrBehind) {
		for _, n := range w.notes {
			if n.Link().Hash == l.Hash {
				return wire.Result{Status: wire.StatusDuplicate}
			}
		}
	}
	if err != nil {
		w.wrong = append(w.wrong, err.Error())
		return wire.Result{Status: wire.StatusRefused, Reason: err.Error()}
	}
	if err := w.chain.Follows(l); err != nil {
		w.wrong = append(w.wrong, err.Error())
	}
	w.chain, w.notes = next, append(w.notes, item)
	return wire.Result{Status: wire.StatusStored}
}

// end heals the disk, starts the agent once more, lets it deliver everything, and says
// what is wrong with what the collector then has.
func (w *world) end(t *testing.T) []string {
	w.fail = nil
	w.step(t, 'k')
	w.step(t, 's')
	w.step(t, 'y')
	for range 2 {
		for n := 0; w.spool.Upload(3, w.heads, w.take) > 0 && n < 100; n++ {
		}
		w.step(t, 's')
	}
	stored := map[time.Time]int{}
	dropped := uint64(0)
	var gaps []evidence.Gap
	for _, item := range w.notes {
		switch x := item.(type) {
		case evidence.Gap:
			gaps = append(gaps, x)
		case evidence.Batch:
			dropped += x.Dropped
			if err := evidence.CheckLines(x); err != nil {
				w.wrong = append(w.wrong, err.Error())
			}
			for l, err := range evidence.DecodeLines(x.Stream, x.Lines) {
				if err != nil {
					w.wrong = append(w.wrong, err.Error())
					continue
				}
				stored[l.Sample.Start]++
			}
		}
	}
	for i, x := range w.samples {
		in := false
		for _, g := range gaps {
			in = in || !x.at.Before(g.From) && x.at.Before(g.Through)
		}
		switch n := stored[x.at]; {
		case n > 1:
			w.wrong = append(w.wrong, fmt.Sprintf("sample %d is stored %d times", i, n))
		case n == 1 || in || x.lost:
		case dropped > 0:
			dropped--
		default:
			w.wrong = append(w.wrong, fmt.Sprintf("sample %d is neither stored nor in a gap", i))
		}
		delete(stored, x.at)
	}
	if len(stored) > 0 {
		w.wrong = append(w.wrong, fmt.Sprintf("%d samples are stored that nobody made", len(stored)))
	}
	if len(w.wrong) > 0 {
		for i, x := range w.samples {
			fmt.Fprintf(&w.log, "sample %d at %s %+v\n", i, x.at.Format("05"), x)
		}
		for _, n := range w.notes {
			l := n.Link()
			fmt.Fprintf(&w.log, "note %d/%d-%d gap %v, %s to %s\n", l.Epoch, l.First, l.Seq, l.Gap, l.From.Format("05"), l.Through.Format("05"))
		}
	}
	return w.wrong
}

// histories calls do with every sequence of n steps out of ops.
func histories(ops string, n int, do func(string)) {
	steps := make([]byte, n)
	var grow func(int)
	grow = func(i int) {
		if i == n {
			do(string(steps))
			return
		}
		for _, op := range []byte(ops) {
			steps[i] = op
			grow(i + 1)
		}
	}
	grow(0)
}

// TestEverySmallHistory goes through every short history, with no operation of the disk
// failing, each one failing, and every n-th failing: every sample is stored exactly once,
// or lies in a signed gap, or was not yet written when the agent was killed, or not yet
// synced when the power was cut.
func TestEverySmallHistory(t *testing.T) {
	dir := t.TempDir()
	maker, err := agent.NewSpoolMaker(dir)
	check(t, err)
	length := 2
	if os.Getenv("VOUCH_SOAK") != "" {
		length = 5
	}
	runs, bad := 0, 0
	try := func(history, name string, seed uint64, fail func(int) bool) {
		w := newWorld(t, maker, dir, seed, fail)
		for _, op := range []byte(history) {
			w.step(t, op)
		}
		runs++
		if wrong := w.end(t); len(wrong) > 0 {
			if bad++; bad < 10 {
				t.Errorf("%s, %s:\n\t%s\n%s", history, name, strings.Join(wrong, "\n\t"), w.log.String())
			}
		}
	}
	histories("rysukp", length, func(middle string) {
		for _, history := range []string{"rsu" + middle + "ry", "rs" + middle + "rk"} {
			try(history, "no failure", 1, func(int) bool { return false })
			for i := range 7 {
				try(history, fmt.Sprintf("operation %d fails", i+3), uint64(i), func(n int) bool { return n == i+3 })
			}
			for every := 2; every <= 5; every++ {
				try(history, fmt.Sprintf("every %d. operation fails", every), uint64(every), func(n int) bool { return n%every == every-1 })
			}
			try(history, "all fail from the 8th on", 7, func(n int) bool { return n >= 8 })
		}
	})
	t.Logf("%d runs, %d of them wrong", runs, bad)
}

// TestLongHistories rolls dice over longer histories.
func TestLongHistories(t *testing.T) {
	dir := t.TempDir()
	maker, err := agent.NewSpoolMaker(dir)
	check(t, err)
	rounds := uint64(100)
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds = 50_000
	}
	for seed := range rounds {
		dice := rand.New(rand.NewPCG(seed, 9))
		rate := dice.IntN(4)
		w := newWorld(t, maker, dir, seed, func(int) bool { return rate > 0 && dice.IntN(12/rate) == 0 })
		var history []byte
		for range 10 + dice.IntN(60) {
			op := "rrrrjyssuuukp"[dice.IntN(13)]
			history = append(history, op)
			w.step(t, op)
		}
		if wrong := w.end(t); len(wrong) > 0 {
			t.Fatalf("seed %d, %s:\n\t%s\n%s", seed, history, strings.Join(wrong, "\n\t"), w.log.String())
		}
	}
}

func FuzzRecords(f *testing.F) {
	maker, err := agent.NewSpoolMaker(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	disk := &journaltest.FS{}
	s, err := maker.Run(disk, f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	s.Record(vouch.Sample{Customer: "acme", Device: "d1", Check: "icmp", Kind: vouch.KindICMP, Interval: time.Second, Timeout: time.Second, Result: vouch.Result{Start: maker.Now}})
	s.Journal(true)
	maker.Now = maker.Now.Add(time.Second)
	s.Upload(1, func() []wire.Head { return nil }, nil)
	s.Seal()
	for _, name := range disk.Names() {
		if raw := disk.Bytes(name); len(raw) > 13 {
			f.Add(bytes.TrimRight(raw[13:], "\x00"))
		}
	}
	f.Fuzz(func(_ *testing.T, payload []byte) { maker.ParseRecords(payload) })
}
