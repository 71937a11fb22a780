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
	{
		Name: "dfly|thread", Arity: -2, Since: "7.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "Tells which of the I/O loops serves this connection, and how many there are. A connection stays with its loop.",
		Syntax:  "[thread]",
		Run:     dflyThread,
	},
	{
		Name: "dfly|expire", Arity: 2, Since: "7.0.0", Complexity: "O(N) in the number of keys with an expiry",
		Flags:   command.Admin | command.NoScript | command.NoMulti,
		Summary: "Removes all keys, fields and members that have expired.",
		Run:     dflyExpire,
	},
	{
		Name: "dfly|replicaoffset", Arity: 2, Since: "7.0.0", Complexity: "O(N) in the number of shards",
		Flags:   command.Admin | command.NoScript,
		Summary: "Tells how many records the journal of each shard has: none, without replicas.",
		Run: func(c *command.Ctx) {
			n := c.DB.Store().NumShards()
			c.Reply.Array(n)
			for range n {
				c.Reply.Int(0)
			}
		},
	},
	{
		Name: "dfly|help", Arity: 2, Since: "7.0.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

// dflyThread answers the loop of the connection and the number of loops. Naming the loop it has is no change.
func dflyThread(c *command.Ctx) {
	co := of(c)
	loops := len(co.s.group.Loops())
	if len(c.Args) == 2 {
		c.Reply.Array(2)
		c.Reply.Int(int64(co.loop))
		c.Reply.Int(int64(loops))
		return
	}
	n, err := command.IntFrom(c.Args[2], 0, resperr.NotInteger)
	switch {
	case len(c.Args) > 3:
		c.Fail(resperr.Syntax)
	case err != nil || n >= int64(loops):
		c.Fail(resperr.NotInteger)
	case n != int64(co.loop):
		c.Fail(errOtherLoop)
	default:
		c.Reply.OK()
	}
}

func dflyExpire(c *command.Ctx) {
	co := of(c)
	s, now := co.s, c.DB.NowMs
	co.async(c, func() func(w *reply.Writer) {
		s.store.ExpireAll(now, func() bool { return s.ctx.Err() != nil })
		return answerOK
	})
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

// Errors of DFLY.
const (
	errOtherLoop resperr.Error = "ERR a connection stays with its thread"
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
