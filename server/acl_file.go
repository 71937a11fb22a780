package server

import (
	"fmt"
	"os"
	"strings"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store/resperr"
)

// readACLFile reads the users of the ACL file, which become the only ones.
func (s *Server) readACLFile() error {
	path := s.cfg.ACLFile
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("error loading ACLs, opening file '%s': %w", path, err)
	}
	list, err := s.acl.users.Parse(path, string(text))
	if err != nil {
		return err
	}
	s.acl.users.Replace(list)
	return nil
}

// writeACLFile writes the users to the ACL file.
func (s *Server) writeACLFile() error {
	s.acl.saving.Lock() // or what is older could be renamed last
	defer s.acl.saving.Unlock()
	return replaceFile(s.cfg.ACLFile, s.acl.users.Format())
}

func aclLoad(c *command.Ctx) {
	co := of(c)
	s, me := co.s, co.client(c)
	co.aclFileWork(c, func() func(w *reply.Writer) {
		if err := s.readACLFile(); err != nil {
			text := strings.ReplaceAll(err.Error(), "\n", ". ")
			s.log.Warn("ACL LOAD failed: " + text)
			return answerErr(resperr.ACLNotLoaded(text))
		}
		return func(w *reply.Writer) {
			s.dropDeleted(me)
			for _, u := range s.acl.users.All() {
				s.dropListeners(me, u)
			}
			w.OK()
		}
	})
}

func aclSave(c *command.Ctx) {
	co := of(c)
	s := co.s
	co.aclFileWork(c, func() func(w *reply.Writer) {
		if err := s.writeACLFile(); err != nil {
			s.log.Error("ACL SAVE failed: " + err.Error())
			return answerErr(resperr.ACLSaveFailed)
		}
		return answerOK
	})
}

// aclFileWork does work with the ACL file, if there is one, beside the loop; in a transaction on it.
func (co *coordinator) aclFileWork(c *command.Ctx, work func() func(w *reply.Writer)) {
	switch {
	case co.s.cfg.ACLFile == "":
		c.Fail(resperr.ACLNoFile)
	case c.InExec:
		work()(c.Reply)
	default:
		co.async(c, work)
	}
}
