// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import "fmt"

// readme tells people what they hold, in plain words, Dutch first or English first as
// the reader likes: both are there.
func readme(e Evidence) []byte {
	s := e.Statement
	return fmt.Appendf(nil, readmeText, s.Number, s.Revision, s.CustomerName, s.From, s.To, s.Number, s.Revision, s.CustomerName, s.From, s.To)
}

const readmeText = `EVIDENCE FOR AN AVAILABILITY STATEMENT

This file holds statement %s, version %d, for %s over %s to %s,
and everything that it rests on, so that you can check it without asking the provider.

Read first
  statement.en.html      the statement, to read or print (.txt plain, .csv for a spreadsheet)

Check it
  vouch-verify FILE.zip                        needs no network and no account
  vouch-verify --key KEY... FILE.zip           with the keys printed in your contract's annex
  vouch-verify --since OLDER.zip FILE.zip      with an earlier bundle that you trust
  vouch-verify --explain 2026-11-03T10:00:00Z FILE.zip
It checks who signed, that nothing was changed, added or left out, when it was in the
ledger as far as somebody outside vouches for that, and computes the statement again.
It tells you what it proved, and what it did not.

What is inside
  statement.json         the statement; the other forms of it show the same
  records.notes          decisions: contract versions, leases, maintenance, incidents, keys
  availability/          what the monitoring agents signed, minute by minute, day by day
  leaves.txt             the customer's ledger, one entry for each of those
  checkpoint.txt         the signed state of that ledger
  manifest.txt           what the statement rests on
  frontier.txt, proofs.txt, keys.txt, anchors/   what ties these together
The formats are public (docs/evidence-format.md), so that anybody can write a program of
their own that checks this file. vouch-verify notes FILE.zip prints what agents signed.

BEWIJS BIJ EEN BESCHIKBAARHEIDSVERKLARING

Dit bestand bevat verklaring %s, versie %d, voor %s over %s tot %s,
en alles waarop die berust, zodat u haar kunt controleren zonder het de leverancier te
vragen.

Lees eerst
  statement.nl.html      de verklaring, om te lezen of te printen (.txt als gewone tekst,
                         statement.csv voor een rekenblad)

Controleer
  vouch-verify BESTAND.zip                     zonder netwerk, zonder account
  vouch-verify --key SLEUTEL... BESTAND.zip    met de sleutels uit de bijlage bij uw contract
  vouch-verify --since OUDER.zip BESTAND.zip   met een eerder bestand dat u vertrouwt
Het programma controleert wie ondertekende, dat niets is veranderd, toegevoegd of
weggelaten, wanneer het in het grootboek stond voor zover een buitenstaander daarvoor
instaat, en rekent de verklaring opnieuw uit. Het zegt wat bewezen is, en wat niet.
`
