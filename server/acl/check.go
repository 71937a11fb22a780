package acl

// Call is a command that somebody wants to run, taken apart as far as permissions go. It belongs to the caller, who may
// use it again.
type Call struct {
	Command int      // index in the table
	Args    [][]byte // with the name
	Keys    []Key
	// Channels are the indices of channels, or, if Patterns, of patterns that are subscribed to.
	Channels []int
	Patterns bool
}

// Key is a key of a call.
type Key struct {
	Arg    int // its index in Args
	Access Access
}

// Reason is why something is refused.
type Reason uint8

// The reasons. Of those that several selectors have the greatest is shown, as in Redis.
const (
	Allowed Reason = iota
	DeniedCommand
	DeniedKey
	DeniedAuth // a wrong password; or the user of the connection was deleted
	DeniedChannel
)

// String returns the word that ACL LOG has for the reason.
func (r Reason) String() string {
	return [...]string{"", "command", "key", "auth", "channel"}[r]
}

// Denial says why a call is refused; the zero Denial is that it is not.
type Denial struct {
	Reason Reason
	Arg    int // index of the key or channel
}

// Check tells whether the user may make a call. It does not allocate.
func (r *Rules) Check(c *Call) Denial {
	if r.unrestricted {
		return Denial{}
	}
	if r.deleted {
		return Denial{Reason: DeniedAuth}
	}
	var worst Denial
	for i := range r.sel {
		d := r.sel[i].check(r.table, c)
		if d.Reason == Allowed {
			return Denial{}
		}
		if d.Reason > worst.Reason || d.Reason == worst.Reason && d.Arg > worst.Arg {
			worst = d
		}
	}
	return worst
}

// AllowsAllKeys tells whether the user may run a command with an access to keys of any name: what it does to keys that its
// arguments do not name.
func (r *Rules) AllowsAllKeys(c *Call, access Access) bool {
	if r.unrestricted {
		return true
	}
	for i := range r.sel {
		s := &r.sel[i]
		if s.allowsAllKeys(access) && (s.allCommands || s.allowsCommand(r.table, c)) {
			return !r.deleted
		}
	}
	return false
}

// AllowsChannel tells whether some selector allows to subscribe to a channel, or to a pattern, whatever its commands are.
func (r *Rules) AllowsChannel(channel []byte, isPattern bool) bool {
	if r.deleted {
		return false
	}
	for i := range r.sel {
		if s := &r.sel[i]; s.allChannels || s.allowsChannel(channel, isPattern) {
			return true
		}
	}
	return false
}
