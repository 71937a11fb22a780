package luac

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Error is a syntax error, worded as Lua's.
type Error struct {
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Hooks are the functions that take the place of operators. They are constants of what is compiled, so they must not
// depend on a state.
type Hooks struct {
	Concat *lua.LFunction // gets the operands of a chain of "..", at least two, and returns what it yields
	Length *lua.LFunction // gets the operand of "#"
	// They get a bound of a numeric for, and return it as a number.
	ForInit, ForLimit, ForStep *lua.LFunction
	// Join gets a table, how many elements its constructor has put in it, a table of more elements, and one of others with keys. It
	// returns the first, with everything in it.
	Join *lua.LFunction
}

// The hooks in the order of Hooks, as the parser names them.
const (
	hookConcat = iota
	hookLength
	hookForInit
	hookForLimit
	hookForStep
	hookJoin
	hookCount
)

func (h *Hooks) list() [hookCount]*lua.LFunction {
	return [...]*lua.LFunction{h.Concat, h.Length, h.ForInit, h.ForLimit, h.ForStep, h.Join}
}

// Compile compiles source. name is what Lua calls the name of a chunk: "@user_script", "=name", or a text that is itself source.
func Compile(source, name string, hooks *Hooks) (proto *lua.FunctionProto, err error) {
	p := &parser{lexer: lexer{src: source, chunk: chunkID(name, syntaxID), line: 1, last: 1}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			proto, err = nil, e
		default:
			panic(e)
		}
	}()
	p.hookName = freeName(source)
	body := p.main()
	proto, compileErr := lua.Compile(body, ChunkID(name))
	if compileErr != nil {
		return nil, &Error{Message: p.chunk + ": " + codeError(compileErr)}
	}
	p.finish(proto, hooks.list())
	return proto, nil
}

// codeError words what gopher-lua's code generator refuses. The parser has refused before it whatever it could count.
func codeError(err error) string {
	if text := err.Error(); strings.Contains(text, "too long to jump") {
		return "control structure too long"
	}
	return "function or expression too complex"
}

// freeName finds a text that source does not contain. With a number behind it, it stands for a hook in the syntax tree.
func freeName(source string) string {
	name := "hook"
	for n := 0; strings.Contains(source, name); n++ {
		name = fmt.Sprintf("hook%d", n)
	}
	return "\x00" + name + "\x00"
}

// The room for the name of a chunk in an error, with the zero byte of C.
const (
	runtimeID = 60
	syntaxID  = 80
)

// ChunkID is how errors show the name of a chunk: without its "@" or "=", or the first line of source in brackets.
func ChunkID(name string) string { return chunkID(name, runtimeID) }

func chunkID(name string, size int) string {
	if rest, ok := strings.CutPrefix(name, "="); ok {
		return rest[:min(len(rest), size-1)]
	}
	if rest, ok := strings.CutPrefix(name, "@"); ok {
		if room := size - len(" '...' ") - 1; len(rest) > room {
			return "..." + rest[len(rest)-room:]
		}
		return rest
	}
	first, _, more := strings.Cut(strings.ReplaceAll(cString(name), "\r", "\n"), "\n")
	if room := size - len(` [string "..."] `) - 1; more || len(first) > room {
		return `[string "` + first[:min(len(first), room)] + `..."]`
	}
	return `[string "` + first + `"]`
}

// finish takes the numbers of expressions out of the lines of a prototype, and puts its hooks and the names for error texts in.
func (p *parser) finish(proto *lua.FunctionProto, hooks [hookCount]*lua.LFunction) {
	proto.LineDefined &= lineMask
	proto.LastLineDefined &= lineMask
	proto.DbgLocals, proto.DbgCalls = nil, nil
	for pc, line := range proto.DbgSourcePositions {
		proto.DbgSourcePositions[pc] = line & lineMask
		if id := line >> lineBits; id != 0 {
			p.attach(proto, pc, p.notes[id-1])
		}
	}
	for i, c := range proto.Constants {
		if s, ok := c.(lua.LString); ok {
			if n, ok := strings.CutPrefix(string(s), p.hookName); ok {
				proto.Constants[i] = hooks[n[0]]
			}
		}
	}
	for _, inner := range proto.FunctionPrototypes {
		p.finish(inner, hooks)
	}
}

// hook makes the call of a hook, with one value of each argument.
func (p *parser) hook(n int, args ...ast.Expr) *ast.FuncCallExpr {
	for _, arg := range args {
		single(arg)
	}
	fn := &ast.StringExpr{Value: p.hookName + string([]byte{byte(n)})}
	fn.SetLine(p.last)
	call := &ast.FuncCallExpr{Func: fn, Args: args, AdjustRet: true}
	call.SetLine(p.last)
	call.SetLastLine(p.last)
	return call
}
