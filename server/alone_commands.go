package server

import (
	"dragonfly/server/command"
	"dragonfly/store/resperr"
)

// What a server answers about other servers, and about modules, that has neither.
const (
	errNoCluster  resperr.Error = "ERR This instance has cluster support disabled"
	errNoModules  resperr.Error = `ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`
	errNoReplicas resperr.Error = "ERR FAILOVER requires connected replicas."
	errNoFailover resperr.Error = "ERR No failover in progress."

	errFailoverTimeout resperr.Error = "ERR FAILOVER timeout must be greater than 0"
	errMasterPort      resperr.Error = "ERR Invalid master port"
	errNoReplication   resperr.Error = "ERR this server cannot replicate another"
)

// fails returns a handler that always answers the same error.
func fails(err resperr.Error) func(c *command.Ctx) {
	return func(c *command.Ctx) { c.Fail(err) }
}

// aloneCommands are for servers in company: clients that ask whether they talk to a cluster, or have modules, get the
// answers that a Redis without them gives.
var aloneCommands = []command.Command{
	{
		Name: "readonly", Arity: 1, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileLoading, ACL: command.CatConnection, Group: "cluster",
		Summary: "Allows reads from a replica in a cluster.", Run: fails(errNoCluster),
	},
	{
		Name: "readwrite", Arity: 1, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileLoading, ACL: command.CatConnection, Group: "cluster",
		Summary: "Ends READONLY.", Run: fails(errNoCluster),
	},
	{
		Name: "asking", Arity: 1, Since: "3.0.0", Complexity: "O(1)",
		Flags: command.Fast, ACL: command.CatConnection, Group: "cluster",
		Summary: "Tells a node of a cluster that the client was sent by another.", Run: fails(errNoCluster),
	},
	{
		Name: "module", Arity: -2, Since: "4.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "server", Summary: "Manages modules.",
	},
	{
		Name: "module|list", Arity: 2, Since: "4.0.0", Complexity: "O(1)",
		Flags: command.Admin | command.NoScript, Group: "server",
		Summary: "Lists the modules: there are none.",
		Run:     func(c *command.Ctx) { c.Reply.Array(0) },
	},
	{
		Name: "module|load", Arity: -3, Since: "4.0.0", Complexity: "O(1)",
		Flags: command.Admin | command.NoScript, Group: "server",
		Summary: "Refused: there are no modules.", Syntax: "path [arg [arg ...]]", Run: fails(errNoModules),
	},
	{
		Name: "module|loadex", Arity: -3, Since: "7.0.0", Complexity: "O(1)",
		Flags: command.Admin | command.NoScript, Group: "server",
		Summary: "Refused: there are no modules.", Syntax: "path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]",
		Run: fails(errNoModules),
	},
	{
		Name: "module|unload", Arity: 3, Since: "4.0.0", Complexity: "O(1)",
		Flags: command.Admin | command.NoScript, Group: "server",
		Summary: "Refused: there are no modules.", Syntax: "name", Run: fails(errNoModules),
	},
	{
		Name: "module|help", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: command.WhileLoading, Group: "server",
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
	{
		Name: "replicaof", Arity: 3, Since: "5.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "NO ONE makes the server a master, which it is. It cannot be made a replica.", Syntax: "<host port | NO ONE>",
		Run: replicaof,
	},
	{
		Name: "slaveof", Arity: 3, Since: "1.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "The old name of REPLICAOF.", Syntax: "<host port | NO ONE>",
		Run: replicaof,
	},
	{
		Name: "failover", Arity: -1, Since: "6.2.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "Refused: there are no replicas.", Syntax: "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
		Run: failover,
	},
}

// clusterCommands declares CLUSTER and its subcommands. As in Redis they exist without a cluster, and refuse.
func clusterCommands() []command.Command {
	const (
		everyone = command.Flags(0)
		admin    = command.Admin
	)
	cmds := []command.Command{{
		Name: "cluster", Arity: -2, Since: "3.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "cluster", Summary: "Tells about the cluster and manages it.",
	}}
	for _, sub := range []struct {
		name   string
		arity  int
		flags  command.Flags
		since  string
		syntax string
	}{
		{"addslots", -3, admin, "3.0.0", "slot [slot ...]"},
		{"addslotsrange", -4, admin, "7.0.0", "start-slot end-slot [start-slot end-slot ...]"},
		{"bumpepoch", 2, admin, "3.0.0", ""},
		{"count-failure-reports", 3, admin, "3.0.0", "node-id"},
		{"countkeysinslot", 3, everyone, "3.0.0", "slot"},
		{"delslots", -3, admin, "3.0.0", "slot [slot ...]"},
		{"delslotsrange", -4, admin, "7.0.0", "start-slot end-slot [start-slot end-slot ...]"},
		{"failover", -2, admin, "3.0.0", "[FORCE | TAKEOVER]"},
		{"flushslots", 2, admin, "3.0.0", ""},
		{"forget", 3, admin, "3.0.0", "node-id"},
		{"getkeysinslot", 4, everyone, "3.0.0", "slot count"},
		{"help", 2, command.WhileLoading, "5.0.0", ""},
		{"info", 2, everyone, "3.0.0", ""},
		{"keyslot", 3, everyone, "3.0.0", "key"},
		{"links", 2, everyone, "7.0.0", ""},
		{"meet", -4, admin, "3.0.0", "ip port [cluster-bus-port]"},
		{"myid", 2, everyone, "3.0.0", ""},
		{"myshardid", 2, everyone, "7.2.0", ""},
		{"nodes", 2, everyone, "3.0.0", ""},
		{"replicas", 3, admin, "5.0.0", "node-id"},
		{"replicate", 3, admin, "3.0.0", "node-id"},
		{"reset", -2, admin | command.NoScript, "3.0.0", "[HARD | SOFT]"},
		{"saveconfig", 2, admin, "3.0.0", ""},
		{"set-config-epoch", 3, admin, "3.0.0", "config-epoch"},
		{"setslot", -4, admin, "3.0.0", "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>"},
		{"shards", 2, everyone, "7.0.0", ""},
		{"slaves", 3, admin, "3.0.0", "node-id"},
		{"slots", 2, everyone, "3.0.0", ""},
	} {
		cmds = append(cmds, command.Command{
			Name: "cluster|" + sub.name, Arity: sub.arity, Since: sub.since, Complexity: "O(1)", Flags: sub.flags, Group: "cluster",
			Summary: "Refused: this server is no node of a cluster.", Syntax: sub.syntax, Run: fails(errNoCluster),
		})
	}
	return cmds
}

func replicaof(c *command.Ctx) {
	if equalFold(c.Args[1], "no") && equalFold(c.Args[2], "one") {
		c.Reply.OK()
		return
	}
	if n, err := command.IntFrom(c.Args[2], 0, errMasterPort); err != nil || n > 65535 {
		c.Fail(errMasterPort)
		return
	}
	c.Fail(errNoReplication)
}

// failover checks the options as Redis does and refuses.
func failover(c *command.Ctx) {
	abort, others := false, 0
	for args := c.Args[1:]; len(args) > 0; others++ {
		switch {
		case equalFold(args[0], "abort"):
			abort = true
			args = args[1:]
		case equalFold(args[0], "timeout") && len(args) > 1:
			if _, err := command.IntFrom(args[1], 1, errFailoverTimeout); err != nil {
				c.Fail(err)
				return
			}
			args = args[2:]
		case equalFold(args[0], "to") && len(args) > 2:
			if _, err := command.Int(args[2]); err != nil {
				c.Fail(err)
				return
			}
			args = args[3:]
		case equalFold(args[0], "force"):
			args = args[1:]
		default:
			c.Fail(resperr.Syntax)
			return
		}
	}
	switch {
	case abort && others > 1:
		c.Fail(resperr.Syntax)
	case abort:
		c.Fail(errNoFailover)
	default:
		c.Fail(errNoReplicas)
	}
}
