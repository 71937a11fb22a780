package object

// Limits are the thresholds at which values change their encoding, with the meaning and defaults of Redis's
// parameters of the same names. They change under all shard locks only.
type Limits struct {
	ListMaxListpackSize    int // elements per node, or -1…-5 for 4, 8, 16, 32, 64 KiB
	ListCompressDepth      int // kept for CONFIG; nodes are not compressed
	HashMaxListpackEntries int
	HashMaxListpackValue   int // bytes
	SetMaxIntsetEntries    int
	SetMaxListpackEntries  int
	SetMaxListpackValue    int // bytes
	ZsetMaxListpackEntries int
	ZsetMaxListpackValue   int // bytes
	StreamNodeMaxBytes     int
	StreamNodeMaxEntries   int
	HLLSparseMaxBytes      int
	PackedThreshold        int // DEBUG QUICKLIST-PACKED-THRESHOLD, bytes; 0 = none beside the node size
}

// DefaultLimits returns the defaults of Redis 7.4.
func DefaultLimits() Limits {
	return Limits{
		ListMaxListpackSize:    -2,
		HashMaxListpackEntries: 512,
		HashMaxListpackValue:   64,
		SetMaxIntsetEntries:    512,
		SetMaxListpackEntries:  128,
		SetMaxListpackValue:    64,
		ZsetMaxListpackEntries: 128,
		ZsetMaxListpackValue:   64,
		StreamNodeMaxBytes:     4096,
		StreamNodeMaxEntries:   100,
		HLLSparseMaxBytes:      3000,
	}
}
