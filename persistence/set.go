package persistence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"dragonfly/persistence/rdbfmt"
)

// Set is a DFS snapshot: which files belong to it.
type Set struct {
	Summary string
	ID      string   // empty in files of old versions of Dragonfly
	Shards  []string // in the order of their numbers
	// Leftovers are files that have names of the set and belong to another: to an older one with more shards, as a rule.
	Leftovers []string
}

// ident is what the header of a file says about the set it is part of.
type ident struct {
	id     string
	shards int // how many the set has, 0 if it is not said
}

// readIdent reads the header of a file.
func readIdent(r io.Reader) (ident, error) {
	var id ident
	err := rdbfmt.ScanAux(r, func(name, value string) bool {
		switch name {
		case rdbfmt.AuxSnapshotID:
			id.id = value
		case rdbfmt.AuxShardCount:
			if n, err := strconv.Atoi(value); err == nil && n > 0 {
				id.shards = n
			}
		}
		return true
	})
	return id, err
}

func identOf(ctx context.Context, storage Storage, name string) (ident, error) {
	f, _, err := storage.Open(ctx, name)
	if err != nil {
		return ident{}, err
	}
	id, err := readIdent(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return ident{}, fmt.Errorf("%s: %w", storage.Path(name), err)
	}
	return id, nil
}

// isShardOf returns the number of the shard if a file has the name of a shard file of the set with a prefix.
func isShardOf(prefix, name string) (shard int, ok bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, shardSuffix)
	if !ok || len(digits) != 4 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	shard, err := strconv.Atoi(digits)
	return shard, err == nil
}

// ReadSet finds the files of a DFS snapshot by the name of its summary. It is an error if one of them is missing: a
// snapshot is loaded whole or not at all.
//
// The files of a set have the snapshot id of its summary. There are as many as the summary says, or if it says nothing,
// all numbers from 0 on up to the highest. Files without ids, of old versions of Dragonfly, are all taken.
func ReadSet(ctx context.Context, storage Storage, summaryName string) (Set, error) {
	prefix, ok := strings.CutSuffix(summaryName, summarySuffix)
	if !ok {
		return Set{}, fmt.Errorf("%s: %w", storage.Path(summaryName), ErrExtension)
	}
	sum, err := identOf(ctx, storage, summaryName)
	if err != nil {
		return Set{}, err
	}
	files, err := storage.List(ctx)
	if err != nil {
		return Set{}, err
	}
	set := Set{Summary: summaryName, ID: sum.id}
	var shards []int
	foreign := map[int]bool{}
	for _, f := range files {
		shard, ok := isShardOf(prefix, f.Name)
		if !ok {
			continue
		}
		id, err := identOf(ctx, storage, f.Name)
		var damaged rdbfmt.HeaderError
		switch {
		case errors.As(err, &damaged) && sum.shards > 0 && shard >= sum.shards:
			// Whatever it is, it is not needed; and as it may be anything, it is not called a leftover either.
		case err != nil:
			return Set{}, err
		case id.id != sum.id && sum.id != "":
			foreign[shard] = true
			set.Leftovers = append(set.Leftovers, f.Name)
		default:
			shards = append(shards, shard)
		}
	}
	slices.Sort(shards)
	slices.Sort(set.Leftovers)
	if len(shards) == 0 && len(set.Leftovers) == 0 {
		return Set{}, fmt.Errorf("%s: %w", storage.Path(summaryName), ErrNoShards)
	}
	for i := range expected(sum, shards) {
		if i < len(shards) && shards[i] == i {
			continue
		}
		return Set{}, missing(storage.Path(shardName(prefix, i)), sum, foreign[i])
	}
	for _, i := range shards {
		set.Shards = append(set.Shards, shardName(prefix, i))
	}
	return set, nil
}

// expected returns up to which number a set must be complete.
func expected(sum ident, shards []int) int {
	switch {
	case sum.shards > 0:
		return sum.shards
	case sum.id != "" && len(shards) > 0:
		return shards[len(shards)-1] + 1
	case sum.id != "":
		return 1 // it must have a file, and there are only such of other sets
	}
	return 0
}

func missing(file string, sum ident, foreign bool) error {
	text := "shard file " + file + " of the snapshot is missing"
	if sum.shards > 0 {
		text += fmt.Sprintf(" (the summary names %d)", sum.shards)
	}
	if foreign {
		text += ": the file of this name is of another snapshot"
	}
	return errors.New(text)
}

// RemoveLeftovers removes what an older snapshot with more shards left under the names of a set, and returns the names.
// It is called when the set is durable.
func RemoveLeftovers(ctx context.Context, storage Storage, summaryName string) (removed []string, err error) {
	set, err := ReadSet(ctx, storage, summaryName)
	if err != nil {
		return nil, err
	}
	for _, name := range set.Leftovers {
		if err := storage.Remove(ctx, name); err != nil {
			return removed, fmt.Errorf("removing %s: %w", storage.Path(name), err)
		}
		removed = append(removed, name)
	}
	return removed, nil
}
