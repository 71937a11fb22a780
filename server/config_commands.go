package server

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dragonfly/persistence/vfs"
	"dragonfly/server/command"
	"dragonfly/server/config"
	"dragonfly/server/glob"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// configCommands are CONFIG and its subcommands.
var configCommands = []command.Command{
	{
		Name: "config", Arity: -2, Since: "2.0.0", Complexity: "That of the subcommand",
		Flags: command.Container, Summary: "Reads and changes parameters of the server.",
	},
	{
		Name: "config|get", Arity: -3, Since: "2.0.0", Complexity: "O(N) in the number of patterns and parameters",
		Flags:   command.Admin | command.NoScript | command.WhileLoading,
		Summary: "Lists parameters with their values.", Syntax: "pattern [pattern ...]",
		Run: configGet,
	},
	{
		Name: "config|set", Arity: -4, Since: "2.0.0", Complexity: "O(N) in the number of parameters",
		Flags:   command.Admin | command.NoScript | command.WhileLoading | command.LockAll,
		Summary: "Changes parameters, all of them or none.", Syntax: "parameter value [parameter value ...]",
		Run: configSet,
	},
	{
		Name: "config|resetstat", Arity: 2, Since: "2.0.0", Complexity: "O(N) in the number of commands",
		Flags:   command.Admin | command.NoScript | command.WhileLoading | command.LockAll,
		Summary: "Sets the counters of INFO back to zero.",
		Run:     configResetStat,
	},
	{
		Name: "config|rewrite", Arity: 2, Since: "2.8.0", Complexity: "O(N) in the size of the file",
		Flags:   command.Admin | command.NoScript | command.WhileLoading,
		Summary: "Writes changed settings to the flag file that the server was started with.",
		Run:     configRewrite,
	},
	{
		Name: "config|help", Arity: 2, Since: "5.0.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func configGet(c *command.Ctx) {
	s := of(c).s
	m, n := c.Reply.Defer(), 0
	seen := map[string]bool{}
	answer := func(name string, q *param) {
		if lower := strings.ToLower(name); !seen[lower] {
			seen[lower] = true
			c.Reply.BulkString(name)
			c.Reply.BulkString(s.value(q))
			n++
		}
	}
	for _, pattern := range c.Args[2:] {
		if !strings.ContainsAny(string(pattern), "*?[") {
			if q := s.params.find(string(pattern)); q != nil {
				answer(string(pattern), q)
			} else if q := s.params.find(strings.NewReplacer("-", "_", ".", "_").Replace(string(pattern))); q != nil {
				answer(q.name, q)
			}
			continue
		}
		for i := range s.params.table {
			q := &s.params.table[i]
			if q.flags&hidden != 0 {
				continue
			}
			for _, name := range q.names() {
				if glob.MatchFold(pattern, []byte(name)) {
					answer(name, q)
				}
			}
		}
	}
	c.Reply.CloseMap(m, n)
}

// change is one parameter that CONFIG SET is about to change.
type change struct {
	q         *param
	name      string // as the client wrote it
	text, old string
}

func configSet(c *command.Ctx) {
	s := of(c).s
	changes, err := s.parseChanges(c.Args[2:])
	if err == nil {
		err = s.change(changes)
	}
	if err != nil {
		c.Fail(err)
		return
	}
	c.Reply.OK()
}

// parseChanges reads pairs of names and values. Redis checks all names before it looks at any value.
func (s *Server) parseChanges(args [][]byte) ([]change, error) {
	if len(args)%2 != 0 {
		return nil, resperr.WrongArgs("config|set")
	}
	var changes []change
	for i := 0; i < len(args); i += 2 {
		name := string(args[i])
		q := s.params.find(name)
		if q == nil {
			q = s.params.find(strings.NewReplacer("-", "_", ".", "_").Replace(name))
		}
		switch {
		case q == nil:
			return nil, resperr.New("Unknown option or number of arguments for CONFIG SET - '" + name + "'")
		case q.flags&immutable != 0 && (q.isRedis(name) || string(args[i+1]) != s.value(q)):
			// Under its own name a setting may be set to what it is: tools write back all they have read.
			return nil, setError(name, errImmutable)
		case q.flags&protected != 0:
			return nil, setError(name, errProtected)
		case slices.ContainsFunc(changes, func(ch change) bool { return ch.q == q }):
			return nil, setError(name, errDuplicate)
		}
		changes = append(changes, change{q: q, name: name, text: string(args[i+1])})
	}
	for i := range changes {
		ch := &changes[i]
		var err error
		ch.old = s.value(ch.q)
		if ch.text, err = ch.q.canonical(ch.text, ch.old); err != nil {
			return nil, setError(ch.name, err)
		}
	}
	return changes, nil
}

// change makes changes, all or none. All shards are locked.
func (s *Server) change(changes []change) error {
	for i, ch := range changes {
		err := s.set(ch.q, ch.text)
		if err == nil {
			continue
		}
		for _, done := range changes[:i+1] {
			// What was accepted before is accepted again.
			_ = s.set(done.q, done.old)
		}
		return setError(ch.name, err)
	}
	return nil
}

// set stores a value and makes it take effect.
func (s *Server) set(q *param, text string) error {
	if err := s.params.keep(q, text); err != nil {
		if err.Error() == "" {
			return errRefused
		}
		return err
	}
	if q.limit != nil {
		*q.limit(&s.store.Limits) = int(atoi(text))
	}
	if q.apply != nil {
		return q.apply(s, text)
	}
	return nil
}

func setError(name string, err error) error {
	return resperr.New("CONFIG SET failed (possibly related to argument '" + name + "') - " + err.Error())
}

func configResetStat(c *command.Ctx) {
	of(c).s.resetStats()
	c.Reply.OK()
}

func configRewrite(c *command.Ctx) {
	s := of(c).s
	path := s.cfg.ConfigFile
	if path == "" {
		c.Fail(resperr.New("The server is running without a config file"))
		return
	}
	rewrite := func() func(w *reply.Writer) {
		if err := s.rewriteFlagFile(path); err != nil {
			s.log.Error("CONFIG REWRITE failed: " + err.Error())
			return answerErr(resperr.New("Rewriting config file: " + err.Error()))
		}
		s.log.Warn("CONFIG REWRITE executed with success.")
		return answerOK
	}
	if c.InExec {
		rewrite()(c.Reply)
		return
	}
	of(c).async(c, rewrite)
}

// rewriteFlagFile replaces the flag file by one with the present settings.
func (s *Server) rewriteFlagFile(path string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := rewriteFlags(string(old), s.changedSettings())
	return replaceFile(path, text)
}

// replaceFile puts text into a file, all of it or, with an error, none. The file keeps its permissions; a new one is for
// its owner alone.
func replaceFile(path, text string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays a link
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails when it was renamed, as it should
	_, err = tmp.WriteString(text)
	if info, e := os.Stat(path); err == nil && e == nil {
		err = tmp.Chmod(info.Mode())
	}
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", tmp.Name(), err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return vfs.OS{}.SyncDir(filepath.Dir(path))
}

// flagValue is a flag with its value.
type flagValue struct{ name, value string }

// changedSettings lists the settings that CONFIG SET may have changed and that are not what they were at the start.
func (s *Server) changedSettings() []flagValue {
	p := &s.params
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []flagValue
	for _, section := range config.Sections() {
		for i := range section.Settings {
			setting := &section.Settings[i]
			if setting.Access != config.Writable {
				continue
			}
			if now := setting.Get(&p.cfg); now != setting.Get(s.cfg) {
				list = append(list, flagValue{setting.Name, now})
			}
		}
	}
	return list
}

// rewriteHeading stands above the flags that CONFIG REWRITE adds to a file.
const rewriteHeading = "# Generated by CONFIG REWRITE"

// rewriteFlags gives flags in the text of a flag file new values: where they are set, or else at the end.
func rewriteFlags(text string, values []flagValue) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	for _, v := range values {
		want := "--" + v.name + "=" + v.value
		found := false
		for i, line := range lines {
			if setsFlag(line, v.name) {
				lines[i] = want
				found = true
			}
		}
		if found {
			continue
		}
		if !slices.Contains(lines, rewriteHeading) {
			lines = append(lines, rewriteHeading)
		}
		lines = append(lines, want)
	}
	return strings.Join(lines, "\n") + "\n"
}

// setsFlag tells whether a line of a flag file sets the flag.
func setsFlag(line, name string) bool {
	line = strings.TrimLeft(line, " \t")
	if !strings.HasPrefix(line, "-") {
		return false
	}
	flag, _, _ := strings.Cut(strings.TrimLeft(line, "-"), "=")
	flag = strings.TrimRight(flag, " \t\r")
	return flag == name || flag == "no"+name
}
