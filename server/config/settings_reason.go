package config

// Why settings that tune the inside of Dragonfly have no effect here.
const (
	noDefrag        = "the allocator gives sparse memory back by itself"
	noFibers        = "there are no fibers to schedule"
	noUring         = "io_uring is not used"
	noSquash        = "pipelined commands run in the order sent and are not squashed"
	noQueue         = "commands run as they are parsed; nothing is queued"
	oneLoop         = "there is one I/O loop implementation"
	loopBuffers     = "buffers belong to the I/O loop, not to the connection"
	allLoops        = "every I/O loop accepts connections and keeps them"
	exactMemory     = "every byte is accounted for, and maxmemory alone decides"
	redisEncodings  = "encodings and their thresholds are Redis's"
	noDFS           = "snapshots are written as RDB"
	noReplication   = "replication is not built"
	noCluster       = "cluster mode is not built"
	noTiering       = "tiered storage is not built"
	noTLS           = "TLS is not built"
	noScripts       = "scripting is not built"
	noSearch        = "search is not built"
	noS3            = "snapshots in S3 are not built"
	noVersionCheck  = "this server never asks the network for newer releases"
	hashedShards    = "a key is always placed by its hash"
	noFuzzLoop      = "it is for fuzzing builds only"
	locksNotQueues  = "transactions take locks and do not queue"
	noLegacyMetrics = "there are no old metric names to keep"
)
