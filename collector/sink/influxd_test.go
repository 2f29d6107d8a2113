// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	mrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/sink"
	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/collector/store/sqlite"
	"github.com/vouch-sla/vouch/evidence"
	"github.com/vouch-sla/vouch/internal/influxtest"
)

// fleet seals real batches of a few agents for a few customers into a real ledger,
// and counts the lines. Every line is a series and a time of its own.
type fleet struct {
	store  *sqlite.Store
	signer note.Signer
	chains map[store.ChainKey]*store.ChainHead
	clock  time.Time
	lines  map[string]int64 // by measurement
}

const (
	customers = 3
	devices   = 4
)

// hostile are texts as devices send them.
var hostile = []string{
	`a\`, `\`, `"`, `a"b\"c`, " x ", "a,b=c d", "line\nbreak\r\n\ttab", "nul\x00", "\xff\xfe", "ünï☃ 𝄞", "%41", "#", "", "5u", "1u,v=2u 3", "\u2028\u200b\u202e",
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	skey, _, err := evidence.GenerateKey(rand.Reader, "ams-1")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &fleet{store: s, signer: signer, chains: map[store.ChainKey]*store.ChainHead{},
		clock: time.UnixMilli(1_793_000_000_000).UTC(), lines: map[string]int64{}}
}

// seal appends one batch of each stream for every customer.
func (f *fleet) seal(t *testing.T) {
	t.Helper()
	from := f.clock
	f.clock = f.clock.Add(time.Minute)
	for c := range customers {
		customer := vouch.CustomerID(fmt.Sprintf("customer-%d", c))
		for _, stream := range []vouch.Stream{vouch.Availability, vouch.Telemetry} {
			lines, err := f.encode(customer, stream, from)
			if err != nil {
				t.Fatal(err)
			}
			f.append(t, customer, stream, from, lines)
		}
	}
}

func (f *fleet) encode(customer vouch.CustomerID, stream vouch.Stream, from time.Time) (lines []byte, err error) {
	var enc evidence.Encoder
	for d := range devices {
		for poll := range 6 {
			s := vouch.Sample{Customer: customer, Agent: "ams-1", Location: "ams", Device: vouch.DeviceID(fmt.Sprintf("router-%d", d)),
				Check: "snmp", Kind: vouch.KindSNMP, Interval: 10 * time.Second, Timeout: time.Second,
				Result: vouch.Result{Start: from.Add(time.Duration(poll*10_000+d) * time.Millisecond), Outcome: vouch.Up, Sent: 1,
					RTT: vouch.RTT{Min: time.Millisecond, Avg: time.Millisecond, Max: time.Millisecond}}}
			s.Points = points(poll)
			if lines, err = enc.AppendSample(lines, s, stream); err != nil {
				return nil, err
			}
			if stream == vouch.Availability {
				f.lines["check"]++
				continue
			}
			for _, p := range s.Points {
				f.lines[p.Measurement]++
			}
		}
	}
	return lines, nil
}

// points makes telemetry with counters beyond 2^63 and hostile texts in tags,
// fields and names.
func points(poll int) []vouch.Point {
	ps := []vouch.Point{{Measurement: "interface", Tags: []vouch.Tag{{Key: "ifname", Value: "eth0"}}, Fields: []vouch.Field{
		{Name: "always", Value: vouch.Uint(1<<64 - 1 - uint64(poll))},
		{Name: "small", Value: vouch.Uint(uint64(poll))},
		{Name: "float", Value: vouch.Float(1e300)},
		{Name: "int", Value: vouch.Int(-1 << 63)},
		{Name: "bool", Value: vouch.Bool(poll%2 == 0)},
	}}}
	for i, h := range hostile {
		ps = append(ps,
			vouch.Point{Measurement: "hostile_tag", Tags: []vouch.Tag{{Key: "k", Value: h}, {Key: "z " + h, Value: "v"}},
				Fields: []vouch.Field{{Name: "always", Value: vouch.Uint(5)}}},
			vouch.Point{Measurement: "hostile_field", Tags: []vouch.Tag{{Key: "n", Value: strconv.Itoa(i)}},
				Fields: []vouch.Field{{Name: "always", Value: vouch.Text(h)}, {Name: "f " + h, Value: vouch.Uint(1 << 63)}}})
	}
	return append(ps, vouch.Point{Measurement: `#h o,s=t"ile`, Fields: []vouch.Field{{Name: "always", Value: vouch.Int(1)}}})
}

func (f *fleet) append(t *testing.T, customer vouch.CustomerID, stream vouch.Stream, from time.Time, lines []byte) {
	t.Helper()
	key := store.ChainKey{Customer: customer, Key: fmt.Sprintf("%08x", f.signer.KeyHash()), Stream: stream}
	head := f.chains[key]
	if head == nil {
		head = &store.ChainHead{ChainKey: key, Epoch: 1}
	}
	h := evidence.BatchHeader{Identity: evidence.Identity{Agent: "ams-1", Location: "ams", Customer: customer},
		Stream: stream, Epoch: 1, Seq: head.Seq + 1, Prev: head.Hash, Boot: "boot", From: from, Through: f.clock, Sealed: f.clock}
	if h.Seq == 1 {
		h.Begins = evidence.BeginsFirstStart
	}
	b, err := evidence.SealBatch(h, lines, f.signer)
	if err != nil {
		t.Fatal(err)
	}
	received := time.Now().UTC().Truncate(time.Millisecond)
	res, err := f.store.Append(t.Context(), []store.Entry{{
		Customer: customer, Kind: store.KindBatch, Agent: "ams-1", Key: key.Key, Stream: stream, Epoch: 1, First: h.Seq, Seq: h.Seq,
		Prev: h.Prev, Last: b.Hash, SHA256: b.Hash, Received: received, From: from, Through: f.clock,
		Leaf: b.Link().Leaf(received, "").Append(nil), Note: b.Raw,
	}})
	if err != nil || res[0].Status != store.Stored {
		t.Fatalf("Append() = %v, %v, want stored", res, err)
	}
	f.chains[key] = &res[0].Expect
}

// mortal is a sink's store and writer that end the sink, now and then, before a
// write, after it, or before the cursor has moved.
type mortal struct {
	*sqlite.Store
	writer sink.Writer
	dies   func() bool
	cancel context.CancelFunc
}

func (m mortal) Write(ctx context.Context, lines []byte) error {
	if m.dies() {
		m.cancel()
		return context.Canceled
	}
	err := m.writer.Write(ctx, lines)
	if m.dies() {
		m.cancel()
	}
	return err
}

func (m mortal) Derive(ctx context.Context, d store.Derivation) error {
	if m.dies() {
		m.cancel()
		return context.Canceled
	}
	return m.Store.Derive(ctx, d)
}

// run runs a sink until it has died or ctx ends.
func (f *fleet) run(ctx context.Context, t *testing.T, w sink.Writer, dies func() bool) *sink.Sink {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := mortal{f.store, w, dies, cancel}
	s := sink.New(m, m, m, sink.Options{
		Batches: 7, Gather: 20 * time.Millisecond, Tick: 200 * time.Millisecond, RetryMin: 20 * time.Millisecond, RetryMax: 200 * time.Millisecond})
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
	return s
}

// behind counts the leaves that the sink has not dealt with.
func (f *fleet) behind(t *testing.T) (leaves int64) {
	t.Helper()
	for c := range customers {
		customer := vouch.CustomerID(fmt.Sprintf("customer-%d", c))
		head, err := f.store.Head(t.Context(), customer)
		if err != nil {
			t.Fatal(err)
		}
		next, err := f.store.Next(t.Context(), "influxdb", customer)
		if err != nil {
			t.Fatal(err)
		}
		leaves += head.Size - next
	}
	return leaves
}

// wait returns when at most n leaves are behind.
func (f *fleet) wait(t *testing.T, n int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); f.behind(t) > n; rest(t, 5*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d leaves behind after a minute, want at most %d", f.behind(t), n)
		}
	}
}

// TestInfluxHoldsEverySample is the promise: whatever happens to the server and to
// the sink, the server ends up with the lines of all batches, no more and no less.
func TestInfluxHoldsEverySample(t *testing.T) {
	server := influxtest.Start(t)
	f := newFleet(t)
	rounds, outage := 6, 2*time.Second
	if os.Getenv("VOUCH_SOAK") != "" {
		rounds, outage = 60, time.Minute
	}
	w, err := sink.Influx{URL: server.URL(), Org: influxtest.Org, Bucket: influxtest.Bucket, Token: influxtest.Token}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	// The sink dies again and again and is started anew, as long as the test runs.
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		deaths := 0
		for ctx.Err() == nil {
			f.run(ctx, t, w, func() bool { return mrand.N(6) == 0 })
			deaths++
		}
		done <- deaths
	}()
	ingest := func() {
		for range rounds {
			f.seal(t)
		}
	}
	ingest()
	f.wait(t, 0)
	ingest()
	server.Stop(t) // in good order, for a while
	ingest()
	rest(t, outage)
	server.Restart(t)
	f.wait(t, 0)
	ingest()
	f.wait(t, f.behind(t)-1) // it is writing now
	server.Kill(t)
	ingest()
	server.Restart(t)
	ingest()
	stop()
	if n := <-done; n < 2 {
		t.Errorf("the sink ran %d times, want several", n)
	}

	// A sink that lives catches up.
	live, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := make(chan *sink.Sink)
	go func() { last <- f.run(live, t, w, func() bool { return false }) }()
	f.wait(t, 0)
	cancel()
	if st := (<-last).Status(); f.behind(t) > 0 || st.Skipped != 0 || st.LastError != "" {
		t.Errorf("%d leaves behind, %d skipped, error %.300q, want nothing left and nothing skipped", f.behind(t), st.Skipped, st.LastError)
	}
	f.compare(t, server)
	t.Run("answers", func(t *testing.T) { testAnswers(t, server) })
}

// testAnswers holds our reading of the answers against those of a real server.
func testAnswers(t *testing.T, server *influxtest.Server) {
	tests := []struct {
		name, bucket string
		token        vouch.Secret
		lines        string
		class        sink.Class
		stored       int64 // of the lines, good ones included in what is refused
		say          string
	}{
		{"two types in one request", influxtest.Bucket, influxtest.Token, "conflict ok=1i 1\nconflict ok=1.5 2\n", sink.Refused, 0, "field type conflict"},
		{"field of another type", influxtest.Bucket, influxtest.Token, "check ok=1i 1793000000001\ncheck outcome=1.5 1793000000002\ncheck ok=3i 1793000000003\n", sink.Partial, 2, "field type conflict"},
		{"broken line", influxtest.Bucket, influxtest.Token, "broken ok=1i 1\nbroken\nbroken ok=3i 3\n", sink.Partial, 2, "missing fields"},
		{"nothing but broken lines", influxtest.Bucket, influxtest.Token, "broken2\n", sink.Refused, 0, "unable to parse"},
		{"wrong token", influxtest.Bucket, "vouch:wrong-password", "m ok=1i 1\n", sink.Configuration, 0, "check the token"},
		{"unknown database", "nowhere/autogen", influxtest.Token, "m ok=1i 1\n", sink.Configuration, 0, "nowhere"},
		{"unknown retention policy", influxtest.Database + "/nowhere", influxtest.Token, "m ok=1i 1\n", sink.Temporary, 0, "retention policy"},
	}
	for _, tt := range tests {
		w, err := sink.Influx{URL: server.URL(), Org: influxtest.Org, Bucket: tt.bucket, Token: tt.token}.Open()
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(t.Context(), []byte(tt.lines))
		w.Close()
		var e *sink.Error
		if !errors.As(err, &e) || e.Class != tt.class || !strings.Contains(e.Sentence, tt.say) || strings.Contains(e.Sentence, "password") {
			t.Errorf("%s: Write() = %v, want class %d with %q", tt.name, err, tt.class, tt.say)
		}
		measurement, _, _ := strings.Cut(tt.lines, " ")
		if got := server.Counts(t)[measurement]["ok"]; got != tt.stored {
			t.Errorf("%s: %d lines stored, want %d", tt.name, got, tt.stored)
		}
	}
}

// compare holds the server's content against what was sealed.
func (f *fleet) compare(t *testing.T, server *influxtest.Server) {
	t.Helper()
	got := map[string]int64{}
	for m, fields := range server.Counts(t) {
		got[m] = fields["always"] + fields["outcome"]
	}
	want := maps.Clone(f.lines)
	want["%23h o,s=t\"ile"] = want["#h o,s=t\"ile"]
	delete(want, "#h o,s=t\"ile")
	if !maps.Equal(got, want) {
		t.Errorf("server holds %v, want %v", got, want)
	}
	for _, s := range server.Query(t, `SELECT "always", "small" FROM "interface"`) {
		for _, row := range s.Values {
			always, _ := row[1].(json.Number).Int64()
			small, _ := row[2].(json.Number).Int64()
			if always != -1-small { // 2^64-1-poll in two's complement
				t.Fatalf("interface row %v, want always = -1-small", row)
			}
		}
	}
	for _, s := range server.Query(t, `SELECT "always" FROM "hostile_field" GROUP BY "n"`) {
		i, err := strconv.Atoi(s.Tags["n"])
		if err != nil {
			t.Fatalf("tag n = %q", s.Tags["n"])
		}
		for _, row := range s.Values {
			if want := evidence.Escape(hostile[i]); row[1] != want {
				t.Fatalf("text %d reads %q, want %q", i, row[1], want)
			}
		}
	}
}

// rest lets real time pass: the server is down meanwhile.
func rest(t *testing.T, d time.Duration) {
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}
