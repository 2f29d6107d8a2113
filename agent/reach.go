// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vouch-sla/vouch/internal/wire"
)

// Reached is what one request to the collector showed.
type Reached struct {
	Trusted  bool          // the server has the pinned key
	Answered bool          // it answered over HTTP, whatever it said
	Known    bool          // it knows this agent's key
	Expired  bool          // it takes this agent's certificate no longer: a running agent renews it
	Chains   int           // that it has of this agent
	Offset   time.Duration // this clock minus the collector's, by the Date of the answer; where Answered
	Bound    time.Duration // of the error of that; zero: the answer bore no date
}

// Reach asks the collector once where this agent's chains stand, as a running agent
// does, and changes nothing. Of o it uses ID, StateDir, CollectorURL, Pin and Dial;
// the key must exist. What was found until the error stands in the result.
func Reach(ctx context.Context, o Options) (found Reached, err error) {
	base, err := parseCollector(o.CollectorURL)
	if err != nil {
		return found, err
	}
	key, err := openKey(o.StateDir, o.ID)
	if err != nil {
		return found, err
	}
	id, err := openIdentity(o.StateDir, key, o.ID, o.Pin)
	if err != nil {
		return found, err
	}
	config := id.config()
	verify := config.VerifyConnection
	config.VerifyConnection = func(s tls.ConnectionState) error {
		err := verify(s)
		found.Trusted = err == nil
		return err
	}
	if o.Dial == nil {
		o.Dial = dialTCP()
	}
	pack, err := newPacker()
	if err != nil {
		return found, err
	}
	c := newClient(base, config, o.Dial, pack)
	defer c.close()
	var heads wire.HeadsAnswer
	var date time.Time
	sent, received, err := c.do(ctx, http.MethodGet, wire.PathHeads, "", nil, nil, func(resp *http.Response) error {
		date, _ = http.ParseTime(resp.Header.Get("Date"))
		return wire.ReadJSON(resp.Body, wire.MaxAssignment, &heads)
	})
	var refused *answerError
	found.Answered = err == nil || errors.As(err, &refused)
	if err != nil {
		found.Expired = refused != nil && refused.code == http.StatusUnauthorized
		return found, fmt.Errorf("ask the collector: %w", err)
	}
	found.Known, found.Chains = true, len(heads.Heads)
	if !date.IsZero() { // cut to whole seconds
		trip := received.Sub(sent)
		found.Offset = sent.Add(trip / 2).Sub(date.Add(time.Second / 2))
		found.Bound = trip/2 + time.Second/2
	}
	return found, nil
}
