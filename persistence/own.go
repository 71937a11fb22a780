package persistence

import (
	"regexp"
	"strconv"
	"strings"
)

// own is the exact form of the files that saves to one base name write. Files of others may be in the same directory, and
// some whose names a wildcard would match: what is removed or renamed must match this.
type own struct {
	rdb *regexp.Regexp
	dfs *regexp.Regexp // nil if the base name has an extension: that is of an RDB file
}

func ownNames(base string) own {
	expanded := "(?:" + strftimePattern(timeFormat(base)) + ")"
	if hasExtension(base) {
		return own{rdb: regexp.MustCompile("^" + expanded + "$")}
	}
	return own{
		rdb: regexp.MustCompile("^" + expanded + `\.rdb$`),
		dfs: regexp.MustCompile("^(" + expanded + `-)(?:summary|([0-9]{4}))\.dfs$`),
	}
}

// characters returns a string with a character for each byte of s, for regular expressions know only valid UTF-8 and file
// names are any bytes.
func characters(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// has tells whether a file is one of the base name.
func (o own) has(name string) bool {
	_, _, ok := o.part(name)
	return ok || o.rdb.MatchString(characters(name))
}

// summary stands for the number of a shard where the summary is meant.
const summary = -1

// part tells whether a file is part of a DFS set of the base name, of which: the prefix that the names of its files have
// in common, and which part: the number of a shard or summary.
func (o own) part(name string) (prefix string, shard int, ok bool) {
	if o.dfs == nil {
		return "", 0, false
	}
	m := o.dfs.FindStringSubmatch(characters(name))
	if m == nil {
		return "", 0, false
	}
	if m[2] == "" {
		return name[:len(name)-len(summarySuffix)], summary, true
	}
	shard, err := strconv.Atoi(m[2])
	return name[:len(name)-len("0000"+shardSuffix)], shard, err == nil
}

// partName is the inverse of part.
func partName(prefix string, shard int) string {
	if shard == summary {
		return prefix + summarySuffix
	}
	return shardName(prefix, shard)
}
