package geo

import (
	"dragonfly/server/command"
	"dragonfly/store/number"
	"dragonfly/store/object"
	"dragonfly/store/resperr"
)

// searchForm says what the name of a command settles.
type searchForm struct {
	source   int  // argument with the key to search
	first    int  // argument with the first option
	options  bool // GEOSEARCH: centre and shape are options
	byMember bool // GEORADIUSBYMEMBER: the centre is a member
	store    bool // GEOSEARCHSTORE: argument 1 is the target
	noStore  bool // _RO: STORE and STOREDIST are unknown
}

// sorting is the order of results.
type sorting uint8

const (
	unsorted sorting = iota
	ascending
	descending
)

// query is what a search looks for and what it does with it.
type query struct {
	shape
	sort      sorting
	count     int64 // 0 = all
	any       bool  // stop at the first count members
	withDist  bool
	withHash  bool
	withCoord bool
	target    []byte // nil = reply
	storeDist bool   // distances are the scores stored

	// What GEOSEARCH has found so far.
	fromMember, fromLonLat, byRadius, byBox bool
}

// parseSearch parses the arguments of a search. cell is the set to search, the
// zero Cell if the key is missing: arguments are checked all the same, except
// for members, which cannot be found then.
func parseSearch(args [][]byte, form searchForm, cell object.Cell) (q query, err error) {
	q.unit = 1
	switch {
	case form.store:
		q.target = args[1]
	case form.options:
	case form.byMember:
		err = q.parseAroundMember(args[2:5], cell)
	default:
		if q.center, err = parsePosition(args[2], args[3]); err == nil {
			err = q.parseRadius(args[4], args[5])
		}
	}
	if err == nil {
		err = q.parseOptions(args[form.first:], form, cell)
	}
	if err == nil {
		err = q.check(string(args[0]), form)
	}
	if q.count > 0 && q.sort == unsorted && !q.any {
		q.sort = ascending // the closest ones
	}
	return q, err
}

// parseAroundMember parses member, radius and unit. Redis looks at none of them
// if the key is missing.
func (q *query) parseAroundMember(args [][]byte, cell object.Cell) error {
	if !cell.Ok() {
		return nil
	}
	if err := q.parseMember(args[0], cell); err != nil {
		return err
	}
	return q.parseRadius(args[1], args[2])
}

func (q *query) parseMember(member []byte, cell object.Cell) (err error) {
	var ok bool
	if q.center, ok = positionIn(cell, member); !ok && cell.Ok() {
		return resperr.GeoMember
	}
	return nil
}

func (q *query) parseRadius(radius, unit []byte) (err error) {
	var ok bool
	if q.radius, ok = number.ParseFloat(radius); !ok {
		return resperr.GeoRadius
	}
	if q.radius < 0 {
		return resperr.GeoRadiusSign
	}
	q.box = false
	q.unit, err = parseUnit(unit)
	return err
}

func (q *query) parseBox(width, height, unit []byte) (err error) {
	var ok bool
	if q.width, ok = number.ParseFloat(width); !ok {
		return resperr.GeoWidth
	}
	if q.height, ok = number.ParseFloat(height); !ok {
		return resperr.GeoHeight
	}
	if q.width < 0 || q.height < 0 {
		return resperr.GeoBoxSign
	}
	q.box = true
	q.unit, err = parseUnit(unit)
	return err
}

func (q *query) parseOptions(args [][]byte, form searchForm, cell object.Cell) error {
	for len(args) > 0 {
		used, err := q.parseFlag(args, form)
		if used == 0 && err == nil && form.options {
			used, err = q.parseSearchOption(args, cell)
		}
		if err != nil {
			return err
		}
		if used == 0 {
			return resperr.Syntax
		}
		args = args[used:]
	}
	return nil
}

// parseFlag parses an option that is common to all forms, or belongs to one
// that stores. It returns the number of arguments it is made of, 0 if it is
// none.
func (q *query) parseFlag(args [][]byte, form searchForm) (used int, err error) {
	opt, more := args[0], len(args) > 1
	radius := !form.options && !form.noStore
	switch {
	case command.Is(opt, "withdist"):
		q.withDist = true
	case command.Is(opt, "withhash"):
		q.withHash = true
	case command.Is(opt, "withcoord"):
		q.withCoord = true
	case command.Is(opt, "any"):
		q.any = true
	case command.Is(opt, "asc"):
		q.sort = ascending
	case command.Is(opt, "desc"):
		q.sort = descending
	case command.Is(opt, "storedist") && form.store:
		q.storeDist = true
	case command.Is(opt, "count") && more:
		if q.count, err = command.Int(args[1]); err == nil && q.count <= 0 {
			err = resperr.GeoCount
		}
		return 2, err
	case radius && more && (command.Is(opt, "store") || command.Is(opt, "storedist")):
		q.target, q.storeDist = args[1], len(opt) > len("store")
		return 2, nil
	default:
		return 0, nil
	}
	return 1, nil
}

// parseSearchOption parses an option that is GEOSEARCH's only.
func (q *query) parseSearchOption(args [][]byte, cell object.Cell) (used int, err error) {
	// Redis takes one twice, but not one after its counterpart.
	opt, n := args[0], len(args)
	switch {
	case command.Is(opt, "frommember") && n > 1 && !q.fromLonLat:
		q.fromMember = true
		return 2, q.parseMember(args[1], cell)
	case command.Is(opt, "fromlonlat") && n > 2 && !q.fromMember:
		q.fromLonLat = true
		q.center, err = parsePosition(args[1], args[2])
		return 3, err
	case command.Is(opt, "byradius") && n > 2 && !q.byBox:
		q.byRadius = true
		return 3, q.parseRadius(args[1], args[2])
	case command.Is(opt, "bybox") && n > 3 && !q.byRadius:
		q.byBox = true
		return 4, q.parseBox(args[1], args[2], args[3])
	}
	return 0, nil
}

// check refuses options that do not go together. name is the command as the
// client spelled it.
func (q *query) check(name string, form searchForm) error {
	switch {
	case q.target != nil && (q.withDist || q.withHash || q.withCoord):
		if form.store {
			return resperr.GeoSearchOptions
		}
		return resperr.GeoStoreOptions
	case form.options && !q.fromMember && !q.fromLonLat:
		return resperr.GeoNoCenter(name)
	case form.options && !q.byRadius && !q.byBox:
		return resperr.GeoNoShape(name)
	case q.any && q.count == 0:
		return resperr.GeoAny
	}
	return nil
}
