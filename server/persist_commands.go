package server

import (
	"context"
	"errors"
	"strings"

	"dragonfly/persistence"
	"dragonfly/persistence/snapshot"
	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// persistCommands are the commands that save, and the one that ends the server.
var persistCommands = []command.Command{
	{
		Name: "save", Arity: -1, Since: "1.0.0", Complexity: "O(N) in the number of keys",
		Flags:   command.Admin | command.NoScript | command.NoMulti,
		Summary: "Saves a snapshot and answers when it is complete. Other clients go on.",
		Syntax:  "[DF | RDB] [cloud-uri] [basename] [VERSION version [DROP]]",
		Run:     func(c *command.Ctx) { runSave(c, false) },
	},
	{
		Name: "bgsave", Arity: -1, Since: "1.0.0", Complexity: "O(1)",
		Flags:   command.Admin | command.NoScript,
		Summary: "Starts saving a snapshot.",
		Syntax:  "[SCHEDULE] [DF | RDB] [cloud-uri] [basename] [VERSION version [DROP]]",
		Run:     func(c *command.Ctx) { runSave(c, true) },
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
	"SAVE [DF | RDB] [<cloud-uri>] [<basename>] [VERSION <9 | 10 | 11 | 12> [DROP]]",
	"    Save a snapshot of the data set: DF in Dragonfly's files, RDB in one file that Redis reads.",
	"    A cloud URI is s3://bucket/prefix. The name may contain {timestamp}, {Y}, {m} and {d}.",
	"    VERSION makes an RDB file that an older Redis reads. What that cannot hold is refused, or left out and",
	"    counted with DROP.",
	"HELP",
	"    Print this help.",
}

// parseSave reads the arguments of SAVE and BGSAVE.
func parseSave(args [][]byte, bg bool) (t target, help bool, err error) {
	t.bg = bg
	if bg && len(args) > 0 && equalFold(args[0], "schedule") {
		args = args[1:]
	}
	if len(args) == 0 {
		return t, false, nil
	}
	switch {
	case equalFold(args[0], "help"):
		return t, true, nil
	case equalFold(args[0], "df"):
		t.format = formatDFS
	case equalFold(args[0], "rdb"):
		t.format = formatRDB
	default:
		return t, false, resperr.New("Unknown subcommand or wrong number of arguments for '" +
			strings.ToUpper(string(args[0])) + "'. Try SAVE HELP.")
	}
	args, err = t.parseReader(args[1:])
	if err != nil {
		return t, false, err
	}
	if len(args) > 2 {
		return t, false, resperr.Syntax
	}
	if len(args) > 0 && strings.Contains(string(args[0]), "://") {
		t.uri, args = string(args[0]), args[1:]
		if !strings.HasPrefix(t.uri, "s3://") {
			return t, false, errCloud
		}
	}
	if len(args) > 0 {
		t.base = string(args[0])
	}
	return t, false, nil
}

// parseReader takes VERSION and DROP from the end of the arguments.
func (t *target) parseReader(args [][]byte) (rest [][]byte, err error) {
	n := len(args)
	reader := snapshot.Target{}
	if n > 2 && equalFold(args[n-1], "drop") && equalFold(args[n-3], "version") {
		reader.Drop = true
		n--
	}
	if n < 2 || !equalFold(args[n-2], "version") {
		return args, nil
	}
	version, ok := number.ParseInt(args[n-1])
	if !ok || version < 9 || version > 12 || t.format != formatRDB {
		return nil, errReader
	}
	reader.Version = int(version)
	t.reader = &reader
	return args[:n-2], nil
}

// Errors of the arguments of SAVE.
const (
	errCloud  resperr.Error = "ERR snapshots are kept in directories and in S3 (s3://bucket/prefix) only"
	errReader resperr.Error = "ERR VERSION is for SAVE RDB and must be 9, 10, 11 or 12"
)

func runSave(c *command.Ctx, bg bool) {
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
	j, err := p.begin(t)
	if err != nil {
		c.Fail(err)
		return
	}
	if bg {
		co.s.work.Go(func() { p.save(co.s.ctx, j) })
		c.Reply.OK()
		return
	}
	co.async(c, func() func(w *reply.Writer) {
		if err := p.save(co.s.ctx, j); err != nil {
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
	noSave, noFlush, merge := false, false, false
	for _, a := range c.Args[2:] {
		switch strings.ToLower(string(a)) {
		case "nosave":
			noSave = true
		case "noflush":
			noFlush = true
		case "merge":
			merge = true
		default:
			c.Fail(resperr.New("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."))
			return
		}
	}
	of(c).async(c, func() func(w *reply.Writer) {
		err := s.reload(s.ctx, !noSave, !noFlush, merge)
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
func (s *Server) reload(ctx context.Context, saveFirst, flush, merge bool) error {
	p := &s.persist
	var j *save
	if saveFirst {
		var err error
		if j, err = p.begin(target{}); err != nil {
			return err
		}
	}
	if !s.loading.CompareAndSwap(false, true) {
		if j != nil {
			p.release()
		}
		return errLoading
	}
	defer s.loading.Store(false)
	s.settleLoops()
	if j != nil {
		j.alone = true
		if err := p.save(ctx, j); err != nil {
			return err
		}
	}
	from, found, err := p.latest(ctx)
	if err != nil {
		return err
	}
	if !found {
		return resperr.New("there is no snapshot to load")
	}
	if flush {
		if _, err := s.loadFrom(ctx, from, loadOptions{dryRun: true}); err != nil {
			return err // before anything is lost
		}
		s.flushAll()
	}
	_, err = s.loadFrom(ctx, from, loadOptions{beside: !flush, replace: flush || merge})
	return err
}

// latest returns the last snapshot saved, or the one that a start would load.
func (p *persister) latest(ctx context.Context) (from source, found bool, err error) {
	s := p.s
	p.mu.Lock()
	files, in := p.last.Files, p.lastIn
	p.mu.Unlock()
	if n := len(files); n > 0 {
		return source{in, files[n-1]}, true, nil
	}
	c, _, found, err := persistence.Find(ctx, s.storage, s.params.dbFilename())
	return source{s.storage, c.Name}, found, err
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
	s.store.LockAll()
	for db := range s.store.NumDBs() {
		s.store.FlushDB(db)
	}
	s.tracking.Flushed(0)
	for i := range s.store.NumShards() {
		s.store.Shard(i).Unlock()
	}
}
