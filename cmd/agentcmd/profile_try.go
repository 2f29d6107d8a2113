// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes/snmp"
)

func newProfileTestCmd() *cobra.Command {
	var folders []string
	c := &cobra.Command{
		Use:   "test [NAME|FILE.yaml...] --recordings DIR",
		Short: "Measure recordings by profiles and compare with what the profiles say of them",
		Long: "test plays each recording (.snmprec) that a profile names under tests: on loopback, recognises and measures it, and compares.\n" +
			"Exit code 0: all as expected, 1: something else was found, 2: a recording is not there, or misused.",
		RunE: func(c *cobra.Command, args []string) error {
			if len(folders) == 0 {
				return exit.Misused("say where the recordings are: --recordings DIR")
			}
			var profiles []configs.Profile
			for _, name := range args {
				p, err := findProfile(name)
				if err != nil {
					return err
				}
				profiles = append(profiles, p)
			}
			if len(args) == 0 {
				profiles = configs.Profiles()
			}
			p := snmp.New()
			defer p.Close()
			code := 0
			for _, profile := range profiles {
				for _, test := range profile.Tests {
					wrong, err := testProfile(c.Context(), p, profile, test, folders)
					switch {
					case err != nil:
						fmt.Fprintf(c.OutOrStdout(), "?    %s: %v\n", profile.Name, err)
						code = 2
					case len(wrong) > 0:
						fmt.Fprintf(c.OutOrStdout(), "FAIL %s: %s\n", profile.Name, test.Recording)
						for _, line := range wrong {
							fmt.Fprintf(c.OutOrStdout(), "     %s\n", printable(line))
						}
						code = max(code, 1)
					default:
						fmt.Fprintf(c.OutOrStdout(), "ok   %s: %s, %d as expected\n", profile.Name, test.Recording, len(test.Expect))
					}
				}
				if len(profile.Tests) == 0 && len(args) > 0 {
					fmt.Fprintf(c.OutOrStdout(), "-    %s: has no tests\n", profile.Name)
				}
			}
			if code != 0 {
				return exit.Error{Code: code}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&folders, "recordings", nil, "`DIR` with recordings; may be given several times")
	return c
}

// testProfile measures one recording and returns what is not as the test says. A
// profile with a rule must also be what the recording is recognised by, among those of
// the product.
func testProfile(ctx context.Context, p *snmp.Prober, profile configs.Profile, test configs.ProfileTest, folders []string) (wrong []string, err error) {
	body, err := readRecording(folders, test.Recording)
	if err != nil {
		return nil, err
	}
	choose := choice{fixed: &profile.Profile}
	if len(profile.Match) > 0 {
		choose = choice{among: []vouch.Profile{profile.Profile}}
		for _, other := range configs.Profiles() {
			if other.Name != profile.Name {
				choose.among = append(choose.among, other.Profile)
			}
		}
	}
	r, err := askRecording(ctx, p, choose, body)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %v", test.Recording, err)
	}
	if r.Outcome != vouch.Up {
		return []string{"it does not answer: " + string(r.Reason) + " " + r.Detail}, nil
	}
	if r.Device.Profile != profile.Name {
		wrong = append(wrong, "recognised as "+r.Device.Profile)
	}
	for _, e := range test.Expect {
		if got, ok := r.look(e.Name); !ok || !same(got, e.Value) {
			wrong = append(wrong, fmt.Sprintf("%s is %s, expected %s", e.Name, got, e.Value))
		}
	}
	return wrong, nil
}

func readRecording(folders []string, name string) ([]byte, error) {
	for _, folder := range folders {
		body, err := os.ReadFile(filepath.Join(folder, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return body, err
		}
	}
	return nil, fmt.Errorf("recording %s is in none of %s", name, strings.Join(folders, ", "))
}

// same compares two values as numbers where both are, else as texts.
func same(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return a == b || errX == nil && errY == nil && x == y && len(a) < 16 && len(b) < 16
}

// look returns what a line of a test asks for, as text.
func (r snmpReport) look(name string) (string, bool) {
	if table, ok := strings.CutPrefix(name, "rows "); ok {
		return strconv.Itoa(r.rows(table)), true
	}
	if metric, ok := strings.CutPrefix(name, "absent "); ok {
		return strconv.FormatBool(len(r.metrics(metric)) == 0), true
	}
	if fact, ok := strings.CutPrefix(name, "device."); ok {
		d := r.Device
		text, known := map[string]string{
			"name": d.Name, "description": d.Description, "object_id": d.ObjectID, "class": string(d.Class), "kind": d.Kind,
			"vendor": d.Vendor, "model": d.Model, "version": d.Version, "serial": d.Serial, "profile": d.Profile,
		}[fact]
		return text, known
	}
	found := r.metrics(name)
	switch len(found) {
	case 0:
		return "absent", false
	case 1:
		return fmt.Sprint(found[0].Value), true
	}
	return fmt.Sprintf("not clear: %d rows have it", len(found)), false
}

// metrics returns the values of a metric, given as name or name{tag="value",...}.
func (r snmpReport) metrics(name string) []metricReport {
	name, braced, _ := strings.Cut(name, "{")
	var want [][2]string
	for braced = strings.TrimSuffix(braced, "}"); braced != ""; {
		key, rest, _ := strings.Cut(braced, "=")
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil
		}
		want = append(want, [2]string{strings.TrimSpace(key), value})
		braced = strings.TrimPrefix(rest[len(quoted):], ",")
	}
	var out []metricReport
	for _, m := range r.Metrics {
		ok := m.Name == name
		for _, w := range want {
			ok = ok && m.Tags[w[0]] == w[1]
		}
		if ok {
			out = append(out, m)
		}
	}
	return out
}

// rows counts the rows of a table.
func (r snmpReport) rows(table string) int {
	seen := map[string]bool{}
	for _, m := range r.Metrics {
		if m.measurement == table {
			seen[fmt.Sprint(m.Tags)] = true
		}
	}
	return len(seen)
}
