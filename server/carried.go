package server

import (
	"slices"
	"sync/atomic"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/server/loader"
)

// carried is what belongs to the data set beside its keys and functions: what other servers keep in a snapshot that has no
// commands here. It comes with a load and is saved with the keys.
type carried struct {
	p atomic.Pointer[loader.Carried]
}

func (c *carried) get() loader.Carried {
	if p := c.p.Load(); p != nil {
		return *p
	}
	return loader.Carried{}
}

func (c *carried) set(v loader.Carried) { c.p.Store(&v) }

// dropScripts forgets the scripts.
func (c *carried) dropScripts() {
	v := c.get()
	v.Aux = slices.DeleteFunc(slices.Clone(v.Aux), func(field [2]string) bool { return field[0] == rdbfmt.AuxLua })
	c.set(v)
}

// merge takes what a load has brought, in place of what there was, or beside it.
func (c *carried) merge(v loader.Carried, beside bool) {
	if beside {
		have := c.get()
		v.Aux = append(have.Aux, v.Aux...)
		v.ModuleAux = append(have.ModuleAux, v.ModuleAux...)
	}
	v.Functions = nil // see functions
	c.set(v)
}
