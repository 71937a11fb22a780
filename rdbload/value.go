package rdbload

import (
	"strconv"

	"dragonfly/persistence/rdbfmt"
	"dragonfly/store/types/intset"
)

// outcome says what has become of a value that was read.
type outcome uint8

const (
	present outcome = iota // rec holds it
	empty                  // a collection without members
	expired                // a collection all of whose members have expired
)

// record reads the key record whose type byte is t.
func (l *loader) record(t byte) error {
	l.typ, l.inRecord, l.rec.Key = t, true, nil
	if t > rdbfmt.TypeStreamListpacks3 && l.typeName(t) == rdbfmt.UnknownType {
		return unknownType(t) // what follows is no key
	}
	key, err := l.stringInto(&l.key)
	if err != nil {
		return err
	}
	l.rec.Key = key
	got, err := l.value(t)
	if err != nil {
		return err
	}
	if l.opts.IgnoreExpiry {
		l.rec.HasDeadline, l.rec.DeadlineMs = false, 0
	}
	switch {
	case got == empty:
		l.sum.Empty++
	case got == expired:
		l.sum.Expired++
	case l.expired():
		l.sum.Expired++
		err = l.finish(nil)
	default:
		l.sum.Keys++
		err = l.finish(l.put)
	}
	if err == nil && l.stream != nil {
		err = l.stream.usedUp()
	}
	if err != nil {
		return err
	}
	l.resetRecord()
	l.trim()
	return nil
}

// expired reports whether the record is to be dropped for its deadline.
func (l *loader) expired() bool {
	now := l.dropTime()
	return now != 0 && l.rec.HasDeadline && l.rec.DeadlineMs < now
}

// dropTime returns the time by which things have expired that are to be
// dropped, 0 if nothing is.
func (l *loader) dropTime() int64 {
	if l.opts.KeepExpired {
		return 0
	}
	return l.opts.NowMs
}

// finish hands the record to sink, if there is one, and reads what elements are left.
func (l *loader) finish(sink ValueSink) error {
	var err error
	if sink != nil {
		err = sink.Put(&l.rec)
		l.elems.OnPause, l.elems.OnResume = nil, nil
	}
	if l.rec.Elems == nil {
		return err
	}
	// An error of the input comes before what a Sink makes of it.
	if l.elems.err != nil {
		return l.elems.err
	}
	if err != nil {
		return err
	}
	for l.elems.Next() {
	}
	return l.elems.err
}

// resetRecord forgets all that belongs to one record, but not the database.
func (l *loader) resetRecord() {
	l.inRecord = false
	l.rec = Record{DB: l.rec.DB, Idle: -1, Freq: -1, Interleaved: l.stream != nil}
}

// typeName names a type byte as this input means it.
func (l *loader) typeName(t byte) string {
	if t == rdbfmt.TypeDFJSONOld && l.oldDragonflyJSON() {
		t = rdbfmt.TypeDFJSON
	}
	return rdbfmt.TypeName(t, l.flavor)
}

// oldDragonflyJSON reports whether type 20 is JSON text: Dragonfly used the
// number before Redis did, in files whose version Redis never gave it.
func (l *loader) oldDragonflyJSON() bool {
	return l.flavor == rdbfmt.FlavorDragonfly && l.sum.Version < 10
}

// value reads a value of type t into rec.
func (l *loader) value(t byte) (outcome, error) {
	switch t {
	case rdbfmt.TypeString:
		l.rec.Type, l.rec.Packing = String, Plain
		var err error
		l.rec.Bytes, err = l.string()
		return present, err
	case rdbfmt.TypeModulePreGA:
		return 0, corrupt("a module's value of this age cannot be skipped")
	case rdbfmt.TypeModule2:
		return l.moduleValue()

	case rdbfmt.TypeList:
		return l.begin(List, formPlainList)
	case rdbfmt.TypeListQuicklist:
		return l.beginNodes(formZiplistNodes)
	case rdbfmt.TypeListQuicklist2:
		return l.beginNodes(formListpackNodes)
	case rdbfmt.TypeSet:
		return l.begin(Set, formMembers)
	case rdbfmt.TypeZset:
		return l.begin(Zset, formTextScores)
	case rdbfmt.TypeZset2:
		return l.begin(Zset, formScores)
	case rdbfmt.TypeHash:
		return l.begin(Hash, formFields)

	case rdbfmt.TypeHashZipmap:
		return l.packedValue(Hash, Listpack, l.zipmapToListpack)
	case rdbfmt.TypeListZiplist:
		return l.packedValue(List, Listpack, l.ziplistToListpack)
	case rdbfmt.TypeZsetZiplist:
		return l.packedValue(Zset, Listpack, l.ziplistToListpack)
	case rdbfmt.TypeHashZiplist:
		return l.packedValue(Hash, Listpack, l.ziplistToListpack)
	case rdbfmt.TypeHashListpack:
		return l.packedValue(Hash, Listpack, nil)
	case rdbfmt.TypeZsetListpack:
		return l.packedValue(Zset, Listpack, nil)
	case rdbfmt.TypeSetListpack:
		if l.oldDragonflyJSON() {
			return l.jsonValue()
		}
		return l.packedValue(Set, Listpack, nil)
	case rdbfmt.TypeSetIntset:
		return l.intsetValue()

	case rdbfmt.TypeStreamListpacks, rdbfmt.TypeStreamListpacks2, rdbfmt.TypeStreamListpacks3:
		return l.beginStream(t)
	}
	return l.newerValue(t)
}

// errType is the cause of an Error that names the type.
const errType unsupported = "this type"

// newerValue reads the types above 21, whose numbers have several owners.
func (l *loader) newerValue(t byte) (outcome, error) {
	switch {
	case l.flavor == rdbfmt.FlavorValkey:
		switch t {
		case rdbfmt.TypeValkeyHash2:
			return l.beginTimed(Hash, formFieldsDeadlineLast, 0)
		case rdbfmt.TypeValkeyPathHash:
			return 0, errType
		}
		return 0, unknownType(t)
	case t < rdbfmt.TypeDFJSON:
		return l.redisValue(t)
	case l.flavor == rdbfmt.FlavorDragonfly:
		return l.dragonflyValue(t)
	}
	switch t {
	case rdbfmt.TypeHashTmplLPRef:
		return l.templateListpack()
	case rdbfmt.TypeHashTmplArrayRef:
		return l.beginTemplate()
	case rdbfmt.TypeHashTmplArray, rdbfmt.TypeGCRA:
		return 0, errType
	}
	return 0, unknownType(t)
}

// redisValue reads the types 22 to 29 under the REDIS magic.
func (l *loader) redisValue(t byte) (outcome, error) {
	switch t {
	case rdbfmt.TypeHashMetaPreGA:
		return l.beginTimed(Hash, formDeadlineFirst, 0)
	case rdbfmt.TypeHashMeta:
		base, err := l.in.int64()
		if err != nil {
			return 0, err
		}
		return l.beginTimed(Hash, formRelativeDeadline, base)
	case rdbfmt.TypeHashListpackEx:
		// The least deadline, which the first triple tells as well.
		if _, err := l.in.int64(); err != nil {
			return 0, err
		}
		return l.packedValue(Hash, ListpackTTL, nil)
	case rdbfmt.TypeHashListpackPreGA:
		return l.packedValue(Hash, ListpackTTL, nil)
	case rdbfmt.TypeStreamListpacks4, rdbfmt.TypeStreamListpacks5:
		return l.beginStream(t)
	case rdbfmt.TypeArray, rdbfmt.TypeHashTmplLP:
		return 0, errType
	}
	return 0, unknownType(t)
}

// dragonflyValue reads the types from 30 on of a file by Dragonfly.
func (l *loader) dragonflyValue(t byte) (outcome, error) {
	switch t {
	case rdbfmt.TypeDFHashWithExpiry:
		return l.beginTimed(Hash, formFieldsTextTTL, 0)
	case rdbfmt.TypeDFSetWithExpiry:
		return l.beginTimed(Set, formMembersTextTTL, 0)
	case rdbfmt.TypeDFJSON:
		return l.jsonValue()
	case rdbfmt.TypeDFBloomOld, rdbfmt.TypeDFBloom:
		return l.sketchValue(Bloom, t)
	case rdbfmt.TypeDFCMS:
		return l.sketchValue(CMS, t)
	case rdbfmt.TypeDFTopK:
		return l.sketchValue(TopK, t)
	case rdbfmt.TypeDFCuckoo:
		return l.sketchValue(Cuckoo, t)
	}
	return 0, unknownType(t)
}

func unknownType(t byte) error {
	return corrupt("type byte " + strconv.Itoa(int(t)) + " has no meaning here")
}

// packedValue reads a blob, converts it if need be, and checks it as typ.
func (l *loader) packedValue(typ ValueType, packing Packing, convert func([]byte) ([]byte, error)) (outcome, error) {
	blob, err := l.string()
	if err != nil {
		return 0, err
	}
	if convert != nil {
		if blob, err = convert(blob); err != nil {
			return 0, err
		}
	}
	return l.setPacked(typ, packing, blob)
}

// setPacked checks blob deeply and makes it the record's value.
func (l *loader) setPacked(typ ValueType, packing Packing, blob []byte) (outcome, error) {
	n, err := l.checkListpack(typ, packing, blob)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return empty, nil
	}
	if packing == ListpackTTL {
		if blob, n = l.dropExpiredFields(blob, n); n == 0 {
			return expired, nil
		}
	}
	l.rec.Type, l.rec.Packing, l.rec.Bytes, l.rec.Len = typ, packing, blob, uint64(n)
	return present, nil
}

func (l *loader) intsetValue() (outcome, error) {
	blob, err := l.string()
	if err != nil {
		return 0, err
	}
	if err := intset.Validate(blob, true); err != nil {
		return 0, err
	}
	// An intset without members is corrupt to Validate, as it is to Redis.
	l.rec.Type, l.rec.Packing, l.rec.Bytes, l.rec.Len = Set, Intset, blob, uint64(intset.Len(blob))
	return present, nil
}
