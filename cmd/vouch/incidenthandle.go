// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/cmd/exit"
	"github.com/vouch-sla/vouch/collector/admin"
	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// saying is what the flags of a command say with an event.
type saying struct {
	customer, at, check, visit, priority, to string
	evidence                                 []string
	act                                      incident.Act
}

// flags adds the flags that a command has, by their names.
func (s *saying) flags(c *cobra.Command, names ...string) {
	f := c.Flags()
	for _, name := range names {
		switch name {
		case "role":
			f.StringVar(&s.act.Role, name, "", "role of the person, as reception or it manager; never a name")
		case "channel":
			f.StringVar(&s.act.Channel, name, "", "how: telephone, mail, portal or what the contract calls it")
		case "contact":
			f.BoolVar(&s.act.Contact, name, false, "it was a contact person of the contract")
		case "impact":
			f.StringVar(&s.act.Impact, name, "", "impact, in the contract's words (with --urgency)")
		case "urgency":
			f.StringVar(&s.act.Urgency, name, "", "urgency, in the contract's words (with --impact)")
		case "priority":
			f.StringVar(&s.priority, name, "", "P1, P2, P3 or P4, instead of impact and urgency")
		case "cause":
			f.StringVar(&s.act.Cause, name, "", "cause: of a suspension one that the contract lists, of a closing what it was")
		case "reference":
			f.StringVar(&s.act.Ref, name, "", "reference of who must act, such as the supplier's ticket")
		case "check":
			f.StringVar(&s.check, name, "", "when it is looked at again, as +4h")
		case "on":
			f.StringVar(&s.visit, name, "", "when somebody will be on site")
		case "to":
			f.StringVar(&s.to, name, "", "to whom the cause is attributed: "+strings.Join(parties(), ", "))
		case "evidence":
			f.StringArrayVar(&s.evidence, name, nil, "what shows it: NAME=FILE or a text; may be given several times")
		case "reason":
			f.StringVar(&s.act.Reason, name, "", "in words the customer may read")
		}
	}
	f.StringVar(&s.customer, "customer", "", "customer, where two have an incident of this ID")
	f.StringVar(&s.at, "at", "", "when it happened, if not now")
}

func parties() []string {
	var out []string
	for _, p := range incident.Parties() {
		out = append(out, string(p))
	}
	return out
}

// read turns the flags into an act.
func (s *saying) read(now time.Time) (at time.Time, a incident.Act, err error) {
	a = s.act
	for _, f := range []struct {
		name, text string
		into       *time.Time
	}{{"at", s.at, &at}, {"check", s.check, &a.Check}, {"on", s.visit, &a.Visit}} {
		if f.text == "" {
			continue
		}
		if *f.into, err = parseInstant(f.name, f.text, now); err != nil {
			return at, a, err
		}
	}
	if a.Priority, err = contract.ParsePriority(s.priority); err != nil {
		return at, a, exit.Misused("--priority: %v", err)
	}
	a.To = incident.Party(s.to)
	for _, p := range s.evidence {
		e, err := evidenceOf(p)
		if err != nil {
			return at, a, err
		}
		a.Evidence = append(a.Evidence, e)
	}
	return at, a, nil
}

// incidentOf splits CUSTOMER/ID.
func incidentOf(customer, s string) (vouch.CustomerID, incident.ID, error) {
	owner, id, err := ownerOf(customer, s)
	return vouch.CustomerID(owner), incident.ID(id), err
}

func newIncidentOpenCmd(client func() *admin.Client) *cobra.Command {
	var s saying
	var site, device string
	c := &cobra.Command{
		Use:   "open (--device CUSTOMER/ID | --customer ID --site ID) --channel CHANNEL --role ROLE --reason TEXT",
		Short: "Enter a report, by telephone or otherwise; the reaction clock starts with it",
		Long: "open enters what somebody reported. Where an incident of the device is open already, the report is entered\n" +
			"there. People are named by their role: a record keeps no names.",
		Example: "  vouch incident open --device acme/rt1 --channel telephone --role reception --contact \\\n    --impact \"all staff\" --urgency blocking --reason \"nobody can call out\"",
		Args:    noArgs,
	}
	asJSON := jsonFlag(c)
	s.flags(c, "role", "channel", "contact", "impact", "urgency", "priority", "reason")
	c.Flags().StringVar(&device, "device", "", "device that it is about, as CUSTOMER/ID")
	c.Flags().StringVar(&site, "site", "", "site whose devices are all concerned (with --customer)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		owner, id, err := ownerOf(s.customer, device)
		if err != nil {
			return err
		}
		at, act, err := s.read(time.Now())
		if err != nil {
			return err
		}
		var out admin.IncidentDetail
		in := admin.NewIncident{Customer: vouch.CustomerID(owner), Site: vouch.SiteID(site), Device: vouch.DeviceID(id), At: at, Act: act}
		if err := client().Post(c.Context(), admin.PathIncidents, in, &out); err != nil {
			return err
		}
		return printIncident(c, *asJSON, out)
	}
	for _, name := range []string{"channel", "role", "reason"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

// newIncidentStepCmds returns the commands that say one thing of an incident each.
func newIncidentStepCmds(client func() *admin.Client) []*cobra.Command {
	var out []*cobra.Command
	for _, x := range []struct {
		verb, short string
		kind        incident.EventKind
		flags       []string
		need        []string
	}{
		{"pickup", "Say that you work on it; no clock stops", incident.PickedUp, []string{"reason"}, nil},
		{"told", "Say that the customer was told that it was received: the reaction clock stops", incident.Told, []string{"channel", "role", "reason"}, []string{"channel"}},
		{"confirm", "Say that a report by telephone was confirmed in writing", incident.InWriting, []string{"reason"}, nil},
		{"priority", "Change the priority, with the reason", incident.Rated, []string{"impact", "urgency", "priority", "reason"}, []string{"reason"}},
		{"suspend", "Suspend the clocks for a cause that the contract lists", incident.Suspended, []string{"cause", "reference", "check", "reason"}, []string{"cause", "reference", "check"}},
		{"resume", "Say that the cause of a suspension, or without --cause of all, has gone", incident.Resumed, []string{"cause", "reason"}, nil},
		{"visit", "Say that a visit on site was agreed with the customer", incident.Visit, []string{"on", "reason"}, []string{"on"}},
		{"workaround", "Say that the service works again and its cause is still there", incident.WorkAround, []string{"reason"}, []string{"reason"}},
		{"resolve", "Say that the service works again or, after a work-around, that the cause is gone", "", []string{"reason"}, nil},
		{"reopen", "Say that it does not work after all", incident.ReopenedBy, []string{"reason"}, []string{"reason"}},
		{"close", "Close it with its cause, to whom that is attributed, and what shows it", incident.Settled, []string{"cause", "to", "evidence", "reason"}, []string{"cause", "to"}},
		{"note", "Add a note", incident.Noted, []string{"reason"}, []string{"reason"}},
	} {
		var s saying
		c := &cobra.Command{Use: x.verb + " CUSTOMER/ID", Short: x.short, Args: oneArg}
		asJSON := jsonFlag(c)
		s.flags(c, x.flags...)
		c.RunE = func(c *cobra.Command, args []string) error {
			cu, id, err := incidentOf(s.customer, args[0])
			if err != nil {
				return err
			}
			at, act, err := s.read(time.Now())
			if err != nil {
				return err
			}
			kind := x.kind
			if kind == "" {
				if kind, err = resolving(c, client(), cu, id); err != nil {
					return err
				}
			}
			var out admin.IncidentDetail
			if err := client().Post(c.Context(), admin.PathIncident, admin.NewAct{Customer: cu, ID: id, Kind: kind, At: at, Act: act}, &out); err != nil {
				return err
			}
			return printIncident(c, *asJSON, out)
		}
		for _, name := range x.need {
			_ = c.MarkFlagRequired(name)
		}
		out = append(out, c)
	}
	return out
}

// resolving tells whether what is left of an incident is the repair after a work-around.
func resolving(c *cobra.Command, client *admin.Client, cu vouch.CustomerID, id incident.ID) (incident.EventKind, error) {
	d, err := getIncident(c, client, cu, id)
	if err != nil {
		return "", err
	}
	kind := incident.Restored
	for _, e := range d.Events {
		switch e.Kind {
		case incident.WorkAround:
			kind = incident.Repaired
		case incident.ReopenedBy, incident.Relapsed, incident.Reopened:
			kind = incident.Restored
		}
	}
	return kind, nil
}
