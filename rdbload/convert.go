package rdbload

import (
	"dragonfly/store/types/listpack"
	"dragonfly/store/types/ziplist"
	"dragonfly/store/types/zipmap"
)

// maxPacked bounds what is converted: the result's total must fit 32 bits, and
// grows by less than half.
const maxPacked = listpack.MaxSize

const errTooLarge corrupt = "too large for a listpack"

// ziplistToListpack converts blob into scratch memory.
func (l *loader) ziplistToListpack(blob []byte) ([]byte, error) {
	if len(blob) > maxPacked {
		return nil, errTooLarge
	}
	if err := ziplist.Validate(blob); err != nil {
		return nil, err
	}
	l.packed = ziplist.ToListpack(l.packed, blob)
	return l.packed, nil
}

// zipmapToListpack converts blob into scratch memory.
func (l *loader) zipmapToListpack(blob []byte) ([]byte, error) {
	if len(blob) > maxPacked {
		return nil, errTooLarge
	}
	if err := zipmap.Validate(blob); err != nil {
		return nil, err
	}
	l.packed = zipmap.ToListpack(l.packed, blob)
	return l.packed, nil
}
