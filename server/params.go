package server

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"

	"dragonfly/persistence"
	"dragonfly/persistence/snapshot"
	"dragonfly/server/config"
)

// params are the settings that may change while the server runs. Those that are read on the way of every command
// or connection are kept as numbers too; config_table.go says which parameter sets which.
type params struct {
	file     atomic.Pointer[string] // dbfilename
	clients  atomic.Int64
	idleSecs atomic.Int64

	table []param // see newParamTable; changes no more after init

	mu     sync.Mutex
	cfg    config.Config         // guarded by mu: the settings of the start, and what CONFIG SET made of them
	text   map[string]string     // guarded by mu: values of parameters that are no settings, by name
	output [classes]outputLimits // guarded by mu
}

func (p *params) init(s *Server) {
	file := s.cfg.DBFilename
	p.file.Store(&file)
	p.clients.Store(int64(s.cfg.MaxClients))
	p.idleSecs.Store(int64(s.cfg.Timeout))
	p.cfg = *s.cfg
	p.cfg.Inert = maps.Clone(s.cfg.Inert)
	if p.cfg.Inert == nil {
		p.cfg.Inert = map[string]string{}
	}
	p.text = map[string]string{}
	p.cfg.NotifyKeyspaceEvents, _ = parseEvents(s.cfg.NotifyKeyspaceEvents, "")
	p.table = newParamTable()
	p.output = defaultOutputLimits()
}

func (p *params) dbFilename() string { return *p.file.Load() }
func (p *params) maxClients() int    { return int(p.clients.Load()) }
func (p *params) timeout() int       { return int(p.idleSecs.Load()) }

// snapshotMeta returns what the settings say of the form of snapshots.
func (p *params) snapshotMeta() persistence.Meta {
	p.mu.Lock()
	defer p.mu.Unlock()
	return persistence.Meta{
		Compression:      persistence.Compression(p.cfg.CompressionMode),
		CompressionLevel: p.cfg.CompressionLevel,
		MaxChunk:         int(min(p.cfg.MaxChunk, math.MaxInt32)),
		TaggedChunks:     p.cfg.TaggedChunks,
		EgressLimit:      p.cfg.EgressLimit,
	}
}

// rdbTarget returns which readers RDB files are for.
func (p *params) rdbTarget() snapshot.Target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return snapshot.Target{Version: p.cfg.RDBVersion, Drop: p.cfg.RDBDrop}
}

// settings returns the settings as they are now, but for Inert.
func (p *params) settings() config.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	cfg := p.cfg
	cfg.Inert = nil
	return cfg
}

// snapshotKeep returns how many snapshots of a name are kept, 0 for all.
func (p *params) snapshotKeep() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.SnapshotKeep
}

// outputLimits returns the limits on unsent output of a class of clients.
func (p *params) outputLimits(class clientClass) outputLimits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output[class]
}

// find returns the parameter that answers to a name, in any case; nil if there is none.
func (p *params) find(name string) *param {
	for i := range p.table {
		if p.table[i].answersTo(name) {
			return &p.table[i]
		}
	}
	return nil
}

// value returns the value of a parameter as CONFIG GET shows it.
func (s *Server) value(q *param) string {
	if q.show != nil {
		return q.show(s)
	}
	p := &s.params
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.valueLocked(q)
}

func (p *params) valueLocked(q *param) string {
	if q.setting != nil {
		return q.kind.fromSetting(q.setting.Get(&p.cfg))
	}
	if text, ok := p.text[q.name]; ok {
		return text
	}
	return q.def
}

// param returns the value of the parameter with the name, which must exist.
func (s *Server) param(name string) string { return s.value(s.params.find(name)) }

// keep stores a value that was parsed.
func (p *params) keep(q *param, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.setting != nil {
		return q.setting.Set(&p.cfg, text)
	}
	p.text[q.name] = text
	return nil
}
