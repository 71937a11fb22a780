package config

// loggingSettings are about the server's log; see package glog.
var loggingSettings = []Setting{
	{Name: "logtostderr", Kind: Bool, Default: "false", Help: "Log to stderr instead of files", field: func(c *Config) any { return &c.Log.ToStderr }},
	{Name: "alsologtostderr", Kind: Bool, Default: "false", Help: "Log to files and stderr", field: func(c *Config) any { return &c.Log.AlsoToStderr }},
	{Name: "logtostdout", Kind: Bool, Default: "false", Help: "Log to stdout instead of files", field: func(c *Config) any { return &c.Log.ToStdout }},
	{Name: "colorlogtostderr", Kind: Bool, Default: "false", Help: "Colour the log on stderr when that is a terminal", field: func(c *Config) any { return &c.Log.ColorStderr }},
	{Name: "colorlogtostdout", Kind: Bool, Default: "false", Help: "Colour the log on stdout when that is a terminal", field: func(c *Config) any { return &c.Log.ColorStdout }},
	{Name: "stderrthreshold", Kind: Int32, Default: "2", Help: "Besides files, log this severity and above to stderr: 0 INFO, 1 WARNING, 2 ERROR, 3 FATAL", field: func(c *Config) any { return &c.Log.StderrThreshold }, check: between(0, 4)},
	{Name: "minloglevel", Kind: Int32, Default: "0", Help: "Drop messages below this severity", field: func(c *Config) any { return &c.Log.MinLevel }, check: between(0, 4)},
	{Name: "v", Kind: Int32, Default: "0", Help: "Also log messages of this verbosity and below", field: func(c *Config) any { return &c.Log.Verbosity }},
	{Name: "vmodule", Kind: String, Default: "", Help: "Verbosity by file", Status: Unbuilt, Reason: "verbosity by file; --v sets it for all"},
	{Name: "log_dir", Kind: String, Default: "", Help: "Directory of log files; empty = GOOGLE_LOG_DIR, else a temporary directory", field: func(c *Config) any { return &c.Log.Dir }},
	{Name: "log_link", Kind: String, Default: "", Help: "Directory for more links to the current log files", field: func(c *Config) any { return &c.Log.LinkDir }},
	{Name: "max_log_size", Kind: Uint32, Default: "1800", Help: "Begin a new log file at about this many MB", field: func(c *Config) any { return &c.Log.MaxSizeMB }},
	{Name: "logbuflevel", Kind: Int32, Default: "0", Help: "Buffer messages of this severity and below; -1 = none", field: func(c *Config) any { return &c.Log.BufferLevel }, check: between(-1, 4)},
	{Name: "logbufsecs", Kind: Int32, Default: "30", Help: "Most seconds messages stay buffered", field: func(c *Config) any { return &c.Log.BufferSecs }, check: between(0, 1<<31-1)},
	{Name: "logfile_mode", Kind: Octal, Default: "0664", Help: "Permissions of log files", field: func(c *Config) any { return &c.Log.FileMode }},
	{Name: "log_prefix", Kind: Bool, Default: "true", Help: "Begin each line with severity, time, process and place", field: func(c *Config) any { return &c.Log.Prefix }},
	{Name: "log_year_in_prefix", Kind: Bool, Default: "true", Help: "Print the year in that prefix", field: func(c *Config) any { return &c.Log.Year }},
	{Name: "log_utc_time", Kind: Bool, Default: "false", Help: "Print UTC instead of local time", field: func(c *Config) any { return &c.Log.UTC }},
	{Name: "timestamp_in_logfile_name", Kind: Bool, Default: "true", Help: "Name log files by the time they begin; false appends to one file", field: func(c *Config) any { return &c.Log.StampedNames }},
	{Name: "stop_logging_if_full_disk", Kind: Bool, Default: "false", Help: "Stop writing log files once the disk is full", field: func(c *Config) any { return &c.Log.StopOnFullDisk }},
	{Name: "drop_log_memory", Kind: Bool, Default: "true", Help: "Tell the system that written log pages are not needed", Status: Tuning, Reason: "the system decides about its page cache"},
	{Name: "logcleansecs", Kind: Uint32, Default: "300", Help: "Seconds between looks for overdue log files", Status: Tuning, Reason: "old log files are never removed"},
	{Name: "logemaillevel", Kind: Int32, Default: "999", Help: "Mail messages of this severity and above", Status: Unbuilt, Reason: "mail"},
	{Name: "alsologtoemail", Kind: String, Default: "", Help: "Mail messages to these addresses too", Status: Unbuilt, Reason: "mail"},
	{Name: "logmailer", Kind: String, Default: "", Help: "Program that sends mail", Status: Unbuilt, Reason: "mail"},
	{Name: "log_backtrace_at", Kind: String, Default: "", Help: "Log a stack trace at this file:line", Status: Unbuilt, Reason: "stack traces at a line"},
	{Name: "symbolize_stacktrace", Kind: Bool, Default: "true", Help: "Print names in stack traces", Status: Tuning, Reason: "stack traces always have names"},
}

// retiredSettings mean nothing any more, in Dragonfly as here.
var retiredSettings = []Setting{
	{Name: "experimental_io_loop_v2", Kind: Bool, Default: "false", Status: Retired},
	{Name: "experimental_replicaof_v2", Kind: Bool, Default: "false", Status: Retired},
	{Name: "shard_repl_backlog_len", Kind: String, Default: "", Status: Retired},
	{Name: "squash_stats_latency_lower_limit", Kind: String, Default: "", Status: Retired},
	{Name: "tiered_storage_write_depth", Kind: String, Default: "", Status: Retired},
}
