// Package hash is the hash type: the value bytes of an entry whose type is object.Hash.
//
// # Encodings
//
//	listpack    the value is a listpack of field, value pairs, in the order the fields were added
//	listpackex  the value is a listpack of field, value, deadline triples: ascending by deadline, those without
//	            one (deadline 0) last
//	hashtable   the value is a 4-byte reference to the root of a dash table of fields
//
// A hash begins as a listpack, becomes a listpackex with the first command that sets a deadline and a table where it
// outgrows the limits, as in Redis 7.4; it never converts back.
//
// # Layout of a big hash
//
//	Value:  | Ref u32le |
//	Root:   | dash.Root 24 B | bytes of all fields i64 | fields with a deadline i64 | minDeadline i64 |
//	Field:  | field length<<1 + timed, uvarint | [deadline i64le] | field | value length uvarint | value | spare |
//
// Root and fields are arena blocks. A field costs two length bytes, five bytes in the table at full load, and
// rounding to 8 bytes. A new value that fits the block is written in place.
//
// # Fields with a deadline
//
// A deadline is an absolute time in ms; a field has expired when now has reached it. Functions that read take the
// time of the command and do not see expired fields; with 0 they see all. Nothing is removed by reading: the caller
// removes a field of which HasExpired is true, and ExpireFields what has expired by now. Len counts fields that have
// expired and are still there, as HLEN does in Redis 7.4, and Set takes such a field for existing.
//
// object.Cell's HasFieldTTL is set exactly as long as some field has a deadline.
//
// # Use
//
// Functions work on the Cell of the entry and may move it. Fields and values given to them may be views into the
// arena, but not into the hash that they change. Views they return are valid until the hash changes or its entry
// moves. Integers are kept as such in listpacks; they come back as text in a scratch buffer of the caller or of the
// iterator. A hash that became empty is the caller's to delete: Redis has no empty hashes.
package hash
