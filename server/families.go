package server

import (
	"dragonfly/server/command"
	"dragonfly/server/family/bitmap"
	"dragonfly/server/family/generic"
	"dragonfly/server/family/geo"
	"dragonfly/server/family/hash"
	"dragonfly/server/family/hll"
	"dragonfly/server/family/list"
	"dragonfly/server/family/set"
	"dragonfly/server/family/str"
	"dragonfly/server/family/stream"
	"dragonfly/server/family/zset"
)

// newRegistry collects the commands of all families.
func newRegistry() *command.Registry {
	return command.NewRegistry(
		connectionCommands,
		aclCommands,
		transactionCommands,
		persistCommands,
		dumpCommands, dflyCommands,
		stream.Commands,
		functionCommands,
		scriptCommands,
		clientCommands, trackingCommands,
		configCommands,
		infoCommands,
		introspectionCommands,
		keyspaceCommands,
		waitCommands,
		memoryCommands,
		slowlogCommands,
		latencyCommands,
		monitorCommands,
		pubsubCommands,
		debugCommands,
		aloneCommands, clusterCommands(),
		zset.Commands,
		set.Commands,
		list.Commands,
		hll.Commands,
		hash.Commands,
		geo.Commands,
		bitmap.Commands,
		generic.Commands,
		str.Commands,
	)
}
