package rdbfmt

import "strconv"

// Version is the RDB version we write and the highest that a DUMP payload may
// carry: that of Redis 7.4.
const Version = 12

// Magics of a file; digits follow to a total of MagicSize bytes.
const (
	MagicRedis  = "REDIS"
	MagicValkey = "VALKEY"
	// MagicValkeyEnvelope opens the compressed envelope of Valkey 9.2 and later.
	MagicValkeyEnvelope = "VKCS"
	MagicSize           = 9
)

// TrailerSize is the size of the checksum after OpEOF.
const TrailerSize = 8

// ChecksumVersion is the first version with a trailer.
const ChecksumVersion = 5

// Opcodes: control bytes that stand where a type byte could.
const (
	OpEOF           = 255 // end of the data; the checksum follows
	OpSelectDB      = 254 // len db
	OpExpireTime    = 253 // u32 seconds
	OpExpireTimeMs  = 252 // i64 milliseconds
	OpResizeDB      = 251 // len keys, len keys with a deadline
	OpAux           = 250 // string name, string value
	OpFreq          = 249 // u8 LFU counter
	OpIdle          = 248 // len seconds
	OpModuleAux     = 247 // len module id, module opcodes
	OpFunctionPreGA = 246 // string name, engine, len has_desc, [string desc], string code
	OpFunction      = 245 // string library source
	OpSlotInfo      = 244 // len slot, len keys, len expires
	OpKeyMeta       = 243 // Redis 8.6: len classes, classes × (u32 spec, module opcodes)
	OpHashTemplate  = 242 // Redis 8.10: len id, len fields, fields × string

	// The same bytes under the VALKEY magic.
	OpSlotImport   = 243 // string job, len ranges, ranges × (len first, len last)
	OpValkeyUpdate = 242 // a command captured during a save without fork

	// Redis Enterprise.
	OpSlotNum = 121 // len
	OpRAMLRU  = 107 // len
	OpGFlags  = 102
	OpGCAS    = 101

	// Dragonfly.
	OpDFTaggedChunk   = 224 // u32 stream, u32 size, payload
	OpDFShardDocIndex = 223 // len shard, string index, len n, n × (string key, len number)
	OpDFVectorIndex   = 222 // the graph of a vector index
	OpDFMask          = 220 // u32 flags, [u32 memcache flags]
	OpDFJournalOffset = 211 // u64
	OpDFJournalBlob   = 210 // len entries, string
	OpDFBlobEnd       = 203 // never in a file
	OpDFLZ4Blob       = 202 // len, LZ4 frame of items
	OpDFZstdBlob      = 201 // len, ZSTD frame of items
	OpDFFullSyncEnd   = 200 // 8 bytes
)

// Bits of the flags word after OpDFMask.
const (
	DFMaskSticky        = 1 << 0
	DFMaskMemcacheFlags = 1 << 1 // a second u32 with the flags follows
)

// Module opcodes: the self-describing pieces of a module's value.
const (
	ModuleEOF    = 0
	ModuleSint   = 1 // len, two's complement
	ModuleUint   = 2 // len
	ModuleFloat  = 3 // 4 bytes
	ModuleDouble = 4 // 8 bytes
	ModuleString = 5 // string
)

// Containers of a quicklist node (TypeListQuicklist2).
const (
	ContainerPlain  = 1 // the string is one element
	ContainerPacked = 2 // the string is a listpack
)

// AUX names.
const (
	AuxRedisVer     = "redis-ver"
	AuxValkeyVer    = "valkey-ver"
	AuxDragonflyVer = "df-ver"
	AuxRedisBits    = "redis-bits"
	AuxCtime        = "ctime"
	AuxUsedMem      = "used-mem"
	AuxReplStreamDB = "repl-stream-db"
	AuxReplID       = "repl-id"
	AuxReplOffset   = "repl-offset"
	AuxAOFBase      = "aof-base"
	AuxAOFPreamble  = "aof-preamble"
	AuxLua          = "lua"
	AuxShardCount   = "shard-count"
	AuxShardID      = "shard-id"
	AuxSnapshotID   = "snapshot-id"
	AuxTableMem     = "table-mem"
	AuxSearchIndex  = "search-index"
	AuxSearchSyn    = "search-synonyms"
	AuxVectorMeta   = "hnsw-index-metadata"
	AuxFunction     = "function" // ours: the source of a function library, in a DFS summary
)

// OpName names an opcode for messages, as it reads under the REDIS magic.
func OpName(op byte) string {
	switch op {
	case OpEOF:
		return "EOF"
	case OpSelectDB:
		return "SELECTDB"
	case OpExpireTime:
		return "EXPIRETIME"
	case OpExpireTimeMs:
		return "EXPIRETIME_MS"
	case OpResizeDB:
		return "RESIZEDB"
	case OpAux:
		return "AUX"
	case OpFreq:
		return "FREQ"
	case OpIdle:
		return "IDLE"
	case OpModuleAux:
		return "MODULE_AUX"
	case OpFunctionPreGA:
		return "FUNCTION_PRE_GA"
	case OpFunction:
		return "FUNCTION2"
	case OpSlotInfo:
		return "SLOT_INFO"
	case OpKeyMeta:
		return "KEY_META"
	case OpHashTemplate:
		return "HASH_TEMPLATE"
	case OpSlotNum:
		return "Redis Enterprise SLOT_NUM"
	case OpRAMLRU:
		return "Redis Enterprise RAM_LRU"
	case OpGFlags:
		return "Redis Enterprise GFLAGS"
	case OpGCAS:
		return "Redis Enterprise GCAS"
	case OpDFTaggedChunk:
		return "Dragonfly TAGGED_CHUNK"
	case OpDFShardDocIndex:
		return "Dragonfly SHARD_DOC_INDEX"
	case OpDFVectorIndex:
		return "Dragonfly VECTOR_INDEX"
	case OpDFMask:
		return "Dragonfly DF_MASK"
	case OpDFJournalOffset:
		return "Dragonfly JOURNAL_OFFSET"
	case OpDFJournalBlob:
		return "Dragonfly JOURNAL_BLOB"
	case OpDFBlobEnd:
		return "Dragonfly COMPRESSED_BLOB_END"
	case OpDFLZ4Blob:
		return "Dragonfly LZ4 blob"
	case OpDFZstdBlob:
		return "Dragonfly ZSTD blob"
	case OpDFFullSyncEnd:
		return "Dragonfly FULLSYNC_END"
	}
	return "opcode " + strconv.Itoa(int(op))
}
