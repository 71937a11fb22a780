package server

import "dragonfly/server/command"

// newRegistry collects the commands of all families.
func newRegistry() *command.Registry {
	return command.NewRegistry(
		connectionCommands,
		transactionCommands,
		persistCommands,
		dumpCommands,
	)
}
