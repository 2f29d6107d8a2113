// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package collector

// Few makes bundles carry at most so many leaves more than they need.
func (o *Options) Few(leaves int64) { o.few = leaves }
