package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"dragonfly/server/reply"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// converter writes Lua values as a reply.
type converter struct {
	vm      *VM
	w       *reply.Writer
	start   int  // of the reply in w.Buf
	slots   int  // of Lua's stack that Redis would need to be where we are
	counted bool // the last error that was written came from a command
}

// Redis converts on Lua's stack and gives up where that is full.
const (
	maxSlots   = 7995
	arraySlots = 1
	fieldSlots = 3
)

// reply writes the result of a script. A table that contains itself many times could become a reply of any size, so a reply is
// bounded like the memory of the script.
func (c *converter) reply(v lua.LValue) Outcome {
	errors := c.w.Errors
	c.start = len(c.w.Buf)
	c.value(v)
	switch {
	case c.vm.pulse.dead():
		c.w.Buf, c.w.Errors = c.w.Buf[:c.start], errors
		c.w.Err(c.vm.pulse.Err())
		return Failed
	case c.w.Errors == errors:
		return Done
	case c.counted:
		return Counted
	}
	return Failed
}

// value writes one value.
func (c *converter) value(v lua.LValue) {
	if c.slots >= maxSlots {
		c.w.Err(resperr.New("reached lua stack limit"))
		return
	}
	if int64(len(c.w.Buf)-c.start) > c.vm.opt.Memory {
		c.vm.pulse.kill(resperr.ScriptMemory)
	}
	if c.vm.pulse.Done() != nil {
		return
	}
	switch v := v.(type) {
	case lua.LString:
		c.w.BulkString(string(v))
	case lua.LNumber:
		c.w.Int(toInt64(float64(v)))
	case lua.LBool:
		switch {
		case c.vm.resp == 3:
			c.w.Bool(bool(v))
		case bool(v):
			c.w.Int(1)
		default:
			c.w.Null()
		}
	case *lua.LTable:
		c.table(v)
	default:
		c.w.Null()
	}
}

// table writes a table: what its fields say it is, or else an array up to the first nil.
func (c *converter) table(t *lua.LTable) {
	if _, ok := stringField(t, "err"); ok {
		var text string
		text, c.counted = errorText(t)
		c.w.Err(resperr.Error(text))
		return
	}
	if text, ok := stringField(t, "ok"); ok {
		c.w.Simple(oneLine(text))
		return
	}
	if f, ok := t.RawGetString("double").(lua.LNumber); ok {
		c.w.Double(float64(f))
		return
	}
	if fields, ok := t.RawGetString("map").(*lua.LTable); ok {
		c.mapping(fields)
		return
	}
	if members, ok := t.RawGetString("set").(*lua.LTable); ok {
		c.set(members)
		return
	}
	if text, ok := stringField(t, "big_number"); ok {
		c.bigNumber(oneLine(text))
		return
	}
	if v, ok := t.RawGetString("verbatim_string").(*lua.LTable); ok {
		format, hasFormat := stringField(v, "format")
		text, hasText := stringField(v, "string")
		if hasFormat && hasText {
			c.verbatim(format, text)
			return
		}
	}
	c.array(t)
}

func (c *converter) array(t *lua.LTable) {
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	c.w.Array(n)
	c.slots += arraySlots
	for i := 1; i <= n && !c.vm.pulse.dead(); i++ {
		c.value(t.RawGetInt(i))
	}
	c.slots -= arraySlots
}

func (c *converter) mapping(t *lua.LTable) {
	c.w.Map(fields(t))
	c.slots += fieldSlots
	for k, v := t.Next(lua.LNil); k != lua.LNil && !c.vm.pulse.dead(); k, v = t.Next(k) {
		c.value(k)
		c.value(v)
	}
	c.slots -= fieldSlots
}

func (c *converter) set(t *lua.LTable) {
	c.w.Set(fields(t))
	c.slots += fieldSlots
	for k, _ := t.Next(lua.LNil); k != lua.LNil && !c.vm.pulse.dead(); k, _ = t.Next(k) {
		c.value(k)
	}
	c.slots -= fieldSlots
}

// fields counts the fields of a table.
func fields(t *lua.LTable) int {
	n := 0
	t.ForEach(func(lua.LValue, lua.LValue) { n++ })
	return n
}

func (c *converter) bigNumber(text string) {
	if !c.w.RESP3() {
		c.w.BulkString(text)
		return
	}
	c.w.Buf = append(c.w.Buf, '(')
	c.w.Buf = append(c.w.Buf, text...)
	c.w.Buf = append(c.w.Buf, '\r', '\n')
}

// verbatim writes text with its format, of which three bytes are kept.
func (c *converter) verbatim(format, text string) {
	if !c.w.RESP3() {
		c.w.BulkString(text)
		return
	}
	format = (format + "   ")[:3]
	c.w.Buf = append(c.w.Buf, '=')
	c.w.Buf = number.AppendInt(c.w.Buf, int64(len(text)+4))
	c.w.Buf = append(c.w.Buf, '\r', '\n')
	c.w.Buf = append(append(c.w.Buf, format...), ':')
	c.w.Buf = append(append(c.w.Buf, text...), '\r', '\n')
}

// stringField returns a field that is a string.
func stringField(t *lua.LTable, name string) (string, bool) {
	s, ok := t.RawGetString(name).(lua.LString)
	return string(s), ok
}

// oneLine puts blanks in the place of line breaks, which would end a reply.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", " "), "\n", " ")
}
