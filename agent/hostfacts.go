// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"

	"github.com/vouch-sla/vouch"
)

// hostFacts returns what the agent says of its own host: uptime in seconds, load
// averages, memory and the file system of dir in bytes. A fact that the system does
// not give is absent. Nothing in it names a person, a process or a file.
func hostFacts(ctx context.Context, dir string) []vouch.Point {
	p := vouch.Point{Measurement: "host"}
	add := func(name string, v vouch.Value) { p.Fields = append(p.Fields, vouch.Field{Name: name, Value: v}) }
	if up, err := host.UptimeWithContext(ctx); err == nil {
		add("uptime_s", vouch.Uint(up))
	}
	if l, err := load.AvgWithContext(ctx); err == nil {
		add("load1", vouch.Float(l.Load1))
		add("load5", vouch.Float(l.Load5))
		add("load15", vouch.Float(l.Load15))
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		add("memory_total_bytes", vouch.Uint(m.Total))
		add("memory_available_bytes", vouch.Uint(m.Available))
	}
	if d, err := disk.UsageWithContext(ctx, dir); err == nil {
		add("disk_total_bytes", vouch.Uint(d.Total))
		add("disk_free_bytes", vouch.Uint(d.Free))
	}
	if len(p.Fields) == 0 {
		return nil
	}
	return []vouch.Point{p}
}

// ownFacts returns what the agent says of itself: whether it keeps up, and how its clock is.
func (s *session) ownFacts() vouch.Point {
	p := vouch.Point{Measurement: "agent"}
	add := func(name string, v vouch.Value) { p.Fields = append(p.Fields, vouch.Field{Name: name, Value: v}) }
	open, limit := descriptors()
	stalled, longest := s.stalls.worst()
	steps, _, _ := s.eras.lastStep()
	add("open_files", vouch.Uint(open))
	add("open_files_limit", vouch.Uint(limit))
	add("overload", vouch.Uint(s.counts.overload.Load()))
	add("late_max_us", vouch.Int(s.counts.lateMax.Load()/1000))
	add("stalls", vouch.Uint(stalled))
	add("stall_max_us", vouch.Int(longest.Microseconds()))
	add("clock_steps", vouch.Uint(steps))
	add("boot", vouch.Text(s.opts.boot))
	add("started_ms", vouch.Int(s.started.UnixMilli()))
	add("last_stop", vouch.Text(string(s.opts.lastStop)))
	if !s.lastSeen.IsZero() {
		add("last_seen_ms", vouch.Int(s.lastSeen.UnixMilli()))
	}
	return p
}
