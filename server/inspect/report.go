package inspect

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// The formats of a Report.
const (
	FormatRDB      = "rdb"
	FormatDFS      = "dfs"
	FormatDFSShard = "dfs-shard"
	FormatAOF      = "aof"
	FormatUnknown  = "unknown"
)

// Report is what there is to say about one snapshot. The package comment describes the fields.
type Report struct {
	Path      string `json:"path"`
	Format    string `json:"format"`
	SizeBytes int64  `json:"size_bytes"`
	Files     []File `json:"files"`

	RDBVersion   int               `json:"rdb_version"`
	Producer     string            `json:"producer"`
	CreatedUnix  int64             `json:"created_unix"`
	UsedMemBytes int64             `json:"used_mem_bytes"`
	SnapshotID   string            `json:"snapshot_id"`
	ShardCount   int               `json:"shard_count"`
	Aux          map[string]string `json:"aux"`

	Loads    bool      `json:"loads"`
	Problems []Problem `json:"problems"`

	Keys        int64 `json:"keys"`
	Elements    int64 `json:"elements"`
	ExpiredKeys int64 `json:"expired_keys"`
	EmptyKeys   int64 `json:"empty_keys"`
	ValueBytes  int64 `json:"value_bytes"`
	MemoryBytes int64 `json:"memory_bytes"`

	Databases []Database `json:"databases"`
	Encodings []Encoding `json:"encodings"`

	TTL              TTL      `json:"ttl"`
	FieldTTL         FieldTTL `json:"field_ttl"`
	StickyKeys       int64    `json:"sticky_keys"`
	MemcacheFlagKeys int64    `json:"memcache_flag_keys"`

	BiggestByMemory   []BigKey `json:"biggest_by_memory"`
	BiggestByElements []BigKey `json:"biggest_by_elements"`

	Functions       []Function    `json:"functions"`
	Scripts         []Script      `json:"scripts"`
	SearchIndexes   []SearchIndex `json:"search_indexes"`
	SearchSynonyms  int64         `json:"search_synonyms"`
	Modules         []Module      `json:"modules"`
	WithoutCommands []Opaque      `json:"without_commands"`

	Commands     []Command `json:"commands"`
	CommandCount int64     `json:"command_count"`

	Digest   string    `json:"digest"`
	Warnings []Warning `json:"warnings"`
}

// File is one file of a snapshot.
type File struct {
	Path      string `json:"path"`
	SizeBytes int64  `json:"size_bytes"`
	DataBytes int64  `json:"data_bytes"`
	Keys      int64  `json:"keys"`
	Shard     *int   `json:"shard,omitempty"`
}

// Problem is a reason why a snapshot would not load.
type Problem struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Offset  *int64 `json:"offset,omitempty"`
	Key     *Key   `json:"key,omitempty"`
	Type    string `json:"type,omitempty"`
}

// Warning is a thing that does not hinder a load.
type Warning struct {
	Text     string `json:"text"`
	Count    int64  `json:"count"`
	FirstKey *Key   `json:"first_key,omitempty"`
	Lost     bool   `json:"lost"` // a load loses something that is in the file
}

// Totals are what is counted of a group of keys.
type Totals struct {
	Keys     int64 `json:"keys"`
	Elements int64 `json:"elements"`
	Bytes    int64 `json:"bytes"`
	WithTTL  int64 `json:"with_ttl"`
}

// Database is what one database holds.
type Database struct {
	Index int `json:"index"`
	Totals
	Types []TypeTotals `json:"types"`
}

// TypeTotals is what is counted of the keys of a type.
type TypeTotals struct {
	Type string `json:"type"`
	Totals
}

// Encoding counts the values of a type in one encoding.
type Encoding struct {
	Type     string `json:"type"`
	Encoding string `json:"encoding"`
	Keys     int64  `json:"keys"`
	Bytes    int64  `json:"bytes"`
}

// TTL says which keys expire when.
type TTL struct {
	Keys     int64 `json:"keys"`
	MinMs    int64 `json:"min_ms"`
	MaxMs    int64 `json:"max_ms"`
	Expired  int64 `json:"expired"`
	Under1h  int64 `json:"under_1h"`
	Under1d  int64 `json:"under_1d"`
	Under1w  int64 `json:"under_1w"`
	Under30d int64 `json:"under_30d"`
	Later    int64 `json:"later"`
	None     int64 `json:"none"`
}

// FieldTTL counts what expires within hashes and sets.
type FieldTTL struct {
	Hashes  int64 `json:"hashes"`
	Fields  int64 `json:"fields"`
	Sets    int64 `json:"sets"`
	Members int64 `json:"members"`
}

// BigKey is one of the biggest keys.
type BigKey struct {
	Key      Key    `json:"key"`
	DB       int    `json:"db"`
	Type     string `json:"type"`
	Encoding string `json:"encoding"`
	Bytes    int64  `json:"bytes"`
	Elements int64  `json:"elements"`
	TTLMs    int64  `json:"ttl_ms"`
}

// Function is a function library.
type Function struct {
	Name   string `json:"name"`
	Engine string `json:"engine"`
	Bytes  int64  `json:"bytes"`
}

// Script is a Lua script.
type Script struct {
	SHA1  string `json:"sha1"`
	Bytes int64  `json:"bytes"`
}

// SearchIndex is the definition of a search index.
type SearchIndex struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// Module is what a module left in the snapshot.
type Module struct {
	Type      string `json:"type"`
	Keys      int64  `json:"keys"`
	Bytes     int64  `json:"bytes"`
	AuxPieces int64  `json:"aux_pieces"`
	FirstKey  *Key   `json:"first_key,omitempty"`
}

// Opaque counts the values of a type without commands here.
type Opaque struct {
	Type  string `json:"type"`
	Keys  int64  `json:"keys"`
	Bytes int64  `json:"bytes"`
}

// Command counts the commands of a name in an append-only log.
type Command struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// maxKey is how much of a key a report shows.
const maxKey = 256

// Key is the name of a key, cut if it is long.
type Key struct {
	Text   string `json:"text"`
	Base64 string `json:"base64,omitempty"`
	Length int    `json:"length,omitempty"`

	bytes string // the part that is shown
}

func newKey(b []byte) Key {
	k := Key{bytes: string(b[:min(len(b), maxKey)])}
	k.Text = strings.ToValidUTF8(k.bytes, "\uFFFD")
	if k.Text != k.bytes {
		k.Base64 = base64.StdEncoding.EncodeToString([]byte(k.bytes))
	}
	if len(b) > maxKey {
		k.Length = len(b)
	}
	return k
}

// WriteJSON writes the report as one JSON object on one line.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

func newReport() *Report {
	return &Report{
		Format: FormatUnknown, Loads: true, Files: []File{}, Aux: map[string]string{}, Problems: []Problem{},
		Functions: []Function{}, Scripts: []Script{}, SearchIndexes: []SearchIndex{}, Commands: []Command{}, Warnings: []Warning{},
	}
}

// problem adds a reason not to load.
func (r *Report) problem(p Problem) {
	r.Loads = false
	r.Problems = append(r.Problems, p)
}

// warn adds a warning that comes once.
func (r *Report) warn(text string) { r.warning(Warning{Text: text, Count: 1}) }

// warning adds a warning to those of the same text.
func (r *Report) warning(w Warning) {
	for i := range r.Warnings {
		if have := &r.Warnings[i]; have.Text == w.Text {
			have.Count += w.Count
			have.Lost = have.Lost || w.Lost
			return
		}
	}
	r.Warnings = append(r.Warnings, w)
}

// searchIndex adds an index, once: newer Dragonflies tell of it in every file of a snapshot, each time with the fields in
// another order.
func (r *Report) searchIndex(x SearchIndex) {
	if !slices.ContainsFunc(r.SearchIndexes, func(have SearchIndex) bool { return have.Name == x.Name }) {
		r.SearchIndexes = append(r.SearchIndexes, x)
	}
}

// addNew appends what is not there yet.
func addNew[T comparable](list []T, items ...T) []T {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}

// merge adds what the report of another file of the snapshot says. What the files have in common is said already.
func (r *Report) merge(part *Report) {
	r.Files = append(r.Files, part.Files...)
	r.SizeBytes += part.SizeBytes
	r.ExpiredKeys += part.ExpiredKeys
	r.EmptyKeys += part.EmptyKeys
	for _, p := range part.Problems {
		if p.File != "" || !slices.Contains(r.Problems, p) {
			r.problem(p)
		}
	}
	for _, w := range part.Warnings {
		r.warning(w)
	}
	r.Functions = addNew(r.Functions, part.Functions...)
	r.Scripts = addNew(r.Scripts, part.Scripts...)
	for _, x := range part.SearchIndexes {
		r.searchIndex(x)
	}
}
