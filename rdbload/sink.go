package rdbload

// Sink receives what a file holds, in file order. An error from any method ends
// the load. Slices are valid during the call only.
//
// No two methods run in parallel, and all but one run one after the other. The
// exception is a Record with Interleaved set: its Put runs on a goroutine of its
// own, and while it waits inside Elems.Next for the next piece of its value,
// other methods are called, other Puts with Interleaved set among them. See
// Elems.OnPause.
type Sink interface {
	// Aux receives a metadata field.
	Aux(name, value []byte) error
	// Function receives the source of a function library, beginning with its
	// "#!<engine> name=<name>" line.
	Function(code []byte) error
	// ModuleAux receives a piece of a module's global data: the RDB form behind OpModuleAux, module id first.
	ModuleAux(raw []byte) error
	// DB announces the database of the records to come, but for those with
	// Interleaved set, which may be of another one. Without a call it is 0.
	DB(index int) error
	// ResizeHint announces the size of the database; it may be wrong.
	ResizeHint(keys, expires uint64)
	ValueSink
}

// ValueSink receives complete records.
type ValueSink interface {
	// Put receives one record. The record and all it points to belong to the
	// loader and change after the call.
	Put(rec *Record) error
}

// ValueType is the data type of a value, as TYPE tells it.
type ValueType uint8

// The data types.
const (
	String ValueType = iota
	List
	Set
	Zset
	Hash
	Stream

	// Values that are handed over as they are, with Packing Opaque.

	Module
	JSON
	Bloom
	Cuckoo
	CMS
	TopK
)

var valueNames = [...]string{
	"string", "list", "set", "zset", "hash", "stream", "module",
	"ReJSON-RL", "MBbloom--", "MBbloomCF", "CMSk-TYPE", "TopK-TYPE",
}

// String returns the name that TYPE answers.
func (t ValueType) String() string { return valueNames[t] }

// Packing says in which form a value is handed over.
type Packing uint8

// The forms of a value.
const (
	// Plain: Bytes is the string.
	Plain Packing = iota
	// Listpack: Bytes is a listpack of a list's elements, a set's members, a
	// zset's (member, score) by ascending score and member, or a hash's (field, value).
	Listpack
	// ListpackTTL: Bytes is a listpack of a hash's (field, value, deadline ms),
	// by ascending deadline, those without one (0) last.
	ListpackTTL
	// Intset: Bytes is the intset of a set.
	Intset
	// Elementwise: Elems yields the elements.
	Elementwise
	// Opaque: Bytes is the text of a JSON value. Of any other it is the RDB form behind the type byte: of a Module
	// with its id first, of a Bloom filter in the chunked form (rdbfmt.TypeDFBloom), whatever the file had.
	Opaque
)

// Record is one key with its value.
type Record struct {
	DB  int
	Key []byte // nil for a DUMP payload

	HasDeadline bool
	DeadlineMs  int64 // Unix time

	Idle   int64 // seconds since the last access, -1 if not told
	Freq   int   // LFU counter, -1 if not told
	Sticky bool  // Dragonfly: not to be evicted

	HasMemcacheFlags bool
	MemcacheFlags    uint32

	Type    ValueType
	Packing Packing
	Bytes   []byte // the value, unless it comes element-wise

	// Len is the number of members of a packed collection (pairs and triples
	// counting as one). Of an element-wise one it is what the file announces,
	// for a list in nodes: a hint not to be trusted with memory.
	Len uint64

	Elems *Elems // the cursor of an element-wise value, else nil

	// Interleaved: the value comes in pieces between which other records come.
	Interleaved bool
}

// ElemKind says what an Elem is.
type ElemKind uint8

// The kinds of elements. A list yields nodes and plain elements in order from
// the head. A stream yields its nodes in order, then ElemStream, then each group
// followed by its consumers, each of these followed by its pending entries.
const (
	ElemListNode   ElemKind = iota // Data: listpack of at least one element
	ElemListPlain                  // Data: one element
	ElemMember                     // set: Data, DeadlineMs
	ElemScored                     // zset: Data: member, Score (not NaN)
	ElemField                      // hash: Data: field, Value, DeadlineMs
	ElemStreamNode                 // ID: master ID, Data: listpack with at least one live entry
	ElemStream                     // Stream
	ElemGroup                      // Data: name, ID: last delivered, EntriesRead
	ElemConsumer                   // Data: name, SeenMs, ActiveMs
	ElemPending                    // ID, DeliveredMs, Deliveries: of the consumer before
)

// StreamID is the ID of a stream entry.
type StreamID struct{ Ms, Seq uint64 }

// Less reports whether a comes before b.
func (a StreamID) Less(b StreamID) bool {
	return a.Ms < b.Ms || a.Ms == b.Ms && a.Seq < b.Seq
}

// StreamMeta is what a stream knows besides its entries and groups.
type StreamMeta struct {
	Length       uint64   // live entries, as counted in the nodes
	LastID       StreamID // never less than any entry's
	FirstID      StreamID // of the first live entry, 0-0 if there is none
	MaxDeletedID StreamID
	EntriesAdded uint64
}

// Elem is one element of a value. Which fields have meaning depends on Kind.
type Elem struct {
	Kind       ElemKind
	Data       []byte
	Value      []byte
	Score      float64
	DeadlineMs int64 // Unix time, 0 if none; may have passed

	ID          StreamID
	Stream      StreamMeta
	EntriesRead int64 // -1 if unknown
	SeenMs      int64
	ActiveMs    int64 // -1 if never
	DeliveredMs int64
	Deliveries  uint64
}

// Elems is a cursor over the elements of one value:
//
//	for rec.Elems.Next() {
//		e := &rec.Elems.Elem
//		…
//	}
//	return rec.Elems.Err()
//
// What a Sink leaves unread is read, checked and dropped by the loader, which
// also sees an error that the Sink does not ask for. There is at least one
// element; a list's empty nodes, though announced, are passed over.
type Elems struct {
	Elem Elem // valid after Next has returned true, until the next call

	// OnPause and OnResume may be set by Put, before its first call of Next, for
	// a Record that is Interleaved. Next calls OnPause before other records are
	// put while this one waits for its next piece, and OnResume before it goes
	// on: a Sink gives up its locks in one and takes them back in the other.
	// After OnResume Next may return false because the load has failed.
	OnPause, OnResume func()

	l     *loader
	form  form
	left  uint64 // elements, nodes or pairs still announced
	ready bool   // Elem was read ahead and is still to be yielded
	done  bool
	err   error

	nowMs  int64     // the time by which members have expired, 0 if they do not
	baseMs int64     // of a hash's relative deadlines
	fields *template // of a hash whose fields are elsewhere
	at     int       // next field of the template
	stream streamCursor
}

// Next advances to the next element. It returns false at the end or at an error.
func (e *Elems) Next() bool {
	if e.ready {
		e.ready = false
		return true
	}
	if e.done {
		return false
	}
	if e.l.stream != nil {
		e.l.stream.shed()
	}
	ok, err := e.step()
	if err != nil || !ok {
		e.err, e.done = err, true
		return false
	}
	return true
}

// Err returns the error that ended the iteration, nil at a regular end.
func (e *Elems) Err() error { return e.err }
