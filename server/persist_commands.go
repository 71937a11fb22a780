package server

import (
	"context"
	"errors"
	"strings"

	"dragonfly/persistence"
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// persistCommands are the commands that save, and the one that ends the server.
var persistCommands = []command.Command{
	{
		Name: "save", Arity: -1, Since: "1.0.0", Complexity: "O(N) in the number of keys",
		Flags:   command.Admin | command.NoScript | command.NoMulti,
		Summary: "Saves a snapshot and answers when it is complete. Other clients go on.",
		Syntax:  "[RDB] [basename]",
		Run:     func(c *command.Ctx) { save(c, false) },
	},
	{
		Name: "bgsave", Arity: -1, Since: "1.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "Starts saving a snapshot.",
		Syntax:  "[SCHEDULE] [RDB] [basename]",
		Run:     func(c *command.Ctx) { save(c, true) },
	},
	{
		Name: "lastsave", Arity: 1, Since: "1.0.0", Complexity: "O(1)",
		Flags: command.Fast | command.WhileLoading, ACL: command.CatAdmin | command.CatDangerous,
		Summary: "Answers the Unix time at which the last successful save began.",
		Run: func(c *command.Ctx) {
			p := &of(c).s.persist
			p.mu.Lock()
			defer p.mu.Unlock()
			c.Reply.Int(p.lastSave.Unix())
		},
	},
	{
		Name: "shutdown", Arity: -1, Since: "1.0.0", Complexity: "O(N) when it saves",
		Flags:   command.Admin | command.NoScript | command.NoMulti | command.WhileLoading | command.AllowBusy | command.Session,
		Summary: "Saves, unless told not to, and ends the server.",
		Syntax:  "[NOSAVE | SAVE | SAFE] [NOW] [FORCE] [ABORT]",
		Run:     shutdown,
	},
}

var saveHelp = []string{
	"SAVE [RDB] [<basename>]",
	"    Save a snapshot of the data set. The name may contain {timestamp}, {Y}, {m} and {d}.",
	"HELP",
	"    Print this help.",
}

// parseSave reads the arguments of SAVE and BGSAVE.
func parseSave(args [][]byte, bg bool) (t target, help bool, err error) {
	t.bg = bg
	if bg && len(args) > 0 && equalFold(args[0], "schedule") {
		args = args[1:]
	}
	switch {
	case len(args) > 3:
		return t, false, resperr.Syntax
	case len(args) == 0:
		return t, false, nil
	case equalFold(args[0], "help"):
		return t, true, nil
	case equalFold(args[0], "df"):
		return t, false, errNoDFS
	case !equalFold(args[0], "rdb"):
		return t, false, resperr.New("Unknown subcommand or wrong number of arguments for '" +
			strings.ToUpper(string(args[0])) + "'. Try SAVE HELP.")
	}
	if len(args) > 1 {
		if strings.Contains(string(args[1]), "://") {
			return t, false, errNoCloud
		}
		t.base = string(args[1])
	}
	return t, false, nil
}

func save(c *command.Ctx, bg bool) {
	co := of(c)
	t, help, err := parseSave(c.Args[1:], bg)
	if err != nil {
		c.Fail(err)
		return
	}
	if help {
		c.Reply.Array(len(saveHelp))
		for _, line := range saveHelp {
			c.Reply.Simple(line)
		}
		return
	}
	p := &co.s.persist
	path, err := p.begin(t)
	if err != nil {
		c.Fail(err)
		return
	}
	if bg {
		co.s.work.Go(func() { p.save(co.s.ctx, path) })
		c.Reply.OK()
		return
	}
	co.async(c, func() func(w *reply.Writer) {
		if err := p.save(co.s.ctx, path); err != nil {
			return answerErr(err)
		}
		return answerOK
	})
}

func shutdown(c *command.Ctx) {
	var req shutdownRequest
	for _, a := range c.Args[1:] {
		switch strings.ToLower(string(a)) {
		case "save", "safe":
			req.save = true
		case "nosave":
			req.nosave = true
		case "force":
			req.force = true
		case "now":
		case "abort":
			c.Fail(resperr.New("SHUTDOWN ABORT is not supported"))
			return
		default:
			c.Fail(resperr.Syntax)
			return
		}
	}
	if req.save && req.nosave {
		c.Fail(resperr.Syntax)
		return
	}
	co := of(c)
	cl := co.client(c)
	cl.closing = true
	select {
	case co.s.shutdown <- req:
	default: // another one is on its way
	}
}

// debugReload is DEBUG RELOAD: the data set is saved, dropped and loaded again.
func (s *Server) debugReload(c *command.Ctx) {
	noSave, noFlush := false, false
	for _, a := range c.Args[2:] {
		switch strings.ToLower(string(a)) {
		case "nosave":
			noSave = true
		case "noflush":
			noFlush = true
		case "merge":
		default:
			c.Fail(resperr.New("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."))
			return
		}
	}
	of(c).async(c, func() func(w *reply.Writer) {
		err := s.reload(s.ctx, !noSave, !noFlush)
		var known resperr.Error
		switch {
		case errors.As(err, &known):
			return answerErr(known)
		case err != nil:
			return answerErr(resperr.New("Error trying to load the RDB dump: " + shortFailure(err)))
		}
		return answerOK
	})
}

// reload saves, unless told not to, flushes and loads the last file saved. Other clients are refused from before the
// cut to the end: what they were answered is in the file.
func (s *Server) reload(ctx context.Context, save, flush bool) error {
	p := &s.persist
	path := ""
	if save {
		var err error
		if path, err = p.begin(target{}); err != nil {
			return err
		}
	}
	if !s.loading.CompareAndSwap(false, true) {
		if save {
			p.release()
		}
		return errLoading
	}
	defer s.loading.Store(false)
	s.settleLoops()
	if save {
		if err := p.save(ctx, path); err != nil {
			return err
		}
	}
	p.mu.Lock()
	path = p.last.Path
	p.mu.Unlock()
	if path == "" {
		found := false
		var err error
		if path, _, found, err = persistence.Find(s.cfg.Dir, s.params.dbFilename()); err != nil {
			return err
		} else if !found {
			return resperr.New("there is no snapshot to load")
		}
	}
	if flush {
		s.flushAll()
	}
	_, err := s.loadFile(ctx, path)
	return err
}

// settleLoops waits until no loop runs a command that it let pass before the call, or the server ends.
func (s *Server) settleLoops() {
	loops := s.group.Loops()
	passed := make(chan struct{}, len(loops))
	for _, l := range loops {
		l.Post(func() { passed <- struct{}{} })
	}
	for range loops {
		select {
		case <-passed:
		case <-s.ctx.Done():
			return
		}
	}
}

// flushAll empties all databases at one instant.
func (s *Server) flushAll() {
	for i := range s.store.NumShards() {
		s.store.Shard(i).Lock()
	}
	for db := range s.store.NumDBs() {
		s.store.FlushDB(db)
	}
	for i := range s.store.NumShards() {
		s.store.Shard(i).Unlock()
	}
}
