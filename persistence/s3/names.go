package s3

import "strings"

// literal returns how all files of a base name begin: what is before its first placeholder or strftime sequence.
func literal(base string) string {
	if i := strings.IndexAny(base, "{%"); i >= 0 {
		return base[:i]
	}
	return base
}

// mayBelong tells whether a file could be one of the snapshots of a base name. It need not be exact: what is decided by
// it is also decided by a commit record, or by age.
func mayBelong(base, name string) bool {
	isSnapshot := strings.HasSuffix(strings.ToLower(name), ".rdb") || strings.HasSuffix(name, ".dfs")
	return strings.HasPrefix(name, literal(base)) && !strings.Contains(name, "/") && (isSnapshot || name == base)
}
