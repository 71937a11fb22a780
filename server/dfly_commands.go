package server

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"dragonfly/persistence"
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// dflyCommands are Dragonfly's own commands for operators.
var dflyCommands = []command.Command{
	{
		Name: "dfly", Arity: -2, Since: "7.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Summary: "Serves the operator.",
	},
	{
		Name: "dfly|load", Arity: -3, Since: "7.0.0", Complexity: "O(N) in the size of the file",
		Flags:   command.Admin | command.NoScript | command.NoMulti,
		Summary: "Makes the data set that of a snapshot, or adds the snapshot to it with APPEND.",
		Syntax:  "filename [APPEND]",
		Run:     dflyLoad,
	},
}

func dflyLoad(c *command.Ctx) { loadNamed(c, c.Args[2:]) }

// debugLoad is DEBUG LOAD, under which name older Dragonflies have it.
func debugLoad(c *command.Ctx, args [][]byte) { loadNamed(c, args) }

// loadNamed loads the snapshot that the arguments name: a path from the working directory, or s3://bucket/key.
func loadNamed(c *command.Ctx, args [][]byte) {
	beside := false
	switch {
	case len(args) == 1:
	case len(args) == 2 && equalFold(args[1], "append"):
		beside = true
	default:
		c.Fail(resperr.Syntax)
		return
	}
	name := string(args[0])
	if !persistence.IsSnapshot(name) {
		c.Fail(errExtension)
		return
	}
	co := of(c)
	co.async(c, func() func(w *reply.Writer) {
		var known resperr.Error
		switch err := co.s.replaceBy(co.s.ctx, name, beside); {
		case errors.As(err, &known):
			return answerErr(known)
		case err != nil:
			return answerErr(resperr.New(shortFailure(err)))
		}
		return answerOK
	})
}

// Errors of DFLY LOAD.
const (
	errExtension resperr.Error = "ERR Invalid argument: Bad filename extension"
	errNotFound  resperr.Error = "ERR No such file or directory: File not found"
)

// replaceBy makes the data set that of a snapshot, or adds the snapshot to it; keys of both are replaced then. The file
// is read twice: what is there is dropped only when the new is known to be whole.
func (s *Server) replaceBy(ctx context.Context, name string, beside bool) error {
	from, err := s.sourceAt(ctx, name)
	if err != nil {
		return err
	}
	defer closeStorage(from.storage)
	if !s.loading.CompareAndSwap(false, true) {
		s.log.Warn("LOADING in progress, ignored")
		return nil
	}
	defer s.loading.Store(false)
	s.settleLoops()
	start := time.Now()
	if _, err := s.loadFrom(ctx, from, loadOptions{dryRun: true}); err != nil {
		return err
	}
	if !beside {
		s.flushAll()
	}
	// That a key is there twice in the file is not known before; it must not be what ends the load half-way.
	sum, err := s.loadFrom(ctx, from, loadOptions{beside: beside, replace: true})
	if err != nil {
		s.log.Error(fmt.Sprintf("Loading %s failed half-way, the data set is not whole: %s", from.path(), shortFailure(err)))
		return err
	}
	s.logLoad(from, sum, time.Since(start))
	return nil
}

// sourceAt returns the snapshot at a path or URI.
func (s *Server) sourceAt(ctx context.Context, name string) (from source, err error) {
	dir, file := filepath.Split(name)
	if dir != "" && !strings.Contains(dir, "://") {
		dir = filepath.Clean(dir)
	}
	if from.storage, err = s.openStorage(ctx, dir); err != nil {
		return from, err
	}
	from.name = file
	base := strings.TrimSuffix(file, path.Ext(file))
	if persistence.IsSummary(file) {
		base = strings.TrimSuffix(base, "-summary")
	}
	if !s.persist.busy() { // else the save under way has done so
		if err := from.storage.Recover(ctx, base); err != nil {
			return from, fmt.Errorf("settling an interrupted save: %w", err)
		}
	}
	files, err := from.storage.List(ctx)
	if err != nil {
		return from, err
	}
	for _, f := range files {
		if f.Name == file {
			return from, nil
		}
	}
	return from, errNotFound
}
