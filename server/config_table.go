package server

import (
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dragonfly/server/config"
	"dragonfly/server/cron"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// Values shared by rows of the table.
const (
	maxInt32 = math.MaxInt32
	maxInt64 = math.MaxInt64
)

// redisParams are the parameters of Redis 7.4. A row whose name is that of a setting, but for hyphens, is that
// setting. Rows without one, and without limit or apply, mean nothing to this server: it keeps and shows them, so
// that tools which set them go on.
//
// What differs from Redis: values that would promise what this server does not do are shown as they are
// (protected-mode is no) or refused (appendonly yes); dbfilename can be set, as in Dragonfly.
var redisParams = []param{
	// Connections.
	{name: "port", kind: kindInt, max: 65535, show: func(s *Server) string { return strconv.Itoa(s.port()) }, apply: samePort},
	{name: "bind", apply: sameBind},
	{name: "bind-source-addr"},
	{name: "unixsocket", flags: immutable},
	{name: "unixsocketperm", kind: kindOctal, max: 0o777, flags: immutable},
	{name: "tcp-backlog", kind: kindInt, max: maxInt32, flags: immutable},
	{name: "tcp-keepalive", kind: kindInt, max: maxInt32, apply: applyKeepAlive},
	{name: "socket-mark-id", kind: kindInt, max: math.MaxUint32, def: "0", flags: immutable},
	{name: "timeout", kind: kindInt, max: maxInt32, apply: applyTimeout},
	{name: "maxclients", kind: kindInt, min: 1, max: math.MaxUint32, apply: applyMaxClients},
	{name: "max-new-connections-per-cycle", kind: kindInt, min: 1, max: 1000, def: "10"},
	{name: "max-new-tls-connections-per-cycle", kind: kindInt, min: 1, max: 1000, def: "1"},
	{name: "protected-mode", kind: kindBool, def: "no"},
	{name: "requirepass", flags: sensitive, apply: applyPassword},
	{name: "aclfile", flags: immutable},
	{name: "acllog-max-len", kind: kindInt, max: maxInt32, apply: applyACLLog},
	{name: "acl-pubsub-default", kind: kindEnum, words: []string{"allchannels", "resetchannels"}, def: "resetchannels", apply: applyPubSubDefault},
	{name: "client-output-buffer-limit", parse: parseOutputLimits, def: formatOutputLimits(defaultOutputLimits()), apply: applyOutputLimits},
	{name: "client-query-buffer-limit", kind: kindMemory, min: 1 << 20, max: maxInt64, def: "1073741824", apply: applyInputLimit},
	{name: "proto-max-bulk-len", other: "max_bulk_len", kind: kindMemory, min: 1 << 20, max: maxInt64, apply: applyMaxBulk},
	{name: "maxmemory-clients", kind: kindShare, max: maxInt64, def: "0", apply: applyClientLimit},
	{name: "tracking-table-max-keys", kind: kindInt, max: maxInt64, def: "1000000", apply: applyTrackingLimit},
	{name: "io-threads", kind: kindInt, min: 1, max: 128, flags: immutable, show: func(s *Server) string { return strconv.Itoa(len(s.loops)) }},
	{name: "io-threads-do-reads", kind: kindBool, def: "yes", flags: immutable},

	// Data.
	{name: "databases", other: "dbnum", kind: kindInt, min: 1, max: maxInt32, flags: immutable},
	{name: "maxmemory", kind: kindMemory, max: maxInt64, apply: applyMaxMemory},
	{name: "maxmemory-policy", kind: kindEnum, words: config.Policies(), apply: applyPolicy},
	{name: "maxmemory-samples", kind: kindInt, min: 1, max: 64, apply: applySamples},
	{name: "maxmemory-eviction-tenacity", kind: kindInt, max: 100, apply: applyTenacity},
	{name: "lfu-log-factor", kind: kindInt, max: maxInt32, apply: applyLFUFactor},
	{name: "lfu-decay-time", kind: kindInt, max: maxInt32, apply: applyLFUDecay},
	{name: "active-expire-effort", kind: kindInt, min: 1, max: 10, def: "1", apply: applyExpireEffort},
	{name: "hz", kind: kindInt, max: maxInt32, parse: parseHZ},
	{name: "dynamic-hz", kind: kindBool, def: "yes"},
	{name: "activerehashing", kind: kindBool, def: "yes"},
	{name: "lazyfree-lazy-eviction", kind: kindBool, def: "no"},
	{name: "lazyfree-lazy-expire", kind: kindBool, def: "no"},
	{name: "lazyfree-lazy-server-del", kind: kindBool, def: "no"},
	{name: "lazyfree-lazy-user-del", kind: kindBool, def: "no"},
	{name: "lazyfree-lazy-user-flush", kind: kindBool, def: "no"},
	{name: "notify-keyspace-events", parse: parseEvents, apply: applyEvents},
	{name: "hash-max-listpack-entries", alias: "hash-max-ziplist-entries", kind: kindInt, max: maxInt64, limit: func(l *object.Limits) *int { return &l.HashMaxListpackEntries }},
	{name: "hash-max-listpack-value", alias: "hash-max-ziplist-value", kind: kindMemory, max: maxInt64, limit: func(l *object.Limits) *int { return &l.HashMaxListpackValue }},
	{name: "list-max-listpack-size", alias: "list-max-ziplist-size", kind: kindInt, min: math.MinInt32, max: maxInt32, limit: func(l *object.Limits) *int { return &l.ListMaxListpackSize }},
	{name: "list-compress-depth", kind: kindInt, max: maxInt32, limit: func(l *object.Limits) *int { return &l.ListCompressDepth }},
	{name: "set-max-intset-entries", kind: kindInt, max: maxInt64, limit: func(l *object.Limits) *int { return &l.SetMaxIntsetEntries }},
	{name: "set-max-listpack-entries", kind: kindInt, max: maxInt64, limit: func(l *object.Limits) *int { return &l.SetMaxListpackEntries }},
	{name: "set-max-listpack-value", kind: kindMemory, max: maxInt64, limit: func(l *object.Limits) *int { return &l.SetMaxListpackValue }},
	{name: "zset-max-listpack-entries", alias: "zset-max-ziplist-entries", kind: kindInt, max: maxInt64, limit: func(l *object.Limits) *int { return &l.ZsetMaxListpackEntries }},
	{name: "zset-max-listpack-value", alias: "zset-max-ziplist-value", kind: kindMemory, max: maxInt64, limit: func(l *object.Limits) *int { return &l.ZsetMaxListpackValue }},
	{name: "stream-node-max-bytes", kind: kindMemory, max: maxInt64, limit: func(l *object.Limits) *int { return &l.StreamNodeMaxBytes }},
	{name: "stream-node-max-entries", kind: kindInt, max: maxInt64, limit: func(l *object.Limits) *int { return &l.StreamNodeMaxEntries }},
	{name: "hll-sparse-max-bytes", kind: kindMemory, max: maxInt64, limit: func(l *object.Limits) *int { return &l.HLLSparseMaxBytes }},
	{name: "activedefrag", kind: kindBool, def: "no", apply: refuseYes("Active defragmentation cannot be enabled: sparse memory is given back without it")},
	{name: "active-defrag-cycle-max", kind: kindInt, min: 1, max: 99, def: "25"},
	{name: "active-defrag-cycle-min", kind: kindInt, min: 1, max: 99, def: "1"},
	{name: "active-defrag-ignore-bytes", kind: kindMemory, min: 1, max: maxInt64, def: "104857600"},
	{name: "active-defrag-max-scan-fields", kind: kindInt, min: 1, max: maxInt64, def: "1000"},
	{name: "active-defrag-threshold-lower", kind: kindInt, max: 1000, def: "10"},
	{name: "active-defrag-threshold-upper", kind: kindInt, max: 1000, def: "100"},
	{name: "jemalloc-bg-thread", kind: kindBool, def: "yes"},

	// Snapshots and files.
	{name: "dir", flags: protected, show: showDir},
	{name: "dbfilename", apply: applyDBFilename},
	{name: "save", parse: parseSavePoints, apply: applySavePoints},
	{name: "rdbcompression", kind: kindBool, show: showCompression, apply: applyCompression},
	{name: "rdbchecksum", kind: kindBool, def: "yes", flags: immutable},
	{name: "rdb-save-incremental-fsync", kind: kindBool, def: "yes"},
	{name: "rdb-del-sync-files", kind: kindBool, def: "no"},
	{name: "sanitize-dump-payload", kind: kindEnum, words: []string{"no", "yes", "clients"}, def: "yes"},
	{name: "snapshot_cron", parse: parseSnapshotCron, apply: applySnapshotCron},
	{name: "stop-writes-on-bgsave-error", kind: kindBool, def: "no", apply: applyStopWrites},
	{name: "appendonly", kind: kindBool, def: "no", apply: refuseYes("this server keeps snapshots and has no append only file")},
	{name: "appendfilename", def: "appendonly.aof", flags: immutable},
	{name: "appenddirname", def: "appendonlydir", flags: immutable},
	{name: "appendfsync", kind: kindEnum, words: []string{"everysec", "always", "no"}, def: "everysec"},
	{name: "no-appendfsync-on-rewrite", kind: kindBool, def: "no"},
	{name: "auto-aof-rewrite-percentage", kind: kindInt, max: maxInt32, def: "100"},
	{name: "auto-aof-rewrite-min-size", kind: kindMemory, max: maxInt64, def: "67108864"},
	{name: "aof-disable-auto-gc", kind: kindBool, def: "no"},
	{name: "aof-load-truncated", kind: kindBool, def: "yes"},
	{name: "aof-rewrite-incremental-fsync", kind: kindBool, def: "yes"},
	{name: "aof-timestamp-enabled", kind: kindBool, def: "no"},
	{name: "aof-use-rdb-preamble", kind: kindBool, def: "yes"},
	{name: "rdb-key-save-delay", kind: kindInt, min: math.MinInt32, max: maxInt32, def: "0", flags: hidden},
	{name: "key-load-delay", kind: kindInt, min: math.MinInt32, max: maxInt32, def: "0", flags: hidden},
	{name: "loading-process-events-interval-bytes", kind: kindInt, min: 1024, max: maxInt32, def: "2097152", flags: hidden},

	// Watching the server.
	{name: "loglevel", kind: kindEnum, words: []string{"debug", "verbose", "notice", "warning", "nothing"}, def: "notice"},
	{name: "logfile", flags: immutable},
	{name: "syslog-enabled", kind: kindBool, def: "no", flags: immutable},
	{name: "syslog-ident", def: "redis", flags: immutable},
	{name: "syslog-facility", kind: kindEnum, words: []string{"user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}, def: "local0", flags: immutable},
	{name: "slowlog-log-slower-than", kind: kindInt, min: -1, max: maxInt32, apply: applySlowlog},
	{name: "slowlog-max-len", kind: kindInt, max: maxInt32, apply: applySlowlog},
	{name: "latency-monitor-threshold", kind: kindInt, max: maxInt64 / 1_000_000, def: "0", apply: applyLatency},
	{name: "latency-tracking", kind: kindBool, def: "yes", apply: applyTracking},
	{name: "latency-tracking-info-percentiles", parse: parsePercentiles, def: "50 99 99.9"},
	{name: "hide-user-data-from-log", kind: kindBool, def: "no"},
	{name: "crash-log-enabled", kind: kindBool, def: "yes"},
	{name: "crash-memcheck-enabled", kind: kindBool, def: "yes"},
	{name: "use-exit-on-panic", kind: kindBool, def: "no", flags: hidden},
	{name: "watchdog-period", kind: kindInt, max: maxInt32, def: "0", flags: hidden},

	// The process.
	{name: "daemonize", kind: kindBool, def: "no", flags: immutable},
	{name: "supervised", kind: kindEnum, words: []string{"upstart", "systemd", "auto", "no"}, def: "no", flags: immutable},
	{name: "pidfile", flags: immutable},
	{name: "always-show-logo", kind: kindBool, def: "no", flags: immutable},
	{name: "set-proc-title", kind: kindBool, def: "no", flags: immutable},
	{name: "proc-title-template", def: "{title} {listen-addr} {server-mode}", parse: parseTitle},
	{name: "locale-collate"},
	{name: "disable-thp", kind: kindBool, def: "yes", flags: immutable},
	{name: "oom-score-adj", kind: kindEnum, words: []string{"no", "yes", "relative", "absolute"}, def: "no"},
	{name: "oom-score-adj-values", parse: parseOOMValues, def: "0 200 800"},
	{name: "ignore-warnings"},
	{name: "server_cpulist", other: "server-cpulist", flags: immutable},
	{name: "bio_cpulist", other: "bio-cpulist", flags: immutable},
	{name: "aof_rewrite_cpulist", other: "aof-rewrite-cpulist", flags: immutable},
	{name: "bgsave_cpulist", other: "bgsave-cpulist", flags: immutable},
	{name: "enable-protected-configs", kind: kindEnum, words: []string{"no", "yes", "local"}, def: "no", flags: immutable},
	{name: "enable-debug-command", kind: kindEnum, words: []string{"no", "yes", "local"}, def: "yes", flags: immutable},
	{name: "enable-module-command", kind: kindEnum, words: []string{"no", "yes", "local"}, def: "no", flags: immutable},
	{name: "shutdown-timeout", kind: kindInt, max: maxInt32, def: "10"},
	{name: "shutdown-on-sigint", kind: kindEnums, words: []string{"default", "save", "nosave", "now", "force"}, def: "default", parse: parseShutdown},
	{name: "shutdown-on-sigterm", kind: kindEnums, words: []string{"default", "save", "nosave", "now", "force"}, def: "default", parse: parseShutdown},
	{name: "propagation-error-behavior", kind: kindEnum, words: []string{"ignore", "panic", "panic-on-replicas"}, def: "ignore"},
	{name: "busy-reply-threshold", alias: "lua-time-limit", kind: kindInt, max: maxInt64 / 1_000_000, def: "5000", apply: applyBusy},
	{name: "lua-enable-deprecated-api", kind: kindBool, def: "no", flags: immutable | hidden},

	// Replication.
	{name: "replicaof", alias: "slaveof", flags: immutable},
	{name: "masteruser", flags: sensitive},
	{name: "masterauth", flags: sensitive},
	{name: "replica-announce-ip", alias: "slave-announce-ip"},
	{name: "replica-announce-port", alias: "slave-announce-port", kind: kindInt, max: 65535, def: "0"},
	{name: "replica-announced", kind: kindBool, def: "yes"},
	{name: "replica-ignore-disk-write-errors", kind: kindBool, def: "no"},
	{name: "replica-ignore-maxmemory", alias: "slave-ignore-maxmemory", kind: kindBool, def: "yes"},
	{name: "replica-lazy-flush", alias: "slave-lazy-flush", kind: kindBool, def: "no"},
	{name: "replica-priority", alias: "slave-priority", kind: kindInt, max: maxInt32, def: "100"},
	{name: "replica-read-only", alias: "slave-read-only", kind: kindBool, def: "yes"},
	{name: "replica-serve-stale-data", alias: "slave-serve-stale-data", kind: kindBool, def: "yes"},
	{name: "min-replicas-to-write", alias: "min-slaves-to-write", kind: kindInt, max: maxInt32, def: "0"},
	{name: "min-replicas-max-lag", alias: "min-slaves-max-lag", kind: kindInt, max: maxInt32, def: "10"},
	{name: "repl-backlog-size", kind: kindMemory, min: 1, max: maxInt64, def: "1048576"},
	{name: "repl-backlog-ttl", kind: kindInt, max: maxInt64, def: "3600"},
	{name: "repl-disable-tcp-nodelay", kind: kindBool, def: "no"},
	{name: "repl-diskless-load", kind: kindEnum, words: []string{"disabled", "on-empty-db", "swapdb"}, def: "disabled"},
	{name: "repl-diskless-sync", kind: kindBool, def: "yes"},
	{name: "repl-diskless-sync-delay", kind: kindInt, max: maxInt32, def: "5"},
	{name: "repl-diskless-sync-max-replicas", kind: kindInt, max: maxInt32, def: "0"},
	{name: "repl-ping-replica-period", alias: "repl-ping-slave-period", kind: kindInt, min: 1, max: maxInt32, def: "10"},
	{name: "repl-timeout", kind: kindInt, min: 1, max: maxInt32, def: "60"},

	// Cluster.
	{name: "cluster-enabled", kind: kindBool, def: "no", flags: immutable},
	{name: "cluster-config-file", def: "nodes.conf", flags: immutable},
	{name: "cluster-port", kind: kindInt, max: 65535, def: "0", flags: immutable},
	{name: "cluster-announce-ip"},
	{name: "cluster-announce-port", kind: kindInt, max: 65535, def: "0"},
	{name: "cluster-announce-tls-port", kind: kindInt, max: 65535, def: "0"},
	{name: "cluster-announce-bus-port", kind: kindInt, max: 65535, def: "0"},
	{name: "cluster-announce-hostname"},
	{name: "cluster-announce-human-nodename"},
	{name: "cluster-allow-pubsubshard-when-down", kind: kindBool, def: "yes"},
	{name: "cluster-allow-reads-when-down", kind: kindBool, def: "no"},
	{name: "cluster-allow-replica-migration", kind: kindBool, def: "yes"},
	{name: "cluster-link-sendbuf-limit", kind: kindMemory, max: maxInt64, def: "0"},
	{name: "cluster-migration-barrier", kind: kindInt, max: maxInt32, def: "1"},
	{name: "cluster-node-timeout", kind: kindInt, max: maxInt64, def: "15000"},
	{name: "cluster-preferred-endpoint-type", kind: kindEnum, words: []string{"ip", "hostname", "unknown-endpoint"}, def: "ip"},
	{name: "cluster-replica-no-failover", alias: "cluster-slave-no-failover", kind: kindBool, def: "no"},
	{name: "cluster-replica-validity-factor", alias: "cluster-slave-validity-factor", kind: kindInt, max: maxInt32, def: "10"},
	{name: "cluster-require-full-coverage", kind: kindBool, def: "yes"},

	// TLS.
	{name: "tls-port", kind: kindInt, max: 65535, def: "0", apply: refuseTLS("0")},
	{name: "tls-auth-clients", kind: kindEnum, words: []string{"no", "yes", "optional"}, def: "yes"},
	{name: "tls-ca-cert-dir", apply: refuseTLS("")},
	{name: "tls-ca-cert-file", apply: refuseTLS("")},
	{name: "tls-cert-file", apply: refuseTLS("")},
	{name: "tls-key-file", apply: refuseTLS("")},
	{name: "tls-key-file-pass", flags: sensitive, apply: refuseTLS("")},
	{name: "tls-client-cert-file"},
	{name: "tls-client-key-file"},
	{name: "tls-client-key-file-pass", flags: sensitive},
	{name: "tls-ciphers"},
	{name: "tls-ciphersuites"},
	{name: "tls-cluster", kind: kindBool, def: "no"},
	{name: "tls-dh-params-file"},
	{name: "tls-prefer-server-ciphers", kind: kindBool, def: "no"},
	{name: "tls-protocols"},
	{name: "tls-replication", kind: kindBool, def: "no"},
	{name: "tls-session-cache-size", kind: kindInt, max: maxInt32, def: "20480"},
	{name: "tls-session-cache-timeout", kind: kindInt, max: maxInt32, def: "300"},
	{name: "tls-session-caching", kind: kindBool, def: "yes"},
}

// newParamTable returns Redis's parameters, joined to the settings they are, and the settings that Redis does not
// know and CONFIG may show.
func newParamTable() []param {
	table := append([]param(nil), redisParams...)
	defaults := object.DefaultLimits()
	joined := map[string]bool{}
	for i := range table {
		q := &table[i]
		if q.limit != nil {
			q.def = strconv.Itoa(*q.limit(&defaults))
		}
		name := q.other
		if name == "" {
			name = strings.ReplaceAll(q.name, "-", "_")
		}
		setting, ok := config.Lookup(name)
		if !ok {
			continue
		}
		joined[name] = true
		q.other = ""
		if name != q.name && setting.Access != config.Hidden {
			q.other = name
		}
		if setting.Status == config.Live {
			q.setting = setting
		}
	}
	for _, section := range config.Sections() {
		for i := range section.Settings {
			setting := &section.Settings[i]
			if setting.Access == config.Hidden || joined[setting.Name] {
				continue
			}
			q := param{name: setting.Name, kind: kindSetting, setting: setting}
			if setting.Access == config.Readable {
				q.flags = immutable
			}
			q.parse = func(text, _ string) (string, error) {
				if setting.Status == config.Unbuilt && !setting.IsDefault(text) {
					return "", errRefused
				}
				return text, nil
			}
			table = append(table, q)
		}
	}
	return table
}

// Parameters that take effect.

func applyTimeout(s *Server, text string) error {
	s.params.idleSecs.Store(atoi(text))
	return nil
}

func applyMaxClients(s *Server, text string) error {
	s.params.clients.Store(atoi(text))
	return nil
}

func applyPassword(s *Server, text string) error {
	s.acl.users.SetDefaultPassword(text)
	return nil
}

func applyACLLog(s *Server, text string) error {
	s.acl.log.SetMax(int(atoi(text)))
	return nil
}

func applyPubSubDefault(s *Server, text string) error {
	s.acl.users.AllowNewAllChannels(text == "allchannels")
	return nil
}

func applyEvents(s *Server, text string) error {
	s.events.set(text)
	return nil
}

func applyKeepAlive(s *Server, text string) error {
	s.group.SetKeepAlive(time.Duration(atoi(text)) * time.Second)
	return nil
}

func applyInputLimit(s *Server, text string) error {
	s.group.SetInputLimit(atoi(text))
	return nil
}

func applyMaxBulk(s *Server, text string) error {
	s.maxBulk.Store(atoi(text))
	return nil
}

func applyMaxMemory(s *Server, text string) error {
	s.maxMemory.Store(atoi(text))
	s.limitData()
	return nil
}

func applyPolicy(s *Server, text string) error {
	s.store.SetPolicy(policyOf(text))
	return nil
}

func applySamples(s *Server, text string) error {
	s.store.SetEvictionSamples(int(atoi(text)))
	return nil
}

func applyTenacity(s *Server, text string) error {
	s.evict.patience.Store(int64(patienceOf(atoi(text))))
	return nil
}

func applyLFUFactor(s *Server, text string) error {
	s.store.LFUFactor.Store(atoi(text))
	return nil
}

func applyLFUDecay(s *Server, text string) error {
	s.store.LFUDecay.Store(atoi(text))
	return nil
}

// applySlowlog follows a change of either parameter: the other is read again.
func applySlowlog(s *Server, _ string) error {
	s.slow.configure(int(atoi(s.param("slowlog-log-slower-than"))), int(atoi(s.param("slowlog-max-len"))))
	return nil
}

func applyBusy(s *Server, text string) error {
	s.busyMs.Store(atoi(text))
	return nil
}

func applyExpireEffort(s *Server, text string) error {
	s.store.ExpireEffort.Store(atoi(text))
	return nil
}

func applyLatency(s *Server, text string) error {
	s.latency.threshold.Store(atoi(text))
	s.slow.timeAll(timeForLatency, text != "0")
	return nil
}

func applyTracking(s *Server, text string) error {
	s.latency.histograms.Store(text == "yes")
	return nil
}

func applyDBFilename(s *Server, text string) error {
	if strings.ContainsAny(text, `/\`) {
		return resperr.Error("dbfilename can't be a path, just a filename")
	}
	s.params.file.Store(&text)
	return nil
}

func parseSnapshotCron(text, _ string) (string, error) {
	schedule, err := cron.Parse(text)
	if err != nil {
		return "", resperr.Error(err.Error())
	}
	return schedule.String(), nil
}

func applySnapshotCron(s *Server, text string) error {
	schedule, err := cron.Parse(text)
	s.schedule.set(schedule)
	return err
}

func applyStopWrites(s *Server, text string) error {
	s.persist.stopWrites.Store(text == "yes")
	return nil
}

func showCompression(s *Server) string {
	s.params.mu.Lock()
	defer s.params.mu.Unlock()
	if s.params.cfg.CompressionMode == config.CompressNone {
		return "no"
	}
	return "yes"
}

func applyCompression(s *Server, text string) error {
	s.params.mu.Lock()
	defer s.params.mu.Unlock()
	mode := &s.params.cfg.CompressionMode
	switch {
	case text == "no":
		*mode = config.CompressNone
	case *mode != config.CompressNone:
	case s.cfg.CompressionMode != config.CompressNone:
		*mode = s.cfg.CompressionMode
	default:
		*mode = config.CompressMultiEntryLZ4
	}
	return nil
}

func showDir(s *Server) string {
	dir, err := filepath.Abs(s.cfg.Dir)
	if err != nil {
		return s.cfg.Dir
	}
	return dir
}

// samePort and sameBind refuse to move the server: its sockets are opened once.
func samePort(s *Server, text string) error {
	if text != strconv.Itoa(s.port()) {
		return resperr.Error("Unable to listen on this port. Check server logs.")
	}
	return nil
}

func sameBind(s *Server, text string) error {
	if text != s.cfg.Bind {
		return resperr.Error("Failed to bind to specified addresses.")
	}
	return nil
}

// refuseTLS makes a parameter one that can only be what it is without TLS.
func refuseTLS(without string) func(*Server, string) error {
	return func(_ *Server, text string) error {
		if text != without {
			return resperr.Error("Unable to update TLS configuration. Check server logs.")
		}
		return nil
	}
}

// refuseYes makes a parameter one that can only be no.
func refuseYes(why resperr.Error) func(*Server, string) error {
	return func(_ *Server, text string) error {
		if text == "yes" {
			return why
		}
		return nil
	}
}

// atoi reads a number that canonical has accepted.
func atoi(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
