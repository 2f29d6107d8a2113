// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package statement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
)

// Language is a language that customers read statements in.
type Language string

const (
	English Language = "en"
	Dutch   Language = "nl"
)

// ParseLanguage reads "en" or "nl".
func ParseLanguage(s string) (Language, error) {
	if s != string(English) && s != string(Dutch) {
		return English, fmt.Errorf("language %q: allowed are en and nl", s)
	}
	return Language(s), nil
}

// pick returns the text in the language.
func (l Language) pick(english, dutch string) string {
	if l == Dutch {
		return dutch
	}
	return english
}

// count returns a number with its noun, which English and Dutch both leave singular
// for one only.
func (l Language) count(n int, one, many, een, meer string) string {
	word := l.pick(many, meer)
	if n == 1 {
		word = l.pick(one, een)
	}
	return fmt.Sprintf("%d %s", n, word)
}

// percent prints a figure with its sign, and words where there is none.
func (l Language) percent(p contract.Percent) string {
	if !p.Valid() {
		return l.pick("no figure", "geen cijfer")
	}
	return l.decimal(p.String()) + hardSpace + "%"
}

// figure prints a figure without its sign, for a column that has it.
func (l Language) figure(p contract.Percent) string {
	if !p.Valid() {
		return "-"
	}
	return l.decimal(p.String())
}

func (l Language) decimal(s string) string { return l.pick(s, strings.Replace(s, ".", ",", 1)) }

// duration prints seconds exactly, as h:mm:ss.
func duration(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }

// spoken prints seconds as a person says them, leaving nothing out.
func (l Language) spoken(s int64) string {
	var parts []string
	for _, u := range []struct {
		size int64
		name string
	}{{3600, l.pick("h", "u")}, {60, "min"}, {1, "s"}} {
		if n := s / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d", n)+hardSpace+u.name)
		}
		s %= u.size
	}
	if len(parts) == 0 {
		return "0" + hardSpace + "s"
	}
	return strings.Join(parts, " ")
}

// month is the name of a month.
func (l Language) month(m time.Month) string { return l.pick(m.String(), monthsDutch[m]) }

var monthsDutch = [...]string{"", "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}
var daysDutch = [...]string{"zo", "ma", "di", "wo", "do", "vr", "za"}

func (l Language) day(d time.Weekday) string { return l.pick(d.String()[:3], daysDutch[d]) }

// date prints "Mon 4 May 2026"; without its year where that is left out.
func (l Language) date(t time.Time, year bool) string {
	s := fmt.Sprintf("%s %d %s", l.day(t.Weekday()), t.Day(), l.pick(t.Month().String()[:3], monthsDutch[t.Month()][:3]))
	if t.Month() == time.March && l == Dutch {
		s = fmt.Sprintf("%s %d mrt", l.day(t.Weekday()), t.Day())
	}
	if year {
		s += t.Format(" 2006")
	}
	return s
}

// moment prints an instant in full, with the abbreviation of its zone.
func (l Language) moment(t time.Time) string {
	return fmt.Sprintf("%s %s %s", l.date(t, true), t.Format("15:04:05"), zoneMark(t))
}

// zoneMark returns the abbreviation of the zone at t; its offset where it has none.
func zoneMark(t time.Time) string {
	name, _ := t.Zone()
	if name == "" || name[0] == '+' || name[0] == '-' {
		return "UTC" + t.Format("-07:00")
	}
	return name
}

// reason says why time is unknown. The words of the evidence stay as they are in
// English, but for those that only say where; other languages translate them.
func (l Language) reason(r vouch.Reason) string {
	if l == English {
		switch r {
		case vouch.ReasonLocation:
			return "the location's own network, so it could not ask"
		case vouch.ReasonNetwork:
			return "the provider's network, so it could not ask"
		case vouch.ReasonDisputed:
			return "the witnesses contradict each other"
		case vouch.ReasonIdentity:
			return "another unit than recorded"
		}
		return string(r)
	}
	dutch := map[vouch.Reason]string{
		vouch.ReasonSocket: "eigen verbinding van de meetpost", vouch.ReasonOverload: "meetpost overbelast",
		vouch.ReasonStopped: "meting afgebroken", vouch.ReasonCredentials: "sleutel geweigerd",
		vouch.ReasonProtocol: "onleesbaar antwoord", vouch.ReasonFiltered: "gefilterd onderweg",
		vouch.ReasonLocation: "eigen netwerk van de meetlocatie, die dus niets kon vragen", vouch.ReasonNetwork: "netwerk van de leverancier, dat dus niets doorliet",
		vouch.ReasonNoSample: "geen meting", vouch.ReasonClock: "klok niet te vertrouwen",
		vouch.ReasonNotAdmitted: "nog niet toegelaten", vouch.ReasonIdentity: "ander apparaat dan geleverd",
		vouch.ReasonSilent: "meetpost zwijgt", vouch.ReasonDisputed: "getuigen spreken elkaar tegen",
		vouch.ReasonWitnesses: "te weinig getuigen",
	}
	return said(l, r, dutch)
}

// why says why an exclusion does not count.
func (l Language) why(w contract.Why) string {
	dutch := map[contract.Why]string{
		contract.WhyLate: "aangekondigd nadat het begon", contract.WhyNotAnnounced: "niet aangekondigd",
		contract.WhyNotAccepted: "niet aanvaard", contract.WhyCancelled: "ingetrokken voor het begon",
		contract.WhyNotAgreed: "het contract sluit dit niet uit", contract.WhyNoContract: "geen contract van kracht",
		contract.WhyEmpty: "het beslaat geen tijd", contract.WhyDelay: "niet onverwijld gemeld",
		contract.WhyShortNotice: "korter van tevoren aangekondigd dan afgesproken", contract.WhyOfficeHours: "binnen kantooruren",
		contract.WhyNotCustomer: "niet aanvaard door de klant", contract.WhyObjected: "de klant heeft bezwaar gemaakt",
		contract.WhyPending: "de klant kan nog bezwaar maken", contract.WhyNotTold: "niet aan de klant gemeld",
		contract.WhyNoEvidence: "zonder bewijs", contract.WhyFourEyes: "niet goedgekeurd door een tweede persoon",
		contract.WhyClaimedLate: "te laat ingeroepen", contract.WhyBeyondCap: "boven de uitgesloten uren per maand",
		contract.WhyRejected: "afgewezen", contract.WhyCorrected: "vervangen door een andere melding", contract.WhyNotInBase: "niet in de installed base", contract.WhyOutsideLease: "buiten de huurperiode",
	}
	return said(l, w, dutch)
}

// note says what a statement notes of an exclusion whether it counts or not.
func (l Language) note(n contract.Note) string {
	dutch := map[contract.Note]string{
		contract.NoteShortNotice: "korter van tevoren aangekondigd dan afgesproken", contract.NoteOfficeHours: "binnen kantooruren",
		contract.NoteDeemed: "stilzwijgend aanvaard", contract.NoteRetroactive: "vastgelegd nadat het begon",
	}
	return said(l, n, dutch)
}

// said returns a word of the evidence as it is, or in Dutch where the language is Dutch
// and the Dutch for it is known.
func said[W ~string](l Language, w W, dutch map[W]string) string {
	if d, ok := dutch[w]; ok && l == Dutch {
		return d
	}
	return string(w)
}

// kind names the kind of an exclusion.
func (l Language) kind(k contract.ExclusionKind) string {
	switch k {
	case contract.Maintenance:
		return l.pick("maintenance", "onderhoud")
	case contract.Intervention:
		return l.pick("intervention", "ingreep")
	case contract.OutsideControl:
		return l.pick("outside control", "buiten de macht van de leverancier")
	case contract.ForceMajeure:
		return l.pick("force majeure", "overmacht")
	case contract.CustomerAct:
		return l.pick("customer's act", "toedoen van de klant")
	case contract.Suspension:
		return l.pick("suspension", "opschorting")
	case contract.Cybercrime:
		return l.pick("cybercrime", "cybercriminaliteit")
	case contract.ThirdParty:
		return l.pick("third party", "derde partij")
	}
	return string(k)
}

// state names what may still become of a statement.
func (l Language) state(s State) string {
	switch s {
	case StateProvisional:
		return l.pick("provisional", "voorlopig")
	case StateIssued:
		return l.pick("issued", "uitgegeven")
	case StateFinal:
		return l.pick("final", "definitief")
	}
	return l.pick("draft", "concept")
}

func (l Language) custody(c vouch.Custody) string {
	switch c {
	case vouch.CustodyNeutral:
		return l.pick("neutral", "neutraal")
	case vouch.CustodyCustomer:
		return l.pick("customer", "klant")
	}
	return l.pick("provider", "leverancier")
}

// quorumWords says in a sentence what makes a device up or down, and who the witnesses
// are.
func quorumWords(q contract.Quorum, voters []Voter, l Language) string {
	witnesses := l.count(q.Q, "witness", "witnesses", "getuige", "getuigen")
	var rule string
	switch q.Rule {
	case contract.ReachableFrom:
		rule = fmt.Sprintf(l.pick("up when at least %s can reach it, down when that is no longer possible, else unknown",
			"op wanneer minstens %s het bereiken, neer wanneer dat niet meer kan, anders onbekend"), witnesses)
	case contract.UnreachableFrom:
		rule = fmt.Sprintf(l.pick("down when at least %s cannot reach it, up when that is no longer possible, else unknown",
			"neer wanneer minstens %s het niet bereiken, op wanneer dat niet meer kan, anders onbekend"), witnesses)
	default:
		rule = fmt.Sprintf(l.pick("up when at least %s can reach it, else down when at least as many cannot, else unknown",
			"op wanneer minstens %s het bereiken, anders neer wanneer minstens zoveel dat niet kunnen, anders onbekend"), witnesses)
	}
	var names []string
	for _, v := range voters {
		mark := l.custody(v.Custody)
		if !v.Votes {
			mark += l.pick(", left out", ", telt niet mee")
		}
		names = append(names, fmt.Sprintf("%s (%s)", v.Location, mark))
	}
	if len(names) == 0 {
		names = []string{l.pick("none named", "geen genoemd")}
	}
	return rule + "; " + l.pick("witnesses: ", "getuigen: ") + strings.Join(names, ", ")
}

// voters returns the witnesses that the terms name, and which of them vote.
func voters(t contract.Terms) []Voter {
	out, voting := []Voter{}, t.Voting()
	for _, x := range t.Voters {
		out = append(out, Voter{x.Location, x.Custody, slices.Contains(voting, x)})
	}
	return out
}

// windowWords says when service time is, such as "Mon-Fri 08:45-17:00".
func windowWords(windows []contract.Window, l Language) string {
	var parts []string
	for _, w := range windows {
		parts = append(parts, fmt.Sprintf("%s %s-%s", dayWords(w.Days, l), w.From, w.To))
	}
	if len(parts) == 0 {
		return l.pick("never", "nooit")
	}
	return strings.Join(parts, ", ")
}

// dayWords joins runs of three days and more with a hyphen.
func dayWords(days contract.Weekdays, l Language) string {
	list := days.List()
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && (list[j+1]+6)%7 == (list[j]+6)%7+1 {
			j++
		}
		switch {
		case j-i >= 2:
			parts = append(parts, l.day(list[i])+"-"+l.day(list[j]))
		default:
			for _, d := range list[i : j+1] {
				parts = append(parts, l.day(d))
			}
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
