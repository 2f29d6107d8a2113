// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/admin"
)

// SiteOf returns the site of a device, empty where there is no such device.
func SiteOf(id vouch.DeviceID) vouch.SiteID {
	for _, d := range devices() {
		if d.ID == id {
			return d.Site
		}
	}
	return ""
}

// DeviceIDs lists the devices.
func DeviceIDs() []vouch.DeviceID {
	var out []vouch.DeviceID
	for _, d := range devices() {
		out = append(out, d.ID)
	}
	return out
}

func (s Step) Downs() bool  { return s.down() }
func (s Step) Breaks() bool { return s.breaks() }

// Judge weighs a comparison.
func Judge(p Pace, c Comparison, began time.Time, deeds []Deed, strain []string) Outcome {
	return judge(p, c, began, deeds, strain)
}

// WriteConfig writes the files of a run into dir, with these public keys.
func WriteConfig(dir string, p Pace, icmp bool, now time.Time, keys map[vouch.AgentID]string) error {
	s := setting{Pace: p, Block: 9, Page: defaultPage, ICMP: icmp, Now: now, Keys: keys, Pin: "sha256:" + strings.Repeat("5a", 32)}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := s.collectorFiles(dir); err != nil {
		return err
	}
	return s.agentFiles(dir)
}

// AgentIDs lists the agents.
func AgentIDs() []vouch.AgentID {
	var out []vouch.AgentID
	for _, p := range places() {
		out = append(out, p.Agent)
	}
	return out
}

// Frame is what the live table shows.
func Frame(p Pace, now, began time.Time, deeds []Deed, live *admin.Live) frame {
	return frame{now: now, phase: "the script runs", page: "http://127.0.0.1:7480/", pace: p, steps: Plan(p), began: began, deeds: deeds, live: live}
}

// Render lays a frame out.
func Render(f frame, width, height int, color bool) []string { return render(f, width, height, color) }

// Table is the live table on a terminal.
type Table struct{ t *table }

func NewTable(w io.Writer, s *Screen) Table { return Table{newTable(w, s)} }
func (t Table) Show(f frame)                { t.t.show(f) }
func (t Table) Note(s string)               { t.t.note(s) }
func (t Table) Close()                      { t.t.close() }

// Observer tells what changes from one live view to the next.
type Observer struct{ o *observer }

func NewObserver() Observer { return Observer{newObserver()} }
func (o Observer) Look(live admin.Live, tell bool) []string {
	var out []string
	for _, e := range o.o.look(live, tell) {
		out = append(out, string(e.kind)+": "+e.text)
	}
	return out
}

// Folder is the directory of a run.
type Folder struct{ f *folder }

func OpenFolder(name string) (Folder, error) {
	f, err := openFolder(name)
	return Folder{f}, err
}
func (f Folder) Path() string             { return f.f.path }
func (f Folder) DataDir() (string, error) { return f.f.dataDir() }
func (f Folder) Close() error             { return f.f.close() }

// ReadLoad reads what an agent says of its own pace, and returns the signs in it.
func ReadLoad(metrics string, interval time.Duration) []string {
	l := load{Place: "ams-a"}
	l.read(strings.NewReader(metrics))
	return l.signs(interval)
}

// Crew is the processes of a run.
type Crew struct{ c *crew }

func NewCrew(exe, dir string, stop time.Duration) Crew {
	c := newCrew(exe, dir, dir)
	c.stop = stop
	return Crew{c}
}
func (c Crew) Launch(name string, args ...string) (pid int, err error) {
	m, err := c.c.launch(name, args...)
	if err != nil {
		return 0, err
	}
	return m.cmd.Process.Pid, nil
}
func (c Crew) Fate() error    { return (<-c.c.died).fate() }
func (c Crew) Dismiss() error { return c.c.dismiss() }
