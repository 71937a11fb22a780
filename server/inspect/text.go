package inspect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	shownKey      = 60 // bytes of a key that the text shows
	shownCommands = 20
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	t := &text{}
	t.line("%s", r.Path)
	t.head(r)
	t.problems(r)
	if r.Format != FormatUnknown {
		t.contents(r)
	}
	t.warnings(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// text is a report on its way to paper.
type text struct{ b strings.Builder }

func (t *text) line(format string, args ...any) { fmt.Fprintf(&t.b, format+"\n", args...) }

// fact writes a line of the list at the top.
func (t *text) fact(name, format string, args ...any) {
	t.line("  %-14s%s", name, fmt.Sprintf(format, args...))
}

// title begins a section.
func (t *text) title(name string) { t.line("\n  %s", name) }

// table writes rows in columns. The columns whose heads left lists are flush left, the others flush right, as numbers should be.
func (t *text) table(left string, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		b.WriteString("   ")
		for i, cell := range row {
			width := widths[i]
			if slices.Contains(strings.Split(left, ","), rows[0][i]) {
				width = -width
			}
			fmt.Fprintf(&b, " %*s ", width, cell)
		}
		t.line("%s", strings.TrimRight(b.String(), " "))
	}
}

// formatNames are how people read of formats.
var formatNames = map[string]string{
	FormatRDB: "RDB", FormatAOF: "AOF", FormatDFS: "DFS", FormatDFSShard: "DFS, one shard of a snapshot", FormatUnknown: "unknown",
}

func (t *text) head(r *Report) {
	format := formatNames[r.Format]
	if r.Producer != "" {
		format += ", written by " + r.Producer
	}
	t.fact("format", "%s", format)
	if len(r.Files) == 1 {
		t.fact("size", "%s", bytesText(r.SizeBytes))
	} else if len(r.Files) > 1 {
		t.fact("size", "%s in %d files", bytesText(r.SizeBytes), len(r.Files))
	}
	if r.CreatedUnix > 0 {
		t.fact("created", "%s UTC", time.Unix(r.CreatedUnix, 0).UTC().Format(time.DateTime))
	}
	if r.SnapshotID != "" {
		t.fact("snapshot id", "%s", plain(r.SnapshotID))
	}
	if r.ShardCount > 0 {
		t.fact("shards", "%d", r.ShardCount)
	}
	if r.Loads {
		t.fact("loads", "yes")
	} else {
		t.fact("loads", "NO")
	}
}

func (t *text) problems(r *Report) {
	for _, p := range r.Problems {
		t.fact("  problem", "%s", p.text(r.Path))
	}
	if !r.Loads && r.Keys > 0 {
		t.fact("", "What follows is what came before that.")
	}
}

// text returns a problem in one line, without the path if the reader knows it.
func (p *Problem) text(path string) string {
	var b strings.Builder
	if p.File != "" && p.File != path {
		b.WriteString(p.File + ": ")
	}
	if p.Offset != nil {
		fmt.Fprintf(&b, "offset %d: ", *p.Offset)
	}
	if p.Key != nil {
		b.WriteString("key " + p.Key.quoted() + ": ")
	}
	if p.Type != "" {
		b.WriteString("type " + p.Type + ": ")
	}
	return b.String() + p.Message
}

func (t *text) contents(r *Report) {
	t.fact("keys", "%s", countText(r.Keys))
	if r.ExpiredKeys > 0 {
		t.fact("", "%s expired, dropped by a load", countText(r.ExpiredKeys))
	}
	if r.EmptyKeys > 0 {
		t.fact("", "%s without elements, dropped by a load", countText(r.EmptyKeys))
	}
	if r.StickyKeys > 0 {
		t.fact("", "%s sticky", countText(r.StickyKeys))
	}
	if r.MemcacheFlagKeys > 0 {
		t.fact("", "%s with memcache flags", countText(r.MemcacheFlagKeys))
	}
	memory := bytesText(r.MemoryBytes) + " here, estimated"
	if r.UsedMemBytes > 0 {
		memory += "; " + bytesText(r.UsedMemBytes) + " where it was written"
	}
	t.fact("memory", "%s", memory)
	if r.Digest != "" {
		t.fact("digest", "%s", r.Digest)
	}
	if len(r.Aux) > 0 {
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(r.Aux)) {
			fields = append(fields, plain(name)+" "+plain(r.Aux[name]))
		}
		t.fact("metadata", "%s", strings.Join(fields, ", "))
	}
	if len(r.Files) > 1 {
		t.files(r)
	}
	if r.Keys > 0 {
		t.databases(r)
		t.encodings(r)
		t.expiry(r)
		t.biggest("Biggest keys by memory", r.BiggestByMemory)
		t.biggest("Biggest keys by elements", r.BiggestByElements)
	}
	t.functions(r)
	t.modules(r)
	t.commands(r)
}

func (t *text) files(r *Report) {
	t.title("Files")
	rows := [][]string{{"file", "size", "keys"}}
	for _, f := range r.Files {
		rows = append(rows, []string{plain(f.Path), bytesText(f.SizeBytes), countText(f.Keys)})
	}
	t.table("file", rows)
}

func (t *text) databases(r *Report) {
	t.title("Databases")
	rows := [][]string{{"db", "type", "keys", "elements", "memory", "with TTL"}}
	var all Totals
	for _, db := range r.Databases {
		index := strconv.Itoa(db.Index)
		for _, typ := range db.Types {
			rows = append(rows, typ.row(index, typ.Type))
			index = ""
		}
		if len(db.Types) > 1 {
			rows = append(rows, db.row("", "all"))
		}
		all.sum(db.Totals)
	}
	if len(r.Databases) > 1 {
		rows = append(rows, all.row("all", "all"))
	}
	t.table("type", rows)
}

func (n *Totals) row(db, typ string) []string {
	return []string{db, typ, countText(n.Keys), countText(n.Elements), bytesText(n.Bytes), countText(n.WithTTL)}
}

func (t *text) encodings(r *Report) {
	t.title("Encodings")
	rows := [][]string{{"type", "encoding", "keys", "memory"}}
	for _, e := range r.Encodings {
		rows = append(rows, []string{e.Type, e.Encoding, countText(e.Keys), bytesText(e.Bytes)})
	}
	t.table("type,encoding", rows)
}

func (t *text) expiry(r *Report) {
	t.title("Expiry")
	e := &r.TTL
	t.table("", [][]string{
		{"expired", "< 1 hour", "< 1 day", "< 1 week", "< 30 days", "later", "never"},
		{countText(e.Expired), countText(e.Under1h), countText(e.Under1d), countText(e.Under1w), countText(e.Under30d), countText(e.Later), countText(e.None)},
	})
	if e.Keys > 0 {
		t.line("    keys with a TTL: %s, the first expires in %s, the last in %s", countText(e.Keys), durationText(e.MinMs), durationText(e.MaxMs))
	}
	if f := &r.FieldTTL; f.Hashes > 0 {
		t.line("    hash fields with a TTL: %s in %s", countText(f.Fields), plural(f.Hashes, "hash", "hashes"))
	}
	if f := &r.FieldTTL; f.Sets > 0 {
		t.line("    set members with a TTL: %s in %s", countText(f.Members), plural(f.Sets, "set", "sets"))
	}
}

func (t *text) biggest(title string, keys []BigKey) {
	if len(keys) == 0 {
		return
	}
	t.title(title)
	rows := [][]string{{"memory", "elements", "type", "encoding", "db", "key"}}
	for _, k := range keys {
		rows = append(rows, []string{bytesText(k.Bytes), countText(k.Elements), k.Type, k.Encoding, strconv.Itoa(k.DB), k.Key.quoted()})
	}
	t.table("type,encoding,key", rows)
}

func (t *text) functions(r *Report) {
	if len(r.Functions)+len(r.Scripts)+len(r.SearchIndexes) == 0 && r.SearchSynonyms == 0 {
		return
	}
	t.title("Beside the keys")
	for _, f := range r.Functions {
		t.line("    function library %s (%s), %s", plain(f.Name), plain(f.Engine), bytesText(f.Bytes))
	}
	for _, s := range r.Scripts {
		t.line("    Lua script %s, %s", s.SHA1, bytesText(s.Bytes))
	}
	for _, s := range r.SearchIndexes {
		t.line("    search index %s", plain(s.Name))
	}
	if r.SearchSynonyms > 0 {
		t.line("    synonyms of search indexes: %s", plural(r.SearchSynonyms, "group", "groups"))
	}
}

func (t *text) commands(r *Report) {
	if len(r.Commands) == 0 {
		return
	}
	t.title("Commands of the log")
	rows := [][]string{{"command", "count"}}
	for _, c := range r.Commands[:min(len(r.Commands), shownCommands)] {
		rows = append(rows, []string{plain(c.Name), countText(c.Count)})
	}
	t.table("command", append(rows, []string{"all", countText(r.CommandCount)}))
}

func (t *text) modules(r *Report) {
	if len(r.Modules)+len(r.WithoutCommands) == 0 {
		return
	}
	t.title("Kept and saved again, but without commands here")
	rows := [][]string{{"type", "keys", "memory", "global data", "first key"}}
	for _, m := range r.Modules {
		first := ""
		if m.FirstKey != nil {
			first = m.FirstKey.quoted()
		}
		rows = append(rows, []string{m.Type, countText(m.Keys), bytesText(m.Bytes), plural(m.AuxPieces, "piece", "pieces"), first})
	}
	for _, o := range r.WithoutCommands {
		rows = append(rows, []string{o.Type, countText(o.Keys), bytesText(o.Bytes), "", ""})
	}
	t.table("type,first key", rows)
}

func (t *text) warnings(r *Report) {
	if len(r.Warnings) == 0 {
		return
	}
	t.title("Warnings")
	for _, w := range r.Warnings {
		line := w.Text
		if w.Lost {
			line = "LOST: " + line
		}
		if w.Count > 1 {
			line += fmt.Sprintf(" (%s times)", countText(w.Count))
		}
		if w.FirstKey != nil {
			line += ", first at key " + w.FirstKey.quoted()
		}
		t.line("    %s", line)
	}
}

// quoted returns a key in one short line.
func (k *Key) quoted() string {
	if len(k.bytes) <= shownKey {
		return strconv.Quote(k.bytes)
	}
	return strconv.Quote(k.bytes[:shownKey]) + "… of " + countText(int64(max(len(k.bytes), k.Length))) + " bytes"
}

// plain returns text from a file fit for a terminal.
func plain(s string) string {
	quoted := strconv.Quote(strings.ToValidUTF8(s, "\uFFFD"))
	return quoted[1 : len(quoted)-1]
}
