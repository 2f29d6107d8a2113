// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/collector/web"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/statement"
)

// altered changes the device before it is returned.
type altered struct {
	*reader
	change func(*web.Device)
}

func (a altered) Device(ctx context.Context, v web.Viewer, c vouch.CustomerID, d vouch.DeviceID, from, to time.Time) (web.Device, error) {
	out, err := a.reader.Device(ctx, v, c, d, from, to)
	a.change(&out)
	return out, err
}

func handlerOf(t testing.TB, change func(*web.Device)) http.Handler {
	w := newWorld(t)
	return web.Handler(altered{&reader{w: w, fleet: w.fleet()}, change}, options(w))
}

// hostile writes a text wherever a device, an incident or a statement has one.
type hostile struct {
	*reader
	text string
}

func (h hostile) Device(ctx context.Context, v web.Viewer, c vouch.CustomerID, d vouch.DeviceID, from, to time.Time) (web.Device, error) {
	out, err := h.reader.Device(ctx, v, c, d, from, to)
	out.CustomerName, out.SiteName, out.ID, out.Class = h.text, h.text, vouch.DeviceID(h.text), vouch.Class(h.text)
	out.Facts = web.Facts{Model: h.text, Serial: h.text, Firmware: h.text, Checks: []string{h.text}, Services: []string{h.text}, Addresses: []web.Address{{Addr: h.text}}}
	out.Verdict.Reason, out.Verdict.Rule = h.text, h.text
	out.Values = web.List[web.Value]{{Measurement: h.text, Name: h.text, Tags: web.List[web.Tag]{{Key: h.text, Value: h.text}}, Unit: h.text, Value: web.Plain(vouch.Text(h.text)), Words: h.text, Judged: web.Judged(h.text), NoRate: h.text}}
	out.Facts.Restarts = web.List[web.Restart]{{What: web.Restarted(h.text), Clock: vouch.Clock(h.text)}}
	for i := range out.Interfaces {
		out.Interfaces[i].NoRate, out.Interfaces[i].Index, out.Interfaces[i].Judged = h.text, h.text, web.Judged(h.text)
		out.Interfaces[i].Name, out.Interfaces[i].Alias, out.Interfaces[i].State = h.text, h.text, h.text
	}
	for i := range out.Traps {
		out.Traps[i].Name, out.Traps[i].OID, out.Traps[i].Agent = h.text, h.text, vouch.AgentID(h.text)
	}
	for i := range out.Lanes {
		out.Lanes[i].Location = vouch.LocationID(h.text)
		out.Lanes[i].Segments[0].Reason = h.text
	}
	for i := range out.Rounds {
		out.Rounds[i].Location, out.Rounds[i].Check = vouch.LocationID(h.text), vouch.CheckName(h.text)
	}
	out.Contract.Name, out.Contract.ServiceHours, out.Contract.Thresholds = h.text, h.text, []string{h.text}
	return out, err
}

func (h hostile) Incident(ctx context.Context, v web.Viewer, c vouch.CustomerID, id string) (web.IncidentDetail, error) {
	out, err := h.reader.Incident(ctx, v, c, id)
	out.CustomerName, out.Opened, out.Priority, out.Incident.ID = h.text, h.text, h.text, h.text
	out.Incident.Devices[0].ID, out.Incident.Devices[0].SiteName = vouch.DeviceID(h.text), h.text
	for i := range out.Events {
		out.Events[i].Text, out.Events[i].Author, out.Events[i].Kind = h.text, h.text, h.text
	}
	out.Deliveries[0].Target, out.Deliveries[0].Detail = h.text, h.text
	return out, err
}

func (h hostile) Statement(ctx context.Context, v web.Viewer, c vouch.CustomerID, p web.Period) (statement.Statement, error) {
	out, err := h.reader.Statement(ctx, v, c, p)
	out.CustomerName, out.Provider, out.Contract, out.Number = h.text, h.text, vouch.ContractID(h.text), h.text
	out.Checkpoint = &statement.Checkpoint{Origin: h.text, Root: h.text}
	out.Versions[0].Voters[0].Location = vouch.LocationID(h.text)
	out.Services[0].Name, out.Devices[0].Name = h.text, h.text
	out.Services[0].Outages[0].Incident, out.Services[2].Unknowns[0].Reason = h.text, vouch.Reason(h.text)
	out.Exclusions[0].Reason, out.Exclusions[1].Kind, out.Incidents[0].ID = h.text, contract.ExclusionKind(h.text), h.text
	return out, err
}
