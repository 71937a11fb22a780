// Package config holds the settings of the server: what they are called, what they mean, what an operator may write,
// and the plain struct the server reads them from.
//
// One table (Sections) declares every setting. The command line, the help text, the environment, flag files and
// CONFIG GET and SET are all derived from it, so nothing about a setting is written twice.
//
// Names, defaults and value syntaxes are those of Dragonfly, except on purpose:
//
//   - dbfilename is "dump" instead of "dump-{timestamp}", so that a dump.rdb lying in the directory is found;
//   - a dbfilename that ends in .rdb selects the RDB format instead of refusing to start;
//   - keys_output_limit is 0, no limit: KEYS answers every key, as Redis does;
//   - max_multi_bulk_len and max_bulk_len are the limits of Redis;
//   - there is no least amount of memory per thread: the server starts in the smallest container.
package config

import (
	"io/fs"
	"strings"

	"dragonfly/persistence/vfs"
	"dragonfly/server/glog"
)

// Config is every setting the server reads. Default fills one in; nothing here is shared between two of them,
// save the map of settings without effect.
type Config struct {
	// Listening.

	Port           int         // TCP port; 0 none, -1 any free one
	Bind           string      // address to listen on; empty means all
	TCPBacklog     int         // length of the queue of the listening socket
	UnixSocket     string      // path of a Unix domain socket; empty means none
	UnixSocketPerm fs.FileMode // permissions of that socket; 0 leaves them to the umask

	// Clients.

	MaxClients      int    // connections beyond this number are refused
	Timeout         int    // seconds after which an idle client is closed; 0 never
	TCPKeepalive    int    // seconds of silence before the first keepalive probe; 0 none
	RequirePass     string // password of the default user; empty means none
	ACLFile         string // file of the users; empty means none
	ACLLogMaxLen    int    // entries that ACL LOG keeps
	MaxMultiBulkLen int    // arguments of one request
	MaxBulkLen      int64  // bytes of one argument

	// Data.

	DBNum                int    // number of databases
	NumShards            int    // parts of the keyspace; 0 lets the server choose
	ProactorThreads      int    // I/O threads; 0 means one per CPU
	MaxMemory            int64  // bytes; 0 means 80 % of what is available, decided at start
	HZ                   int    // runs of the background jobs per second
	KeysOutputLimit      int    // keys KEYS may answer; 0 no limit
	NotifyKeyspaceEvents string // classes of keyspace events that are published, as letters; empty means none
	SlowlogLogSlowerThan int    // microseconds; negative turns the slow log off
	SlowlogMaxLen        int    // entries the slow log keeps

	// Memory.

	CacheMode           bool    // evict instead of refusing writes
	LuaEnableRedisLog   bool    // redis.log writes to the log
	MaxMemoryPolicy     string  // what is evicted
	MaxMemorySamples    int     // keys looked at for each that is evicted
	EvictionTenacity    int     // how long a command may evict, 0 to 100
	LFULogFactor        int     // how slowly the frequency of a key grows
	LFUDecayTime        int     // minutes without access that lower it by one; 0 never
	HeartbeatEviction   bool    // in cache mode, evict ahead
	EvictionThreshold   float64 // part of MaxMemory that is kept free by that
	EvictionPerInterval int     // keys of a shard that are evicted ahead at a time
	DefragThreshold     float64 // part of MaxMemory that must be in use for memory to be moved together
	DefragWaste         float64 // part of the memory that must be wasted for that
	DefragUtilization   float64 // slabs that are used less are emptied

	// Snapshots.

	Dir                   string // directory of snapshots; empty means the working directory
	DBFilename            string // base name of snapshots; empty means neither load at start nor save at the end
	DFSnapshotFormat      bool   // true DFS, false RDB; settled by Finish
	DFSnapshotFormatGiven bool   // the operator asked for that format, it is not just the default
	CompressionMode       CompressionMode
	CompressionLevel      int
	MaxChunk              int64  // bytes from which on a value of a DFS snapshot is written in pieces; 0 never
	TaggedChunks          bool   // frame those pieces
	EgressLimit           int64  // bytes per second and thread that a snapshot may write; 0 no limit
	SnapshotCron          string // when to save by itself; empty never
	SnapshotKeep          int    // how many snapshots of the same name to keep; 0 all
	RDBVersion            int    // of the reader that RDB files are for; 0 the lowest that holds the data
	RDBDrop               bool   // leave out what that reader cannot hold instead of refusing to save
	RDBIgnoreExpiry       bool   // read snapshots as if no key had a TTL
	RDBLoadDryRun         bool   // read the snapshot, keep nothing
	LoadAOF               string // append-only file or directory to load at start; empty none

	// FS is the file system that snapshots are in; nil is the real one. It has no setting: it is for tests.
	FS vfs.FS

	S3Endpoint    string // host of the S3 service; empty is that of AWS
	S3UseHTTPS    bool
	S3EC2Metadata bool // ask the metadata service of EC2 for credentials
	S3SignPayload bool // sign what is uploaded, not just the headers

	// The process.

	PidFile    string // file to write the process id to; empty means none
	OmitBanner bool   // do not print the banner
	Log        glog.Options
	Version    string // of this program, such as v0.1.0-1a2b3c4
	ConfigFile string // the flag file it was started with; empty means none

	// Inert holds the settings that were given a value and have no effect in this server, by name, as written.
	Inert map[string]string
}

// Default returns the settings of a server started without any.
func Default() Config {
	c := Config{Inert: map[string]string{}}
	for _, section := range Sections() {
		for i := range section.Settings {
			s := &section.Settings[i]
			if s.field == nil {
				continue
			}
			if err := s.Set(&c, s.Default); err != nil {
				panic("config: the default of " + s.Name + ": " + err.Error()) // a mistake in the table
			}
		}
	}
	return c
}

// Error is a text for the operator, spelled as Dragonfly spells it.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// ErrNoListener is returned by Finish when there would be nothing to connect to.
const ErrNoListener Error = "received --port 0, yet no unix socket to listen to. Exiting."

// Finish settles what one setting says about another and reports settings that do not go together.
// It is called once, after all of them were read.
func (c *Config) Finish() error {
	if c.Port == 0 && c.UnixSocket == "" {
		return ErrNoListener
	}
	if scheme, _, ok := strings.Cut(c.Dir, "://"); ok && scheme != "s3" {
		return Error(`dir "` + c.Dir + `": snapshots are kept in directories and in S3 (s3://bucket/prefix), not there`)
	}
	if strings.EqualFold(Extension(c.DBFilename), ".rdb") && !c.DFSnapshotFormatGiven {
		c.DFSnapshotFormat = false
	}
	return ValidateDBFilename(c.DBFilename, c.DFSnapshotFormat)
}
