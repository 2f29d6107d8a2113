// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package sink_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/vouch-sla/vouch/collector/sink"
)

func TestSigned(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"m v=5 1\n", "m v=5 1\n"},
		{"m v=5u 1\n", "m v=5i 1\n"},
		{"m v=5u", "m v=5i"},
		{"m v=5u\n", "m v=5i\n"},
		{"m v=5u,w=6i,x=7u 1\nm v=8u 2\n", "m v=5i,w=6i,x=7i 1\nm v=8i 2\n"},
		{"m v=9223372036854775807u 1\n", "m v=9223372036854775807i 1\n"},
		{"m v=9223372036854775808u 1\n", "m v=-9223372036854775808i 1\n"},
		{"m v=18446744073709551615u 1\n", "m v=-1i 1\n"},
		{"m v=18446744073709551616u 1\n", "m v=18446744073709551616u 1\n"}, // no uint64: not ours to mend
		{"m,a=5u v=5u 1\n", "m,a=5u v=5i 1\n"},
		{`m,a=x\ y=1u v=5u 1`, `m,a=x\ y=1u v=5i 1`},
		{`m,a=\,b\=1u,c=d v\ =5u 1`, `m,a=\,b\=1u,c=d v\ =5i 1`},
		{`m,a=x\\ y=1u v=5u 1`, `m,a=x\\ y=1u v=5i 1`},
		{`m v="5u",w=5u 1`, `m v="5u",w=5i 1`},
		{`m v=" w=5u,x=5u ",w=5u 1`, `m v=" w=5u,x=5u ",w=5i 1`},
		{`m v="a\" w=5u",w=5u 1`, `m v="a\" w=5u",w=5i 1`},
		{`m v="a\\",w=5u 1`, `m v="a\\",w=5i 1`},
		{"m v=\"a\nm v=5u 1\",w=5u 1", "m v=\"a\nm v=5u 1\",w=5i 1"},
		{`m "v"=5u 1`, `m "v"=5i 1`},
		{"# m v=5u 1\nm v=5u 1\n", "# m v=5u 1\nm v=5i 1\n"},
		{"  m  v=5u  1\r\n\n m v=6u\r\n", "  m  v=5i  1\r\n\n m v=6i\r\n"},
		{"u u u\n=u\nm v=u,w=-5u 1\n", "u u u\n=u\nm v=u,w=-5u 1\n"},
		{"m v=5u x=5u\n", "m v=5i x=5u\n"},
	}
	for _, tt := range tests {
		if got := string(sink.Signed([]byte(tt.in))); got != tt.want {
			t.Errorf("Signed(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// BenchmarkSigned translates telemetry as the agents send it.
func BenchmarkSigned(b *testing.B) {
	line := []byte("interface,agent=ams-1,customer=acme,device=router-1,ifname=eth0,location=ams in_octets=18446744073709551615u,out_octets=123456789u,oper=1i,speed=1000u 1793000000000\n")
	lines := bytes.Repeat(line, 1000)
	b.SetBytes(int64(len(lines)))
	for b.Loop() {
		sink.Signed(lines)
	}
}

// FuzzSigned holds the translation against the decoder of the line-protocol
// package: what it accepts means the same before and after, except that unsigned
// integers are signed ones of the same bits.
func FuzzSigned(f *testing.F) {
	for _, s := range []string{"m v=5u 1\n", `m,a=\ b,c=d v="\"5u",w=18446744073709551615u 1` + "\nn x=1u\n",
		"# c\n\r\n m  v=5u  1\r\n", `m\,x,a=b\\ c v\==t,w=0u 5`, "m v=\"\n\",w=00u", "m v=1u\rn v=1u"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before, ok := decode(in, true)
		out := sink.Signed(bytes.Clone(in))
		if !ok {
			return // no line protocol: only a panic would be wrong
		}
		after, ok := decode(out, false)
		if !ok || before != after {
			t.Errorf("Signed(%q) = %q, which reads\n%s\nwant\n%s", in, out, after, before)
		}
	})
}

// decode prints what lines mean; signed makes unsigned integers signed ones.
func decode(lines []byte, signed bool) (string, bool) {
	var out bytes.Buffer
	d := lineprotocol.NewDecoderWithBytes(lines)
	for d.Next() {
		m, err := d.Measurement()
		if err != nil {
			return "", false
		}
		fmt.Fprintf(&out, "%q", m)
		for {
			k, v, err := d.NextTag()
			if err != nil {
				return "", false
			}
			if k == nil {
				break
			}
			fmt.Fprintf(&out, " %q=%q", k, v)
		}
		for {
			k, v, err := d.NextField()
			if err != nil {
				return "", false
			}
			if k == nil {
				break
			}
			if signed && v.Kind() == lineprotocol.Uint {
				v = lineprotocol.IntValue(int64(v.UintV()))
			}
			fmt.Fprintf(&out, " %q=%v %q", k, v.Kind(), v.String())
		}
		ts, err := d.TimeBytes()
		if err != nil {
			return "", false
		}
		fmt.Fprintf(&out, " %s\n", ts)
	}
	return out.String(), true
}
