package config

// scriptSettings are about Lua.
var scriptSettings = []Setting{
	{Name: "interpreter_per_thread", Kind: Uint32, Default: "10", Help: "Lua interpreters per thread", Status: Tuning, Reason: scriptsAsNeeded},
	{Name: "luagc", Kind: String, Default: "", Help: "GC mode: inc/pause/stepmul/stepsize or gen/minor/major", Status: Tuning, Reason: oneCollector},
	{Name: "lua_mem_gc_threshold", Kind: Uint64, Default: "10000000", Help: "Force GC above this many bytes per thread; 0 off", Access: Writable, Status: Tuning, Reason: oneCollector},
	{Name: "lua_enable_redis_log", Kind: Bool, Default: "false", Help: "redis.log writes to the server log", field: func(c *Config) any { return &c.LuaEnableRedisLog }},
	{Name: "lua_resp2_legacy_float", Kind: Bool, Default: "false", Help: "Floats returned as truncated integers to RESP2", Status: Tuning, Reason: floatsAsRedis},
	{Name: "lua_auto_async", Kind: Bool, Default: "false", Help: "Rewrite call with unused result to acall", Status: Tuning, Reason: noQueue},
	{Name: "lua_allow_undeclared_auto_correct", Kind: Bool, Default: "false", Help: "Flip the undeclared-keys flag automatically on first violation", Status: Tuning, Reason: anyKeys},
	{Name: "lua_undeclared_keys_shas", Kind: List, Default: "", Help: "SHAs that may access undeclared keys", Access: Writable, Status: Tuning, Reason: anyKeys},
	{Name: "lua_float_as_int_shas", Kind: List, Default: "", Help: "SHAs whose floats return as integers", Access: Writable, Status: Tuning, Reason: floatsAsRedis},
	{Name: "multi_eval_squash_buffer", Kind: Uint32, Default: "8096", Help: "Bytes of queued async script commands before a flush", Status: Tuning, Reason: noSquash},
}

// replicationSettings are about replication.
var replicationSettings = []Setting{
	{Name: "announce_port", Kind: Uint16, Default: "0", Help: "Port announced to master and cluster clients", Access: Writable, Status: Unbuilt, Reason: "replication"},
	{Name: "replica_announce_ip", Kind: String, Default: "", Help: "IP announced to master", Status: Unbuilt, Reason: "replication"},
	{Name: "replica_priority", Kind: Int32, Default: "100", Help: "Shown in INFO for Sentinel", Access: Writable, Status: Unbuilt, Reason: "replication"},
	{Name: "replica_partial_sync", Kind: Bool, Default: "true", Help: "Try partial sync after reconnect", Access: Writable, Status: Tuning, Reason: noReplication},
	{Name: "replica_delete_expired", Kind: Bool, Default: "true", Help: "Replica deletes expired keys when read", Status: Tuning, Reason: noReplication},
	{Name: "replication_timeout", Kind: Uint32, Default: "30000", Help: "Ms without write progress before a replica is dropped", Access: Writable, Status: Tuning, Reason: noReplication},
	{Name: "replication_acks_interval", Kind: Int32, Default: "1000", Help: "Ms between acks", Status: Tuning, Reason: noReplication},
	{Name: "replication_stream_output_limit", Kind: Uint32, Default: "1048576", Help: "Journal stream throttle bytes", Status: Tuning, Reason: noReplication},
	{Name: "replication_dispatch_threshold", Kind: Uint32, Default: "1500", Help: "Bytes aggregated before sending journal", Status: Tuning, Reason: noReplication},
	{Name: "master_connect_timeout_ms", Kind: Int32, Default: "20000", Help: "Connect timeout to master", Status: Tuning, Reason: noReplication},
	{Name: "master_reconnect_timeout_ms", Kind: Int32, Default: "1000", Help: "Reconnect attempt timeout", Status: Tuning, Reason: noReplication},
	{Name: "break_replication_on_master_restart", Kind: Bool, Default: "false", Help: "Stop replicating if the master restarted", Status: Tuning, Reason: noReplication},
	{Name: "info_replication_valkey_compatible", Kind: Bool, Default: "true", Help: "INFO replication uses Valkey words (online …)", Status: Tuning, Reason: noReplication},
	{Name: "replicaof_no_one_start_journal", Kind: Bool, Default: "true", Help: "Keep journal offsets after promotion", Status: Tuning, Reason: noReplication},
	{Name: "experimental_cascaded_partial_sync", Kind: Bool, Default: "false", Help: "Partial sync of sub-replicas", Status: Tuning, Reason: noReplication},
	{Name: "shard_repl_backlog_time_ms", Kind: Uint32, Default: "5000", Help: "Backlog retention per shard, ms", Status: Tuning, Reason: noReplication},
	{Name: "shard_repl_backlog_max_bytes", Kind: Memory, Default: "0", Help: "Backlog bytes; 0 = 0.5% of maxmemory", Status: Tuning, Reason: noReplication},
	{Name: "journal_omit_redundant_writes", Kind: Bool, Default: "true", Help: "Skip journal for keys not yet full-synced", Status: Tuning, Reason: noReplication},
}

// clusterSettings are about cluster mode.
var clusterSettings = []Setting{
	{Name: "cluster_announce_ip", Kind: String, Default: "", Help: "IP told to cluster clients", Access: Writable, Status: Unbuilt, Reason: "cluster mode"},
	{Name: "cluster_node_id", Kind: String, Default: "", Help: "Node id; default = replication id", Status: Unbuilt, Reason: "cluster mode"},
	{Name: "experimental_cluster_shard_by_slot", Kind: Bool, Default: "false", Help: "Choose shard by slot number", Status: Unbuilt, Reason: "cluster mode"},
	{Name: "cluster_search", Kind: Bool, Default: "false", Help: "Cross-node search", Status: Unbuilt, Reason: "cluster mode"},
	{Name: "cluster_coordinator_connect_timeout_ms", Kind: Int32, Default: "3000", Help: "Cross-node search connect timeout", Status: Tuning, Reason: noCluster},
	{Name: "cluster_coordinator_response_timeout_ms", Kind: Int32, Default: "3000", Help: "Cross-node search read timeout", Status: Tuning, Reason: noCluster},
	{Name: "cluster_flush_decommit_memory", Kind: Bool, Default: "false", Help: "Return memory after slot flush", Status: Tuning, Reason: noCluster},
	{Name: "slot_migration_throttle_us", Kind: Uint32, Default: "0", Help: "Incoming migration throttle; 0 off", Access: Writable, Status: Tuning, Reason: noCluster},
	{Name: "slot_migration_connection_timeout_ms", Kind: Int32, Default: "2000", Help: "Migration connect timeout", Status: Tuning, Reason: noCluster},
	{Name: "migration_finalization_timeout_ms", Kind: Int32, Default: "30000", Help: "Migration finalisation timeout", Access: Writable, Status: Tuning, Reason: noCluster},
	{Name: "migration_buckets_serialization_threshold", Kind: Uint32, Default: "10", Help: "Buckets per migration batch", Status: Tuning, Reason: noCluster},
	{Name: "migration_buckets_sleep_usec", Kind: Uint32, Default: "500", Help: "Pause between migration batches", Status: Tuning, Reason: noCluster},
	{Name: "migration_buckets_cpu_budget", Kind: Float, Default: "0.2", Help: "CPU share for migration", Status: Tuning, Reason: noCluster},
	{Name: "lock_on_hashtags", Kind: Bool, Default: "false", Help: "Lock and shard by {hashtag}", Status: Unbuilt, Reason: "key locking by tags"},
	{Name: "locktag_delimiter", Kind: String, Default: "", Help: "Alternative tag delimiter character", Status: Unbuilt, Reason: "key locking by tags"},
	{Name: "locktag_skip_n_end_delimiters", Kind: Uint32, Default: "0", Help: "Closing delimiters skipped when extracting the tag", Status: Unbuilt, Reason: "key locking by tags"},
	{Name: "locktag_prefix", Kind: String, Default: "", Help: "Only keys with this prefix use tags", Status: Unbuilt, Reason: "key locking by tags"},
	{Name: "shard_round_robin_prefix", Kind: String, Default: "", Help: "Deprecated: round-robin sharding of prefixed keys", Status: Tuning, Reason: hashedShards},
}

// searchSettings are about search, JSON and filters.
var searchSettings = []Setting{
	{Name: "MAXSEARCHRESULTS", Kind: Uint64, Default: "1000000", Help: "Max FT.SEARCH results; change with FT.CONFIG SET", Access: Writable, Status: Unbuilt, Reason: "search"},
	{Name: "search_query_string_bytes", Kind: Uint64, Default: "10240", Help: "Max query length", Access: Writable, Status: Unbuilt, Reason: "search"},
	{Name: "search_reject_legacy_field", Kind: Bool, Default: "true", Help: "FT.AGGREGATE rejects field names without @", Status: Unbuilt, Reason: "search"},
	{Name: "subset_knn_search_threshold", Kind: Uint64, Default: "8192", Help: "Pre-filter size below which exact KNN is used", Status: Tuning, Reason: noSearch},
	{Name: "use_numeric_range_tree", Kind: Bool, Default: "true", Help: "Range tree for numeric index", Status: Tuning, Reason: noSearch},
	{Name: "jsonpathv2", Kind: Bool, Default: "true", Help: "Own JSONPath engine instead of jsoncons", Status: Tuning, Reason: noSearch},
	{Name: "cf_bucket_size", Kind: Uint32, Default: "2", Help: "Cuckoo default slots per bucket", Access: Writable, Status: Unbuilt, Reason: "cuckoo filters"},
	{Name: "cf_initial_size", Kind: Uint64, Default: "1024", Help: "Cuckoo default capacity", Access: Writable, Status: Unbuilt, Reason: "cuckoo filters"},
	{Name: "cf_max_iterations", Kind: Uint32, Default: "20", Help: "Cuckoo default max kicks", Access: Writable, Status: Unbuilt, Reason: "cuckoo filters"},
	{Name: "cf_expansion_factor", Kind: Uint32, Default: "1", Help: "Cuckoo default growth factor", Access: Writable, Status: Unbuilt, Reason: "cuckoo filters"},
	{Name: "cf_max_expansions", Kind: Uint32, Default: "32", Help: "Cuckoo max number of sub-filters", Access: Writable, Status: Unbuilt, Reason: "cuckoo filters"},
}
