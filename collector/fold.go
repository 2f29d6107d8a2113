// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// Folds are derived: the state of rule 8 of a device at an instant, so that neither a
// restart nor late data need begin at the beginning of time. One is kept as of lately
// and one of every UTC day on which the device was settled.
const (
	itemFold = "fold"
	foldDays = 40 // days that a fold is kept for; older late data begins from the oldest one
)

type foldItem struct {
	Settled contract.Second `json:"settled"`
	Fold    contract.Fold   `json:"fold"`
}

func foldNow(d *watched) string { return string(d.ID) + "/now" }

func foldOf(d *watched, day time.Time) string {
	return string(d.ID) + "/" + day.UTC().Format(time.DateOnly)
}

// foldItems returns what is to be stored of a device that has just settled.
func foldItems(d *watched) []store.Item {
	raw, err := json.Marshal(foldItem{d.settled, d.fold})
	if err != nil {
		panic("collector: encode a fold: " + err.Error()) // integers and identifiers only
	}
	day := d.settled.Time()
	return []store.Item{
		{Customer: d.customer, Kind: itemFold, ID: foldNow(d), Data: raw},
		{Customer: d.customer, Kind: itemFold, ID: foldOf(d, day), Data: raw},
		{Customer: d.customer, Kind: itemFold, ID: foldOf(d, day.AddDate(0, 0, -foldDays))}, // nil deletes
	}
}

// storedFold returns the newest stored fold of a device at or before an instant, or
// the beginning of what was ever measured.
func (j *judge) storedFold(ctx context.Context, d *watched, before contract.Second) (contract.Second, contract.Fold, error) {
	ids := []string{foldNow(d)}
	for n := range foldDays {
		ids = append(ids, foldOf(d, before.Time().AddDate(0, 0, -n)))
	}
	for _, id := range ids {
		item, err := j.data.Item(ctx, d.customer, itemFold, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, contract.Fold{}, fmt.Errorf("read the fold of %s of %s: %w", d.ID, d.customer, err)
		}
		var f foldItem
		if err := json.Unmarshal(item.Data, &f); err == nil && f.Settled <= before {
			return f.Settled, f.Fold, nil
		}
	}
	return j.book.measuredSince(d.place, contract.Floor(j.now())), contract.Fold{}, nil
}
