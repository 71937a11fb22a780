package luac

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// A line in the syntax tree is
//
//	| number of a note 31 bits | line 32 bits |
//
// until finish separates them.
const (
	lineBits = 32
	lineMask = 1<<lineBits - 1
)

// note is what an expression's operands are called in errors: "local 'x'". An operand without a name has "".
type note []string

// mark gives an expression its line and, if there are names, a note.
func (p *parser) mark(e ast.PositionHolder, line int, names ...string) {
	e.SetLastLine(line)
	for _, name := range names {
		if name != "" {
			p.notes = append(p.notes, note(names))
			line |= len(p.notes) << lineBits
			break
		}
	}
	e.SetLine(line)
}

// Opcodes of gopher-lua whose operands have names.
const (
	opGetTable   = lua.OP_GETTABLE
	opGetTableKS = lua.OP_GETTABLEKS
	opSetTable   = lua.OP_SETTABLE
	opSetTableKS = lua.OP_SETTABLEKS
)

// attach notes the names of the operands of an instruction in the prototype: entries of DbgLocals whose StartPc is the
// instruction, whose EndPc is the number of the operand. They are in the order of instructions.
func (p *parser) attach(proto *lua.FunctionProto, pc int, names note) {
	switch OpCode(proto.Code[pc]) {
	case opGetTable, opGetTableKS, opSetTable, opSetTableKS, lua.OP_SELF, lua.OP_CALL, lua.OP_TAILCALL, lua.OP_UNM,
		lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW:
	default:
		return
	}
	for i, name := range names {
		if name != "" {
			proto.DbgLocals = append(proto.DbgLocals, &lua.DbgLocalInfo{Name: name, StartPc: pc, EndPc: i})
		}
	}
}

// OpCode is the operation of an instruction.
func OpCode(instruction uint32) int { return int(instruction >> 26) }

// The operands that have names.
const (
	// Of a call: what is called, and the object of a method call.
	Callee   = 0
	Receiver = 1
	// Of an index operation: what is indexed. For a method call that is Receiver.
	Object = 0
	// Of an arithmetic operation.
	Left  = 0
	Right = 1
)

// Name finds how errors call an operand of the instruction at pc, as in "field 'x'". Without a name it is "". The operands
// of "..", "#" are those of the call of their hook, counted from HookOperand.
func Name(proto *lua.FunctionProto, pc, operand int) string {
	low, high := 0, len(proto.DbgLocals)
	for low < high {
		if mid := (low + high) / 2; proto.DbgLocals[mid].StartPc < pc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	for ; low < len(proto.DbgLocals) && proto.DbgLocals[low].StartPc == pc; low++ {
		if proto.DbgLocals[low].EndPc == operand {
			return proto.DbgLocals[low].Name
		}
	}
	return ""
}

// HookOperand is the number of the first operand of an operator that is the call of a hook.
const HookOperand = 2
