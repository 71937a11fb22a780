package config

import (
	"path"
	"strings"
)

// ValidateDBFilename says whether name can be the base name of a snapshot, written as DFS when df is set and as RDB otherwise.
// It is checked when the server starts and again at every save; the text is the operator's, and the reply of a failed SAVE.
//
// The empty name is good: it means that nothing is loaded at start nor saved at the end.
func ValidateDBFilename(name string, df bool) error {
	if strings.HasPrefix(name, `"`) {
		return Error(`filename should not start with '"', could it be that you put quotes in the flagfile?`)
	}
	if strings.Contains(name, "/") || name == "." || name == ".." {
		return Error(`filename may not contain directory separators (Got "` + name + `"). dbfilename should specify the filename without the directory`)
	}
	ext := Extension(name)
	isRDB := strings.EqualFold(ext, ".rdb")
	switch {
	case ext == "":
		return nil
	case df && isRDB:
		return Error("DF snapshot format is used but '.rdb' extension was given. Use --nodf_snapshot_format or remove the filename extension.")
	case df:
		return Error(`DF snapshot format requires no filename extension. Got "` + ext + `"`)
	case !isRDB:
		return Error(`Bad filename extension "` + ext + `" for SAVE with type RDB`)
	}
	return nil
}

// Extension returns the part of name from its last dot on. A dot in front does not start one: ".dump" has none.
func Extension(name string) string {
	ext := path.Ext(name)
	if ext == name {
		return ""
	}
	return ext
}
