package script

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/script/lualib"
	"dragonfly/store/number"
)

// The errors of the redis table itself.
const (
	noArguments  = "ERR Please specify at least one argument for this redis lib call"
	badArguments = "ERR Lua redis lib command arguments must be strings or integers"
	wrongTypes   = "ERR wrong number or type of arguments"
)

// countedField is the field of an error table that came from a command: Redis counts an error once.
const countedField = "ignore_error_stats_update"

// The flags of redis.set_repl.
const (
	replNone    = 0
	replAOF     = 1
	replReplica = 2
	replAll     = replAOF | replReplica
)

// openRedis makes the redis table of scripts and functions.
func (vm *VM) openRedis(l *lua.LState) *lua.LTable {
	t := l.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"call":               func(l *lua.LState) int { return vm.call(l, true) },
		"pcall":              func(l *lua.LState) int { return vm.call(l, false) },
		"sha1hex":            sha1hex,
		"error_reply":        errorReply,
		"status_reply":       statusReply,
		"setresp":            vm.setResp,
		"set_repl":           setRepl,
		"acl_check_cmd":      vm.checkCommand,
		"replicate_commands": func(l *lua.LState) int { l.Push(lua.LTrue); return 1 },
		"breakpoint":         func(l *lua.LState) int { l.Push(lua.LFalse); return 1 },
		"debug":              func(*lua.LState) int { return 0 },
	} {
		t.RawSetString(name, l.NewFunction(fn))
	}
	for name, n := range map[string]int{
		"REPL_NONE": replNone, "REPL_AOF": replAOF, "REPL_SLAVE": replReplica, "REPL_REPLICA": replReplica, "REPL_ALL": replAll,
	} {
		t.RawSetString(name, lua.LNumber(n))
	}
	vm.openCommon(l, t)
	return t
}

// openCommon adds what the body of a library sees too.
func (vm *VM) openCommon(l *lua.LState, t *lua.LTable) {
	t.RawSetString("log", l.NewFunction(vm.log))
	for name, n := range map[string]int{
		"LOG_DEBUG": LogDebug, "LOG_VERBOSE": LogVerbose, "LOG_NOTICE": LogNotice, "LOG_WARNING": LogWarning,
		"REDIS_VERSION_NUM": versionNumber(vm.opt.Version),
	} {
		t.RawSetString(name, lua.LNumber(n))
	}
	t.RawSetString("REDIS_VERSION", lua.LString(vm.opt.Version))
}

// versionNumber is a version as 0x00MMmmpp.
func versionNumber(version string) int {
	n := 0
	for part := range strings.SplitSeq(version, ".") {
		v, _ := number.ParseInt([]byte(part))
		n = n<<8 | int(v&0xff)
	}
	return n
}

// call is redis.call, which raises errors, and redis.pcall, which returns them.
func (vm *VM) call(l *lua.LState, raise bool) int {
	if text := vm.arguments(l); text != "" {
		return vm.deliver(l, errorTable(l, text, false), raise)
	}
	vm.invoke()
	p := parser{vm: vm, l: l, in: vm.reply}
	v := p.value()
	if cap(vm.reply) > keepBuffer {
		vm.reply = nil
	}
	if cap(vm.joined) > keepBuffer {
		vm.joined = nil
		clear(vm.args)
	}
	return vm.deliver(l, v, raise && p.failed)
}

// invoke runs the command in vm.args.
func (vm *VM) invoke() {
	defer vm.keepCrash()
	vm.reply = vm.host.Call(vm.reply[:0], vm.args, vm.resp)
}

// deliver returns a reply to the script, or raises it.
func (vm *VM) deliver(l *lua.LState, v lua.LValue, raise bool) int {
	if raise {
		l.Error(v, 1)
	}
	l.Push(v)
	return 1
}

// keepBuffer is how large a buffer may be that is kept for the next command.
const keepBuffer = 64 << 10

// arguments gathers the arguments of a command in vm.args. It returns the text of an error, if they are none.
func (vm *VM) arguments(l *lua.LState) string {
	n := l.GetTop()
	if n == 0 {
		return noArguments
	}
	joined, ends := vm.joined[:0], vm.ends[:0]
	for i := 1; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			joined = append(joined, v...)
		case lua.LNumber:
			joined = appendNumber(joined, float64(v))
		default:
			return badArguments
		}
		ends = append(ends, len(joined))
	}
	vm.joined, vm.ends, vm.args = joined, ends, vm.args[:0]
	start := 0
	for _, end := range ends {
		vm.args = append(vm.args, joined[start:end:end])
		start = end
	}
	return ""
}

// appendNumber appends a number as an argument of a command: in full precision, unlike tostring.
func appendNumber(dst []byte, f float64) []byte {
	if n, ok := number.FloatToInt(f); ok {
		return number.AppendInt(dst, n)
	}
	return number.AppendFpconv(dst, f)
}

// errorTable makes what a script sees of an error. text begins with a code.
func errorTable(l *lua.LState, text string, counted bool) *lua.LTable {
	t := l.CreateTable(0, 2)
	t.RawSetString("err", lua.LString(text))
	if counted {
		t.RawSetString(countedField, lua.LTrue)
	}
	return t
}

// raise throws an error of the redis table.
func raise(l *lua.LState, text string) { l.Error(errorTable(l, text, false), 1) }

// wrapError makes an error table of anything, as Redis's handler of errors does.
func wrapError(l *lua.LState) int {
	v := l.Get(1)
	if _, ok := v.(*lua.LTable); !ok {
		text, _ := errorText(v)
		v = errorTable(l, text, false)
	}
	l.Push(v)
	return 1
}

func sha1hex(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR wrong number of arguments")
	}
	text, _ := asText(l.Get(1))
	sum := sha1.Sum([]byte(text))
	l.Push(lua.LString(hex.EncodeToString(sum[:])))
	return 1
}

// errorReply is redis.error_reply: a text of one word is not taken for a code.
func errorReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if l.GetTop() != 1 || !ok {
		l.Push(errorTable(l, wrongTypes, false))
		return 1
	}
	l.Push(errorTable(l, codeAndText(strings.TrimPrefix(string(text), "-")), false))
	return 1
}

// codeAndText gives a text without a code the usual one.
func codeAndText(text string) string {
	text = strings.Trim(text, "\r\n")
	if !strings.Contains(text, " ") {
		return "ERR " + text
	}
	return text
}

func statusReply(l *lua.LState) int {
	text, ok := l.Get(1).(lua.LString)
	if l.GetTop() != 1 || !ok {
		l.Push(errorTable(l, wrongTypes, false))
		return 1
	}
	t := l.CreateTable(0, 1)
	t.RawSetString("ok", text)
	l.Push(t)
	return 1
}

// setResp is redis.setresp.
func (vm *VM) setResp(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR redis.setresp() requires one argument.")
	}
	f, _ := asNumber(l.Get(1))
	if f != 2 && f != 3 {
		raise(l, "ERR RESP version must be 2 or 3.")
	}
	vm.resp = int(f)
	return 0
}

// setRepl is redis.set_repl.
func setRepl(l *lua.LState) int {
	if l.GetTop() != 1 {
		raise(l, "ERR redis.set_repl() requires two arguments.")
	}
	f, _ := asNumber(l.Get(1))
	if n := toInt64(f); n&^replAll != 0 {
		raise(l, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	return 0
}

// log is redis.log.
func (vm *VM) log(l *lua.LState) int {
	if l.GetTop() < 2 {
		raise(l, "ERR redis.log() requires two arguments or more.")
	}
	level, ok := asNumber(l.Get(1))
	switch {
	case !ok:
		raise(l, "ERR First argument must be a number (log level).")
	case level < LogDebug || level > LogWarning:
		raise(l, "ERR Invalid debug level.")
	}
	var text strings.Builder
	for i := 2; i <= l.GetTop(); i++ {
		if s, ok := asText(l.Get(i)); ok {
			if i > 2 {
				text.WriteByte(' ')
			}
			text.WriteString(s)
		}
	}
	vm.host.Log(int(level), text.String())
	return 0
}

// checkCommand is redis.acl_check_cmd.
func (vm *VM) checkCommand(l *lua.LState) int {
	if text := vm.arguments(l); text != "" {
		raise(l, text)
	}
	allowed, err := vm.host.CheckCommand(vm.args)
	if err != nil {
		raise(l, "ERR Invalid command passed to redis.acl_check_cmd()")
	}
	l.Push(lua.LBool(allowed))
	return 1
}

// asText converts what Lua takes for a string.
func asText(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return string(lualib.AppendNumber(nil, float64(v))), true
	}
	return "", false
}

// asNumber converts what Lua takes for a number.
func asNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return lualib.ParseNumber(string(v))
	}
	return 0, false
}
