// SPDX-FileCopyrightText: The vouch authors
// SPDX-License-Identifier: Apache-2.0

package agentcmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/vouch-sla/vouch/agent"
	"github.com/vouch-sla/vouch/configs"
	"github.com/vouch-sla/vouch/probes"
)

// settings is what of the agent's file can change while it runs: the credentials,
// with the secrets that they name, and the level of the log. What is measured comes
// from the collector and needs no reload.
type settings struct {
	began   configs.Agent // as the agent was started
	current atomic.Pointer[configs.Agent]
	level   slog.LevelVar
	log     *slog.Logger
}

func (s *settings) use(config configs.Agent) {
	s.current.Store(&config)
	s.level.Set(config.LogLevel)
}

// credential returns the credential of that name as it stands now.
func (s *settings) credential(name string) (probes.Credential, error) {
	config := s.current.Load()
	c, ok := config.Credentials[name]
	if !ok {
		return probes.Credential{}, agent.ErrNoCredential
	}
	return credential(c), nil
}

// reload reads the file again. With a mistake anywhere everything stays as it was.
// The schedule is not touched: attempts that run end with the credential that they
// began with, the next ones take the new.
func (s *settings) reload(ctx context.Context) {
	config, problems := configs.LoadAgent(source(ctx), s.began.File)
	if problems.Err() != nil {
		list := problems.Mistakes()
		s.log.Error("reload: the file has mistakes, everything stays as it was", "file", s.began.File, "mistakes", len(list), "first", fmt.Sprint(list[0]))
		return
	}
	s.use(config)
	if fixed := restartFor(s.began, config); len(fixed) > 0 {
		s.log.Warn("reload: credentials and log_level are in force, a restart is needed for the rest", "changed", strings.Join(fixed, ", "))
		return
	}
	s.log.Info("reload: credentials and log_level are in force", "credentials", len(config.Credentials))
}

// restartFor names what differs and cannot change while the agent runs.
func restartFor(a, b configs.Agent) []string {
	differs := map[string]bool{
		"id": a.ID != b.ID, "data": a.Data != b.Data, "source": a.Source != b.Source, "metrics": a.Metrics != b.Metrics, "queue": a.Queue != b.Queue, "spool": a.Spool != b.Spool,
		"traps":         !reflect.DeepEqual(a.Traps, b.Traps),
		"alarm":         !reflect.DeepEqual(a.Alarm, b.Alarm),
		"ntp":           !slices.Equal(a.TimeServers, b.TimeServers),
		"collector.url": a.Collector.URL.String() != b.Collector.URL.String(), "collector.pin": a.Collector.Pin != b.Collector.Pin,
	}
	var list []string
	for name, is := range differs {
		if is {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// run reloads at each signal until ctx ends.
func (s *settings) run(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			s.reload(ctx)
		}
	}
}
