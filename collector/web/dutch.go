// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package web

// dutch is the table of texts. The terms are those of the ICT-Office terms and of
// ITIL in Dutch.
func dutch(s string) string {
	switch s {
	case "Availability statement":
		return "Beschikbaarheidsverklaring"
	case "for":
		return "voor"
	case "by":
		return "door"
	case "Number":
		return "Nummer"
	case "version":
		return "versie"
	case "Issued":
		return "Uitgegeven"
	case "not issued: computed":
		return "niet uitgegeven: berekend"
	case "Period":
		return "Periode"
	case "until":
		return "tot"
	case "to":
		return "tot"
	case "Contract":
		return "Contract"
	case "Service hours":
		return "Diensturen"
	case "The figures":
		return "De cijfers"
	case "The period, hour by hour":
		return "De periode, uur voor uur"
	case "The period":
		return "Het verloop"
	case "Coverage":
		return "Dekking"
	case "If unknown were down":
		return "Als onbekend uitval is"
	case "If unknown were up":
		return "Als onbekend op is"
	case "Agreed time":
		return "Overeengekomen tijd"
	case "Excluded":
		return "Uitgesloten"
	case "Up":
		return "Op"
	case "Down":
		return "Uitval"
	case "Unknown":
		return "Onbekend"
	case "Availability":
		return "Beschikbaarheid"
	case "no figure: nothing was measured":
		return "geen cijfer: er is niets gemeten"
	case "meets the target of":
		return "haalt de norm van"
	case "target not met:":
		return "norm niet gehaald:"
	case "cannot be assessed: coverage is too low":
		return "niet te beoordelen: de dekking is te laag"
	case "no target agreed":
		return "geen norm afgesproken"
	case "would miss it if the unknown time were down":
		return "zou die missen als de onbekende tijd uitval was"
	case "All together":
		return "Alles samen"
	case "Device":
		return "Apparaat"
	case "Devices":
		return "Apparaten"
	case "Availability = up / (up + down), in whole seconds, truncated to six decimals. Unknown time is in neither; both bounds show what it could be.":
		return "Beschikbaarheid = op / (op + uitval), in hele seconden, afgekapt op zes decimalen. Onbekende tijd telt in geen van beide; de twee grenzen tonen wat die kan zijn."
	case "Quorum:":
		return "Quorum:"
	case "reachable from":
		return "bereikbaar vanaf"
	case "unreachable from":
		return "onbereikbaar vanaf"
	case "two-sided,":
		return "tweezijdig,"
	case "of":
		return "van"
	case "provider":
		return "aanbieder"
	case "neutral":
		return "neutraal"
	case "customer":
		return "klant"
	case "Edges are exact to within":
		return "Randen zijn nauwkeurig tot op"
	case "; shorter outages may go unseen.":
		return "; kortere uitval kan ongezien blijven."
	case "up in the window":
		return "op binnen venster"
	case "down":
		return "uitval"
	case "down outside the window":
		return "uitval buiten venster"
	case "unknown":
		return "onbekend"
	case "excluded":
		return "uitgesloten"
	case "Outages and unknown time":
		return "Storingen en onbekende tijd"
	case "Outages":
		return "Storingen"
	case "From":
		return "Van"
	case "To":
		return "Tot"
	case "Service or device":
		return "Dienst of apparaat"
	case "Incidents":
		return "Incidenten"
	case "No incident.":
		return "Geen incident."
	case "rests on one witness":
		return "steunt op een getuige"
	case "Counted down":
		return "Getelde uitval"
	case "announced":
		return "aangekondigd"
	case "before":
		return "vooraf"
	case "accepted":
		return "aanvaard"
	case "Fewer than three locations vote: each of them can keep a verdict from being reached.":
		return "Er stemmen minder dan drie locaties: elk ervan kan een oordeel tegenhouden."
	case "Seen by":
		return "Gezien door"
	case "Incident":
		return "Incident"
	case "Lasted":
		return "Duur"
	case "Counts":
		return "Telt"
	case "outside window":
		return "buiten venster"
	case "lasts":
		return "duurt voort"
	case "No outage.":
		return "Geen storing."
	case "Short interruptions without an incident":
		return "Korte onderbrekingen zonder incident"
	case "together":
		return "samen"
	case "Reason":
		return "Reden"
	case "No unknown time.":
		return "Geen onbekende tijd."
	case "Exclusions":
		return "Uitsluitingen"
	case "Counted":
		return "Meegeteld"
	case "Claimed, not counted":
		return "Gesteld, niet meegeteld"
	case "What":
		return "Wat"
	case "When":
		return "Wanneer"
	case "Why it counts":
		return "Waarom dit telt"
	case "Why it does not count":
		return "Waarom dit niet telt"
	case "Stays down":
		return "Blijft uitval"
	case "No time was excluded.":
		return "Er is geen tijd uitgesloten."
	case "Check it yourself":
		return "Controleer het zelf"
	case "The figures are a function of the ledger at this checkpoint and of the contract. Whoever holds the same leaves gets the same seconds.":
		return "De cijfers volgen uit het grootboek bij dit checkpoint en uit het contract. Wie dezelfde bladen heeft, komt op dezelfde seconden uit."
	case "Checkpoint":
		return "Checkpoint"
	case "Evidence manifest SHA-256":
		return "Bewijslijst SHA-256"
	case "Provisional: the period or the objection term is not over, or evidence is still arriving.":
		return "Voorlopig: de periode of de bezwaartermijn loopt nog, of er komt nog bewijs binnen."
	case "Figures end at":
		return "De cijfers lopen tot"
	case "what came later is pending and is not counted.":
		return "wat later kwam, staat nog open en telt niet mee."
	case "provisional":
		return "voorlopig"
	case "final":
		return "definitief"
	case "figures for":
		return "cijfers voor"
	case "one row a day; every outage is listed below":
		return "een regel per dag; elke storing staat hieronder"
	case "and more; the JSON of this statement has all.":
		return "en meer; de JSON van deze verklaring bevat alles."
	}
	return ""
}
