// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/vouch-sla/vouch/collector/incident"
	"github.com/vouch-sla/vouch/contract"
)

// maxNamed is how many devices a text names before it counts the rest.
const maxNamed = 20

// words makes texts for people, in one language and zone.
type words struct {
	dutch bool
	zone  *time.Location
}

func wordsOf(c Channel) words {
	w := words{c.Dutch, c.Zone}
	if w.zone == nil {
		w.zone = time.UTC
	}
	return w
}

func (w words) say(english, dutch string) string {
	if w.dutch {
		return dutch
	}
	return english
}

// subject is the same for every message of one incident: mail programs that thread by
// subject keep it together, and what happened stands first in the text.
func (w words) subject(e Event) string {
	if e.Transition == Test {
		return w.say("vouch: test message, nothing is wrong", "vouch: testbericht, er is niets aan de hand")
	}
	if e.unit != "" {
		return fmt.Sprintf(w.say("another unit than recorded: %s at %s (%s)", "ander apparaat dan vastgelegd: %s op %s (%s)"), e.Devices[0], e.Site, e.Customer)
	}
	return fmt.Sprintf(w.say("%s: outage at %s (%s)", "%s: storing op %s (%s)"), e.Incident, e.Site, e.Customer)
}

// headline says in one sentence what happened.
func (w words) headline(e Event) string {
	switch {
	case e.unit != "" && e.Transition == Closed:
		return w.say("The unit on record answers again.", "Het vastgelegde apparaat antwoordt weer.")
	case e.unit != "":
		return w.say("Another unit answers than the one on record.", "Er antwoordt een ander apparaat dan is vastgelegd.")
	}
	switch e.Transition {
	case Test:
		return w.say("This is a test of the channel. No device is down because of it, and nobody need do anything.",
			"Dit is een test van het kanaal. Er is geen storing, en niemand hoeft iets te doen.")
	case Opened:
		if e.Event == incident.Reopened {
			return w.say("The incident is open again: late measurements show that the outage goes on.", "De storing is weer open: latere metingen laten zien dat zij voortduurt.")
		}
		return w.say("Devices do not answer.", "Apparatuur antwoordt niet.")
	case Closed:
		return w.say("The devices answer again. The incident is closed.", "De apparatuur antwoordt weer. De storing is voorbij.")
	case Withdrawn:
		return w.say("Late measurements show that this was no outage. The incident is withdrawn.", "Latere metingen laten zien dat dit geen storing was. De melding is ingetrokken.")
	}
	switch e.Event {
	case incident.Grew:
		return w.say("Another device does not answer.", "Nog een apparaat antwoordt niet.")
	case incident.Recovered:
		return w.say("A device answers again; the incident goes on.", "Een apparaat antwoordt weer; de storing duurt voort.")
	case incident.Confirmed:
		return w.say("Sealed measurements bear the outage out.", "Verzegelde metingen bevestigen de storing.")
	case incident.Moved:
		return w.say("Late measurements moved begin or end of the outage.", "Latere metingen verschuiven begin of einde van de storing.")
	case incident.Warned:
		return w.say("80 % of a clock is used: the deadline is near.", "80 % van een termijn is verstreken: het einde ervan is nabij.")
	case incident.OverranOnce:
		return w.say("A deadline passed.", "Een termijn is verstreken.")
	case incident.OverranMore:
		return w.say("Another deadline passed.", "Nog een termijn is verstreken.")
	}
	return w.say("The incident changed: ", "De storing is gewijzigd: ") + string(e.Event) + "."
}

// fact is one line of a message.
type fact struct{ Name, Value string }

// facts lists what a reader needs to act, each where it is known.
func (w words) facts(e Event) []fact {
	if e.Transition == Test {
		return []fact{{w.say("Sent", "Verzonden"), w.time(e.At)}, {w.say("Message", "Bericht"), e.ID}}
	}
	if e.unit != "" {
		return []fact{{w.say("Customer", "Klant"), string(e.Customer)}, {w.say("Site", "Locatie"), string(e.Site)}, {w.say("Device", "Apparaat"), string(e.Devices[0])},
			{w.say("On record", "Vastgelegd"), e.unit}, {w.say("Measured", "Gemeten"), w.time(e.At)}, {w.say("Page", "Pagina"), e.URL}}
	}
	var names []string
	for n, d := range e.Devices {
		if n == maxNamed {
			names = append(names, fmt.Sprintf(w.say("and %d more", "en nog %d"), len(e.Devices)-n))
			break
		}
		names = append(names, string(d))
	}
	seen := make([]string, 0, len(e.Witnesses))
	for _, l := range e.Witnesses {
		seen = append(seen, string(l))
	}
	out := []fact{
		{w.say("Incident", "Storing"), string(e.Incident)},
		{w.say("Customer", "Klant"), string(e.Customer)},
		{w.say("Site", "Locatie"), string(e.Site)},
		{w.say("Devices", "Apparatuur"), strings.Join(names, ", ")},
		{w.say("Down since", "Gestoord sinds"), w.time(e.From)},
	}
	if !e.To.IsZero() {
		out = append(out, fact{w.say("Up again", "Hersteld"), w.time(e.To)},
			fact{w.say("Counts under the contract", "Telt volgens het contract"), (time.Duration(e.CountedS) * time.Second).String()})
	}
	out = append(out, fact{w.say("Found by", "Gezien door"), strings.Join(seen, ", ")})
	if e.RestsOnOneWitness {
		out = append(out, fact{w.say("Mind", "Let op"), w.say("it rests on one witness", "dit berust op één meetpunt")})
	}
	if e.FoundLate {
		out = append(out, fact{w.say("Mind", "Let op"), w.say("it was over when its measurements came", "de storing was al voorbij toen de metingen binnenkwamen")})
	}
	if e.Priority != contract.NoPriority {
		out = append(out, fact{w.say("Priority", "Prioriteit"), e.Priority.String()})
	}
	if e.Act != nil && !e.Act.Due.IsZero() {
		out = append(out, fact{w.say("Deadline", "Uiterlijk"), w.time(e.Act.Due) + " (" + w.clock(e.Act.Clock) + ")"})
	}
	out = append(out, fact{w.say("Happened", "Gebeurd"), w.time(e.At)})
	if e.URL != "" {
		out = append(out, fact{w.say("Page", "Pagina"), e.URL})
	}
	return out
}

func (w words) clock(k contract.ClockKind) string {
	switch {
	case !w.dutch:
		return string(k)
	case k == contract.ClockReaction:
		return "reactie"
	case k == contract.ClockResolution:
		return "oplossing"
	case k == contract.ClockRepair:
		return "herstel"
	}
	return string(k)
}

func (w words) time(t time.Time) string { return t.In(w.zone).Format("2006-01-02 15:04:05 MST") }

// text is the message as plain text.
func (w words) text(e Event) string {
	var b strings.Builder
	b.WriteString(w.headline(e) + "\n\n")
	for _, f := range w.facts(e) {
		if f.Value != "" {
			fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
		}
	}
	return b.String()
}

// ticketKey names the incident, or the device of a message about a unit, at a receiver, in at most n characters.
func ticketKey(e Event, n int) string {
	if e.Transition == Test {
		return "vouch-test"
	}
	key := "vouch/" + string(e.Customer) + "/" + string(e.Incident)
	if e.unit != "" {
		key = "vouch/" + string(e.Customer) + "/unit/" + string(e.Devices[0])
	}
	if len(key) <= n {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "vouch/" + hex.EncodeToString(sum[:])[:32]
}

// truncate cuts a text to n bytes, at a whole character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
