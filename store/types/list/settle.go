package list

import "dragonfly/store/object"

// Settle converts a list in one listpack that is larger than the limits allow, as one from a file may be.
func Settle(c object.Cell, lim *object.Limits) { grow(c, lim, 0, 0) }
