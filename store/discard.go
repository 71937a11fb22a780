package store

// DiscardNow frees the entry however big it is: for a store without a background that frees what Discard leaves.
func (d *Detached) DiscardNow() {
	c := d.Cell()
	if outside(c) {
		for cursor := uint64(0); !freeStep(c, &cursor, freeAtOnce); {
		}
	}
	d.db.A.Free(d.ref)
}
