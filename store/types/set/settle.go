package set

import (
	"dragonfly/store/object"
	"dragonfly/store/types/intset"
	"dragonfly/store/types/listpack"
)

// Settle converts a small set that has more members than the limits allow, as one from a file may.
func Settle(c object.Cell, lim *object.Limits) {
	switch c.Encoding() {
	case object.Intset:
		if intset.Len(c.View()) > maxIntset(lim) {
			toTable(c)
		}
	case object.Listpack:
		if listpack.Len(c.View()) > lim.SetMaxListpackEntries {
			toTable(c)
		}
	}
}
