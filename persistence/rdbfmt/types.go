package rdbfmt

// Type bytes of a value.
const (
	TypeString            = 0
	TypeList              = 1 // len n, n × string
	TypeSet               = 2 // len n, n × string
	TypeZset              = 3 // len n, n × (string member, text double)
	TypeHash              = 4 // len n, n × (string field, string value)
	TypeZset2             = 5 // len n, n × (string member, binary double)
	TypeModulePreGA       = 6 // opaque: cannot be skipped
	TypeModule2           = 7 // len module id, module opcodes
	TypeHashZipmap        = 9
	TypeListZiplist       = 10
	TypeSetIntset         = 11
	TypeZsetZiplist       = 12
	TypeHashZiplist       = 13
	TypeListQuicklist     = 14 // len n, n × string ziplist
	TypeStreamListpacks   = 15
	TypeHashListpack      = 16
	TypeZsetListpack      = 17
	TypeListQuicklist2    = 18 // len n, n × (len container, string)
	TypeStreamListpacks2  = 19
	TypeSetListpack       = 20
	TypeStreamListpacks3  = 21
	TypeHashMetaPreGA     = 22 // Redis 7.4-rc: len n, n × (len deadline, string field, string value)
	TypeHashListpackPreGA = 23 // Redis 7.4-rc: string listpack of triples
	TypeHashMeta          = 24 // i64 least deadline, len n, n × (len ttl, string field, string value)
	TypeHashListpackEx    = 25 // i64 least deadline, string listpack of triples
	TypeStreamListpacks4  = 26
	TypeStreamListpacks5  = 27
	TypeArray             = 28
	TypeHashTmplLP        = 29 // DUMP only
	TypeHashTmplLPRef     = 30 // string listpack: template id, values
	TypeHashTmplArray     = 31 // DUMP only
	TypeHashTmplArrayRef  = 32 // len template id, values × string
	TypeGCRA              = 33

	// The same bytes under the VALKEY magic.
	TypeValkeyHash2    = 22 // len n, n × (string field, string value, i64 deadline or -1)
	TypeValkeyPathHash = 23

	// The same bytes in a file written by Dragonfly, whose version is at most Version.
	TypeDFJSONOld        = 20 // version < 10 only
	TypeDFJSON           = 30
	TypeDFHashWithExpiry = 31 // len n, n × (string field, string value, string ttl)
	TypeDFSetWithExpiry  = 32 // len n, n × (string member, string ttl)
	TypeDFBloomOld       = 33
	TypeDFBloom          = 34
	TypeDFCMS            = 35
	TypeDFTopK           = 36
	TypeDFCuckoo         = 37
)

// DFTTLEpochSec is second zero of Dragonfly's member deadlines: 2023-02-01 UTC.
const DFTTLEpochSec = 1675209600

// Flavor says whose meaning an overloaded byte has.
type Flavor uint8

// The flavors of a file.
const (
	FlavorRedis     Flavor = iota // REDIS magic
	FlavorValkey                  // VALKEY magic
	FlavorDragonfly               // REDIS magic, version at most Version: types from 30 on are Dragonfly's
)

// FlavorOf tells the flavor from the magic and the version of a file.
func FlavorOf(valkey bool, version int) Flavor {
	switch {
	case valkey:
		return FlavorValkey
	case version <= Version:
		return FlavorDragonfly
	default:
		return FlavorRedis
	}
}

var typeNames = [...]string{
	TypeString:            "string",
	TypeList:              "list",
	TypeSet:               "set",
	TypeZset:              "zset",
	TypeHash:              "hash",
	TypeZset2:             "zset, binary scores",
	TypeModulePreGA:       "module, Redis 4.0-rc",
	TypeModule2:           "module",
	8:                     "virtual memory pointer",
	TypeHashZipmap:        "hash zipmap",
	TypeListZiplist:       "list ziplist",
	TypeSetIntset:         "set intset",
	TypeZsetZiplist:       "zset ziplist",
	TypeHashZiplist:       "hash ziplist",
	TypeListQuicklist:     "list quicklist",
	TypeStreamListpacks:   "stream",
	TypeHashListpack:      "hash listpack",
	TypeZsetListpack:      "zset listpack",
	TypeListQuicklist2:    "list quicklist 2",
	TypeStreamListpacks2:  "stream 2",
	TypeSetListpack:       "set listpack",
	TypeStreamListpacks3:  "stream 3",
	TypeHashMetaPreGA:     "hash with field TTL, Redis 7.4-rc",
	TypeHashListpackPreGA: "hash listpack with field TTL, Redis 7.4-rc",
	TypeHashMeta:          "hash with field TTL",
	TypeHashListpackEx:    "hash listpack with field TTL",
	TypeStreamListpacks4:  "stream 4",
	TypeStreamListpacks5:  "stream 5",
	TypeArray:             "Redis 8.8 array",
	TypeHashTmplLP:        "hash template listpack",
	TypeHashTmplLPRef:     "hash template listpack reference",
	TypeHashTmplArray:     "hash template array",
	TypeHashTmplArrayRef:  "hash template array reference",
	TypeGCRA:              "Redis 8.10 GCRA limiter",
}

var dragonflyNames = [...]string{
	0:                                 "Dragonfly JSON",
	TypeDFHashWithExpiry - TypeDFJSON: "Dragonfly hash with field TTL",
	TypeDFSetWithExpiry - TypeDFJSON:  "Dragonfly set with member TTL",
	TypeDFBloomOld - TypeDFJSON:       "Dragonfly Bloom filter",
	TypeDFBloom - TypeDFJSON:          "Dragonfly Bloom filter, chunked",
	TypeDFCMS - TypeDFJSON:            "Dragonfly count-min sketch",
	TypeDFTopK - TypeDFJSON:           "Dragonfly top-k",
	TypeDFCuckoo - TypeDFJSON:         "Dragonfly cuckoo filter",
}

// UnknownType is the name of a type byte without meaning.
const UnknownType = "unknown"

// TypeName names a type byte for messages, UnknownType if it means nothing.
func TypeName(t byte, f Flavor) string {
	switch {
	case f == FlavorValkey && t == TypeValkeyHash2:
		return "Valkey hash with field TTL"
	case f == FlavorValkey && t == TypeValkeyPathHash:
		return "Valkey path hash"
	case f == FlavorValkey && t > TypeValkeyPathHash:
		return UnknownType
	case t >= TypeDFJSON && int(t-TypeDFJSON) < len(dragonflyNames) && f == FlavorDragonfly:
		return dragonflyNames[t-TypeDFJSON]
	case int(t) < len(typeNames) && typeNames[t] != "":
		return typeNames[t]
	}
	return UnknownType
}

// A module id packs nine characters of six bits, the first one highest, over a
// ten-bit encoding version.
const moduleCharset = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// ModuleName returns the type name and the encoding version inside a module id.
func ModuleName(id uint64) (name string, encver int) {
	var b [9]byte
	bits := id >> 10
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = moduleCharset[bits&63]
		bits >>= 6
	}
	return string(b[:]), int(id & 1023)
}
