package server

import "sync/atomic"

// params are the settings that may change while the server runs and are read on the way of every command.
type params struct {
	pass     atomic.Pointer[string]
	file     atomic.Pointer[string] // dbfilename
	clients  atomic.Int64
	idleSecs atomic.Int64
}

func (p *params) init(s *Server) {
	pass := s.cfg.RequirePass
	p.pass.Store(&pass)
	file := s.cfg.DBFilename
	p.file.Store(&file)
	p.clients.Store(int64(s.cfg.MaxClients))
	p.idleSecs.Store(int64(s.cfg.Timeout))
}

func (p *params) dbFilename() string { return *p.file.Load() }
func (p *params) password() string   { return *p.pass.Load() }
func (p *params) maxClients() int    { return int(p.clients.Load()) }
func (p *params) timeout() int       { return int(p.idleSecs.Load()) }
