// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"
	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/evidence"
)

func decodeOne(t testing.TB, stream vouch.Stream, lines []byte) evidence.Line {
	t.Helper()
	var got []evidence.Line
	for l, err := range evidence.DecodeLines(stream, lines) {
		if err != nil {
			t.Fatalf("DecodeLines(%s): %v", lines, err)
		}
		got = append(got, l)
	}
	if len(got) != 1 {
		t.Fatalf("DecodeLines(%s) gave %d lines, want 1", lines, len(got))
	}
	return got[0]
}

func TestAppendSampleRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream vouch.Stream
		change func(*vouch.Sample)
		want   string
	}{
		{"no stream", "", func(s *vouch.Sample) {}, "allowed are availability and telemetry"},
		{"no agent", vouch.Availability, func(s *vouch.Sample) { s.Agent = "" }, "agent: an identifier is empty"},
		{"a location with a space", vouch.Availability, func(s *vouch.Sample) { s.Location = "a b" }, "location: "},
		{"a customer with a newline", vouch.Availability, func(s *vouch.Sample) { s.Customer = "a\nb" }, "customer: "},
		{"a device and a reference", vouch.Availability, func(s *vouch.Sample) { s.Reference = "gw" }, "exactly one of device and reference"},
		{"neither device nor reference", vouch.Availability, func(s *vouch.Sample) { s.Device = "" }, "exactly one of device and reference"},
		{"a check without a name", vouch.Availability, func(s *vouch.Sample) { s.Check = "" }, "check: "},
		{"up with a reason", vouch.Availability, func(s *vouch.Sample) { s.Reason = "timeout" }, "a reason stands exactly where"},
		{"unknown without a reason", vouch.Availability, func(s *vouch.Sample) { s.Outcome = vouch.Unknown }, "a reason stands exactly where"},
		{"an outcome that does not exist", vouch.Availability, func(s *vouch.Sample) { s.Outcome, s.Reason = 7, "x" }, "none of up, down and unknown"},
		{"more lost than sent", vouch.Availability, func(s *vouch.Sample) { s.Lost = 4 }, "lost is at most sent"},
		{"no interval", vouch.Availability, func(s *vouch.Sample) { s.Interval = 0 }, "interval"},
		{"negative duration", vouch.Availability, func(s *vouch.Sample) { s.Duration = -1 }, "negative"},
		{"no start", vouch.Availability, func(s *vouch.Sample) { s.Start = time.Time{} }, "start: time in the year 1"},
		{"a value without a name", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Value: vouch.Int(1)}} }, "0 bytes long, allowed are 1 to 128"},
		{"a value with a long name", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Name: strings.Repeat("a", 129)}} }, "129 bytes long"},
		{"a value that is text", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Name: "cpu", Value: vouch.Text("5")}} }, "is no number"},
		{"a value that is not a number", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Name: "cpu", Value: vouch.Float(math.NaN())}} }, "not a finite number"},
		{"values out of order", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Name: "b"}, {Name: "a"}} }, "values are sorted"},
		{"a value twice", vouch.Availability, func(s *vouch.Sample) { s.Values = []vouch.Field{{Name: "a"}, {Name: "a"}} }, "none stands twice"},
		{"too many values", vouch.Availability, func(s *vouch.Sample) { s.Values = make([]vouch.Field, 65) }, "at most 64"},
		{"a value of a reference", vouch.Availability, func(s *vouch.Sample) {
			s.Device, s.Check, s.Reference, s.Values = "", "", "gw", []vouch.Field{{Name: "a"}}
		}, "a reference has no named values"},
		{"telemetry named check", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Measurement = "check" }, "belongs to the availability stream"},
		{"telemetry without a name", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Measurement = "" }, "without a name"},
		{"telemetry without fields", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Fields = nil }, "no field"},
		{"a field twice", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Fields = append(s.Points[0].Fields, s.Points[0].Fields[0]) }, "stands twice"},
		{"a tag twice", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Tags = []vouch.Tag{{Key: "x"}, {Key: "x"}} }, "stands twice"},
		{"a tag of the identity", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Tags = []vouch.Tag{{Key: "customer", Value: "x"}} }, "no point's own"},
		{"a tag named time", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Tags = []vouch.Tag{{Key: "time", Value: "x"}} }, "reserved"},
		{"not a number", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Fields[0].Value = vouch.Float(math.NaN()) }, "not a finite number"},
		{"infinite", vouch.Telemetry, func(s *vouch.Sample) { s.Points[0].Fields[0].Value = vouch.Float(math.Inf(-1)) }, "not a finite number"},
	} {
		s := checkSample()
		s.Points = []vouch.Point{{Measurement: "system", Fields: []vouch.Field{{Name: "v", Value: vouch.Int(1)}}}}
		c.change(&s)
		var e evidence.Encoder
		got, err := e.AppendSample([]byte("kept\n"), s, c.stream)
		wantError(t, c.name, err, c.want)
		if string(got) != "kept\n" {
			t.Errorf("%s: after the error dst is %q, want what it was", c.name, got)
		}
	}
}

func TestAppendSample(t *testing.T) {
	host := vouch.Sample{Customer: vouch.Provider, Agent: "ams1-a", Location: "ams1", Result: vouch.Result{Start: t0, Points: []vouch.Point{
		{Measurement: "host", Fields: []vouch.Field{{Name: "uptime_s", Value: vouch.Uint(math.MaxUint64)}, {Name: "load1", Value: vouch.Float(0.25)}}},
		{Measurement: "disk", Tags: []vouch.Tag{{Key: "path", Value: "/var lib"}, {Key: "a", Value: ""}}, Fields: []vouch.Field{{Name: "ok", Value: vouch.Bool(true)}, {Name: "note", Value: vouch.Text(`5% "x"` + "\n")}}},
	}}}
	valued := checkSample()
	valued.RTT, valued.Values = vouch.RTT{}, []vouch.Field{
		{Name: "50%", Value: vouch.Int(-40)}, {Name: "interface.ifOperStatus{ifName=wan 1,index=7}", Value: vouch.Uint(2)}, {Name: "temperature", Value: vouch.Float(71.5)}}
	late := checkSample()
	late.Start = late.Start.Add(999 * time.Microsecond) // below a millisecond: cut off, never rounded up
	late.Duration += 999
	for _, c := range []struct {
		name   string
		stream vouch.Stream
		sample vouch.Sample
		want   string
	}{
		{"check", vouch.Availability, checkSample(), `check,agent=ams1-a,check=ping,customer=acme,device=router-1,kind=icmp,location=ams1 outcome="up",duration_us=41250i,interval_us=10000000i,timeout_us=3000000i,sent=3i,lost=0i,rtt_min_us=780i,rtt_avg_us=801i,rtt_max_us=833i,rtt_jitter_us=31i 1793491201234` + "\n"},
		{"named values", vouch.Availability, valued, `check,agent=ams1-a,check=ping,customer=acme,device=router-1,kind=icmp,location=ams1 outcome="up",duration_us=41250i,interval_us=10000000i,timeout_us=3000000i,sent=3i,lost=0i,value:50%25=-40i,value:interface.ifOperStatus{ifName\=wan\ 1\,index\=7}=2u,value:temperature=71.5 1793491201234` + "\n"},
		{"truncated", vouch.Availability, late, string(appendSample(t, nil, checkSample(), vouch.Availability))},
		{"reference", vouch.Availability, referenceSample(), `reference,agent=ams1-a,customer=acme,kind=icmp,location=ams1,reference=gw,role=gateway outcome="down",reason="timeout",duration_us=41250i,interval_us=10000000i,timeout_us=3000000i,sent=3i,lost=3i 1793491201234` + "\n"},
		{"telemetry of a check without points", vouch.Telemetry, checkSample(), ""},
		{"host", vouch.Telemetry, host, `host,agent=ams1-a,customer=provider,location=ams1 uptime_s=18446744073709551615u,load1=0.25 1793491200000` + "\n" +
			`disk,a=%,agent=ams1-a,customer=provider,location=ams1,path=/var\ lib ok=true,note="5%25 \"x\"%0A" 1793491200000` + "\n"},
	} {
		if got := string(appendSample(t, nil, c.sample, c.stream)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestDecodeLinesRefuses(t *testing.T) {
	good := strings.TrimSuffix(string(appendSample(t, nil, checkSample(), vouch.Availability)), "\n")
	ref := strings.TrimSuffix(string(appendSample(t, nil, referenceSample(), vouch.Availability)), "\n")
	replace := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("the line has no %q to replace", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	for _, c := range []struct {
		name, line, want string
		stream           vouch.Stream
	}{
		{"foreign measurement", replace(good, "check,", "cheque,"), "does not belong in the availability stream", vouch.Availability},
		{"foreign tag", replace(good, ",kind", ",extra=1,kind"), `tag "extra" does not belong`, vouch.Availability},
		{"device on a reference", replace(ref, ",kind", ",device=x,kind"), `tag "device" does not belong`, vouch.Availability},
		{"missing tag", replace(good, ",device=router-1", ""), "exactly one of device and reference", vouch.Availability},
		{"missing agent", replace(good, ",agent=ams1-a", ""), "agent: an identifier is empty", vouch.Availability},
		{"tags out of order", replace(good, "agent=ams1-a,check=ping", "check=ping,agent=ams1-a"), "tags are sorted", vouch.Availability},
		{"tag twice", replace(good, "agent=ams1-a", "agent=ams1-a,agent=ams1-b"), "none stands twice", vouch.Availability},
		{"unknown role", replace(ref, "role=gateway", "role=judge"), "allowed are gateway and reference", vouch.Availability},
		{"bad outcome", replace(good, `"up"`, `"fine"`), "allowed are up, down and unknown", vouch.Availability},
		{"outcome of a wrong type", replace(good, `"up"`, `1i`), "not a string", vouch.Availability},
		{"up with a reason", replace(good, `"up"`, `"up",reason="x"`), "a reason stands exactly where", vouch.Availability},
		{"down without a reason", replace(good, `"up"`, `"down"`), "a reason stands exactly where", vouch.Availability},
		{"missing field", replace(good, ",sent=3i", ""), "is missing", vouch.Availability},
		{"field twice", replace(good, ",sent=3i", ",sent=3i,sent=3i"), "stands twice", vouch.Availability},
		{"unknown field twice", replace(good, ",sent=3i", ",sent=3i,x=1,x=2"), "stands twice", vouch.Availability},
		{"half an rtt", replace(good, ",rtt_max_us=833i", ""), "stand together", vouch.Availability},
		{"unsigned duration", replace(good, "41250i", "41250u"), "whole number of microseconds", vouch.Availability},
		{"negative duration", replace(good, "41250i", "-1i"), "whole number of microseconds", vouch.Availability},
		{"duration beyond its type", replace(good, "41250i", "9223372036854775807i"), "whole number of microseconds", vouch.Availability},
		{"no interval", replace(good, "10000000i", "0i"), "interval", vouch.Availability},
		{"no time", replace(good, " 1793491201234", ""), "time stamp is missing", vouch.Availability},
		{"negative time", replace(good, " 1793491201234", " -5"), "time stamp", vouch.Availability},
		{"nanoseconds", replace(good, "1793491201234", "1793491201234000000"), "time stamp", vouch.Availability},
		{"leading zero", replace(good, "1793491201234", "01793491201234"), "time stamp", vouch.Availability},
		{"raw backslash", replace(ref, "reference=gw", `reference=g\w`), "backslash", vouch.Availability},
		{"not line protocol", "hello", "line 1: ", vouch.Availability},
		{"telemetry named check", good, "belongs to the availability stream", vouch.Telemetry},
		{"telemetry without identity", "system v=1i 5", "agent: an identifier is empty", vouch.Telemetry},
		{"telemetry with a field twice", "system,agent=a,customer=c,location=l v=1i,v=2i 5", "stands twice", vouch.Telemetry},
		{"telemetry with too many fields", "system,agent=a,customer=c,location=l " + strings.Repeat("v=1i,", 300) + "w=1i 5", "more than 256 fields", vouch.Telemetry},
		{"a value that is text", replace(good, " 17", `,value:cpu="5" 17`), "is no number", vouch.Availability},
		{"a value without a name", replace(good, " 17", ",value:=5i 17"), "0 bytes long", vouch.Availability},
		{"a value with a bad escape", replace(good, " 17", ",value:%zz=5i 17"), "two upper-case hexadecimal digits", vouch.Availability},
		{"values out of order", replace(good, " 17", ",value:b=5i,value:a=5i 17"), "values are sorted", vouch.Availability},
		{"a value of a reference", replace(ref, " 17", ",value:a=5i 17"), "a reference has no named values", vouch.Availability},
		{"telemetry with a bad escape", "system,agent=a,customer=c,location=l v=\"%zz\" 5", "two upper-case hexadecimal digits", vouch.Telemetry},
	} {
		var err error
		for _, err = range evidence.DecodeLines(c.stream, []byte(c.line+"\n")) {
		}
		wantError(t, c.name, err, c.want)
	}
}

func TestDecodeLinesKeepsUnknownFields(t *testing.T) {
	line := bytes.Replace(appendSample(t, nil, checkSample(), vouch.Availability), []byte(" 17"), []byte(",hops=7i 17"), 1)
	got := decodeOne(t, vouch.Availability, line)
	want := []vouch.Field{{Name: "hops", Value: vouch.Int(7)}}
	if !reflect.DeepEqual(got.Point.Fields, want) || got.Sample.Sent != 3 {
		t.Errorf("line with an unknown field reads %+v, want fields %v and the sample", got, want)
	}
}

// anyText draws strings that hurt: the characters that line protocol, notes and the
// escape give a meaning, in any order, and any bytes.
func anyText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{`\`, ",", "=", " ", `"`, "\n", "\r", "\t", "#", "%", "%41", "\x00", "\xff", "\x7f", "é", "—", "\\n", "a", "\u0085", "\u2028"}), 0, 12).Draw(t, "parts"), "")
		}),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
	).Draw(t, label)
}

func anyKey(t *rapid.T, label string, n int) string {
	return fmt.Sprintf("k%d%s", n, anyText(t, label))
}

func anyValue(t *rapid.T) vouch.Value {
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0:
		return vouch.Int(rapid.Int64().Draw(t, "int"))
	case 1:
		return vouch.Uint(rapid.Uint64().Draw(t, "uint"))
	case 2:
		return vouch.Float(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "float"))
	case 3:
		return vouch.Bool(rapid.Bool().Draw(t, "bool"))
	}
	return vouch.Text(anyText(t, "text"))
}

func anyPoint(t *rapid.T) vouch.Point {
	p := vouch.Point{Measurement: "#" + anyText(t, "measurement")}
	for i := range rapid.IntRange(0, 5).Draw(t, "tags") {
		p.Tags = append(p.Tags, vouch.Tag{Key: anyKey(t, "key", i), Value: anyText(t, "value")})
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "fields") {
		p.Fields = append(p.Fields, vouch.Field{Name: anyKey(t, "name", i), Value: anyValue(t)})
	}
	return p
}

// Whatever a device says about itself comes back byte for byte, the lines fit a
// signed note, and the plain decoder of the line-protocol package reads them.
func TestHostileTextSurvives(t *testing.T) {
	p := newParty(t, "ams1-a", 1)
	rapid.Check(t, func(t *rapid.T) {
		s := checkSample()
		s.Points = []vouch.Point{anyPoint(t)}
		var e evidence.Encoder
		lines, err := e.AppendSample(nil, s, vouch.Telemetry)
		if err != nil {
			t.Fatal(err)
		}
		h := firstHeader()
		h.Stream = vouch.Telemetry
		b, err := evidence.SealBatch(h, lines, p.signer)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = evidence.OpenBatch(b.Raw, p.known); err != nil {
			t.Fatal(err)
		}
		if err := evidence.CheckLines(b); err != nil {
			t.Fatalf("CheckLines(%q): %v", b.Lines, err)
		}
		for l, err := range evidence.DecodeLines(vouch.Telemetry, b.Lines) {
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(l.Point, s.Points[0]) {
				t.Fatalf("%q\n reads %#v\n  want %#v", b.Lines, l.Point, s.Points[0])
			}
		}
		plain(t, b.Lines, 4+len(s.Points[0].Tags), len(s.Points[0].Fields))
	})
}

func plain(t *rapid.T, lines []byte, tags, fields int) {
	d := lineprotocol.NewDecoderWithBytes(lines)
	if !d.Next() {
		t.Fatalf("the plain decoder finds nothing in %q", lines)
	}
	if _, err := d.Measurement(); err != nil {
		t.Fatal(err)
	}
	for range tags {
		if k, _, err := d.NextTag(); err != nil || k == nil {
			t.Fatalf("the plain decoder misses a tag of %q: %v", lines, err)
		}
	}
	for range fields {
		if k, _, err := d.NextField(); err != nil || k == nil {
			t.Fatalf("the plain decoder misses a field of %q: %v", lines, err)
		}
	}
	if got, err := d.Time(lineprotocol.Millisecond, time.Time{}); err != nil || !got.Equal(t0.Add(1234*time.Millisecond)) {
		t.Fatalf("the plain decoder reads time %v, %v in %q", got, err, lines)
	}
	if d.Next() {
		t.Fatalf("the plain decoder finds a second line in %q", lines)
	}
}

// anyValues draws named values, in the order of their names.
func anyValues(t *rapid.T) []vouch.Field {
	var out []vouch.Field
	for i := range rapid.IntRange(0, 4).Draw(t, "values") {
		name := anyKey(t, "name", i)
		name = name[:min(len(name), vouch.MaxValueName)]
		v := anyValue(t)
		if v.Kind() == vouch.ValueString || v.Kind() == vouch.ValueBool {
			v = vouch.Int(-1)
		}
		out = append(out, vouch.Field{Name: name, Value: v})
	}
	return out
}

// Every sample comes back as it was, cut to the units of the format.
func TestSampleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := func(label string, min int64) time.Duration {
			return time.Duration(rapid.Int64Range(min, 1<<40).Draw(t, label)) * time.Microsecond
		}
		s := checkSample()
		if rapid.Bool().Draw(t, "reference") {
			s.Device, s.Check, s.Reference, s.Gateway = "", "", "r"+anyText(t, "name"), rapid.Bool().Draw(t, "gateway")
		} else {
			s.Values = anyValues(t)
		}
		s.Outcome = vouch.Outcome(rapid.IntRange(0, 2).Draw(t, "outcome"))
		if s.Outcome != vouch.Up {
			s.Reason = vouch.Reason("r" + anyText(t, "reason"))
		}
		s.Start = time.UnixMilli(rapid.Int64Range(0, 9_214_646_399_999).Draw(t, "start")).UTC()
		s.Duration, s.Interval, s.Timeout = us("duration", 0), us("interval", 1), us("timeout", 0)
		s.Sent = rapid.IntRange(0, 1000).Draw(t, "sent")
		s.Lost = rapid.IntRange(0, s.Sent).Draw(t, "lost")
		s.RTT = vouch.RTT{Min: us("min", 0), Avg: us("avg", 0), Max: us("max", 0), Jitter: us("jitter", 0)}
		var e evidence.Encoder
		lines, err := e.AppendSample(nil, s, vouch.Availability)
		if err != nil {
			t.Fatal(err)
		}
		for l, err := range evidence.DecodeLines(vouch.Availability, lines) {
			if err != nil {
				t.Fatalf("%q: %v", lines, err)
			}
			if !reflect.DeepEqual(l.Sample, s) {
				t.Fatalf("%q\n reads %+v\n  want %+v", lines, l.Sample, s)
			}
			again, err := e.AppendSample(nil, l.Sample, vouch.Availability)
			if err != nil || !bytes.Equal(again, lines) {
				t.Fatalf("printed again:\n got %s, %v\nwant %s", again, err, lines)
			}
		}
	})
}
