package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A template is a form of a command. Words stand for themselves; <x> is a random word of the kind x of words below;
// (a|b c|) is one of the choices; {a b} is repeated one to four times. "5: …" is chosen five times as often.
type template struct {
	weight int
	name   string // of the command, upper case
	parts  []part
}

// part is a word, a choice or a repetition.
type part struct {
	word    string
	choices [][]part
	repeat  []part
}

// parseTemplate reads a template; one that begins with a choice is as many templates.
func parseTemplate(line string) []template {
	weight := 1
	if n, rest, ok := strings.Cut(line, ": "); ok {
		weight, _ = strconv.Atoi(n)
		line = rest
	}
	for _, mark := range []string{"(", ")", "|", "{", "}"} {
		line = strings.ReplaceAll(line, mark, " "+mark+" ")
	}
	parts, _ := parseParts(strings.Fields(line))
	if parts[0].choices == nil {
		return []template{{weight, parts[0].word, parts}}
	}
	var all []template
	for _, choice := range parts[0].choices {
		all = append(all, template{weight, choice[0].word, slices.Concat(choice, parts[1:])})
	}
	return all
}

// parseParts reads words up to the end of a choice or of the template and returns the rest.
func parseParts(words []string) ([]part, []string) {
	var parts []part
	for len(words) > 0 {
		word := words[0]
		switch word {
		case "|", ")", "}":
			return parts, words
		case "(":
			var p part
			for word != ")" {
				var choice []part
				choice, words = parseParts(words[1:])
				p.choices = append(p.choices, choice)
				word = words[0]
			}
			parts = append(parts, p)
		case "{":
			var p part
			p.repeat, words = parseParts(words[1:])
			parts = append(parts, p)
		default:
			parts = append(parts, part{word: word})
		}
		words = words[1:]
	}
	return parts, nil
}

// generator makes random commands.
type generator struct {
	rng      *rand.Rand
	words    map[string]func(*generator) string
	families []family
	total    int // of the weights of families
	entry    int // milliseconds of the last stream entry
	inMulti  bool
	scripts  *scripts // nil: none are made
}

// family is a group of templates that share a weight.
type family struct {
	weight    int
	templates []template
	total     int
}

// lines are the templates of a family, one on each line.
type lines struct {
	weight    int
	templates string
}

// newGenerator prepares the grammar; commands for which skip is true are left out.
func newGenerator(rng *rand.Rand, skip func(name string) bool) *generator {
	return newGeneratorOf(rng, grammar, skip)
}

// newGeneratorOf is newGenerator of another grammar.
func newGeneratorOf(rng *rand.Rand, grammar []lines, skip func(name string) bool) *generator {
	g := &generator{rng: rng, words: wordKinds()}
	for _, lines := range grammar {
		f := family{weight: lines.weight}
		for line := range strings.Lines(lines.templates) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			for _, t := range parseTemplate(strings.TrimSpace(line)) {
				if !skip(t.name) {
					f.templates = append(f.templates, t)
					f.total += t.weight
				}
			}
		}
		if len(f.templates) > 0 {
			g.families = append(g.families, f)
			g.total += f.weight
		}
	}
	return g
}

// forget tells the generator that the clients and scripts it has made are there no more.
func (g *generator) forget() {
	g.inMulti = false
	if g.scripts != nil {
		g.scripts.recent = nil
	}
}

// next makes a command.
func (g *generator) next() []string {
	if g.inMulti && g.rng.IntN(6) == 0 {
		g.inMulti = false
		return []string{"EXEC"}
	}
	n := g.rng.IntN(g.total)
	for _, f := range g.families {
		if n -= f.weight; n < 0 {
			return g.fromFamily(f)
		}
	}
	panic("weights of families do not add up")
}

func (g *generator) fromFamily(f family) []string {
	if f.total == 0 {
		return g.script()
	}
	n := g.rng.IntN(f.total)
	for _, t := range f.templates {
		if n -= t.weight; n < 0 {
			args := g.expand(nil, t.parts)
			// A sorted set of equal scores stays one.
			if g.rng.IntN(25) == 0 && !fragile[t.name] && !mayBlock(args) && !(len(args) > 1 && strings.HasPrefix(args[1], "e")) {
				args = g.spoil(args)
			}
			switch strings.ToUpper(args[0]) {
			case "MULTI":
				g.inMulti = true
			case "EXEC", "DISCARD":
				g.inMulti = false
			}
			return args
		}
	}
	panic("weights of templates do not add up")
}

// expand appends the words of parts.
func (g *generator) expand(args []string, parts []part) []string {
	for _, p := range parts {
		switch {
		case p.choices != nil:
			args = g.expand(args, p.choices[g.rng.IntN(len(p.choices))])
		case p.repeat != nil:
			for range 1 + g.rng.IntN(4) {
				args = g.expand(args, p.repeat)
			}
		case strings.HasPrefix(p.word, "<"):
			random, ok := g.words[strings.Trim(p.word, "<>")]
			if !ok {
				panic("no kind of word " + p.word)
			}
			args = append(args, random(g))
		default:
			args = append(args, p.word)
		}
	}
	return args
}

// fragile are commands that spoiling could make random, slow or endless, or right for 7.4 and wrong for 7.0.
var fragile = map[string]bool{"SPOP": true, "SETRANGE": true, "SETBIT": true, "BITFIELD": true, "SELECT": true, "ZRANK": true, "ZREVRANK": true, "WAIT": true,
	"BLPOP": true, "BRPOP": true, "BLMOVE": true, "BRPOPLPUSH": true, "BLMPOP": true, "BZPOPMIN": true, "BZPOPMAX": true, "BZMPOP": true,
	"HRANDFIELD": true, "ZRANDMEMBER": true, "SRANDMEMBER": true, "SCAN": true, "SSCAN": true, "HSCAN": true, "ZSCAN": true, "SORT": true, "SORT_RO": true}

// spoil makes a mistake in a command.
func (g *generator) spoil(args []string) []string {
	if len(args) == 1 {
		return append(args, "junk")
	}
	i := 1 + g.rng.IntN(len(args)-1)
	switch g.rng.IntN(4) {
	case 0:
		return append(args[:i:i], args[i+1:]...)
	case 1:
		return append(args[:i:i], append([]string{args[i]}, args[i:]...)...)
	case 2:
		return append(args, g.pick("junk", "NX", "WITHSCORES", "100000", "", "LIMIT"))
	default:
		args[i] = g.pick("junk", "", "-1", "1.5", "nan", "100000", "99999999999999999999", "\xff\x00", "1e5", " 1", "+1", "-0", "9223372036854775807", "-9223372036854775807")
		return args
	}
}

func (g *generator) pick(from ...string) string { return from[g.rng.IntN(len(from))] }

// coordinate makes a longitude or latitude, seldom at the very edge.
func (g *generator) coordinate(most int, edge string) string {
	if g.rng.IntN(40) == 0 {
		return g.pick("", "-") + edge
	}
	return g.int(-most, most) + "." + g.int(0, 99999)
}

func (g *generator) int(from, to int) string { return strconv.Itoa(from + g.rng.IntN(to-from+1)) }

// key is mostly a key that holds values of one type, by its first letter. HyperLogLogs are changed by their own
// commands only: Redis does not see all damage, so that what it does then has no meaning.
func (g *generator) key(kind string) string {
	if g.rng.IntN(14) == 0 {
		kind = g.pick("s", "b", "l", "h", "t", "z", "g", "x", "i", "none")
	}
	return kind + g.int(0, 3)
}

// wordKinds makes the random words of templates by kind.
func wordKinds() map[string]func(*generator) string {
	return map[string]func(*generator) string{
		// Keys: strings, bitmaps, HyperLogLogs, lists, hashes, sets, sets of integers, sorted sets, geo sets, streams, any.
		"s": func(g *generator) string { return g.key("s") },
		"b": func(g *generator) string { return g.key("b") },
		"p": func(g *generator) string { return g.key("p") },
		"l": func(g *generator) string { return g.key("l") },
		"h": func(g *generator) string { return g.key("h") },
		"t": func(g *generator) string { return g.key(g.pick("t", "t", "i")) },
		"z": func(g *generator) string { return g.key("z") },
		"g": func(g *generator) string { return g.key("g") },
		"x": func(g *generator) string { return g.key("x") },
		"e": func(g *generator) string { // a sorted set of equal scores: ranges of members have a meaning in no other
			if g.rng.IntN(20) == 0 {
				return "elist"
			}
			return "e" + g.int(0, 3)
		},
		"k": func(g *generator) string {
			return g.key(g.pick("s", "b", "l", "h", "t", "z", "g", "x", "i", "none"))
		},
		"v": func(g *generator) string {
			switch g.rng.IntN(12) {
			case 0, 1, 2:
				return g.int(-100, 1000)
			case 3:
				return g.pick("9223372036854775807", "-9223372036854775808", "9223372036854775808", "", "007", "-0", "1e3", "3.5", " 1")
			case 4:
				return strings.Repeat(g.pick("long ", "x", "\x00"), 1+g.rng.IntN(40))
			case 5:
				if g.rng.IntN(10) == 0 {
					return strings.Repeat("a very long value ", g.rng.IntN(600))
				}
				return "\x80\xff\r\n" + g.int(0, 9)
			}
			return "value " + g.int(0, 99)
		},
		"member": func(g *generator) string {
			switch g.rng.IntN(12) {
			case 0, 1, 2, 3:
				return g.int(-5, 60)
			case 4:
				if g.rng.IntN(8) == 0 {
					return strings.Repeat("long member ", 6) + g.int(0, 5)
				}
				return g.pick("", "\x00", "\xff\xfe", "40000", "3000000000", "-9223372036854775808")
			}
			return "m" + g.int(0, 60)
		},
		"number": func(g *generator) string { return g.int(-70000, 70000) }, // of a set of integers
		"i": func(g *generator) string {
			if g.rng.IntN(20) == 0 {
				return g.pick("x", "", "1.0", "9223372036854775807", "-9223372036854775807", "99999999999999999999", "-0")
			}
			return g.int(-12, 12)
		},
		"n": func(g *generator) string {
			if g.rng.IntN(25) == 0 {
				return g.pick("x", "-1", "", "1.5", "9223372036854775807")
			}
			return g.int(0, 8)
		},
		"float": func(g *generator) string {
			switch g.rng.IntN(8) {
			case 0:
				// Not 1e400: after it Redis refuses to SORT anything. Not 1e308: what place that is, C leaves open.
				return g.pick("inf", "-inf", "+inf", "nan", "x", "", "0x10", "1e100", " 1", "1 ")
			case 1:
				return g.pick("0.1", "3.14159", "1e-7", "123456789.123", "1e17", "1e21", "-0")
			case 2, 3, 4:
				return g.int(-100, 100) + g.pick(".5", ".25", ".0")
			}
			return g.int(-20, 20)
		},
		"edge": func(g *generator) string { // of a range of scores
			switch g.rng.IntN(8) {
			case 0:
				return "-inf"
			case 1:
				return "+inf"
			case 2:
				return "(" + g.int(-20, 20)
			case 3:
				return g.pick("(x", "x", "", "nan", "(", "(inf", "(-inf", "1e1", "0.5")
			}
			return g.int(-20, 20)
		},
		"lex": func(g *generator) string { // of a range of members
			switch g.rng.IntN(8) {
			case 0:
				return g.pick("-", "+")
			case 1:
				return g.pick("m", "", "[", "(", "-x", "+1")
			}
			return g.pick("[", "(") + g.pick("m", "m1", "m2", "m30", "a", "z", "5")
		},
		"pattern": func(g *generator) string {
			return g.pick("*", "m*", "[a-m]?", "?1", "*2*", "s*", "\\*", "[^m]*", "", "*[", "m[0-9]", "x0", "??")
		},
		"far":     func(g *generator) string { return g.int(100_000, 200_000) },                // seconds from now
		"farms":   func(g *generator) string { return g.int(100_000_000, 200_000_000) },        // milliseconds from now
		"farat":   func(g *generator) string { return g.int(4_000_000_000, 4_000_100_000) },    // Unix seconds
		"faratms": func(g *generator) string { return g.int(4e12, 4e12+1e8) },                  // Unix milliseconds
		"past":    func(g *generator) string { return g.pick("1", "1000", "-1", "0", "-100") }, // Unix time of either unit
		"badtime": func(g *generator) string {
			return g.pick("0", "-1", "x", "9223372036854775807", "-9223372036854775808", "1.5", "", "9223372036854775")
		},
		"bit": func(g *generator) string { return g.pick("0", "1", "1", "2", "x") },
		"offset": func(g *generator) string {
			return g.pick(g.int(0, 40), g.int(0, 400), "-1", "x", "4294967296", "536870912000")
		},
		// Of a BITFIELD: at the ends of 64 bits Redis's own arithmetic overflows.
		"step": func(g *generator) string { return g.pick(g.int(-300, 300), g.int(-300, 300), g.int(-1e15, 1e15), "x") },
		"bittype": func(g *generator) string {
			return g.pick("u8", "i8", "u1", "u4", "i5", "i64", "u63", "u64", "i16", "i0", "u", "x9", "u32")
		},
		"bitoffset": func(g *generator) string { return g.pick("0", "1", "#1", "#2", "7", "100", "-1", "#x", "x") },
		"place":     func(g *generator) string { return g.pick("LEFT", "RIGHT", "left", "x") },
		"lon":       func(g *generator) string { return g.coordinate(179, "180") },
		"lat":       func(g *generator) string { return g.coordinate(84, "85.05112878") },
		"badlat":    func(g *generator) string { return g.pick("86", "-90", "x", "nan") },
		"unit":      func(g *generator) string { return g.pick("m", "km", "mi", "ft", "KM", "x") },
		"place5":    func(g *generator) string { return "place" + g.int(0, 30) },
		"radius":    func(g *generator) string { return g.pick("100", "5000", "20000", "0", "-1", "x", "1000000") },
		"newid": func(g *generator) string { // of a new stream entry
			g.entry += g.rng.IntN(3)
			switch g.rng.IntN(12) {
			case 0:
				return strconv.Itoa(g.entry) + "-*"
			case 1:
				return g.pick("0-0", "x", "1-", "-", "5", "18446744073709551615-18446744073709551615", "0-*", "1-x")
			}
			return fmt.Sprintf("%d-%d", g.entry, g.rng.IntN(4))
		},
		"id": func(g *generator) string {
			switch g.rng.IntN(16) {
			case 0:
				return g.pick("0", "x", "-", "+", "$", "0-0", "", "1-1-1", ">")
			case 1:
				return strconv.Itoa(g.rng.IntN(g.entry + 2))
			}
			return fmt.Sprintf("%d-%d", g.rng.IntN(g.entry+2), g.rng.IntN(4))
		},
		"topid":    func(g *generator) string { g.entry++; return strconv.Itoa(g.entry) + "-0" }, // above all others
		"from":     func(g *generator) string { return g.pick("-", "-", "0", g.words["id"](g), "("+g.words["id"](g)) },
		"to":       func(g *generator) string { return g.pick("+", "+", "9999999", g.words["id"](g), "("+g.words["id"](g)) },
		"group":    func(g *generator) string { return "group" + g.int(0, 2) },
		"consumer": func(g *generator) string { return "consumer" + g.int(0, 3) },
		"db":       func(g *generator) string { return g.pick("0", "0", "1", "2", "99", "-1", "x") },
		"missing":  func(g *generator) string { return "missing" },
	}
}

// grammar is all commands of the data types and of transactions, as far as their replies are certain. STOREDIST is
// left out: the last bit of a distance depends on the mathematical library.
var grammar = []lines{
	{24, `
		4: SET <s> <v> (||||NX|XX|GET|NX GET|XX GET|KEEPTTL|EX <far>|PX <farms>|EXAT <farat>|PXAT <faratms>|EX <badtime>|PX <badtime>|NX XX|EX <far> KEEPTTL|PXAT <past>|XX EX <far> GET)
		SETNX <s> <v>
		SETEX <s> (<far>|<far>|<badtime>) <v>
		PSETEX <s> (<farms>|<farms>|<badtime>) <v>
		GETSET <s> <v>
		2: GET <s>
		GETDEL <s>
		2: GETEX <s> (|EX <far>|PX <farms>|EXAT <farat>|PXAT <faratms>|PERSIST|EX <badtime>|PERSIST EX <far>|PXAT <past>)
		2: APPEND <s> <v>
		STRLEN <s>
		2: SETRANGE <s> (<n>|<n>|100|-1|536870912|x) <v>
		2: GETRANGE <s> <i> <i>
		SUBSTR <s> <i> <i>
		2: INCR <s>
		DECR <s>
		INCRBY <s> <i>
		DECRBY <s> <i>
		2: INCRBYFLOAT <s> <float>
		MGET {<k>}
		MSET {<s> <v>}
		MSETNX {<s> <v>}
		LCS <s> <s> (|LEN|IDX|IDX WITHMATCHLEN|IDX MINMATCHLEN <n>|LEN IDX)
	`},
	{8, `
		3: SETBIT <b> <offset> <bit>
		GETBIT <b> <offset>
		2: BITCOUNT <b> (|<i> <i>|<i> <i> BYTE|<i> <i> BIT|<i>)
		2: BITPOS <b> <bit> (|<i>|<i> <i>|<i> <i> BIT|<i> <i> BYTE)
		2: BITOP (AND|OR|XOR|NOT|not|x) <b> {<b>}
		3: BITFIELD <b> {(GET <bittype> <bitoffset>|SET <bittype> <bitoffset> <step>|INCRBY <bittype> <bitoffset> <step>|OVERFLOW (SAT|WRAP|FAIL|x) INCRBY <bittype> <bitoffset> <step>)}
		BITFIELD_RO <b> {GET <bittype> <bitoffset>}
		BITFIELD_RO <b> SET u8 0 1
	`},
	{5, `
		3: PFADD <p> {<member>}
		PFADD <p>
		2: PFCOUNT {<p>}
		PFMERGE <p> {<p>}
		PFADD <k> <member>
		PFCOUNT <k>
		(DEL|TYPE|STRLEN|PERSIST|TTL) <p>
		EXPIRE <p> <far>
		(RENAME|COPY) <p> <p>
	`},
	{16, `
		4: (LPUSH|RPUSH) <l> {<v>}
		2: (LPUSHX|RPUSHX) <l> {<v>}
		2: (LPOP|RPOP) <l> (||<n>)
		LLEN <l>
		2: LRANGE <l> <i> <i>
		LINDEX <l> <i>
		2: LSET <l> <i> <v>
		2: LINSERT <l> (BEFORE|AFTER|x) <v> <v>
		2: LREM <l> <i> <v>
		LTRIM <l> <i> <i>
		2: LPOS <l> <v> (|RANK <i>|COUNT <n>|RANK <i> COUNT <n> MAXLEN <n>|MAXLEN <n>|RANK 0)
		RPOPLPUSH <l> <l>
		2: LMOVE <l> <l> <place> <place>
		2: LMPOP (1 <l>|2 <l> <l>|3 <l> <l> <l>|0 <l>|x <l>) (LEFT|RIGHT|x) (|COUNT <n>|COUNT 0)
		(BLPOP|BRPOP) <l> <l> (0.001|0.001|x|-1)
		BLMOVE <l> <l> <place> <place> 0.001
		BRPOPLPUSH <l> <l> 0.001
		BLMPOP 0.001 2 <l> <l> <place> (|COUNT <n>)
	`},
	{16, `
		5: HSET <h> {<member> <v>}
		HMSET <h> {<member> <v>}
		HSETNX <h> <member> <v>
		2: HGET <h> <member>
		HMGET <h> {<member>}
		2: HGETALL <h>
		HKEYS <h>
		HVALS <h>
		HLEN <h>
		HSTRLEN <h> <member>
		HEXISTS <h> <member>
		2: HDEL <h> {<member>}
		2: HINCRBY <h> <member> <i>
		2: HINCRBYFLOAT <h> <member> <float>
		2: HRANDFIELD <h> (1000|0|1000 WITHVALUES|-7|-3 WITHVALUES|1000 WITHSCORES|x|)
		2: HSCAN <h> 0 COUNT 100000 (|MATCH <pattern>)
		HSCAN <h> (x|0 COUNT 0|0 COUNT x|0 MATCH)
	`},
	{16, `
		4: SADD <t> {<member>}
		2: SADD <t> {<number>}
		2: SREM <t> {<member>}
		SCARD <t>
		2: SMEMBERS <t>
		SISMEMBER <t> <member>
		SMISMEMBER <t> {<member>}
		SMOVE <t> <t> <member>
		SPOP <t> (1000|0|-1|x)
		2: SRANDMEMBER <t> (1000|0|-7||x)
		(SINTER|SUNION|SDIFF) {<t>}
		(SINTERSTORE|SUNIONSTORE|SDIFFSTORE) <t> {<t>}
		2: SINTERCARD (1 <t>|2 <t> <t>|3 <t> <t> <t>|0 <t>|x <t>|5 <t>) (|LIMIT <n>|LIMIT -1|LIMIT)
		2: SSCAN <t> 0 COUNT 100000 (|MATCH <pattern>)
	`},
	{24, `
		8: ZADD <z> (||||NX|XX|GT|LT|CH|NX CH|XX GT CH|NX GT|GT LT) {<float> <member>}
		ZADD <z> (|NX|XX|GT) INCR <float> <member>
		2: ZINCRBY <z> <float> <member>
		2: ZREM <z> {<member>}
		ZCARD <z>
		2: ZCOUNT <z> <edge> <edge>
		RPUSH elist <v>
		4: ZADD <e> 0 <member> 0 <member> 0 <member>
		ZLEXCOUNT <e> <lex> <lex>
		2: ZSCORE <z> <member>
		ZMSCORE <z> {<member>}
		2: (ZRANK|ZREVRANK) <z> <member>
		3: ZRANGE <z> <i> <i> (||WITHSCORES|REV|REV WITHSCORES|LIMIT 0 1)
		2: ZRANGE <z> <edge> <edge> BYSCORE (|REV) (|WITHSCORES) (|LIMIT <n> <i>)
		ZRANGE <e> <lex> <lex> BYLEX (|REV) (|LIMIT <n> <i>|WITHSCORES)
		ZREVRANGE <z> <i> <i> (|WITHSCORES)
		2: (ZRANGEBYSCORE|ZREVRANGEBYSCORE) <z> <edge> <edge> (|WITHSCORES) (|LIMIT <i> <i>)
		(ZRANGEBYLEX|ZREVRANGEBYLEX) <e> <lex> <lex> (|LIMIT <n> <i>)
		2: ZRANGESTORE <z> <z> (<i> <i>|<i> <i> REV|<edge> <edge> BYSCORE|<edge> <edge> BYSCORE LIMIT <n> <n>)
		ZRANGESTORE <z> <e> <lex> <lex> BYLEX
		ZREMRANGEBYRANK <z> <i> <i>
		ZREMRANGEBYSCORE <z> <edge> <edge>
		ZREMRANGEBYLEX <e> <lex> <lex>
		2: (ZPOPMIN|ZPOPMAX) <z> (|<n>)
		2: ZMPOP (1 <z>|2 <z> <z>|0 <z>|x <z>) (MIN|MAX|x) (|COUNT <n>)
		2: (ZUNION|ZINTER) 2 (<z>|<t>) <z> (|WEIGHTS <float> <float>|WEIGHTS 1) (|AGGREGATE (SUM|MIN|MAX|x)) (|WITHSCORES)
		ZDIFF (1 <z>|2 <z> <z>|3 <z> <z> <t>|0|x <z>) (|WITHSCORES)
		2: (ZUNIONSTORE|ZINTERSTORE) <z> 2 <z> (<z>|<t>) (|WEIGHTS 2 <float>) (|AGGREGATE (SUM|MIN|MAX))
		ZDIFFSTORE <z> 2 <z> <z>
		ZINTERCARD 2 <z> <z> (|LIMIT <n>|LIMIT -1)
		2: ZRANDMEMBER <z> (1000|0|-7|1000 WITHSCORES|-3 WITHSCORES|x|)
		2: ZSCAN <z> 0 COUNT 100000 (|MATCH <pattern>)
		(BZPOPMIN|BZPOPMAX) <z> <z> 0.001
		BZMPOP 0.001 2 <z> <z> (MIN|MAX) (|COUNT <n>)
	`},
	{8, `
		4: GEOADD <g> (||NX|XX|CH) {<lon> <lat> <place5>}
		GEOADD <g> <lon> <badlat> <place5>
		GEOPOS <g> {<place5>}
		GEOHASH <g> {<place5>}
		2: GEODIST <g> <place5> <place5> (|<unit>)
		2: GEOSEARCH <g> (FROMMEMBER <place5>|FROMLONLAT <lon> <lat>) (BYRADIUS <radius> <unit>|BYBOX <radius> <radius> <unit>) (ASC|DESC) (|COUNT <n>|COUNT 3 ANY) (|WITHCOORD|WITHDIST|WITHHASH|WITHCOORD WITHDIST WITHHASH)
		GEOSEARCHSTORE <g> <g> FROMLONLAT <lon> <lat> BYRADIUS <radius> km (ASC|DESC)
		(GEORADIUS|GEORADIUS_RO) <g> <lon> <lat> <radius> <unit> (ASC|DESC) (|WITHDIST|WITHCOORD) (|COUNT <n>)
		GEORADIUSBYMEMBER <g> <place5> <radius> km ASC (|WITHDIST|STORE <g>)
		GEORADIUSBYMEMBER_RO <g> <place5> <radius> km DESC (|WITHHASH)
	`},
	{20, `
		6: XADD <x> (|||NOMKSTREAM|MAXLEN <n>|MAXLEN = 5|MINID <id>|MAXLEN x) <newid> {<member> <v>}
		2: XDEL <x> {<id>}
		XLEN <x>
		2: (XRANGE <x> <from> <to>|XREVRANGE <x> <to> <from>) (|COUNT <i>)
		XTRIM <x> (MAXLEN <n>|MAXLEN = <n>|MINID <id>|MAXLEN <n> LIMIT 3|x 1)
		XREAD (|COUNT <n>) STREAMS (<x> <id>|<x> <x> <id> <id>|<x>)
		XSETID <x> (<topid>|<topid>|x|-) (|ENTRIESADDED <n> MAXDELETEDID <id>|ENTRIESADDED -1)
		3: XGROUP (CREATE <x> <group> (<id>|0|$) (|MKSTREAM) (|ENTRIESREAD <i>)|SETID <x> <group> <id>|DESTROY <x> <group>|CREATECONSUMER <x> <group> <consumer>|DELCONSUMER <x> <group> <consumer>|x <x>)
		4: XREADGROUP GROUP <group> <consumer> (|COUNT <n>) (|NOACK) STREAMS (<x> >|<x> <id>|<x> <x> > 0)
		2: XACK <x> <group> {<id>}
		2: XPENDING <x> <group> (|<from> <to> <n>|<from> <to> <n> <consumer>|IDLE 0 <from> <to> <n>|<from>)
		2: XCLAIM <x> <group> <consumer> 0 {<id>} (|JUSTID|FORCE|RETRYCOUNT <n>|IDLE 100000|FORCE JUSTID LASTID <id>)
		2: XAUTOCLAIM <x> <group> <consumer> 0 <from> (|COUNT <n>|JUSTID)
		XINFO (STREAM <x>|STREAM <x> FULL|STREAM <x> FULL COUNT <n>|GROUPS <x>|CONSUMERS <x> <group>|x <x>|STREAM)
	`},
	{18, `
		2: DEL {<k>}
		UNLINK <k>
		EXISTS {<k>}
		TOUCH {<k>}
		2: TYPE <k>
		2: RENAME <k> <k>
		RENAMENX <k> <k>
		2: COPY <k> <k> (|REPLACE|DB <db>|DB <db> REPLACE|x)
		MOVE <k> <db>
		2: EXPIRE <k> (<far>|<far>|-1|x|9223372036854775807) (||NX|XX|GT|LT|XX GT|NX XX|GT LT|x)
		PEXPIRE <k> (<farms>|-1|x) (|NX|XX|GT|LT)
		EXPIREAT <k> (<farat>|<farat>|<past>) (|NX|XX|GT|LT)
		2: PEXPIREAT <k> (<faratms>|<faratms>|<past>) (|NX|XX|GT|LT)
		PERSIST <k>
		2: (TTL|PTTL|EXPIRETIME|PEXPIRETIME) <k>
		2: OBJECT (ENCODING <k>|ENCODING <missing>|FREQ <k>|x <k>|ENCODING)
		2: SORT <k> (||BY <pattern>|BY h0->*|BY nosort_*) (|LIMIT <n> <i>) (|ASC|DESC) (|ALPHA) (|GET # GET <pattern>|GET h*->m1)
		2: SORT (<l>|<z>) (|LIMIT <n> <i>) (|DESC) ALPHA STORE <l>
		SORT_RO <l> (ALPHA|) (|DESC) (|STORE l0)
		SORT (<z>|<l>) BY nosort (|DESC) (|LIMIT <n> <n>)
		RANDOMKEY
		KEYS <pattern>
		SCAN 0 COUNT 100000 (|MATCH <pattern>) (|TYPE (string|list|hash|zset|stream|x))
		SCAN (x|0 COUNT 0|0 COUNT x|0 TYPE)
		DBSIZE
		RESTORE <k> (0|-1|x) (|x) junk (|REPLACE)
		SELECT <db>
		3: SELECT 0
		SWAPDB (1 2|0 1|0 99|x 1)
	`},
	{6, `
		4: MULTI
		2: EXEC
		DISCARD
		2: WATCH {<k>}
		UNWATCH
		PING (|<v>)
		ECHO <v>
		nosuchcommand <v> <v>
		GET
		WAIT 0 0
	`},
}

func TestTemplates(t *testing.T) {
	g := newGenerator(rand.New(rand.NewPCG(1, 1)), func(string) bool { return false })
	seen := map[string]bool{}
	for range 20_000 {
		seen[strings.ToUpper(g.next()[0])] = true
	}
	for _, name := range []string{"SET", "LPUSH", "RPUSH", "XADD", "EXEC", "BITFIELD", "GEOADD", "PFADD"} {
		if !seen[name] {
			t.Errorf("%s is never made", name)
		}
	}
	if n := len(parseTemplate("2: (A|B x) c")); n != 2 {
		t.Errorf("%d templates of one that begins with a choice of 2", n)
	}
	p := parseTemplate("3: A (b|c <k>|) {d}")[0]
	if p.weight != 3 || p.name != "A" || len(p.parts) != 3 || len(p.parts[1].choices) != 3 || len(p.parts[2].repeat) != 1 {
		t.Errorf("%+v", p)
	}
}
