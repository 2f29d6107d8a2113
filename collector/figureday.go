// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"time"

	"github.com/vouch-sla/vouch/collector/store"
	"github.com/vouch-sla/vouch/contract"
)

// itemDay is the kind of a derived item that holds the verdict of a device over a UTC
// day that is over, so that a restart need not judge a month of samples again.
const itemDay = "verdict-day"

// day is the verdict of one device over one UTC day, with what it was computed under:
// under anything else it is computed again.
type day struct {
	Verdict  []contract.Segment
	Versions int // number of contract versions known
	Lease    contract.Span
}

func dayID(k dayKey) string {
	return string(k.device) + "/" + (contract.Second(k.day) * secondsADay).Time().Format(time.DateOnly)
}

// under reports whether the day was computed under these versions and this lease.
func (d day) under(p place, versions []contract.Version) bool {
	return d.Versions == len(versions) && d.Lease == p.lease()
}

// storedDay returns a day that was computed before, by this process or an earlier one.
// What cannot be read is computed again.
func (f *figures) storedDay(ctx context.Context, k dayKey) (day, bool) {
	item, err := f.data.Item(ctx, k.customer, itemDay, dayID(k))
	if err != nil {
		return day{}, false
	}
	var d day
	if err := gob.NewDecoder(bytes.NewReader(item.Data)).Decode(&d); err != nil {
		return day{}, false
	}
	return d, true
}

// keepDay stores a day.
func (f *figures) keepDay(ctx context.Context, k dayKey, d day) error {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(d); err != nil {
		return fmt.Errorf("encode the verdict of %s of %s: %w", k.device, k.customer, err)
	}
	return f.data.Derive(ctx, store.Derivation{Items: []store.Item{{Customer: k.customer, Kind: itemDay, ID: dayID(k), Data: out.Bytes()}}})
}

// staleDays are the items to delete when late data came for an instant.
func staleDays(d deviceKey, from, now contract.Second) []store.Item {
	var out []store.Item
	for n := int64(from / secondsADay); contract.Second(n)*secondsADay <= now; n++ {
		out = append(out, store.Item{Customer: d.customer, Kind: itemDay, ID: dayID(dayKey{d, n})}) // nil deletes
	}
	return out
}
