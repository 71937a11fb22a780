package server

import (
	"math/rand/v2"
	"strconv"

	"dragonfly/server/command"
	"dragonfly/server/reply"
	"dragonfly/store"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// population says which keys DEBUG POPULATE adds: as Redis does, with the options of Dragonfly behind.
type population struct {
	count  int64
	prefix []byte
	size   int64 // of a value or an element; 0: as long as its text is
	random bool  // random digits instead of the text
	// add is the command that adds an element to a collection; nil for strings.
	add      *command.Command
	elements int64
	// Seconds between which keys live; 0 for ever.
	minTTL, maxTTL int64
}

// adders are the commands that make collections of a type of DEBUG POPULATE.
func adders() map[string]string {
	return map[string]string{"list": "rpush", "set": "sadd", "hash": "hset", "zset": "zadd", "stream": "xadd"}
}

// parsePopulation parses count [prefix [size]] [RAND] [TYPE type] [ELEMENTS n] [EXPIRE min max].
func parsePopulation(args [][]byte, r *command.Registry, maxSize int64) (p population, err error) {
	p = population{prefix: []byte("key"), elements: 1}
	if p.count, err = command.IntFrom(args[0], 0, resperr.NotPositive); err != nil {
		return p, err
	}
	isWord := func(arg []byte) bool {
		return equalFold(arg, "rand") || equalFold(arg, "type") || equalFold(arg, "elements") || equalFold(arg, "expire")
	}
	if args = args[1:]; len(args) > 0 {
		p.prefix = args[0]
		args = args[1:]
		if len(args) > 0 && !isWord(args[0]) {
			if p.size, err = command.IntFrom(args[0], 0, resperr.NotPositive); err == nil && p.size > maxSize {
				err = resperr.StringTooLong
			}
			args = args[1:]
		}
	}
	for err == nil && len(args) > 0 {
		used := 2
		switch {
		case equalFold(args[0], "rand"):
			p.random, used = true, 1
		case equalFold(args[0], "type") && len(args) > 1:
			err = p.parseType(string(args[1]), r)
		case equalFold(args[0], "elements") && len(args) > 1:
			p.elements, err = command.IntFrom(args[1], 1, resperr.NotPositive)
		case equalFold(args[0], "expire") && len(args) > 2:
			used = 3
			if p.minTTL, err = command.IntFrom(args[1], 1, resperr.NotPositive); err == nil {
				p.maxTTL, err = command.IntFrom(args[2], p.minTTL, resperr.ValueRange)
			}
			if p.maxTTL > maxSleep {
				err = resperr.ValueRange
			}
		default:
			err = resperr.Syntax
		}
		if err == nil {
			args = args[used:]
		}
	}
	return p, err
}

func (p *population) parseType(name string, r *command.Registry) error {
	if equalFold([]byte(name), "string") {
		p.add = nil
		return nil
	}
	for kind, adder := range adders() {
		if equalFold([]byte(name), kind) {
			p.add = r.Get(adder)
			return nil
		}
	}
	return resperr.Syntax
}

// debugPopulate takes one key at a time, so that other clients are served meanwhile.
func debugPopulate(c *command.Ctx, args [][]byte) {
	s := of(c).s
	if s.loading.Load() { // DEBUG itself is allowed then
		c.Fail(resperr.Loading)
		return
	}
	p, err := parsePopulation(args, c.Registry, s.maxBulk.Load())
	if err != nil {
		c.Fail(err)
		return
	}
	v := c.DB
	if c.InExec {
		p.populate(&v, func(int) func() { return func() {} })
		c.Reply.OK()
		return
	}
	p.prefix = append([]byte(nil), p.prefix...)
	of(c).async(c, func() func(w *reply.Writer) {
		p.populate(&v, func(shard int) func() {
			sh := v.Store().Shard(shard)
			sh.Lock()
			if s.ctx.Err() != nil || s.loading.Load() {
				sh.Unlock()
				return nil
			}
			return sh.Unlock
		})
		return answerOK
	})
}

// populateSlice is how many elements populate adds in one lock visit.
const populateSlice = 256

// populate adds the keys prefix:0 to prefix:<count-1> that are not there. lock takes a shard and returns how to give it
// up, nil to stop.
func (p *population) populate(v *store.View, lock func(shard int) (unlock func())) {
	key := append(p.prefix[:len(p.prefix):len(p.prefix)], ':')
	stem := len(key)
	var text []byte
	ctx := command.Ctx{Cmd: p.add, DB: *v, Reply: &reply.Writer{}}
	for i := range p.count {
		key = strconv.AppendInt(key[:stem], i, 10)
		for done := int64(0); done < p.elements; done += populateSlice {
			unlock := lock(v.Store().ShardOf(key))
			switch {
			case unlock == nil:
				return
			case done == 0 && v.Peek(key).Ok():
				unlock()
				done = p.elements
				continue
			case p.add == nil:
				text = p.text(text, i)
				setText(v, key, text)
				done = p.elements
			default:
				p.collect(&ctx, key, done, min(done+populateSlice, p.elements))
			}
			if p.minTTL > 0 {
				v.SetDeadline(key, v.NowMs+(p.minTTL+rand.Int64N(p.maxTTL-p.minTTL+1))*1000)
			}
			unlock()
		}
	}
}

// setText makes a key a string that is no number even if it looks like one.
func setText(v *store.View, key, text []byte) {
	enc := object.Raw
	if len(text) <= object.EmbstrMax {
		enc = object.Embstr
	}
	v.SetString(key, text, enc, 0)
	v.Changed(key, store.EventString, "")
}

// text makes the value or element number i: value:<i>, cut or filled with zeros to the size.
func (p *population) text(buf []byte, i int64) []byte {
	if !p.random {
		buf = strconv.AppendInt(append(buf[:0], "value:"...), i, 10)
		for int64(len(buf)) < p.size {
			buf = append(buf, 0)
		}
		if p.size > 0 {
			buf = buf[:p.size]
		}
		return buf
	}
	size := p.size
	if size == 0 {
		size = 16
	}
	buf = buf[:0]
	for int64(len(buf)) < size {
		buf = strconv.AppendUint(buf, rand.Uint64(), 16)
	}
	return buf[:size]
}

// collect adds the elements from one number to another to a collection, with the command that does so for clients.
func (p *population) collect(ctx *command.Ctx, key []byte, from, to int64) {
	var text []byte
	for i := from; i < to; i++ {
		text = p.text(text, i)
		number := strconv.AppendInt(nil, i, 10)
		ctx.Args = [][]byte{[]byte(p.add.Name), key, text}
		switch p.add.Name {
		case "hset":
			ctx.Args = [][]byte{ctx.Args[0], key, number, text}
		case "zadd":
			ctx.Args = [][]byte{ctx.Args[0], key, number, text}
		case "xadd":
			ctx.Args = [][]byte{ctx.Args[0], key, []byte("*"), []byte("field"), text}
		}
		p.add.Run(ctx)
		ctx.Reply.Buf = ctx.Reply.Buf[:0]
	}
}
