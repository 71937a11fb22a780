package lualib

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openStruct sets the library struct, which packs values as C lays them out in memory:
//
//	< >      little or big endian; at first it is that of Intel's processors, little
//	!n       align to n bytes at most, or to those of the machine; at first there is no alignment
//	b B h H  signed and unsigned integers of 1 and 2 bytes
//	l L T    of 8 bytes
//	in In    of n bytes, or 4
//	f d      float, double
//	s        string up to a zero byte
//	cn       n bytes, or 1; c0 is the whole string, or as many bytes as the number before it says
//	x        one byte that means nothing
func (s *library) openStruct(L *lua.LState) {
	module(L, "struct", map[string]lua.LGFunction{"pack": structPack, "unpack": structUnpack, "size": structSize})
}

const (
	maxIntegerSize = 32
	machineAlign   = 8
)

// layout reads a format.
type layout struct {
	L      *lua.LState
	format string // what is left
	order  binary.ByteOrder
	align  int
}

func newLayout(L *lua.LState) layout {
	return layout{L: L, format: cString(checkString(L, 1)), order: binary.LittleEndian, align: 1}
}

// number reads a number in the format.
func (f *layout) number(otherwise int) int {
	n, i := 0, 0
	for ; i < len(f.format) && isDigit(f.format[i]); i++ {
		digit := int(f.format[i] - '0')
		if n > maxInt/10 || 10*n > maxInt-digit {
			raise(f.L, "integral size overflow")
		}
		n = 10*n + digit
	}
	f.format = f.format[i:]
	if i == 0 {
		return otherwise
	}
	return n
}

// next reads the next option, and returns how many bytes it takes, as far as it says so, and how many are to be filled before it, if it
// is at a position.
func (f *layout) next(pos uint64) (opt byte, size, fill uint64) {
	opt = f.format[0]
	f.format = f.format[1:]
	switch opt {
	case 'b', 'B', 'x':
		size = 1
	case 'h', 'H':
		size = 2
	case 'l', 'L', 'T', 'd':
		size = 8
	case 'f':
		size = 4
	case 'c':
		return opt, uint64(f.number(1)), 0
	case 'i', 'I':
		n := f.number(4)
		if n > maxIntegerSize {
			raise(f.L, "integral size "+strconv.Itoa(n)+" is larger than limit of "+strconv.Itoa(maxIntegerSize))
		}
		size = uint64(n)
	}
	if size > 0 {
		to := min(size, uint64(f.align))
		fill = (to - pos&(to-1)) & (to - 1)
	}
	return opt, size, fill
}

// control obeys an option that stands for no value.
func (f *layout) control(opt byte) {
	switch opt {
	case ' ':
	case '<':
		f.order = binary.LittleEndian
	case '>':
		f.order = binary.BigEndian
	case '!':
		n := f.number(machineAlign)
		if n <= 0 || n&(n-1) != 0 {
			raise(f.L, "alignment "+strconv.Itoa(n)+" is not a power of 2")
		}
		f.align = n
	default:
		argError(f.L, 1, "invalid format option '"+string([]byte{opt})+"'")
	}
}

func structPack(L *lua.LState) int {
	f := newLayout(L)
	L.Push(lua.LNil) // a missing argument is nil
	arg := 2
	var out []byte
	for f.format != "" {
		opt, size, fill := f.next(uint64(len(out)))
		checkSize(L, len(out)+int(fill))
		out = append(out, make([]byte, fill)...)
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			out = f.appendInteger(out, checkNumber(L, arg), int(size))
			arg++
		case 'x':
			out = append(out, 0)
		case 'f':
			out = f.append32(out, math.Float32bits(float32(checkNumber(L, arg))))
			arg++
		case 'd':
			out = f.append64(out, math.Float64bits(checkNumber(L, arg)))
			arg++
		case 'c', 's':
			s := checkString(L, arg)
			arg++
			if size == 0 {
				size = uint64(len(s))
			}
			if uint64(len(s)) < size {
				argError(L, arg, "string too short")
			}
			out = append(out, s[:size]...)
			if opt == 's' {
				out = append(out, 0)
			}
		default:
			f.control(opt)
		}
		checkSize(L, len(out))
	}
	L.Push(lua.LString(out))
	return 1
}

func (f *layout) append32(out []byte, n uint32) []byte {
	var b [4]byte
	f.order.PutUint32(b[:], n)
	return append(out, b[:]...)
}

func (f *layout) append64(out []byte, n uint64) []byte {
	var b [8]byte
	f.order.PutUint64(b[:], n)
	return append(out, b[:]...)
}

// appendInteger appends the low bytes of a number. Beyond the eighth they are zero.
func (f *layout) appendInteger(out []byte, x float64, size int) []byte {
	n := toUnsigned(x)
	if x < 0 {
		n = uint64(toInteger(x))
	}
	start := len(out)
	for range size {
		out = append(out, byte(n))
		n >>= 8
	}
	if f.order == binary.BigEndian {
		reverse(out[start:])
	}
	return out
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func structUnpack(L *lua.LState) int {
	f := newLayout(L)
	data := checkString(L, 2)
	pos := uint64(optInteger(L, 3, 1))
	if pos == 0 {
		argError(L, 3, "offset must be 1 or greater")
	}
	pos--
	top := L.GetTop()
	for f.format != "" {
		opt, size, fill := f.next(pos)
		pos += fill
		checkData(L, data, pos, size)
		if L.GetTop()+2 > maxResults {
			raise(L, "stack overflow (too many results)")
		}
		at := data[pos:]
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			L.Push(f.integer(at[:size], opt >= 'a'))
		case 'x':
		case 'f':
			L.Push(lua.LNumber(math.Float32frombits(f.order.Uint32([]byte(at[:4])))))
		case 'd':
			L.Push(lua.LNumber(math.Float64frombits(f.order.Uint64([]byte(at[:8])))))
		case 'c':
			if size == 0 {
				n, ok := toNumber(L.Get(-1))
				if L.GetTop() == top || !ok {
					raise(L, "format 'c0' needs a previous size")
				}
				size = toUnsigned(n)
				L.Pop(1)
				checkData(L, data, pos, size)
			}
			L.Push(lua.LString(at[:size]))
		case 's':
			n := strings.IndexByte(at, 0)
			if n < 0 {
				raise(L, "unfinished string in data")
			}
			L.Push(lua.LString(at[:n]))
			size = uint64(n) + 1
		default:
			f.control(opt)
		}
		pos += size
	}
	L.Push(lua.LNumber(pos + 1))
	return L.GetTop() - top
}

// checkData checks that data has size bytes at a position.
func checkData(L *lua.LState, data string, pos, size uint64) {
	if n := uint64(len(data)); size > n || pos > n-size {
		argError(L, 2, "data string too short")
	}
}

// integer converts bytes to a number. Of more than eight, the last that are read count.
func (f *layout) integer(b string, signed bool) lua.LValue {
	n := uint64(0)
	for i := range b {
		c := b[i]
		if f.order == binary.LittleEndian {
			c = b[len(b)-1-i]
		}
		n = n<<8 | uint64(c)
	}
	if !signed {
		return lua.LNumber(n)
	}
	// C shifts by the low bits of the count.
	if mask := ^uint64(0) << ((8*len(b) - 1) & 63); n&mask != 0 {
		n |= mask
	}
	return lua.LNumber(int64(n))
}

func structSize(L *lua.LState) int {
	f := newLayout(L)
	pos := uint64(0)
	for f.format != "" {
		opt, size, fill := f.next(pos)
		pos += fill
		switch {
		case opt == 's':
			argError(L, 1, "option 's' has no fixed size")
		case opt == 'c' && size == 0:
			argError(L, 1, "option 'c0' has no fixed size")
		case !isLetter(opt) && !isDigit(opt):
			f.control(opt)
		}
		pos += size
	}
	L.Push(lua.LNumber(int64(pos)))
	return 1
}
