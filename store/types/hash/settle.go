package hash

import (
	"dragonfly/store/object"
	"dragonfly/store/types/listpack"
)

// Settle converts a small hash that has more fields than the limits allow, as one from a file may.
func Settle(c object.Cell, lim *object.Limits) {
	enc := c.Encoding()
	if enc != object.Hashtable && listpack.Len(c.View())/step(enc) > lim.HashMaxListpackEntries {
		toTable(c)
	}
}
