package rdbload

import (
	"bytes"
	"strconv"

	"dragonfly/store/types/listpack"
)

// Redis 8.10 keeps the field names of many like hashes once. In a file
//
//	HASH_TEMPLATE: len id, len n, n × string field, ascending by length, then bytes
//
// comes before the first database, and the hashes refer to it by id.

// template is the field names of a hash template.
type template struct {
	fields [][]byte
}

func (l *loader) readTemplate() error {
	id, err := l.in.length()
	if err != nil {
		return err
	}
	n, err := l.in.length()
	if err != nil {
		return err
	}
	if n == 0 {
		return unsupported("a template of this layout")
	}
	t := new(template)
	for ; n > 0; n-- {
		s, err := l.string()
		if err != nil {
			return err
		}
		if k := len(t.fields); k > 0 {
			last := t.fields[k-1]
			if len(s) < len(last) || len(s) == len(last) && bytes.Compare(last, s) >= 0 {
				return corrupt("template fields out of order")
			}
		}
		t.fields = append(t.fields, bytes.Clone(s))
	}
	if l.templates == nil {
		l.templates = make(map[uint64]*template)
	}
	if l.templates[id] != nil {
		return corrupt("template " + strconv.FormatUint(id, 10) + " comes twice")
	}
	l.templates[id] = t
	return nil
}

func (l *loader) template(id uint64) (*template, error) {
	if t := l.templates[id]; t != nil {
		return t, nil
	}
	return nil, corrupt("no template " + strconv.FormatUint(id, 10))
}

// templateListpack reads a hash whose values are a listpack led by the
// template's id, and packs it as any other hash.
func (l *loader) templateListpack() (outcome, error) {
	values, err := l.string()
	if err != nil {
		return 0, err
	}
	if err := listpack.Validate(values, true); err != nil {
		return 0, err
	}
	p := listpack.First(values)
	if p < 0 {
		return 0, corrupt("no template id")
	}
	_, id, isInt, p := listpack.GetNext(values, p)
	if !isInt {
		return 0, corrupt("template id is no integer")
	}
	t, err := l.template(uint64(id))
	if err != nil {
		return 0, err
	}
	if listpack.Len(values) != 1+len(t.fields) {
		return 0, corrupt("values do not match the template")
	}
	l.packed = listpack.New(l.packed)
	for _, field := range t.fields {
		l.packed = listpack.Append(l.packed, field)
		s, n, isInt, next := listpack.GetNext(values, p)
		if isInt {
			l.packed = listpack.AppendInt(l.packed, n)
		} else {
			l.packed = listpack.Append(l.packed, s)
		}
		if len(l.packed) > maxPacked {
			return 0, errTooLarge
		}
		p = next
	}
	return l.setPacked(Hash, Listpack, l.packed)
}

// beginTemplate starts a hash whose values follow one by one.
func (l *loader) beginTemplate() (outcome, error) {
	id, err := l.in.length()
	if err != nil {
		return 0, err
	}
	t, err := l.template(id)
	if err != nil {
		return 0, err
	}
	l.startElems(Hash, formTemplate, uint64(len(t.fields)))
	l.elems.fields = t
	return present, nil
}
