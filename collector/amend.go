// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/vouch-sla/vouch"
	"github.com/vouch-sla/vouch/contract"
	"github.com/vouch-sla/vouch/evidence/book"
	"github.com/vouch-sla/vouch/statement"
)

// Reasons for which the collector itself issues the next version of a statement.
const (
	reasonOver     = "the period is over"
	reasonLate     = "measurements came in after the last version was issued"
	reasonExcluded = "what does not count was decided otherwise after the last version was issued"
)

// maxAmended is how long after its period a statement is still looked after: contracts
// leave at most a year to claim.
const maxAmended contract.Second = 400 * secondsADay

// amend issues the next version of every statement that late measurements or decisions
// have changed, until ctx ends. It looks when something of the past changed, and every
// hour for periods that are over by now.
func (c *Collector) amend(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.reader.caught:
	}
	for {
		if err := c.amendAll(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("could not look after the statements that were issued; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		case <-c.figures.past:
			// More of the same is under way: late data come batch by batch.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(c.lag()):
			}
		}
	}
}

// lag is the longest that any contract waits for measurements.
func (c *Collector) lag() time.Duration {
	var out time.Duration
	for cu := range c.base.Load().customers {
		out = max(out, contract.TermsAt(c.book.contracts(cu), contract.Floor(c.now())).Lag)
	}
	return out
}

func (c *Collector) amendAll(ctx context.Context) error {
	var all error
	for cu := range c.base.Load().customers {
		newest := map[string]book.Issue{}
		for _, i := range of(c.book, cu, (*book.Book).Issues) {
			newest[i.Number] = i
		}
		for _, i := range newest {
			if err := c.amendOne(ctx, cu, i); err != nil && !errors.Is(err, errUnchanged) {
				all = errors.Join(all, fmt.Errorf("statement %s of %s: %w", i.Number, cu, err))
			}
		}
	}
	return all
}

// amendOne issues the next version of one statement where it would say something else.
func (c *Collector) amendOne(ctx context.Context, cu vouch.CustomerID, i book.Issue) error {
	now, period := contract.Floor(c.now()), i.Period()
	if now-period.To > maxAmended {
		return nil
	}
	unfinished := i.State == string(statement.StateProvisional)
	if over := period.To <= c.figures.until(cu); unfinished && !over {
		return nil // what was said of a period that still runs holds until it is over
	} else if unfinished {
		_, err := c.issueStatement(ctx, cu, period, authorCollector, reasonOver)
		return err
	}
	was, err := i.Open()
	if err != nil {
		return err
	}
	in, err := c.statementInput(ctx, cu, period, now)
	if err != nil {
		return err
	}
	is := statement.Build(in)
	if d := statement.Difference(was, is); d.Shift == (statement.Shift{}) && len(d.Devices) == 0 {
		return nil
	}
	reason := reasonLate
	if !slices.EqualFunc(was.Exclusions, is.Exclusions, func(a, b statement.Exclusion) bool {
		return a.ID == b.ID && a.Counted == b.Counted && a.Why == b.Why && reflect.DeepEqual(a.Cancelled, b.Cancelled)
	}) {
		reason = reasonExcluded
	}
	_, err = c.issueStatement(ctx, cu, period, authorCollector, reason)
	return err
}
