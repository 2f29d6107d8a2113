// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vouch-sla/vouch/contract"
)

// scene is a zone with an instant at which something is odd about it.
type scene struct {
	zone string
	at   time.Time
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// scenes returns changes of clock in both directions, zones without any, zones of odd
// offsets, a skipped midnight, a skipped day and leap days.
func scenes() []scene {
	return []scene{
		{"Europe/Brussels", utc("2026-03-29T01:00:00Z")},
		{"Europe/Brussels", utc("2026-10-25T01:00:00Z")},
		{"America/New_York", utc("2026-03-08T07:00:00Z")},
		{"America/New_York", utc("2026-11-01T06:00:00Z")},
		{"Australia/Lord_Howe", utc("2026-04-04T15:00:00Z")}, // back by half an hour
		{"Australia/Lord_Howe", utc("2026-10-03T15:30:00Z")},
		{"Asia/Kathmandu", utc("2026-06-09T18:15:00Z")}, // +05:45
		{"Asia/Kolkata", utc("2028-02-29T00:00:00Z")},
		{"UTC", utc("2028-02-29T00:00:00Z")},
		{"Asia/Beirut", utc("2026-03-28T22:00:00Z")},  // midnight does not exist
		{"Pacific/Apia", utc("2011-12-30T10:00:00Z")}, // 30 December does not exist
		{"America/Havana", utc("2026-11-01T05:00:00Z")},
		{"Europe/Amsterdam", utc("2026-12-31T23:00:00Z")},
		{"Europe/Brussels", utc("2040-12-31T23:00:00Z")}, // beyond the zone's table, in a leap year
		{"Africa/Casablanca", utc("2026-02-15T02:00:00Z")},
	}
}

// instant draws a second near t, often on a round one so that edges touch.
func instant(rt *rapid.T, loc *time.Location, around time.Time, reach time.Duration) time.Time {
	step := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 15 * time.Minute, time.Hour}).Draw(rt, "step")
	n := int(reach / step)
	return around.Truncate(time.Hour).Add(time.Duration(rapid.IntRange(-n, n).Draw(rt, "offset")) * step).In(loc)
}

func stretch(rt *rapid.T, loc *time.Location, around time.Time, reach time.Duration) (from, to time.Time) {
	a, b := instant(rt, loc, around, reach), instant(rt, loc, around, reach)
	if rapid.Bool().Draw(rt, "short") {
		b = a.Add(time.Duration(rapid.IntRange(0, 900).Draw(rt, "seconds")) * time.Second)
	}
	if b.Before(a) {
		a, b = b, a
	}
	return a, b
}

func drawWindow(rt *rapid.T) rawWindow {
	days := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}), rapid.ID[string]).Draw(rt, "days")
	if rapid.IntRange(0, 2).Draw(rt, "all week") > 0 {
		days = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	}
	a, b := rapid.IntRange(0, 1439).Draw(rt, "from"), rapid.IntRange(0, 1440).Draw(rt, "to")
	if rapid.Bool().Draw(rt, "odd hours") {
		a, b = rapid.IntRange(0, 12).Draw(rt, "from")*15, rapid.SampledFrom([]int{60, 120, 150, 180, 1440}).Draw(rt, "to")
	}
	if b < a {
		a, b = b, a
	}
	clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
	return rawWindow{Days: days, From: clock(a), To: clock(b)}
}

func drawWindows(rt *rapid.T) []rawWindow {
	return rapid.SliceOfN(rapid.Custom(drawWindow), 0, 3).Draw(rt, "windows")
}

func drawHolidays(rt *rapid.T, around time.Time, loc *time.Location) []string {
	return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
		return around.In(loc).AddDate(0, 0, rapid.IntRange(-2, 2).Draw(rt, "day")).Format("2006-01-02")
	}), 0, 1).Draw(rt, "holidays")
}

func drawAgents(rt *rapid.T, s scene, loc *time.Location) []rawAgent {
	custody := map[string]string{"A": "provider", "B": "neutral", "C": "provider", "D": "neutral", "K": "customer"}
	n := 0
	return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) rawAgent {
		n++
		place := rapid.SampledFrom([]string{"A", "B", "C", "D", "K"}).Draw(rt, "location")
		return rawAgent{
			ID: fmt.Sprint("a", n), Location: place, Custody: custody[place],
			Default: rapid.SampledFrom([]string{"up", "up", "down", "unknown"}).Draw(rt, "default"),
			Intervals: rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) rawInterval {
				from, to := stretch(rt, loc, s.at, 8*time.Hour)
				return rawInterval{from, to, rapid.SampledFrom([]string{"up", "degraded", "down", "down", "unknown"}).Draw(rt, "state")}
			}), 0, 6).Draw(rt, "intervals"),
		}
	}), 1, 6).Draw(rt, "agents")
}

func drawNode(rt *rapid.T, names []string, depth int) rawNode {
	kind := rapid.IntRange(0, 2).Draw(rt, "node")
	if depth == 0 || kind == 0 {
		return rawNode{Device: rapid.SampledFrom(names).Draw(rt, "device")}
	}
	var children []rawNode
	for range rapid.IntRange(1, 3).Draw(rt, "children") {
		children = append(children, drawNode(rt, names, depth-1))
	}
	if kind == 1 {
		return rawNode{All: children}
	}
	return rawNode{Any: children}
}

func drawCase(rt *rapid.T) rawCase {
	s := rapid.SampledFrom(scenes()).Draw(rt, "scene")
	loc, err := time.LoadLocation(s.zone)
	if err != nil {
		rt.Fatal(err)
	}
	c := rawCase{Schema: contract.SchemaCase, ID: "random", Timezone: s.zone, Holidays: drawHolidays(rt, s.at, loc)}
	c.Period[0], c.Period[1] = stretch(rt, loc, s.at, 8*time.Hour)
	windows := drawWindows(rt)
	c.ServiceWindow = windows
	if len(windows) == 1 {
		c.ServiceWindow = windows[0]
	}
	q := rapid.IntRange(1, 4).Draw(rt, "q")
	c.Quorum = q
	if rule := rapid.SampledFrom([]string{"", "reachable_from", "unreachable_from", "two_sided"}).Draw(rt, "rule"); rule != "" {
		c.Quorum = rawQuorum{rule, q}
	}
	c.Incident = rawIncident{rapid.IntRange(0, 600).Draw(rt, "confirm"), rapid.IntRange(0, 600).Draw(rt, "clear")}
	if rapid.IntRange(0, 3).Draw(rt, "service") == 0 {
		names := []string{"X", "Y", "Z"}
		c.Devices = map[string][]rawAgent{}
		for _, n := range names {
			c.Devices[n] = drawAgents(rt, s, loc)
		}
		n := drawNode(rt, names, 2)
		c.Service = &n
	} else {
		c.Agents = drawAgents(rt, s, loc)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "maintenance") {
		from, to := stretch(rt, loc, s.at, 8*time.Hour)
		announced := from.Add(time.Duration(rapid.IntRange(-2, 1).Draw(rt, "announced")) * time.Second)
		c.Maintenance = append(c.Maintenance, rawExclusion{fmt.Sprint("M", i), from, to, announced})
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "outside") {
		from, to := stretch(rt, loc, s.at, 8*time.Hour)
		c.Outside = append(c.Outside, rawOutside{fmt.Sprint("X", i), from, to, "cause", to, rapid.Bool().Draw(rt, "accepted")})
	}
	return c
}

// decode passes an example through its file format.
func decode(t rapid.TB, v any) contract.Example {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	examples, list, err := contract.DecodeExamples(bytes.NewReader(b), contract.SchemaCase, time.LoadLocation)
	if err != nil || list || len(examples) != 1 {
		t.Fatalf("DecodeExamples(%s) = %d examples, %v, %v, want one", b, len(examples), list, err)
	}
	return examples[0]
}

// percent is what [contract.Percent] should print, by other means.
func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	n := new(big.Int).Mul(big.NewInt(part), big.NewInt(100_000_000))
	s := fmt.Sprintf("%07d", n.Div(n, big.NewInt(whole)))
	return s[:len(s)-6] + "." + s[len(s)-6:]
}

func TestAgainstNaive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		raw := drawCase(rt)
		a := decode(rt, raw).Case.Account()
		checkAccount(t, a)
		want := naive(raw)
		got := naiveAnswer{agreed: a.Agreed, excluded: a.Excluded, up: a.Up, down: a.Down, unknown: a.Unknown}
		for _, i := range a.Incidents {
			n := naiveIncident{from: int64(i.From), open: i.Open, counted: i.CountedDown}
			if !i.Open {
				n.to = int64(i.To)
			}
			got.incidents = append(got.incidents, n)
		}
		if !slices.Equal(got.incidents, want.incidents) {
			rt.Errorf("incidents = %v, want %v", got.incidents, want.incidents)
		}
		got.incidents, want.incidents = nil, nil
		if fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Errorf("agreed, excluded, up, down, unknown = %v, want %v", got, want)
		}
		e := want.agreed - want.excluded
		for _, p := range []struct {
			name, got, want string
		}{
			{"availability", a.Availability.String(), percent(want.up, want.up+want.down)},
			{"if unknown were down", a.IfUnknownDown.String(), percent(want.up, e)},
			{"if unknown were up", a.IfUnknownUp.String(), percent(want.up+want.unknown, e)},
			{"coverage", a.Coverage.String(), percent(want.up+want.down, e)},
		} {
			if p.got != p.want {
				rt.Errorf("%s = %q, want %q", p.name, p.got, p.want)
			}
		}
	})
}

func TestClockAgainstNaive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom(scenes()).Draw(rt, "scene")
		loc, err := time.LoadLocation(s.zone)
		if err != nil {
			rt.Fatal(err)
		}
		raw := rawClock{Schema: contract.SchemaClock, ID: "random", Timezone: s.zone, ServiceWindow: drawWindows(rt),
			Holidays: drawHolidays(rt, s.at, loc), Target: rapid.IntRange(0, 20000).Draw(rt, "target"),
			Suspensions: []rawSpan{}, Fee: rapid.Int64Range(0, 1e7).Draw(rt, "fee")}
		raw.Started, raw.Stopped = stretch(rt, loc, s.at, 36*time.Hour)
		for range rapid.IntRange(0, 2).Draw(rt, "suspensions") {
			from, to := stretch(rt, loc, s.at, 12*time.Hour)
			raw.Suspensions = append(raw.Suspensions, rawSpan{from, to, "supplier"})
		}
		raw.Credit = rawCredit{rapid.Int64Range(0, 40).Draw(rt, "per day"), rapid.Int64Range(0, 100).Draw(rt, "cap"),
			rapid.SampledFrom([]string{"commenced", "completed", "working", "calendar"}).Draw(rt, "days")}
		horizon := raw.Stopped.Unix()
		want := naiveClock(raw, horizon+1)
		r := decode(rt, raw).Clock.Clock.Run()
		got := naiveClockAnswer{r.Reached, int64(r.Deadline), r.Exceeded, r.Days, r.Cents}
		if !r.Reached || int64(r.Deadline) > horizon {
			got.reached, got.deadline = false, 0 // beyond what the naive one looks at
		}
		if got != want {
			rt.Errorf("Run() = %+v, want %+v", got, want)
		}
	})
}

func TestInvariants(t *testing.T) {
	totals := func(a contract.Account) [6]int64 {
		return [6]int64{a.Agreed, a.Excluded, a.Up, a.Down, a.Unknown, a.OutsideWindow}
	}
	rapid.Check(t, func(rt *rapid.T) {
		raw := drawCase(rt)
		c := *decode(rt, raw).Case
		a := c.Account()

		t0, t1 := c.Period.From, c.Period.To
		first, second := c, c
		first.Period.To = contract.Second(rapid.Int64Range(int64(t0), int64(t1)).Draw(rt, "cut"))
		second.Period.From = first.Period.To
		x, y, sum := totals(first.Account()), totals(second.Account()), totals(a)
		for i := range sum {
			if x[i]+y[i] != sum[i] {
				rt.Errorf("totals of the two halves of a period = %v and %v, want them to make %v", x, y, sum)
				break
			}
		}

		shuffled := shuffle(rt, raw)
		if b := decode(rt, shuffled).Case.Account(); totals(b) != sum || len(b.Incidents) != len(a.Incidents) {
			rt.Errorf("totals of the same in another order = %v, want %v", totals(b), sum)
		}

		worse := raw
		worse.Agents = slices.Clone(raw.Agents)
		if len(worse.Agents) == 0 {
			return
		}
		i := rapid.IntRange(0, len(worse.Agents)-1).Draw(rt, "agent")
		from, to := stretch(rt, time.UTC, raw.Period[0], 8*time.Hour)
		worse.Agents[i].Intervals = append(slices.Clone(worse.Agents[i].Intervals), rawInterval{from, to, "down"})
		b := decode(rt, worse).Case.Account()
		// up/(up+down) compared without dividing
		if b.Up*(a.Up+a.Down) > a.Up*(b.Up+b.Down) || b.Up > a.Up || b.Down < a.Down {
			rt.Errorf("up, down with one more outage = %d, %d, want no better than %d, %d", b.Up, b.Down, a.Up, a.Down)
		}
	})
}

// shuffle returns the same case with its lists in another order.
func shuffle(rt *rapid.T, c rawCase) rawCase {
	c.Agents = permute(rt, c.Agents)
	for i := range c.Agents {
		c.Agents[i].Intervals = permute(rt, c.Agents[i].Intervals)
	}
	c.Maintenance, c.Outside = permute(rt, c.Maintenance), permute(rt, c.Outside)
	if ws, ok := c.ServiceWindow.([]rawWindow); ok {
		c.ServiceWindow = permute(rt, ws)
	}
	return c
}

func permute[T any](rt *rapid.T, list []T) []T {
	if len(list) < 2 {
		return slices.Clone(list)
	}
	return rapid.Permutation(list).Draw(rt, "order")
}
