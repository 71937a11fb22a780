package script

import (
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// A script that reaches no keys but those in KEYS needs the shards of these alone. Whether that is so can be seen in many
// scripts: each redis.call names its command, and what stands where the command takes a key is KEYS[…], or a variable that
// nothing but KEYS[…] is ever given to. The check is about names, not scopes, and doubts are answered with no.

// Positions says which arguments of a command are keys, as command.KeySpec does: from first to last, each step. A
// negative last counts from the end; first is 0 for a command that touches no key. It is not ok if the command may
// reach other keys, or if it is none.
type Positions func(command string) (first, last, step int, ok bool)

// maxChecked is the length of the scripts that are checked.
const maxChecked = 64 << 10

// onlyDeclared tells whether it is certain that a script which compiles reaches no keys but those in KEYS.
func onlyDeclared(source string, positions Positions) bool {
	// What is between quotes is read without escapes here, and by the compiler's own parser there.
	if positions == nil || len(source) > maxChecked || strings.Contains(source, `\`) {
		return false
	}
	block, err := parse.Parse(strings.NewReader(source), "")
	if err != nil {
		return false
	}
	d := declared{positions: positions, keys: map[string]bool{}, others: map[string]bool{}}
	d.names = true
	d.block(block)
	for name := range d.others {
		delete(d.keys, name)
	}
	for _, name := range [...]string{"KEYS", "redis", "unpack", "ipairs", "pairs"} {
		d.doubt = d.doubt || d.others[name] || d.keys[name]
	}
	d.names = false
	d.block(block)
	return !d.doubt
}

// declared walks over a script twice: for the names it declares, and for what it does.
type declared struct {
	positions Positions
	names     bool            // the first walk
	keys      map[string]bool // variables that are given elements of KEYS
	others    map[string]bool // variables that are given anything else
	doubt     bool
}

func (d *declared) block(list []ast.Stmt) {
	for _, s := range list {
		d.statement(s)
	}
}

func (d *declared) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		for _, x := range s.Lhs {
			d.target(x)
		}
		d.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		for i, name := range s.Names {
			d.declare(name, i < len(s.Exprs) && isElement(s.Exprs[i]))
		}
		d.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		d.expr(s.Expr)
	case *ast.DoBlockStmt:
		d.block(s.Stmts)
	case *ast.WhileStmt:
		d.expr(s.Condition)
		d.block(s.Stmts)
	case *ast.RepeatStmt:
		d.block(s.Stmts)
		d.expr(s.Condition)
	case *ast.IfStmt:
		d.expr(s.Condition)
		d.block(s.Then)
		d.block(s.Else)
	case *ast.NumberForStmt:
		d.declare(s.Name, false)
		d.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		d.block(s.Stmts)
	case *ast.GenericForStmt:
		d.genericFor(s)
	case *ast.FuncDefStmt:
		if s.Name.Func != nil {
			d.target(s.Name.Func)
		}
		if s.Name.Receiver != nil {
			d.expr(s.Name.Receiver)
		}
		d.expr(s.Func)
	case *ast.ReturnStmt:
		d.exprs(s.Exprs)
	case *ast.BreakStmt:
	default:
		d.doubt = true
	}
}

// declare notes what a variable is given.
func (d *declared) declare(name string, element bool) {
	if d.names {
		if element {
			d.keys[name] = true
		} else {
			d.others[name] = true
		}
	}
}

// target looks at what is assigned to.
func (d *declared) target(x ast.Expr) {
	switch x := x.(type) {
	case *ast.IdentExpr:
		d.declare(x.Value, false)
	case *ast.AttrGetExpr:
		// Also KEYS[…] = …: KEYS itself is in doubt then.
		d.expr(x.Object)
		d.expr(x.Key)
	default:
		d.doubt = true
	}
}

// genericFor knows one loop: that over the elements of KEYS.
func (d *declared) genericFor(s *ast.GenericForStmt) {
	overKeys := false
	if len(s.Exprs) == 1 && len(s.Names) <= 2 {
		if c, ok := s.Exprs[0].(*ast.FuncCallExpr); ok && (isName(c.Func, "ipairs") || isName(c.Func, "pairs")) && len(c.Args) == 1 {
			overKeys = isName(c.Args[0], "KEYS")
		}
	}
	for i, name := range s.Names {
		d.declare(name, overKeys && i == 1)
	}
	if !overKeys {
		d.exprs(s.Exprs)
	}
	d.block(s.Stmts)
}

func (d *declared) exprs(list []ast.Expr) {
	for _, x := range list {
		if x != nil {
			d.expr(x)
		}
	}
}

func (d *declared) expr(x ast.Expr) {
	switch x := x.(type) {
	case *ast.IdentExpr:
		// Names that can lead to commands or change KEYS are fine in the few places that are known, not on their own.
		switch x.Value {
		case "redis", "KEYS", "_G", "load", "loadstring", "getfenv", "setfenv":
			d.doubt = true
		}
	case *ast.AttrGetExpr:
		d.attribute(x)
	case *ast.FuncCallExpr:
		d.call(x)
	case *ast.FunctionExpr:
		for _, name := range x.ParList.Names {
			d.declare(name, false)
		}
		d.block(x.Stmts)
	case *ast.TableExpr:
		for _, f := range x.Fields {
			d.exprs([]ast.Expr{f.Key, f.Value})
		}
	case *ast.LogicalOpExpr:
		d.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.RelationalOpExpr:
		d.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.StringConcatOpExpr:
		d.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.ArithmeticOpExpr:
		d.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.UnaryMinusOpExpr:
		d.expr(x.Expr)
	case *ast.UnaryNotOpExpr:
		d.expr(x.Expr)
	case *ast.UnaryLenOpExpr:
		if !isName(x.Expr, "KEYS") {
			d.expr(x.Expr)
		}
	case *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr, *ast.NumberExpr, *ast.StringExpr, *ast.Comma3Expr:
	default:
		d.doubt = true
	}
}

// attribute looks at a.b and a[b] where its value is taken.
func (d *declared) attribute(x *ast.AttrGetExpr) {
	switch {
	case isName(x.Object, "redis"):
		// redis.call on its own could be kept and called with anything.
		name, ok := x.Key.(*ast.StringExpr)
		d.doubt = d.doubt || !ok || name.Value == "call" || name.Value == "pcall"
	case isName(x.Object, "KEYS"):
		d.expr(x.Key)
	default:
		d.expr(x.Object)
		d.expr(x.Key)
	}
}

func (d *declared) call(x *ast.FuncCallExpr) {
	if x.Receiver != nil {
		d.expr(x.Receiver)
	}
	if isCommand(x) {
		d.command(x.Args)
	} else if x.Func != nil {
		d.expr(x.Func)
	}
	if !isUnpack(x) {
		d.exprs(x.Args)
	}
}

// command looks at the arguments of a redis.call.
func (d *declared) command(args []ast.Expr) {
	if len(args) == 0 {
		d.doubt = true
		return
	}
	name, ok := args[0].(*ast.StringExpr)
	if !ok {
		d.doubt = true
		return
	}
	first, last, step, ok := d.positions(strings.ToLower(name.Value))
	if !ok {
		d.doubt = true
		return
	}
	if first == 0 || d.names {
		return
	}
	for i := 1; i < len(args); i++ {
		if last > 0 && i > last {
			break
		}
		many := i == len(args)-1 && isMany(args[i])
		if !many && (i < first || (i-first)%step != 0) {
			continue
		}
		// Of several values that one expression yields, any may be where a key is.
		if !d.isKey(args[i]) {
			d.doubt = true
		}
	}
}

// isKey tells whether an expression yields elements of KEYS and nothing else.
func (d *declared) isKey(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.IdentExpr:
		return d.keys[x.Value]
	case *ast.FuncCallExpr:
		return isUnpack(x)
	}
	return isElement(x)
}

// isMany tells whether an expression may yield several values.
func isMany(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.FuncCallExpr:
		return !x.AdjustRet
	case *ast.Comma3Expr:
		return !x.AdjustRet
	}
	return false
}

// isElement tells whether an expression is KEYS[…].
func isElement(x ast.Expr) bool {
	a, ok := x.(*ast.AttrGetExpr)
	return ok && isName(a.Object, "KEYS")
}

// isUnpack tells whether an expression is unpack(KEYS).
func isUnpack(x *ast.FuncCallExpr) bool {
	return isName(x.Func, "unpack") && len(x.Args) == 1 && isName(x.Args[0], "KEYS")
}

// isCommand tells whether a call is redis.call or redis.pcall.
func isCommand(x *ast.FuncCallExpr) bool {
	a, ok := x.Func.(*ast.AttrGetExpr)
	if !ok || !isName(a.Object, "redis") {
		return false
	}
	name, ok := a.Key.(*ast.StringExpr)
	return ok && (name.Value == "call" || name.Value == "pcall")
}

// isName tells whether an expression is a variable of that name.
func isName(x ast.Expr, name string) bool {
	id, ok := x.(*ast.IdentExpr)
	return ok && id.Value == name
}
