// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	mrand "math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/internal/durable"
)

// Alarm says whom an agent tells, by itself, that it does not reach its collector: the
// collector's silence cannot be told by the collector.
type Alarm struct {
	After   time.Duration // how long it was not reached, without a break, before anybody is told
	Repeat  time.Duration // how long after a message that arrived the next one is sent
	Webhook *AlarmWebhook // this or Mail
	Mail    *AlarmMail
	Roots   *x509.CertPool // whom TLS trusts; nil means the system's

	dial dialer // nil means TCP
}

// AlarmMessage is one message of an alarm, as a webhook gets it in JSON.
type AlarmMessage struct {
	ID        string           `json:"id"` // the same at every attempt
	Event     string           `json:"event"`
	Agent     vouch.AgentID    `json:"agent"`
	Location  vouch.LocationID `json:"location,omitempty"` // absent where no assignment ever came
	Collector string           `json:"collector"`          // its URL
	At        time.Time        `json:"at"`                 // when the message was made, by the agent's clock
	Since     time.Time        `json:"since,omitzero"`     // when the collector was first not reached, by the same
	Lasted    int64            `json:"lasted_s"`           // how long the agent ran since then
	Reason    string           `json:"reason,omitempty"`   // why the collector was not reached
	Text      string           `json:"text"`               // all of it, for people
}

// Events of messages.
const (
	AlarmRaised   = "raised"
	AlarmRepeated = "repeated"
	AlarmCleared  = "cleared"
	AlarmTest     = "test"
)

const (
	minAlarmAfter = 10 * time.Second
	alarmTimeout  = 30 * time.Second // for one attempt to bring a message out
	alarmFirst    = 10 * time.Second // after an attempt that failed, doubled up to
	alarmLongest  = 5 * time.Minute
	alarmGiveUp   = 24 * time.Hour // for the message that all is well again
	maxAlarmFile  = 4 << 10
)

// check reports what cannot be.
func (a *Alarm) check() error {
	switch {
	case a.After < minAlarmAfter || a.Repeat < a.After:
		return fmt.Errorf("alarm after %v, repeated after %v: at least %v and no less than the first are needed", a.After, a.Repeat, minAlarmAfter)
	case (a.Webhook == nil) == (a.Mail == nil):
		return errors.New("alarm: a webhook or a mail is needed, not both")
	}
	return nil
}

// send brings a message out, or says why it did not. No error holds a secret.
func (a *Alarm) send(ctx context.Context, m AlarmMessage) error {
	ctx, cancel := context.WithTimeout(ctx, alarmTimeout)
	defer cancel()
	dial := a.dial
	if dial == nil {
		dial = dialTCP()
	}
	if a.Webhook != nil {
		return a.Webhook.send(ctx, dial, a.Roots, m)
	}
	return a.Mail.send(ctx, dial, a.Roots, m)
}

// Test sends a message that says that it is a test.
func (a *Alarm) Test(ctx context.Context, agent vouch.AgentID, collector string) error {
	m := AlarmMessage{ID: newOutageID(), Event: AlarmTest, Agent: agent, Collector: collector, At: stamp(time.Now())}
	m.Text = m.text()
	return a.send(ctx, m)
}

// outage is a time without the collector, as it is kept on disk. Only time during which
// an agent ran counts, by its monotonic clock: an agent that was switched off for a week,
// or whose clock was never set, has no news of its own.
type outage struct {
	ID     string        `json:"id"`
	Since  time.Time     `json:"since"`
	Lasted time.Duration `json:"lasted"`
	Told   time.Duration `json:"told"`          // what Lasted was when the latest message arrived; 0: none did
	Count  int           `json:"count"`         // messages that arrived
	Over   time.Time     `json:"over,omitzero"` // when it ended; zero: it lasts
	Reason string        `json:"reason,omitempty"`
}

// alarm watches the contact with the collector. All but standing is owned by Run.
type alarm struct {
	*Alarm   // nil: none is configured
	contact  *contact
	path     string              // of the outage on disk
	about    func() AlarmMessage // with who speaks
	now      func() time.Time    // stamps
	log      *slog.Logger
	standing atomic.Pointer[AlarmStatus] // for who asks

	out     *outage       // nil: none
	problem string        // why the latest message did not arrive; empty: it did, or there is none
	looked  time.Time     // when the contact was looked at
	well    time.Time     // since when the collector is reached; zero: it is not
	saved   time.Duration // Lasted on disk; 0: nothing is there
	next    time.Time     // when a message that did not arrive is tried again
	wait    time.Duration
}

// Run watches until ctx ends. Where no alarm is configured it does nothing.
func (a *alarm) Run(ctx context.Context) error {
	if a.Alarm == nil {
		return nil
	}
	a.load()
	a.looked = time.Now()
	a.tell()
	for sleep(ctx, min(a.After/20, 5*time.Second)) {
		a.look(ctx, time.Now())
		a.tell()
	}
	a.save()
	return nil
}

// load reads what an earlier run left, so that a restart does not ring again.
func (a *alarm) load() {
	raw, err := durable.ReadFile(a.path, maxAlarmFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var o outage
	if err == nil {
		err = json.Unmarshal(raw, &o)
	}
	if err == nil && (o.ID == "" || o.Lasted < 0 || o.Told < 0 || o.Told > o.Lasted || o.Count < 0) {
		err = errors.New("it makes no sense")
	}
	if err != nil {
		a.log.Warn("the alarm's file cannot be used: the time without the collector counts from now", "file", a.path, "err", err)
		return
	}
	a.out, a.saved = &o, max(o.Lasted, 1)
}

// save writes the outage down, or removes what was written of one that is over. A disk
// that takes nothing costs a message that comes twice after a restart.
func (a *alarm) save() {
	if a.out == nil {
		if a.saved != 0 {
			_ = os.Remove(a.path)
		}
		a.saved = 0
		return
	}
	if raw, err := json.Marshal(a.out); err == nil {
		_ = durable.WriteFile(a.path, raw, 0o600)
	}
	a.saved = max(a.out.Lasted, 1)
}

// look takes in how the contact stands, and sends what is due.
func (a *alarm) look(ctx context.Context, now time.Time) {
	passed := now.Sub(a.looked)
	a.looked = now
	since, err, known := a.contact.failing()
	switch {
	case !known: // nothing was tried since the start
	case err != nil:
		a.silent(now, since, min(passed, now.Sub(since)), err)
	default:
		a.reached(now)
	}
	if m, due := a.due(); due && !now.Before(a.next) {
		a.deliver(ctx, m)
	}
}

// silent takes in that the collector is not reached.
func (a *alarm) silent(now, since time.Time, passed time.Duration, err error) {
	a.well = time.Time{}
	if a.out == nil || !a.out.Over.IsZero() { // of the last one nobody needs to hear any more
		a.out = &outage{ID: newOutageID(), Since: stamp(a.now().Add(-now.Sub(since)))}
		a.problem, a.next, a.wait = "", time.Time{}, 0
	}
	a.out.Lasted += passed
	a.out.Reason = clip(err.Error())
	every := a.After / 10 // a crash costs that much of it; a flash disk lives long all the same
	if a.out.Count > 0 {
		every = max(every, a.Repeat/24)
	}
	if a.out.Lasted-a.saved >= every {
		a.save()
	}
}

// reached takes in that the collector is reached. What somebody was told of is over only
// when that has lasted: an uplink that comes and goes would make a message each time.
func (a *alarm) reached(now time.Time) {
	if a.well.IsZero() {
		a.well = now
	}
	switch o := a.out; {
	case o == nil || !o.Over.IsZero():
		return
	case o.Count == 0:
		a.out, a.problem = nil, ""
	case now.Sub(a.well) >= min(a.After, time.Minute):
		o.Over = stamp(a.now())
		a.problem, a.next, a.wait = "", time.Time{}, 0
	default:
		return
	}
	a.save()
}

// due returns the message that has to be sent now, if any.
func (a *alarm) due() (m AlarmMessage, due bool) {
	o := a.out
	if o == nil {
		return m, false
	}
	event := ""
	switch {
	case !o.Over.IsZero():
		event = AlarmCleared
	case o.Count == 0 && o.Lasted >= a.After:
		event = AlarmRaised
	case o.Count > 0 && o.Lasted-o.Told >= a.Repeat:
		event = AlarmRepeated
	default:
		return m, false
	}
	m = a.about()
	m.ID, m.Event = fmt.Sprintf("%s-%d", o.ID, o.Count+1), event
	m.At, m.Since, m.Lasted, m.Reason = stamp(a.now()), o.Since, int64(o.Lasted/time.Second), o.Reason
	m.Text = m.text()
	return m, true
}

// deliver makes one attempt, and settles what follows from it.
func (a *alarm) deliver(ctx context.Context, m AlarmMessage) {
	err := a.send(ctx, m)
	o := a.out
	switch {
	case err == nil:
		a.problem, a.next, a.wait = "", time.Time{}, 0
		o.Told, o.Count = o.Lasted, o.Count+1
		a.log.Info("alarm was delivered", "event", m.Event, "not_reached_for", time.Duration(m.Lasted)*time.Second)
	case ctx.Err() != nil:
		return
	default:
		a.wait = min(max(2*a.wait, alarmFirst), alarmLongest)
		a.next = time.Now().Add(a.wait/2 + mrand.N(a.wait/2))
		was := a.problem
		if a.problem = clip(err.Error()); was == "" {
			a.log.Warn("alarm cannot be delivered: it is tried again", "event", m.Event, "err", a.problem)
		}
	}
	if m.Event == AlarmCleared && (err == nil || a.now().Sub(o.Over) > alarmGiveUp) {
		a.out = nil
	}
	a.save()
}

func newOutageID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// text tells a message to people.
func (m AlarmMessage) text() string {
	who := "vouch-agent " + string(m.Agent)
	if m.Location != "" {
		who += " at " + string(m.Location)
	}
	lasted := time.Duration(m.Lasted) * time.Second
	switch m.Event {
	case AlarmTest:
		return fmt.Sprintf("%s: a test of the alarm that is raised when the collector %s is not reached.", who, m.Collector)
	case AlarmCleared:
		return fmt.Sprintf("%s reaches its collector %s again, after %v. What it measured meanwhile is delivered now.", who, m.Collector, lasted)
	}
	meanwhile := "It keeps measuring, and keeps what it measures"
	if m.Location == "" {
		meanwhile = "Nothing was assigned to it yet, so it measures nothing"
	}
	return fmt.Sprintf("%s has not reached its collector %s since %s (for %v): %s. %s.",
		who, m.Collector, m.Since.Format("2006-01-02 15:04:05 MST"), lasted, m.Reason, meanwhile)
}

// AlarmStatus is how the alarm stands.
type AlarmStatus struct {
	After     float64   `json:"after_seconds"`
	Since     time.Time `json:"since,omitzero"`     // since when the collector is not reached; zero: it is, or was not long enough ago
	Lasted    float64   `json:"lasted_seconds"`     // how long of that the agent ran
	Raised    bool      `json:"raised"`             // somebody was told
	Over      bool      `json:"over"`               // it is reached again, and nobody was told that yet
	Delivered int       `json:"messages_delivered"` // of this outage
	Problem   string    `json:"problem,omitempty"`  // why the latest message did not arrive
}

// tell publishes how it stands.
func (a *alarm) tell() {
	st := AlarmStatus{After: a.After.Seconds(), Problem: a.problem}
	if o := a.out; o != nil {
		st.Since, st.Lasted, st.Raised, st.Over, st.Delivered = o.Since, o.Lasted.Seconds(), o.Count > 0, !o.Over.IsZero(), o.Count
	}
	a.standing.Store(&st)
}
