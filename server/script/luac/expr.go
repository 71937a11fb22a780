package luac

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// expr is an expression with what the parser has to know of it.
type expr struct {
	e     ast.Expr
	kind  kind
	name  string // how errors call its value, "" if not at all
	need  int    // registers that it takes while it is evaluated, at most
	depth int    // of its tree
	chain *chain // if it is a ".."
}

// chain are the operands of a "..", and their names.
type chain struct {
	operands []ast.Expr
	names    []string
}

// kind says what may be done with an expression.
type kind uint8

const (
	kindOther kind = iota
	kindName       // may be assigned
	kindIndex      // may be assigned
	kindCall       // is a statement
)

// many tells whether an expression has as many values as are wanted.
func (x *expr) many() bool {
	switch e := x.e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// single leaves only the first value of an expression.
func single(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

// exprs are the trees of a list of expressions.
func exprs(list []expr) []ast.Expr {
	out := make([]ast.Expr, len(list))
	for i := range list {
		out[i] = list[i].e
	}
	return out
}

// listNeed is how many registers a list takes whose values are wanted in a row, the last of them as many times as want says.
func listNeed(list []expr, want int) int {
	n := max(len(list), want)
	for i := range list {
		n = max(n, i+list[i].need)
	}
	return n + 1
}

func (p *parser) needList(list []expr, want int) { p.need(listNeed(list, want)) }

// made finishes an expression: it checks its depth.
func (p *parser) made(x expr, parts ...expr) expr {
	for i := range parts {
		x.depth = max(x.depth, parts[i].depth+1)
	}
	if x.depth > maxDepth {
		p.errorNear("chunk has too many syntax levels", "")
	}
	return x
}

// expressions parses a list.
func (p *parser) expressions() []expr {
	list := []expr{p.expression()}
	for p.accept(',') {
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) expression() expr { return p.binary(0) }

// priority is how strong an operator binds to its left and right.
type priority struct{ left, right int }

const unaryPriority = 8

// operator finds the priority of a binary operator.
func operator(t token) (priority, bool) {
	switch t {
	case '+', '-':
		return priority{6, 6}, true
	case '*', '/', '%':
		return priority{7, 7}, true
	case '^':
		return priority{10, 9}, true
	case tkConcat:
		return priority{5, 4}, true
	case tkEq, tkNe, '<', '>', tkLe, tkGe:
		return priority{3, 3}, true
	case tkAnd:
		return priority{2, 2}, true
	case tkOr:
		return priority{1, 1}, true
	}
	return priority{}, false
}

// binary parses operators that bind stronger than limit.
func (p *parser) binary(limit int) expr {
	p.enter()
	defer p.leave()
	var x expr
	switch p.t.tok {
	case tkNot, '-', '#':
		x = p.unary()
	default:
		x = p.simple()
	}
	for {
		op := p.t.tok
		prio, ok := operator(op)
		if !ok || prio.left <= limit {
			return x
		}
		p.next()
		x = p.combine(op, x, p.binary(prio.right))
	}
}

func (p *parser) unary() expr {
	op := p.t.tok
	p.next()
	x := p.binary(unaryPriority)
	out := expr{need: x.need + 2}
	switch op {
	case tkNot:
		e := &ast.UnaryNotOpExpr{Expr: x.e}
		p.mark(e, p.last)
		out.e = e
	case '-':
		e := &ast.UnaryMinusOpExpr{Expr: x.e}
		p.mark(e, p.last, x.name)
		out.e = e
	default:
		call := p.hook(hookLength, x.e)
		p.mark(call, p.last, "", "", x.name)
		out.e = call
	}
	return p.made(out, x)
}

// combine makes a binary operation.
func (p *parser) combine(op token, x, y expr) expr {
	out := expr{need: max(x.need, 1+y.need) + 1}
	switch op {
	case tkConcat:
		return p.concat(x, y)
	case tkAnd, tkOr:
		e := &ast.LogicalOpExpr{Operator: op.text(), Lhs: x.e, Rhs: y.e}
		p.mark(e, p.last)
		out.e = e
	case tkEq, tkNe, '<', '>', tkLe, tkGe:
		e := &ast.RelationalOpExpr{Operator: op.text(), Lhs: x.e, Rhs: y.e}
		p.mark(e, p.last)
		out.e = e
	default:
		e := &ast.ArithmeticOpExpr{Operator: op.text(), Lhs: x.e, Rhs: y.e}
		p.mark(e, p.last, x.name, y.name)
		out.e = e
	}
	return p.made(out, x, y)
}

// maxOperands is how many operands of ".." one call of the hook gets.
const maxOperands = 50

// concat makes a "..". It binds to the right, so if y is one too, x joins its operands.
func (p *parser) concat(x, y expr) expr {
	c := &chain{}
	out := expr{chain: c}
	if y.chain != nil && len(y.chain.operands) < maxOperands {
		c.operands = append([]ast.Expr{x.e}, y.chain.operands...)
		c.names = append([]string{x.name}, y.chain.names...)
		out.need = max(x.need, y.need) + 1
		out.depth = y.depth
		y.depth--
	} else {
		c.operands = []ast.Expr{x.e, y.e}
		c.names = []string{x.name, y.name}
		out.need = max(x.need+1, y.need+2)
	}
	call := p.hook(hookConcat, c.operands...)
	p.mark(call, p.last, append([]string{"", ""}, c.names...)...)
	out.e = call
	return p.made(out, x, y)
}

// simple parses a constant, a constructor, a function or a primary expression.
func (p *parser) simple() expr {
	x := expr{need: 1}
	line := p.line
	switch p.t.tok {
	case tkNumber:
		x.e = &ast.NumberExpr{Value: strconv.FormatFloat(p.t.num, 'g', -1, 64)}
		p.number(p.t.num)
	case tkString:
		x.e = &ast.StringExpr{Value: p.t.str}
		p.constant(p.t.str)
	case tkNil:
		x.e = &ast.NilExpr{}
	case tkTrue:
		x.e = &ast.TrueExpr{}
	case tkFalse:
		x.e = &ast.FalseExpr{}
	case tkDots:
		if !p.fn.vararg {
			p.syntaxError("cannot use '...' outside a vararg function")
		}
		x.e = &ast.Comma3Expr{}
	case '{':
		return p.constructor()
	case tkFunction:
		p.next()
		return p.function(false, line)
	default:
		return p.primary()
	}
	p.mark(x.e, line)
	p.next()
	return x
}

// variable makes the use of a name.
func (p *parser) variable(name string) expr {
	e := &ast.IdentExpr{Value: name}
	p.mark(e, p.last)
	where := p.resolve(p.fn, name)
	if where == global {
		p.constant(name)
	}
	return expr{e: e, kind: kindName, need: 1, name: string(where) + " '" + name + "'"}
}

// field makes an index operation with a name.
func (p *parser) field(x expr, name string) expr {
	key := &ast.StringExpr{Value: name}
	p.mark(key, p.last)
	p.constant(name)
	return p.index(x, expr{e: key, need: 1})
}

// index makes an index operation.
func (p *parser) index(x, key expr) expr {
	e := &ast.AttrGetExpr{Object: x.e, Key: key.e}
	p.mark(e, p.last, x.name)
	name := "?"
	if s, ok := key.e.(*ast.StringExpr); ok {
		name = s.Value
	}
	out := expr{e: e, kind: kindIndex, need: max(x.need, 1+key.need) + 1, name: "field '" + cString(name) + "'"}
	return p.made(out, x, key)
}

// bracketed parses a key in brackets.
func (p *parser) bracketed() expr {
	p.next()
	key := p.expression()
	p.expect(']')
	return key
}

// primary parses a name or an expression in parentheses, and what is done with it.
func (p *parser) primary() expr {
	x := p.prefix()
	for {
		switch p.t.tok {
		case '.':
			p.next()
			x = p.field(x, p.takeName())
		case '[':
			x = p.index(x, p.bracketed())
		case ':':
			p.next()
			name := p.takeName()
			p.constant(name)
			x = p.call(x, name)
		case '(', tkString, '{':
			x = p.call(x, "")
		default:
			return x
		}
	}
}

func (p *parser) prefix() expr {
	switch p.t.tok {
	case '(':
		line := p.line
		p.next()
		x := p.expression()
		p.match(')', '(', line)
		single(x.e)
		x.kind = kindOther
		return x
	case tkName:
		name := p.t.str
		p.next()
		return p.variable(name)
	}
	p.syntaxError("unexpected symbol")
	return expr{}
}

// call parses the arguments of a call of x, or of a method of it.
func (p *parser) call(x expr, method string) expr {
	line := p.line
	var args []expr
	switch p.t.tok {
	case '(':
		if line != p.last {
			p.syntaxError("ambiguous syntax (function call x new statement)")
		}
		p.next()
		if p.t.tok != ')' {
			args = p.expressions()
		}
		p.match(')', '(', line)
	case '{':
		args = []expr{p.constructor()}
	case tkString:
		args = []expr{p.simple()}
	default:
		p.syntaxError("function arguments expected")
	}
	e := &ast.FuncCallExpr{Args: exprs(args)}
	first := 1
	if method == "" {
		e.Func = x.e
		p.mark(e, line, x.name)
	} else {
		e.Receiver, e.Method = x.e, method
		p.mark(e, line, "method '"+method+"'", x.name)
		first = 2
	}
	out := expr{e: e, kind: kindCall, need: max(x.need+1, first+listNeed(args, 0))}
	return p.made(p.made(out, x), args...)
}

// maxItems is how many elements without a key one constructor may have, for gopher-lua's code.
const maxItems = 25000

// itemsAtOnce is how many elements gopher-lua gathers before it puts them in a table.
const itemsAtOnce = 50

// constructor parses a table. A long one is made in parts, which are put together: behind the first, elements with a key have a part
// of their own.
func (p *parser) constructor() expr {
	line := p.line
	p.next()
	out := expr{}
	var before ast.Expr // the parts that are complete
	items, done := &ast.TableExpr{}, 0
	var keyed *ast.TableExpr // those of this part with a key, if it is not the first
	n := 0                   // elements of this part without one
	for p.t.tok != '}' {
		if n == maxItems {
			before = p.join(before, done, items, keyed)
			done += n
			items, keyed, n = &ast.TableExpr{}, &ast.TableExpr{}, 0
			p.mark(items, line)
			p.mark(keyed, line)
		}
		key, value := p.tableField()
		part := items
		if key.e == nil {
			n++
		} else if keyed != nil {
			part = keyed
		}
		part.Fields = append(part.Fields, &ast.Field{Key: key.e, Value: value.e})
		out.need = max(out.need, min(n, itemsAtOnce)+1+max(key.need, 1+value.need))
		out = p.made(out, key, value)
		if !p.accept(',') && !p.accept(';') {
			break
		}
	}
	p.match('}', '{', line)
	p.mark(items, line)
	if fields := items.Fields; n > 1 && (n-1)%itemsAtOnce == 0 && fields[len(fields)-1].Key == nil {
		// If it has many values, the generator would put them in the place of those it has just gathered.
		items.Fields = fields[:len(fields)-1]
		before = p.join(before, done, items, keyed)
		done += n - 1
		items, keyed = &ast.TableExpr{Fields: fields[len(fields)-1:]}, &ast.TableExpr{}
		p.mark(items, line)
		p.mark(keyed, line)
		out.need += 4
	}
	out.e = p.join(before, done, items, keyed)
	out.need += 2 + 4*(done/maxItems)
	return out
}

// join puts a part of a table behind n elements that there are before, if there are any.
func (p *parser) join(before ast.Expr, n int, items, keyed *ast.TableExpr) ast.Expr {
	if before == nil {
		return items
	}
	count := &ast.NumberExpr{Value: itoa(n)}
	p.mark(count, p.last)
	return p.hook(hookJoin, before, count, items, keyed)
}

// tableField parses one element of a constructor. There may be no key.
func (p *parser) tableField() (key, value expr) {
	switch {
	case p.t.tok == tkName && p.peek() == '=':
		e := &ast.StringExpr{Value: p.t.str}
		p.constant(p.t.str)
		p.mark(e, p.line)
		p.next()
		key = expr{e: e, need: 1}
	case p.t.tok == '[':
		key = p.bracketed()
	default:
		return key, p.expression()
	}
	p.expect('=')
	return key, p.expression()
}

// function parses the parameters and the body of a function that begins at a line.
func (p *parser) function(method bool, line int) expr {
	p.open(line, false)
	params := &ast.ParList{}
	if method {
		params.Names = []string{"self"}
		p.declare("self")
	}
	p.expect('(')
	if p.t.tok != ')' {
		p.parameters(params)
	}
	p.expect(')')
	e := &ast.FunctionExpr{ParList: params, Stmts: p.statements()}
	e.SetLine(line)
	e.SetLastLine(p.line)
	p.match(tkEnd, tkFunction, line)
	p.shut()
	return expr{e: e, need: 1}
}

func (p *parser) parameters(params *ast.ParList) {
	for {
		switch p.t.tok {
		case tkName:
			name := p.takeName()
			params.Names = append(params.Names, name)
			p.declare(name)
		case tkDots:
			p.next()
			params.HasVargs, p.fn.vararg = true, true
			p.declare("arg") // what "..." was before Lua 5.1
			return
		default:
			p.syntaxError("<name> or '...' expected")
		}
		if !p.accept(',') {
			return
		}
	}
}
