package main

import (
	"log/slog"

	"dragonfly/server"
	"dragonfly/server/config"
)

// newApp returns the server for the settings.
func newApp(cfg *config.Config, log *slog.Logger) (app, error) { return server.New(cfg, log) }
