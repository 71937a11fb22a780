package rdbload

import (
	"dragonfly/store/types/listpack"
)

// maxPacked bounds a listpack made here: its total must fit 32 bits.
const maxPacked = listpack.MaxSize

const errTooLarge corrupt = "too large for a listpack"

func (l *loader) ziplistToListpack(blob []byte) ([]byte, error) { return nil, errTooLarge }
func (l *loader) zipmapToListpack(blob []byte) ([]byte, error)  { return nil, errTooLarge }
