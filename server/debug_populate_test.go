package server

import (
	"strings"
	"testing"
)

func TestPopulate(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t,
		"debug populate 2 l 4 type list elements 3", "+OK", "lrange l:1 0 -1", "*3 $valu $valu $valu",
		"debug populate 2 s type set elements 3", "+OK", "scard s:1", ":3", "sismember s:0 value:2", ":1",
		"debug populate 2 h TYPE hash ELEMENTS 3", "+OK", "hgetall h:0", "*6 $0 $value:0 $1 $value:1 $2 $value:2",
		"debug populate 2 z type zset elements 300", "+OK", "zcard z:1", ":300", "zscore z:1 value:299", "$299",
		"debug populate 2 x type stream elements 3", "+OK", "xlen x:1", ":3",
		"debug populate 1 l type set", "+OK", "type l:0", "+list", // it was there
		"debug populate 3 rand type string", "+OK", "get rand:0", "$value:0", "debug populate 1 n rand", "+OK", "strlen n:0", ":16",
		"debug populate 1 r 100 rand expire 10 20", "+OK", "strlen r:0", ":100",
		"dbsize", ":15",
		"debug populate 1 a type json", "-ERR syntax error",
		"debug populate 1 a junk", "-ERR value is out of range, must be positive",
		"debug populate 1 a 3 junk", "-ERR syntax error",
		"debug populate 1 a 3 type", "-ERR syntax error",
		"debug populate 1 a 3 elements 0", "-ERR value is out of range, must be positive",
		"debug populate 1 a 3 expire 5 4", "-ERR value is out of range",
	)
	if ttl := c.do("ttl r:0"); len(ttl) != 3 || ttl > ":20" || ttl < ":10" {
		t.Errorf("TTL %s, want 10 to 20 seconds", ttl)
	}
	if got := c.do("get r:0"); strings.Trim(got[1:], "0123456789abcdef") != "" {
		t.Errorf("%s are no random digits", got)
	}
}

// TestAlone: what a client hears that looks for company.
func TestAlone(t *testing.T) {
	c := dial(t, newServer(t, nil))
	const (
		noCluster = "-ERR This instance has cluster support disabled"
		noModules = "-ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server."
	)
	c.expect(t,
		"cluster info", noCluster, "cluster slots", noCluster, "cluster help", noCluster, "cluster keyslot k", noCluster,
		"cluster", "-ERR wrong number of arguments for 'cluster' command",
		"cluster junk", "-ERR unknown subcommand 'junk'. Try CLUSTER HELP.",
		"cluster keyslot", "-ERR wrong number of arguments for 'cluster|keyslot' command",
		"readonly", noCluster, "readwrite", noCluster, "asking", noCluster,
		"module list", "*0", "module load x", noModules, "module loadex x", noModules, "module unload x", noModules,
		"replicaof no one", "+OK", "slaveof NO ONE", "+OK",
		"replicaof localhost x", "-ERR Invalid master port", "replicaof localhost 65536", "-ERR Invalid master port",
		"replicaof localhost 6379", "-ERR this server cannot replicate another",
		"failover", "-ERR FAILOVER requires connected replicas.", "failover to localhost 1 force timeout 5", "-ERR FAILOVER requires connected replicas.",
		"failover abort", "-ERR No failover in progress.", "failover abort force", "-ERR syntax error", "failover to", "-ERR syntax error",
		"failover timeout 0", "-ERR FAILOVER timeout must be greater than 0",
	)
}

func TestDfly(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	c.expect(t,
		"dfly junk", "-ERR unknown subcommand 'junk'. Try DFLY HELP.",
		"dfly thread x", "-ERR value is not an integer or out of range",
		"dfly thread 99999", "-ERR value is not an integer or out of range",
		"dfly thread 0 1", "-ERR syntax error",
		"debug set-active-expire 0", "+OK",
		"set k v px 1", "+OK", "set stays v", "+OK",
		"debug sleep 0.01", "+OK",
		"dbsize", ":2", "dfly expire", "+OK", "dbsize", ":1",
	)
	if got := c.do("dfly thread"); !strings.HasPrefix(got, "*2 :") {
		t.Errorf("DFLY THREAD: %s", got)
	}
	if got, want := c.do("dfly replicaoffset"), "*"; !strings.HasPrefix(got, want) || strings.Count(got, ":0") != s.store.NumShards() {
		t.Errorf("DFLY REPLICAOFFSET: %s", got)
	}
	own := strings.Fields(c.do("dfly thread"))[1][1:]
	c.expect(t, "dfly thread "+own, "+OK")
}
