// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

// Package contract decides availability: what was agreed, which time counts, what the
// witnesses' samples make of it, and what it comes to. It is pure: everything arrives
// as an argument, the time of day included. It reads no file, asks no clock, starts no
// goroutine and logs nothing, so that anybody who has the samples and the terms gets
// the same integers.
//
// # From samples to a percentage
//
// All arithmetic is in whole seconds on half-open intervals; the zone of the contract
// serves only to cut days and service windows.
//
//  1. A [Sample] speaks for its check from its start, floored to a second, until the
//     next sample of that check by that agent, but for at most twice its interval plus
//     its timeout, rounded up to a second. Of several in one second the last counts.
//     What no sample covers is unknown(no sample); a doubtful stamp ([ClockDoubt])
//     makes unknown(clock).
//  2. The checks of a device at one agent are combined: up if any that the contract
//     lists as reachable_by is up, else down if any is down, else unknown.
//  3. A down is weighed by the agent's own health, see below.
//  4. The agents at one location are one witness: up if any is up, else down if any is
//     down, else unknown. An agent is degraded where a threshold is breached; a
//     location is as little degraded as the least degraded of its agents that are up.
//  5. [Judge] applies the quorum to the voters that the version in force names and
//     returns [Segment] values: verdict, reason, and what each witness said. An
//     unknown is told by: too few witnesses, when fewer vote than the quorum asks;
//     disputed, when under a two-sided quorum some say up and some down; else the
//     reason that all unknown voters share, or too few witnesses if they share none.
//  6. [Decide] says which exclusions count, [Exclude] marks the segments with them,
//     and [Combine] evaluates a service tree on the marked segments of its devices.
//  7. [Assess] cuts the segments at the service windows of the version in force, gives
//     each part its [Class], and adds up. Availability = up / (up + down). It is the
//     one function that computes availability; [Percent] values come from nowhere else.
//  8. Rule 8 is a [Fold] over the same parts. Assess runs it, and the running system
//     keeps one for each device.
//
// # A silence is proven, not asserted
//
// A down at an agent stands only where the agent's gateway and a reference beyond it
// are proven to answer. Between two samples of a reference that is so only if both are
// up; after its last sample, for as long as that sample speaks. Where the gateway is
// not proven the device is unknown(location); where the gateway is and no reference
// beyond it is, unknown(provider network). An up always stands: an answer is an
// answer. An unknown keeps the reason that the agent gave.
//
// An agent for which neither is configured is believed, unless the terms say
// SelfCheckRequired; one with references but no gateway cannot tell its own trouble
// from the network's and says location; one with a gateway alone is believed where the
// gateway is proven.
//
// Example, seconds after ten o'clock, device and references asked every 10 s with a
// timeout of 2 s:
//
//	             0     10     20     30     40
//	gateway      up     up     up     up     up
//	reference    up     up    down   down    up
//	device       up    down   down   down   down
//
// The reference is proven in [0, 10) and again from 40. In [10, 20) the device is
// unknown(provider network), because the reference had failed by 20 and nobody knows
// since when; likewise in [20, 40). From 40 on it is down.
//
// # Thresholds
//
// A [Threshold] is evaluated at each sample that counts, at second t, over the samples
// that count in (t - Window, t]. Due are Window / interval samples, the interval being
// that of the sample at t but at least a second. The evaluation is undetermined when
// fewer than half of them have a value, or the one at t has none: a round trip needs
// an answer, jitter two, a named value an answer that holds it, and an unknown sample
// has nothing. Loss is beyond the limit when at least Lost of the last Of requests in
// the window are lost, whole rounds from the newest back until Of is reached; round
// trips and jitter when the mean of the samples' values is more than Limit. A named value, in millionths and saturating at a
// hundred million, is beyond when the mean is more (above) or less (below) than its
// limit, or when the latest one is the limit (equals) or none of a set (not_in). With a
// limit of its own for clearing, an evaluation between the two is neither beyond nor
// within: it keeps what was and begins either count anew.
//
// The agent is degraded from the first evaluation at which all since one at least For
// earlier were beyond the limit, until the first at which all since one at least
// ClearFor earlier were within it. An undetermined one begins either count anew.
//
// # Trees and exclusions
//
// Of a tree, `all` is the worst of its children and `any` the best, in the order up,
// excluded, unknown, down. An exclusion that covers every device of a service thus
// takes its time out whatever the state was (rule 6); one that covers some devices
// hides no outage of the others. A device outside its lease does not exist.
//
// Whether an exclusion counts is a matter of its kind's [ExclusionRule]: announcement,
// notice, evidence, acceptance (the customer's silence for so many working days among
// it), a second person, the time to claim, a monthly cap of service time that is used
// up in order of time. [Scope.Decide] keeps a reason for every second claimed and not
// taken out ([Refusal]), and a [Note] for what counts and is still to be said.
//
// # Windows, days and time limits
//
// A contract has up to four [Hours]: availability, clocks, reporting, and office hours,
// which make the working days. Each excepts holidays or not. Holidays are dates, or a
// [HolidayList] that is expanded for every year it is asked of. [TimeLimit] counts
// dates, never days of 86,400 seconds: of days, the first is not counted and the last
// counts whole.
//
// # Clocks, escalation and credit
//
// A [Clock] is rule 9 by itself. A [CaseFile] is an incident as the service desk knows
// it: [CaseFile.Handle] folds its events into the clocks of reaction, resolution and
// repair, each with deadline, used and left, and with sentences that say what they rest
// on; into overruns, the tier of escalation, a proposal of credit with what stands in
// its way, and into a [Repair] for the share resolved in time ([ResolvedInTime]).
//
// The readings that the clauses leave open are: a suspension until the end of a day,
// and a visit on site on the next working day, end at midnight; an agreement on a visit
// extends a deadline only if it was made before the deadline passed; a time that was
// promised in days is turned into running time when the clock starts, so that a
// suspension moves the deadline by exactly the running time that it took; twelve months
// are those up to the first overrun, its date included.
//
// # Pieces
//
// [Join] puts accounts of consecutive pieces together, such as days that were kept, to
// exactly what [Assess] returns for the whole. Below the agreed minimum of coverage a
// headline cannot be assessed or, by [MissingIsDown], all unknown time is down in it.
package contract
