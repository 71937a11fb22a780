package script

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/lualib"
	"dragonfly/store/resperr"
)

// chunk is the name of a script in its error messages.
const chunk = "@user_script"

// Flags are what a script or function says of itself.
type Flags uint32

// The flags of Redis, and below them those of Dragonfly.
const (
	NoWrites Flags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlot
	// Plain is a script without a first line of flags: what it may do is decided by each of its commands.
	Plain

	AllowUndeclaredKeys // it locks all keys
	DisableAtomicity    // others may come between its commands
	LegacyFloat         // floats in replies are truncated, as Redis does anyway
)

// names are those of the flags, in the order of their bits; Plain has none.
var names = [...]string{
	"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", "", "allow-undeclared-keys",
	"disable-atomicity", "legacy-float",
}

// redisFlags are those a function may register.
const redisFlags = NoWrites | AllowOOM | AllowStale | NoCluster | AllowCrossSlot

// ParseFlag finds a flag by its name.
func ParseFlag(name string) (Flags, bool) {
	for i, n := range names {
		if n == name && n != "" {
			return 1 << i, true
		}
	}
	return 0, false
}

// Names lists the flags as Redis shows them.
func (f Flags) Names() []string {
	var list []string
	for i, n := range names {
		if f&(1<<i) != 0 && n != "" {
			list = append(list, n)
		}
	}
	return list
}

// Script is a compiled script. It does not change, and any number of VMs may run it.
type Script struct {
	SHA  string // of the body, in lower-case hexadecimal
	Body string

	proto *lua.FunctionProto
	flags atomic.Uint32
	only  bool // see OnlyDeclared
	// calls and took count the runs and the nanoseconds of all of them.
	calls, took atomic.Int64
	// The rest belongs to the Cache.
	loaded bool         // by SCRIPT LOAD, which keeps it until SCRIPT FLUSH
	used   atomic.Int64 // when it was last asked for, on the cache's own clock
}

// Flags returns the flags of the script: its own, and those it was given later.
func (s *Script) Flags() Flags { return Flags(s.flags.Load()) }

func (s *Script) add(f Flags) { s.flags.Or(uint32(f)) }

// ran notes a run.
func (s *Script) ran(d time.Duration) {
	s.calls.Add(1)
	s.took.Add(int64(d))
}

// Latency says how long the runs of the script took.
func (s *Script) Latency() string {
	n := s.calls.Load()
	return fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f", n, s.took.Load()/1000, float64(s.took.Load())/1000/float64(max(n, 1)))
}

// SHA returns the name of a script: the SHA1 of its body.
func SHA(body []byte) string {
	sum := sha1.Sum(body)
	return hex.EncodeToString(sum[:])
}

// OnlyDeclared tells whether it is certain that the script reaches no keys but those in KEYS.
func (s *Script) OnlyDeclared() bool { return s.only }

// Compile compiles a script. The error is what the client is answered. Without positions it is not known which keys the
// script reaches.
func Compile(body string, positions Positions) (*Script, error) {
	s := &Script{SHA: SHA([]byte(body)), Body: body}
	source, err := s.header()
	if err != nil {
		return nil, err
	}
	if s.proto, err = compile(source, chunk); err != nil {
		return nil, resperr.ScriptCompile(err)
	}
	s.only = onlyDeclared(source, positions)
	return s, nil
}

// compile compiles a chunk.
func compile(source, name string) (*lua.FunctionProto, error) {
	proto, err := lualib.Compile(source, name)
	if err == nil {
		// Gopher-lua would make the table "arg" in each call, which the main function of a chunk does not have.
		proto.IsVarArg &^= lua.VarArgNeedsArg
	}
	return proto, err
}

// FlagsOf returns the flags that the first line of a script names, none if there is an error in it.
func FlagsOf(body []byte) Flags {
	s := Script{Body: string(body)}
	if _, err := s.header(); err != nil {
		return 0
	}
	return s.Flags()
}

// header reads the flags of a script from its first line, and returns the source behind it. The line end stays, so that
// lines are numbered as in the body.
func (s *Script) header() (source string, err error) {
	if !strings.HasPrefix(s.Body, "#!") {
		s.add(Plain)
		err = s.comment()
		return s.Body, err
	}
	end := strings.IndexByte(s.Body, '\n')
	if end < 0 {
		return "", resperr.ScriptShebang
	}
	words := strings.Fields(s.Body[:end])
	if words[0] != "#!lua" {
		return "", resperr.ScriptEngine(words[0])
	}
	for _, word := range words[1:] {
		list, ok := strings.CutPrefix(word, "flags=")
		if !ok {
			return "", resperr.ScriptOption(word)
		}
		if list == "" {
			continue
		}
		for name := range strings.SplitSeq(list, ",") {
			f, ok := ParseFlag(name)
			if !ok {
				return "", resperr.ScriptFlag(name)
			}
			s.add(f)
		}
	}
	return s.Body[end:], nil
}

// comment reads Dragonfly's way to write flags: a first line of "--!df flags=a,b".
func (s *Script) comment() error {
	line, _, _ := strings.Cut(strings.TrimLeft(s.Body, " \t\r\n"), "\n")
	list, ok := strings.CutPrefix(line, "--!df flags=")
	if !ok {
		return nil
	}
	for name := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		f, ok := ParseFlag(strings.TrimSpace(name))
		if !ok {
			return resperr.ScriptDragonflyFlag(name)
		}
		s.add(f)
	}
	return nil
}
