package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"dragonfly/server/config"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// param declares a parameter of CONFIG: one of Redis's, or a setting of the server that Redis has not.
type param struct {
	name  string // as Redis spells it, with hyphens; a setting without counterpart keeps its underscores
	alias string // Redis's former name
	// other is the name of the setting of the same meaning, if spelled differently.
	other string
	kind  paramKind
	def   string // default; of no meaning for what is kept in a setting
	// min and max bound numbers; words are the values of an enum, in the order Redis lists them.
	min, max int64
	words    []string
	flags    paramFlags

	// setting is where the value lives, nil if CONFIG keeps it itself. Filled in by newParamTable.
	setting *config.Setting
	// parse replaces the kind's syntax: it returns text, given to a parameter with the value old, in the form that
	// CONFIG GET shows.
	parse func(text, old string) (string, error)
	// show replaces the value that is kept.
	show func(s *Server) string
	// limit is the threshold of the store that the parameter is.
	limit func(l *object.Limits) *int
	// apply makes a new value take effect. All shards are locked.
	apply func(s *Server, text string) error
}

// paramFlags say how CONFIG treats a parameter.
type paramFlags uint8

const (
	immutable paramFlags = 1 << iota
	protected            // changed only with enable-protected-configs, which this server never has
	hidden               // GET shows it only when it is named
	sensitive            // never logged
)

// paramKind is the syntax of a parameter.
type paramKind uint8

const (
	kindText    paramKind = iota // anything
	kindBool                     // yes or no
	kindInt                      // decimal
	kindOctal                    // permissions
	kindMemory                   // bytes, with Redis's units
	kindShare                    // likewise, or a percentage
	kindEnum                     // one of the words
	kindEnums                    // some of the words
	kindSetting                  // whatever the setting accepts
)

// errBusyParam and the like are what CONFIG SET says of a parameter; see setError.
const (
	errImmutable resperr.Error = "can't set immutable config"
	errProtected resperr.Error = "can't set protected config"
	errDuplicate resperr.Error = "duplicate parameter"
	errRefused   resperr.Error = "argument can not be set"
)

// answersTo tells whether name, in any case, is one of the parameter's names.
func (q *param) answersTo(name string) bool {
	return strings.EqualFold(name, q.name) || q.alias != "" && strings.EqualFold(name, q.alias) ||
		q.other != "" && strings.EqualFold(name, q.other)
}

// isRedis tells whether name, one of the parameter's, is one that Redis knows.
func (q *param) isRedis(name string) bool {
	return q.kind != kindSetting && !strings.EqualFold(name, q.other)
}

// names lists the names that GET with a pattern shows.
func (q *param) names() []string {
	names := []string{q.name}
	if q.alias != "" {
		names = append(names, q.alias)
	}
	if q.other != "" {
		names = append(names, q.other)
	}
	return names
}

// canonical returns text, as a client wrote it, in the form that CONFIG GET shows.
func (q *param) canonical(text, old string) (string, error) {
	if q.parse != nil {
		return q.parse(text, old)
	}
	switch q.kind {
	case kindBool:
		switch strings.ToLower(text) {
		case "yes", "no":
			return strings.ToLower(text), nil
		}
		return "", resperr.Error("argument must be 'yes' or 'no'")
	case kindInt:
		n, ok := number.ParseInt([]byte(text))
		if !ok {
			return "", resperr.Error("argument couldn't be parsed into an integer")
		}
		return text, q.checkRange(n)
	case kindOctal:
		n, err := strconv.ParseInt(text, 8, 64)
		if err != nil {
			return "", resperr.Error("argument couldn't be parsed as an octal number")
		}
		return strconv.FormatInt(n, 8), q.checkRange(n)
	case kindMemory, kindShare:
		return q.memory(text)
	case kindEnum, kindEnums:
		return q.enum(text)
	}
	return text, nil
}

func (q *param) checkRange(n int64) error {
	if n < q.min || n > q.max {
		return resperr.Error(fmt.Sprintf("argument must be between %d and %d inclusive", q.min, q.max))
	}
	return nil
}

// memory reads an amount of memory in Redis's syntax, or else in that of the command line, where kb is the same but
// 1.5gb and 4GiB can be said too.
func (q *param) memory(text string) (string, error) {
	if share, ok := strings.CutSuffix(text, "%"); ok && q.kind == kindShare {
		n, ok := number.ParseInt([]byte(share))
		switch {
		case !ok || n < 0:
			return "", resperr.Error("argument must be a memory or percent value")
		case n > 100:
			return "", resperr.Error("percentage argument must be less or equal to 100")
		}
		return text, nil
	}
	n, ok := parseMemory(text)
	if !ok {
		var err error
		if n, err = config.ParseMemory(text); err != nil {
			if q.kind == kindShare {
				return "", resperr.Error("argument must be a memory or percent value")
			}
			return "", resperr.Error("argument must be a memory value")
		}
	}
	return strconv.FormatInt(n, 10), q.checkRange(n)
}

// parseMemory reads an amount of memory as Redis does: k, m and g are powers of 1000, kb, mb and gb of 1024.
func parseMemory(text string) (int64, bool) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := int64(0)
	switch strings.ToLower(text[digits:]) {
	case "", "b":
		unit = 1
	case "k":
		unit = 1000
	case "kb":
		unit = 1 << 10
	case "m":
		unit = 1000 * 1000
	case "mb":
		unit = 1 << 20
	case "g":
		unit = 1000 * 1000 * 1000
	case "gb":
		unit = 1 << 30
	}
	if unit == 0 || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

// enum reads one of the words, or some of them. Several are shown in the order of the table.
func (q *param) enum(text string) (string, error) {
	wrong := resperr.Error("argument(s) must be one of the following: " + strings.Join(q.words, ", "))
	given := []string{text}
	if q.kind == kindEnums {
		given = strings.Fields(text)
	}
	has := make([]bool, len(q.words))
	for _, g := range given {
		found := false
		for i, w := range q.words {
			if strings.EqualFold(g, w) {
				has[i], found = true, true
			}
		}
		if !found {
			return "", wrong
		}
	}
	var list []string
	for i, w := range q.words {
		if has[i] {
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		return "", wrong
	}
	return strings.Join(list, " "), nil
}

// fromSetting writes the value of a setting as Redis would.
func (k paramKind) fromSetting(text string) string {
	switch k {
	case kindBool:
		if text == "true" {
			return "yes"
		}
		return "no"
	case kindOctal:
		if text == "" {
			return "0"
		}
	}
	return text
}
