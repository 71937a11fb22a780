package luac

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// The limits of Lua, but for the last three, which keep gopher-lua's code generator out of trouble.
const (
	maxLevels   = 200 // of blocks and expressions within one another
	maxLocals   = 200 // of a function
	maxUpvalues = 60

	maxRegisters = 195     // that the locals of a function and one of its expressions may take
	maxDepth     = 2000    // of the syntax tree, which a chain of operators makes deep
	maxConstants = 1 << 15 // of a function
	// The generator looks for a constant among all of its function wherever it is used. So many it may look at in a chunk:
	// a second or less.
	maxSearched = 1 << 27
)

// parser builds the syntax tree.
type parser struct {
	lexer
	fn       *function
	levels   int
	hookName string
	notes    []note
	searched int // see maxSearched
}

// function is what the parser knows of the function it is in.
type function struct {
	parent   *function
	block    *block
	line     int // where it begins, 0 for the main one
	vararg   bool
	locals   []string // that are visible, the innermost last
	upvalues map[string]struct{}
	// Its constants, and their numbers.
	strings map[string]int
	numbers map[float64]int
}

// block is a block of statements in a function.
type block struct {
	parent *block
	loop   bool
	locals int // of the function, when the block was entered
}

// main parses a whole chunk.
func (p *parser) main() []ast.Stmt {
	p.open(0, true)
	p.next()
	body := p.statements()
	p.expect(tkEOS)
	return body
}

// open enters a function.
func (p *parser) open(line int, vararg bool) {
	p.fn = &function{parent: p.fn, line: line, vararg: vararg}
	p.enterBlock(false)
}

// shut leaves a function.
func (p *parser) shut() { p.fn = p.fn.parent }

func (p *parser) enterBlock(loop bool) {
	p.fn.block = &block{parent: p.fn.block, loop: loop, locals: len(p.fn.locals)}
}

func (p *parser) leaveBlock() {
	p.fn.locals = p.fn.locals[:p.fn.block.locals]
	p.fn.block = p.fn.block.parent
}

// enter counts a level of nesting.
func (p *parser) enter() {
	if p.levels++; p.levels > maxLevels {
		p.errorNear("chunk has too many syntax levels", "")
	}
}

func (p *parser) leave() { p.levels-- }

// limit stops the parser if a function has too much of something.
func (p *parser) limit(n, most int, what string) {
	if n <= most {
		return
	}
	if p.fn.line == 0 {
		p.errorNear(fmt.Sprintf("main function has more than %d %s", most, what), "")
	}
	p.errorNear(fmt.Sprintf("function at line %d has more than %d %s", p.fn.line, most, what), "")
}

// declare makes names visible.
func (p *parser) declare(names ...string) {
	p.fn.locals = append(p.fn.locals, names...)
	p.limit(len(p.fn.locals), maxLocals, "local variables")
}

// constant counts a string among the constants of the function.
func (p *parser) constant(s string) {
	if p.fn.strings == nil {
		p.fn.strings = map[string]int{}
	}
	i, known := p.fn.strings[s]
	if !known {
		i = len(p.fn.strings) + len(p.fn.numbers)
		p.fn.strings[s] = i
	}
	p.countConstants(i)
}

// number counts a number among the constants of the function.
func (p *parser) number(f float64) {
	if p.fn.numbers == nil {
		p.fn.numbers = map[float64]int{}
	}
	i, known := p.fn.numbers[f]
	if !known {
		i = len(p.fn.strings) + len(p.fn.numbers)
		p.fn.numbers[f] = i
	}
	p.countConstants(i)
}

// countConstants counts the use of the constant of that number.
func (p *parser) countConstants(i int) {
	p.searched += i
	if len(p.fn.strings)+len(p.fn.numbers) > maxConstants || p.searched > maxSearched {
		p.errorNear("constant table overflow", "")
	}
}

// scope is where a name is found.
type scope string

const (
	local   scope = "local"
	upvalue scope = "upvalue"
	global  scope = "global"
)

// resolve finds a name, as seen from a function.
func (p *parser) resolve(fn *function, name string) scope {
	if fn == nil {
		return global
	}
	for i := len(fn.locals) - 1; i >= 0; i-- {
		if fn.locals[i] == name {
			return local
		}
	}
	if _, ok := fn.upvalues[name]; ok {
		return upvalue
	}
	if p.resolve(fn.parent, name) == global {
		return global
	}
	if fn.upvalues == nil {
		fn.upvalues = map[string]struct{}{}
	}
	fn.upvalues[name] = struct{}{}
	p.limit(len(fn.upvalues), maxUpvalues, "upvalues")
	return upvalue
}

// check stops the parser unless the current token is t.
func (p *parser) check(t token) {
	if p.t.tok != t {
		p.syntaxError("'" + t.text() + "' expected")
	}
}

// expect takes the token t.
func (p *parser) expect(t token) {
	p.check(t)
	if t != tkEOS {
		p.next()
	}
}

// accept takes the token t if it is there.
func (p *parser) accept(t token) bool {
	if p.t.tok != t {
		return false
	}
	p.next()
	return true
}

// match takes the token that closes what was opened at a line.
func (p *parser) match(what, who token, line int) {
	if p.accept(what) {
		return
	}
	if line == p.line {
		p.check(what)
	}
	p.syntaxError(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", what.text(), who.text(), line))
}

// takeName takes a name.
func (p *parser) takeName() string {
	p.check(tkName)
	name := p.t.str
	p.next()
	return name
}

// blockEnds tells whether the current token ends a block.
func (p *parser) blockEnds() bool {
	switch p.t.tok {
	case tkElse, tkElseif, tkEnd, tkEOS, tkUntil:
		return true
	}
	return false
}

// statements parses the statements of a block.
func (p *parser) statements() []ast.Stmt {
	p.enter()
	defer p.leave()
	var list []ast.Stmt
	for last := false; !last && !p.blockEnds(); {
		var s ast.Stmt
		s, last = p.statement()
		list = append(list, s)
		p.accept(';')
	}
	return list
}

// body parses the statements of a block with locals of its own.
func (p *parser) body() []ast.Stmt {
	p.enterBlock(false)
	list := p.statements()
	p.leaveBlock()
	return list
}

// placed gives a statement its lines.
func placed[S ast.Stmt](p *parser, s S, line int) S {
	s.SetLine(line)
	s.SetLastLine(p.last)
	return s
}

// statement parses a statement, and tells whether it must be the last of its block.
func (p *parser) statement() (s ast.Stmt, last bool) {
	line := p.line
	switch p.t.tok {
	case tkIf:
		return p.ifStatement(line, 0), false
	case tkWhile:
		p.next()
		condition := p.condition()
		p.expect(tkDo)
		list := p.loop(line, tkWhile)
		return placed(p, &ast.WhileStmt{Condition: condition, Stmts: list}, line), false
	case tkDo:
		p.next()
		list := p.body()
		p.match(tkEnd, tkDo, line)
		return placed(p, &ast.DoBlockStmt{Stmts: list}, line), false
	case tkFor:
		return p.forStatement(line), false
	case tkRepeat:
		return p.repeat(line), false
	case tkFunction:
		return p.functionStatement(line), false
	case tkLocal:
		p.next()
		if p.accept(tkFunction) {
			return p.localFunction(line), false
		}
		return p.localStatement(line), false
	case tkReturn:
		return p.returnStatement(line), true
	case tkBreak:
		p.next()
		b := p.fn.block
		for b != nil && !b.loop {
			b = b.parent
		}
		if b == nil {
			p.syntaxError("no loop to break")
		}
		return placed(p, &ast.BreakStmt{}, line), true
	}
	return p.expressionStatement(line), false
}

// loop parses the body of a loop, up to its end.
func (p *parser) loop(line int, who token) []ast.Stmt {
	p.enterBlock(true)
	list := p.statements()
	p.leaveBlock()
	p.match(tkEnd, who, line)
	return list
}

// condition parses an expression that decides.
func (p *parser) condition() ast.Expr { return p.room(p.expression()) }

// room checks that an expression finds room behind the locals.
func (p *parser) room(x expr) ast.Expr {
	p.need(x.need)
	return x.e
}

// need checks that n registers are there behind the locals.
func (p *parser) need(n int) {
	if len(p.fn.locals)+n > maxRegisters {
		p.syntaxError("function or expression too complex")
	}
}

// ifStatement parses from "if" or "elseif" to "end".
func (p *parser) ifStatement(line, branch int) ast.Stmt {
	if branch > maxDepth {
		p.errorNear("control structure too long", p.t.near())
	}
	p.next()
	s := &ast.IfStmt{Condition: p.condition()}
	p.expect(tkThen)
	s.Then = p.body()
	switch {
	case p.t.tok == tkElseif:
		at := p.line
		s.Else = []ast.Stmt{p.ifStatementFrom(line, at, branch+1)}
		return placed(p, s, line)
	case p.accept(tkElse):
		s.Else = p.body()
	}
	p.match(tkEnd, tkIf, line)
	return placed(p, s, line)
}

// ifStatementFrom parses an "elseif" at a line, of an "if" at another.
func (p *parser) ifStatementFrom(opened, at, branch int) ast.Stmt {
	s := p.ifStatement(opened, branch)
	s.SetLine(at)
	return s
}

func (p *parser) repeat(line int) ast.Stmt {
	p.next()
	p.enterBlock(true)
	p.enterBlock(false)
	list := p.statements()
	p.match(tkUntil, tkRepeat, line)
	condition := p.condition()
	p.leaveBlock()
	p.leaveBlock()
	return placed(p, &ast.RepeatStmt{Condition: condition, Stmts: list}, line)
}

func (p *parser) forStatement(line int) ast.Stmt {
	p.next()
	name := p.takeName()
	switch p.t.tok {
	case '=':
		return p.numericFor(name, line)
	case ',', tkIn:
		return p.genericFor(name, line)
	}
	p.syntaxError("'=' or 'in' expected")
	return nil
}

func (p *parser) numericFor(name string, line int) ast.Stmt {
	p.next()
	s := &ast.NumberForStmt{Name: name}
	bounds := [3]expr{p.expression()}
	p.expect(',')
	bounds[1] = p.expression()
	n := 2
	if p.accept(',') {
		bounds[2] = p.expression()
		n = 3
	}
	for i := range bounds[:n] {
		p.need(3 + bounds[i].need)
	}
	s.Init, s.Limit = p.bound(hookForInit, bounds[0]), p.bound(hookForLimit, bounds[1])
	if n == 3 {
		s.Step = p.bound(hookForStep, bounds[2])
	}
	p.expect(tkDo)
	p.enterBlock(true)
	p.declare("(for index)", "(for limit)", "(for step)", name)
	s.Stmts = p.statements()
	p.leaveBlock()
	p.match(tkEnd, tkFor, line)
	return placed(p, s, line)
}

// bound makes sure that a bound of a numeric for is a number.
func (p *parser) bound(hook int, x expr) ast.Expr {
	if _, ok := x.e.(*ast.NumberExpr); ok {
		return x.e
	}
	return p.hook(hook, x.e)
}

func (p *parser) genericFor(name string, line int) ast.Stmt {
	names := []string{name}
	for p.accept(',') {
		names = append(names, p.takeName())
	}
	p.expect(tkIn)
	list := p.expressions()
	p.needList(list, 1)
	s := &ast.GenericForStmt{Exprs: exprs(list)}
	p.expect(tkDo)
	p.enterBlock(true)
	p.declare("(for generator)", "(for state)", "(for control)")
	p.declare(names...)
	s.Stmts = p.statements()
	p.leaveBlock()
	p.match(tkEnd, tkFor, line)

	// The generator gives the three hidden variables as many values as there are names, and leaves what is left of them as it is.
	const hidden = 3
	if n := len(list); !list[n-1].many() {
		for ; n < hidden; n++ {
			null := &ast.NilExpr{}
			p.mark(null, line)
			s.Exprs = append(s.Exprs, null)
		}
	}
	for len(names) < min(len(s.Exprs), hidden) {
		names = append(names, "(for nothing)")
	}
	s.Names = names
	return placed(p, s, line)
}

// functionStatement parses "function a.b:c() end", which is an assignment.
func (p *parser) functionStatement(line int) ast.Stmt {
	p.next()
	target := p.variable(p.takeName())
	for p.t.tok == '.' {
		p.next()
		target = p.field(target, p.takeName())
	}
	method := p.accept(':')
	if method {
		target = p.field(target, p.takeName())
	}
	p.need(target.need + 2)
	fn := p.function(method, line)
	return placed(p, &ast.AssignStmt{Lhs: []ast.Expr{target.e}, Rhs: []ast.Expr{fn.e}}, line)
}

func (p *parser) localFunction(line int) ast.Stmt {
	name := p.takeName()
	p.declare(name)
	fn := p.function(false, line)
	return placed(p, &ast.LocalAssignStmt{Names: []string{name}, Exprs: []ast.Expr{fn.e}}, line)
}

func (p *parser) localStatement(line int) ast.Stmt {
	names := []string{p.takeName()}
	for p.accept(',') {
		names = append(names, p.takeName())
	}
	p.limit(len(p.fn.locals)+len(names), maxLocals, "local variables")
	s := &ast.LocalAssignStmt{Names: names}
	if p.accept('=') {
		list := p.expressions()
		p.needList(list, len(names))
		s.Exprs = exprs(list)
		if _, ok := s.Exprs[0].(*ast.FunctionExpr); ok && len(names) == 1 && len(list) == 1 {
			// Alone, the generator would take it for a "local function", which sees itself.
			null := &ast.NilExpr{}
			p.mark(null, line)
			s.Exprs = append(s.Exprs, null)
		}
	}
	p.declare(names...)
	return placed(p, s, line)
}

func (p *parser) returnStatement(line int) ast.Stmt {
	p.next()
	s := &ast.ReturnStmt{}
	if !p.blockEnds() && p.t.tok != ';' {
		list := p.expressions()
		p.needList(list, 0)
		s.Exprs = exprs(list)
	}
	return placed(p, s, line)
}

// expressionStatement parses an assignment or a call.
func (p *parser) expressionStatement(line int) ast.Stmt {
	x := p.primary()
	if call, ok := x.e.(*ast.FuncCallExpr); ok && x.kind == kindCall {
		p.need(x.need)
		return placed(p, &ast.FuncCallStmt{Expr: call}, line)
	}
	return p.assignment(x, line)
}

func (p *parser) assignment(first expr, line int) ast.Stmt {
	targets := []expr{first}
	for {
		if k := targets[len(targets)-1].kind; k != kindName && k != kindIndex {
			p.syntaxError("syntax error")
		}
		if !p.accept(',') {
			break
		}
		targets = append(targets, p.primary())
		if len(targets) > maxLevels-p.levels {
			p.limit(len(targets), maxLevels-p.levels, "variables in assignment")
		}
	}
	p.expect('=')
	values := p.expressions()
	regs := 0
	toNames := false
	for i := range targets {
		p.need(regs + targets[i].need)
		if targets[i].kind == kindIndex {
			regs += 2
		} else {
			toNames = true
		}
	}
	p.need(regs + listNeed(values, len(targets)))
	if len(targets) > 1 || len(values) > 1 {
		if toNames {
			return p.simultaneous(targets, values, line)
		}
	} else if toNames {
		switch e := values[0].e.(type) {
		case *ast.FuncCallExpr:
			// The generator would load a function of which it needs one value into the register of the target, before
			// the arguments.
			e.AdjustRet = false
		case *ast.LogicalOpExpr:
			// It would leave the target as it is where the first operand decides.
			return p.simultaneous(targets, values, line)
		}
	}
	return placed(p, &ast.AssignStmt{Lhs: exprs(targets), Rhs: exprs(values)}, line)
}

// simultaneous makes an assignment of values of which some go to variables. The generator would assign to those that are
// local as soon as it has their values, and then evaluate the others; and it takes the wrong values if some go to
// fields and are in local variables already. So the values get names of their own first:
//
//	do local o, k = t, i  local v1, v2 = values  t[i] = v2  x = v1 end
func (p *parser) simultaneous(targets, values []expr, line int) ast.Stmt {
	n := 0
	hidden := func() (string, *ast.IdentExpr) {
		n++
		e := &ast.IdentExpr{Value: "(value " + itoa(n) + ")"}
		p.mark(e, line)
		return e.Value, e
	}
	parts, all := &ast.LocalAssignStmt{}, &ast.LocalAssignStmt{Exprs: exprs(values)}
	stmts := make([]ast.Stmt, 0, len(targets)+2)
	assign := make([]*ast.AssignStmt, len(targets))
	for i, t := range targets {
		name, value := hidden()
		all.Names = append(all.Names, name)
		if index, ok := t.e.(*ast.AttrGetExpr); ok {
			for _, part := range [...]*ast.Expr{&index.Object, &index.Key} {
				if _, ok := (*part).(*ast.StringExpr); !ok {
					name, e := hidden()
					parts.Names, parts.Exprs = append(parts.Names, name), append(parts.Exprs, *part)
					*part = e
				}
			}
		}
		assign[i] = placed(p, &ast.AssignStmt{Lhs: []ast.Expr{t.e}, Rhs: []ast.Expr{value}}, line)
	}
	p.limit(len(p.fn.locals)+n, maxLocals, "local variables")
	if len(parts.Names) > 0 {
		null := &ast.NilExpr{} // see localStatement
		p.mark(null, line)
		parts.Exprs = append(parts.Exprs, null)
		stmts = append(stmts, placed(p, parts, line))
	}
	stmts = append(stmts, placed(p, all, line))
	for i := len(assign) - 1; i >= 0; i-- {
		stmts = append(stmts, assign[i])
	}
	return placed(p, &ast.DoBlockStmt{Stmts: stmts}, line)
}
