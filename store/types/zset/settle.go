package zset

import "dragonfly/store/object"

// Settle converts a small sorted set that has more elements than the limits allow, as one from a file may.
func Settle(c object.Cell, lim *object.Limits) {
	if c.Encoding() == object.Listpack && Len(c) > lim.ZsetMaxListpackEntries {
		ToTree(c)
	}
}
