package server

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"dragonfly/server/acl"
	"dragonfly/server/command"
	"dragonfly/server/config"
	"dragonfly/server/pubsub"
	"dragonfly/store"
	"dragonfly/store/object"
)

// infoCommands is INFO.
//
// Its fields are those of Redis that tools read and those of Dragonfly. Fields of Dragonfly for what this server does
// not do (tiered storage, fibers, squashing) are there and zero, so that dashboards find them. Sections come in the
// order of Redis, those that only Dragonfly has after them.
var infoCommands = []command.Command{
	{
		Name: "info", Arity: -1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.WhileLoading, ACL: command.CatDangerous,
		Summary: "Describes the server and its state.", Syntax: "[section [section ...]]",
		Run: info,
	},
}

// infoSection is one section of INFO.
type infoSection struct {
	title   string // its name is the title in lower case
	regular bool   // shown when no section is named
	write   func(s *Server, w *infoWriter)
}

// infoSections lists the sections in the order they are shown.
func infoSections() []infoSection {
	return []infoSection{
		{"Server", true, (*Server).infoServer},
		{"Clients", true, (*Server).infoClients},
		{"Memory", true, (*Server).infoMemory},
		{"Persistence", true, func(s *Server, w *infoWriter) { s.persistenceInfo(&w.b) }},
		{"Stats", true, (*Server).infoStats},
		{"Replication", true, (*Server).infoReplication},
		{"CPU", true, (*Server).infoCPU},
		{"Modules", true, func(*Server, *infoWriter) {}},
		{"Commandstats", false, (*Server).infoCommandStats},
		{"Errorstats", true, (*Server).infoErrorStats},
		{"Latencystats", false, (*Server).infoLatencyStats},
		{"Cluster", true, (*Server).infoCluster},
		{"Keyspace", true, (*Server).infoKeyspace},
		{"Tiered", false, (*Server).infoTiered},
		{"Transaction", false, (*Server).infoTransaction},
		{"Search", false, (*Server).infoSearch},
		{"Acl", false, (*Server).infoACL},
	}
}

// infoWriter collects the text of INFO.
type infoWriter struct {
	b    strings.Builder
	data dataStats
}

func (w *infoWriter) field(name string, value any) { fmt.Fprintf(&w.b, "%s:%v\r\n", name, value) }

// zeros writes fields of what does not exist here.
func (w *infoWriter) zeros(names ...string) {
	for _, name := range names {
		w.field(name, 0)
	}
}

func info(c *command.Ctx) {
	s := of(c).s
	names := make([]string, 0, len(c.Args))
	for _, arg := range c.Args[1:] {
		names = append(names, strings.ToLower(string(arg)))
	}
	c.Reply.Verbatim(s.info(names, c.DB.NowMs, c.Tx.VisitAll))
}

// info returns the text of INFO for sections in lower case; visit locks one shard after the other.
func (s *Server) info(names []string, nowMs int64, visit func(func(sh *store.Shard))) string {
	regular, all := len(names) == 0, false
	wanted := map[string]bool{}
	for _, name := range names {
		switch name {
		case "default":
			regular = true
		case "all", "everything":
			all = true
		default:
			wanted[name] = true
		}
	}
	w := &infoWriter{data: s.dataStats(nowMs, visit)}
	for _, section := range infoSections() {
		if !all && !(regular && section.regular) && !wanted[strings.ToLower(section.title)] {
			continue
		}
		if w.b.Len() > 0 {
			w.b.WriteString("\r\n")
		}
		fmt.Fprintf(&w.b, "# %s\r\n", section.title)
		section.write(s, w)
	}
	return w.b.String()
}

// dataStats is what INFO says of the data.
type dataStats struct {
	store.Stats
	used          int64   // bytes of blocks, but for what is being freed
	blocks        int64   // bytes of all blocks
	resident      int64   // bytes of the memory they are in
	keys, expires []int   // by database
	tables        []int64 // bytes, by database
	ttl           []meanTTL
	pending       int // values and tables that are being freed
}

// meanTTL samples the time to live of keys.
type meanTTL struct{ sum, n int64 }

func (m meanTTL) value() int64 {
	if m.n == 0 {
		return 0
	}
	return m.sum / m.n
}

// ttlCells is how many cells of a table are looked at for the mean time to live.
const ttlCells = 8

// dataStats visits all shards.
func (s *Server) dataStats(nowMs int64, visit func(func(sh *store.Shard))) dataStats {
	n := s.store.NumDBs()
	d := dataStats{keys: make([]int, n), expires: make([]int, n), tables: make([]int64, n), ttl: make([]meanTTL, n)}
	visit(func(sh *store.Shard) {
		d.used += sh.Live()
		d.blocks += sh.A.Used()
		d.resident += sh.A.Resident()
		d.pending += sh.Pending()
		d.LazyFreed += sh.Stats.LazyFreed
		d.Hits += sh.Stats.Hits
		d.Misses += sh.Stats.Misses
		d.Expired += sh.Stats.Expired
		d.Evicted += sh.Stats.Evicted
		d.ExpiredFields += sh.Stats.ExpiredFields
		for i := range n {
			d.keys[i] += sh.Len(i)
			d.tables[i] += int64(sh.TableBytes(i))
			expires := sh.DB(i).Expires()
			d.expires[i] += expires
			if expires > 0 {
				d.ttl[i].sample(s, sh, i, nowMs)
			}
		}
	})
	return d
}

// sample adds some keys of a database's part in a shard.
func (m *meanTTL) sample(s *Server, sh *store.Shard, db int, nowMs int64) {
	v := s.store.View(db, nowMs)
	cursor := uint64(0)
	for range ttlCells {
		cursor = v.Scan(sh, cursor, func(c object.Cell) {
			if ms, ok := c.Deadline(); ok {
				m.sum += max(0, ms-nowMs)
				m.n++
			}
		})
		if cursor == 0 {
			return
		}
	}
}

func (s *Server) infoServer(w *infoWriter) {
	up := int64(time.Since(s.start).Seconds())
	w.field("redis_version", redisVersion)
	w.field("dragonfly_version", "df-"+s.cfg.Version)
	w.field("redis_git_sha1", "00000000")
	w.field("redis_git_dirty", 0)
	w.field("redis_build_id", "0")
	w.field("redis_mode", "standalone")
	w.field("os", osName())
	w.field("arch_bits", 64)
	w.field("monotonic_clock", "Go runtime")
	w.field("thread_count", len(s.loops))
	w.field("multiplexing_api", multiplexing())
	w.field("gcc_version", "0.0.0")
	w.field("go_version", runtime.Version())
	w.field("process_id", os.Getpid())
	w.field("process_supervised", "no")
	w.field("run_id", s.runID)
	w.field("tcp_port", s.port())
	w.field("server_time_usec", time.Now().UnixMicro())
	w.field("uptime_in_seconds", up)
	w.field("uptime_in_days", up/86400)
	w.field("hz", s.param("hz"))
	w.field("configured_hz", s.param("hz"))
	w.field("lru_clock", time.Now().Unix()&(1<<24-1))
	w.field("executable", executable())
	w.field("config_file", s.cfg.ConfigFile)
	w.field("io_threads_active", flag(len(s.loops) > 1))
	for i, addr := range s.addrs {
		w.field(fmt.Sprintf("listener%d", i), listenerText(addr))
	}
}

// listenerText describes a socket that the server listens on.
func listenerText(addr net.Addr) string {
	if a, ok := addr.(*net.TCPAddr); ok {
		return fmt.Sprintf("name=tcp,bind=%s,port=%d", a.IP, a.Port)
	}
	return fmt.Sprintf("name=%s,bind=%s", addr.Network(), addr)
}

// multiplexing names how sockets are watched.
func multiplexing() string {
	if runtime.GOOS == "linux" {
		return "epoll"
	}
	return "goroutine"
}

// osName returns system, release and machine, as uname would.
func osName() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	if machine == "" {
		machine = runtime.GOARCH
	}
	return "Linux " + strings.TrimSpace(string(release)) + " " + machine
}

func (s *Server) infoClients(w *infoWriter) {
	unread, pending := int64(0), int64(0)
	watched, timed, keys := 0, 0, int32(0)
	for _, cl := range s.clients.all() {
		unread = max(unread, int64(cl.shown.unread.Load()))
		pending = max(pending, cl.conn.Backlog())
		if n := cl.shown.watched.Load(); n > 0 {
			watched++
			keys += n
		}
		if b := cl.blocked.Load(); b != nil && b.timed {
			timed++
		}
	}
	w.field("connected_clients", s.clients.len())
	w.field("cluster_connections", 0)
	w.field("maxclients", s.params.maxClients())
	w.field("max_clients", s.params.maxClients())
	w.field("client_recent_max_input_buffer", unread)
	w.field("client_recent_max_output_buffer", pending)
	w.field("client_read_buffer_bytes", unread)
	w.field("blocked_clients", s.clients.blocked.Load()+int64(s.pause.count()))
	w.field("tracking_clients", s.tracking.Stats().Clients)
	w.field("pubsub_clients", s.pubsub.Subscribers())
	w.field("watching_clients", watched)
	w.field("clients_in_timeout_table", timed)
	w.field("total_watched_keys", keys)
	waited, gone := s.store.WaitedKeys()
	w.field("total_blocking_keys", waited)
	w.field("total_blocking_keys_on_nokey", gone)
	w.zeros("pipeline_queue_length", "send_delay_ms", "timeout_disconnects")
}

func (s *Server) infoMemory(w *infoWriter) {
	m := s.memoryUseOf(w.data)
	size := func(name string, n int64) {
		w.field(name, n)
		w.field(name+"_human", humanBytes(n))
	}
	size("used_memory", m.used)
	size("used_memory_rss", m.rss)
	size("used_memory_peak", m.peak)
	w.field("used_memory_peak_perc", percent(m.used, m.peak))
	w.field("used_memory_peak_rss", peakResident(m.rss))
	w.field("used_memory_overhead", m.overhead())
	w.field("used_memory_startup", baseMemory)
	w.field("used_memory_dataset", m.dataset())
	w.field("used_memory_dataset_perc", percent(m.dataset(), m.used-baseMemory))
	w.field("used_memory_go_heap", m.heap)
	w.field("allocator_allocated", m.allocated())
	w.field("allocator_active", m.active())
	w.field("allocator_resident", m.rss)
	w.zeros("allocator_muzzy")
	size("total_system_memory", totalMemory())
	w.zeros("used_memory_lua", "used_memory_vm_eval")
	w.field("used_memory_lua_human", "0B")
	scripts, scriptBytes, _ := s.scripts.Usage()
	w.field("used_memory_scripts_eval", scriptBytes)
	w.field("number_of_cached_scripts", scripts)
	libraries, functions, functionBytes := s.functions.get().Counts()
	w.field("number_of_functions", functions)
	w.field("number_of_libraries", libraries)
	w.zeros("used_memory_vm_functions", "used_memory_vm_total")
	w.field("used_memory_vm_total_human", "0B")
	w.field("used_memory_functions", functionBytes)
	w.field("used_memory_scripts", int64(scriptBytes)+functionBytes)
	w.field("used_memory_scripts_human", config.FormatMemory(int64(scriptBytes)+functionBytes))
	size("maxmemory", s.maxMemory.Load())
	w.field("maxmemory_policy", s.param("maxmemory-policy"))
	w.field("allocator_frag_ratio", ratio(m.active(), m.allocated()))
	w.field("allocator_frag_bytes", m.active()-m.allocated())
	w.field("allocator_rss_ratio", ratio(m.rss, m.active()))
	w.field("allocator_rss_bytes", m.rss-m.active())
	w.field("rss_overhead_ratio", "1.00")
	w.zeros("rss_overhead_bytes")
	w.field("mem_fragmentation_ratio", ratio(m.rss, m.used))
	w.field("mem_fragmentation_bytes", m.rss-m.used)
	w.zeros("mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves")
	w.field("mem_clients_normal", m.clients)
	w.zeros("mem_cluster_links", "mem_aof_buffer")
	w.field("mem_allocator", "arena")
	w.field("active_defrag_running", flag(s.evict.moving.Load()))
	w.field("lazyfree_pending_objects", w.data.pending)
	w.field("lazyfreed_objects", w.data.LazyFreed)
	w.field("cache_mode", cacheMode(s.cfg.CacheMode))
	w.field("object_used_memory", w.data.used-m.tables)
	w.field("table_used_memory", m.tables)
	w.field("num_entries", m.keys)
	w.zeros("fibers_stack_vms", "fibers_count", "prime_capacity", "inline_keys", "small_string_bytes",
		"pipeline_cache_bytes", "dispatch_queue_bytes", "pipeline_queue_bytes", "dispatch_queue_subscriber_bytes",
		"dispatch_queue_peak_bytes", "client_read_buffer_peak_bytes", "tls_bytes", "snapshot_serialization_bytes",
		"commands_squashing_replies_bytes", "psync_buffer_size", "psync_buffer_bytes",
		"replication_streaming_buffer_bytes", "replication_full_sync_buffer_bytes")
}

// cacheMode names the mode as Dragonfly does.
func cacheMode(on bool) string {
	if on {
		return "cache"
	}
	return "store"
}

// percent writes a share of a whole.
func percent(part, whole int64) string {
	if whole == 0 {
		return "0.00%"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(part)/float64(whole))
}

func ratio(a, b int64) string {
	if b == 0 {
		return "0.00"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

// humanBytes writes an amount of memory as INFO does.
func humanBytes(n int64) string { return config.FormatMemory(n) }

func (s *Server) infoStats(w *infoWriter) {
	t, r := s.trafficSinceReset(), &s.stats
	kbps := func(perSec int64) string { return fmt.Sprintf("%.2f", float64(perSec)/1024) }
	calls := s.calls()
	w.field("total_connections_received", s.group.Accepted()-r.accepted.Load())
	w.field("total_commands_processed", calls)
	w.field("instantaneous_ops_per_sec", r.opsPerSec.Load())
	w.field("total_net_input_bytes", t.in)
	w.field("total_net_output_bytes", t.out)
	w.zeros("total_net_repl_input_bytes", "total_net_repl_output_bytes")
	w.field("instantaneous_input_kbps", kbps(r.inPerSec.Load()))
	w.field("instantaneous_output_kbps", kbps(r.outPerSec.Load()))
	w.field("instantaneous_input_repl_kbps", "0.00")
	w.field("instantaneous_output_repl_kbps", "0.00")
	w.field("rejected_connections", s.clients.rejected.Load()-r.rejected.Load())
	w.zeros("sync_full", "sync_partial_ok", "sync_partial_err")
	w.field("expired_subkeys", w.data.ExpiredFields)
	w.field("expired_keys", w.data.Expired)
	w.field("expired_stale_perc", "0.00")
	w.zeros("expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds")
	w.field("evicted_keys", w.data.Evicted)
	_, _, evictedScripts := s.scripts.Usage()
	w.field("evicted_scripts", evictedScripts)
	w.field("evicted_clients", s.clients.eviction.number.Load())
	exceeded, now := s.evict.times(time.Now().UnixMilli())
	w.field("total_eviction_exceeded_time", exceeded)
	w.field("current_eviction_exceeded_time", now)
	w.field("keyspace_hits", w.data.Hits)
	w.field("keyspace_misses", w.data.Misses)
	w.field("keyspace_mutations", s.store.Dirty())
	w.field("pubsub_channels", s.pubsub.Count(pubsub.Channel))
	w.field("pubsub_patterns", s.pubsub.Count(pubsub.Pattern))
	w.field("pubsubshard_channels", s.pubsub.Count(pubsub.Shard))
	w.zeros("latest_fork_usec", "total_forks",
		"migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses",
		"active_defrag_key_hits", "active_defrag_key_misses", "total_active_defrag_time", "current_active_defrag_time",
	)
	tracked := s.tracking.Stats()
	w.field("tracking_total_keys", tracked.Keys)
	w.field("tracking_total_items", tracked.Items)
	w.field("tracking_total_prefixes", tracked.Prefixes)
	w.zeros("unexpected_error_replies")
	w.field("total_error_replies", s.errors.total.Load())
	w.zeros("dump_payload_sanitizations")
	w.field("total_reads_processed", t.reads)
	w.field("total_writes_processed", t.writes)
	w.zeros("io_threaded_reads_processed", "io_threaded_writes_processed")
	w.field("client_query_buffer_limit_disconnections", r.inputLimit.Load())
	w.field("client_output_buffer_limit_disconnections", r.outputLimit.Load())
	w.zeros("reply_buffer_shrinks", "reply_buffer_expands", "eventloop_cycles", "eventloop_duration_sum", "eventloop_duration_cmd_sum",
		"instantaneous_eventloop_cycles_per_sec", "instantaneous_eventloop_duration_usec")
	w.field("acl_access_denied_auth", s.acl.log.Count(acl.DeniedAuth))
	w.field("acl_access_denied_cmd", s.acl.log.Count(acl.DeniedCommand))
	w.field("acl_access_denied_key", s.acl.log.Count(acl.DeniedKey))
	w.field("acl_access_denied_channel", s.acl.log.Count(acl.DeniedChannel))
	saves, usec := s.persist.totals()
	w.field("rdb_save_usec", usec)
	w.field("rdb_save_count", saves)
	w.zeros("total_handshakes_started", "total_handshakes_completed", "total_pipelined_commands", "pipeline_throttle_total",
		"batch_read_commands_total", "batch_write_commands_total", "batch_read_commands_bytes", "batch_write_commands_bytes",
		"rw_throttle_batches_total", "pipelined_latency_usec", "connection_migrations", "connection_recv_provided_calls",
		"big_value_preemptions", "compressed_blobs", "total_heartbeat_expired_keys", "total_heartbeat_expired_bytes",
		"total_heartbeat_expired_calls", "hard_evictions", "garbage_checked", "garbage_collected", "bump_ups",
		"stash_unloaded")
	w.field("oom_rejections", s.errors.count("OOM"))
	w.zeros("traverse_ttl_sec", "delete_ttl_sec", "huffenc_attempt_total", "huffenc_success_total", "defrag_attempt_total",
		"defrag_realloc_total", "defrag_task_invocation_total", "borrowed_strings_sent_total", "blocked_on_interpreter",
		"lua_interpreter_cnt", "lua_blocked_total", "lua_interpreter_return", "lua_force_gc_calls",
		"lua_gc_freed_memory_total", "lua_gc_duration_total_sec", "total_journal_omits")
}

func (s *Server) infoReplication(w *infoWriter) {
	w.field("role", "master")
	w.field("connected_slaves", 0)
	w.field("master_failover_state", "no-failover")
	w.field("master_replid", s.replID())
	w.field("master_replid2", strings.Repeat("0", 40))
	w.field("master_repl_offset", 0)
	w.field("second_repl_offset", -1)
	w.field("repl_backlog_active", 0)
	w.field("repl_backlog_size", s.param("repl-backlog-size"))
	w.zeros("repl_backlog_first_byte_offset", "repl_backlog_histlen")
}

func (s *Server) infoCPU(w *infoWriter) {
	user, sys, childUser, childSys := cpuTimes()
	secs := func(name string, d time.Duration) { w.field(name, fmt.Sprintf("%.6f", d.Seconds())) }
	secs("used_cpu_sys", sys)
	secs("used_cpu_user", user)
	secs("used_cpu_sys_children", childSys)
	secs("used_cpu_user_children", childUser)
	secs("used_cpu_sys_main_thread", sys)
	secs("used_cpu_user_main_thread", user)
}

func (s *Server) infoCommandStats(w *infoWriter) {
	for _, cmd := range s.registry.All() {
		st := &cmd.Stats
		calls, usec := st.Calls.Load(), st.Usec()
		rejected, failed := st.Rejected.Load(), st.Failed.Load()
		if calls+rejected+failed == 0 {
			continue
		}
		per := 0.0
		if calls > 0 {
			per = float64(usec) / float64(calls)
		}
		w.field("cmdstat_"+cmd.Name, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			calls, usec, per, rejected, failed))
	}
}

func (s *Server) infoErrorStats(w *infoWriter) {
	for _, e := range s.errors.sorted() {
		w.field("errorstat_"+e.code, fmt.Sprintf("count=%d", e.n))
	}
}

func (s *Server) infoLatencyStats(w *infoWriter) {
	percentiles := strings.Fields(s.param("latency-tracking-info-percentiles"))
	for _, cmd := range s.registry.All() {
		h := cmd.Stats.Latency.Load()
		if h == nil || h.Count() == 0 {
			continue
		}
		parts := make([]string, len(percentiles))
		for i, p := range percentiles {
			var value float64
			fmt.Sscan(p, &value)
			parts[i] = fmt.Sprintf("p%s=%.3f", p, float64(h.Percentile(value))/1000)
		}
		w.field("latency_percentiles_usec_"+cmd.Name, strings.Join(parts, ","))
	}
}

func (s *Server) infoCluster(w *infoWriter) {
	w.field("cluster_enabled", 0)
	w.zeros("migration_errors_total", "total_migrated_keys")
}

func (s *Server) infoKeyspace(w *infoWriter) {
	for i, keys := range w.data.keys {
		if keys > 0 {
			w.field(fmt.Sprintf("db%d", i), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", keys, w.data.expires[i], w.data.ttl[i].value()))
		}
	}
}

func (s *Server) infoTiered(w *infoWriter) {
	w.zeros("tiered_entries", "tiered_entries_bytes", "tiered_total_stashes", "tiered_total_fetches", "tiered_total_cancels",
		"tiered_total_deletes", "tiered_total_uploads", "tiered_allocated_bytes", "tiered_capacity_bytes",
		"tiered_ram_hits", "tiered_ram_cool_hits", "tiered_ram_misses")
}

func (s *Server) infoTransaction(w *infoWriter) {
	w.zeros("tx_shard_polls", "tx_shard_optimistic_total", "tx_shard_ooo_total", "tx_global_total", "tx_normal_total",
		"tx_inline_runs_total", "tx_schedule_cancel_total")
	w.field("tx_with_freq", "0,0")
	w.field("squash_with_freq", "0,0")
	w.zeros("tx_queue_len", "eval_io_coordination_total", "eval_shardlocal_coordination_total", "eval_squashed_flushes")
}

func (s *Server) infoSearch(w *infoWriter) {
	w.zeros("search_memory", "search_num_indices", "search_num_entries")
}

func (s *Server) infoACL(w *infoWriter) {
	t := s.acl.users.Tally()
	w.field("acl_num_users", t.Users)
	w.field("acl_num_passwords", t.Passwords)
	w.field("acl_num_cat_changes", t.CategoryRules)
	w.field("acl_num_cmd_changes", t.CommandRules)
	w.field("acl_num_key_globs", t.KeyPatterns)
	w.field("acl_key_globs_bytes", t.KeyBytes)
	w.field("acl_num_pubsub_globs", t.ChannelPatterns)
	w.field("acl_pubsub_globs_bytes", t.ChannelBytes)
	w.field("acl_total_bytes", t.Bytes)
}

// totals returns the number of saves that succeeded and how long they took together.
func (p *persister) totals() (saves, usec int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saves, p.totalUsec
}

// executable returns the path of the running program, empty if unknown.
func executable() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Clean(path)
}
