package hash

import (
	"strings"
	"testing"

	"dragonfly/server/command/commandtest"
	"dragonfly/store/resperr"
)

func TestParseHsetex(t *testing.T) {
	const now = 1_000_000
	f := func(line string, want exArgs, wantErr error) {
		t.Helper()
		got, err := parseHsetex(commandtest.Args(strings.Fields(line)...), now)
		if err != wantErr {
			t.Errorf("%q: error %v, want %v", line, err, wantErr)
		}
		fields := len(got.fields)
		got.fields = nil
		if want.fields != nil {
			t.Fatal("fields are not compared")
		}
		if g, w := got, want; err == nil && (g.existence != w.existence || g.timed != w.timed || g.deadline != w.deadline || g.keepTTL != w.keepTTL || g.count != w.count) {
			t.Errorf("%q: %+v, want %+v", line, g, w)
		}
		if err == nil && fields == 0 {
			t.Errorf("%q: no fields", line)
		}
	}
	f("fields 1 f v", exArgs{}, nil)
	f("FNX EX 5 FIELDS 1 f v", exArgs{existence: noneExists, timed: true, deadline: now + 5000}, nil)
	f("fields 1 f v pxat 7 fxx", exArgs{existence: allExist, timed: true, deadline: 7}, nil)
	f("exat 7 fields 2 f v g w", exArgs{timed: true, deadline: 7000}, nil)
	f("px 0 fields 1 f v", exArgs{timed: true, deadline: now}, nil)
	f("keepttl fxx fields 1 fields fields", exArgs{existence: allExist, keepTTL: true}, nil)
	f("ex 5 keepttl fields 1 f v", exArgs{}, resperr.HsetexOneExpiry)
	f("ex 5 px 5 fields 1 f v", exArgs{}, resperr.HsetexOneExpiry)
	f("keepttl keepttl fields 1 f v", exArgs{}, resperr.HsetexOneExpiry)
	f("fnx fxx fields 1 f v", exArgs{}, resperr.HsetexOneExists)
	f("nx fields 1 f v", exArgs{}, resperr.UnknownArgument([]byte("nx")))
	f("persist fields 1 f v", exArgs{}, resperr.UnknownArgument([]byte("persist")))
	f("fields 1 f v g", exArgs{}, resperr.UnknownArgument([]byte("g")))
	f("fields 1 f v fields 1 f v", exArgs{}, resperr.FieldsTwice)
	f("fields 2 f v", exArgs{}, resperr.FieldsFew)
	f("fields 0 f v", exArgs{}, resperr.FieldsNumber)
	f("fields x f v", exArgs{}, resperr.FieldsNumber)
	f("fields 9223372036854775807 f v", exArgs{}, resperr.FieldsNumber)
	f("fields 1 f", exArgs{}, resperr.WrongArgs("hsetex"))
	f("fnx keepttl", exArgs{}, resperr.FieldsNone)
	f("ex 5", exArgs{}, resperr.FieldsNone)
	f("ex", exArgs{}, resperr.ExpireTimeMissing)
	f("ex x fields 1 f v", exArgs{}, resperr.NotInteger)
	f("ex -1 fields 1 f v", exArgs{}, resperr.ExpireNegative)
	f("ex 70368744178 fields 1 f v", exArgs{}, resperr.InvalidExpire("hsetex"))

	f("5 f v", exArgs{timed: true, deadline: now + 5000, count: true}, nil)
	f("5 FIELDS 1", exArgs{timed: true, deadline: now + 5000, count: true}, nil)
	f("NX KEEPTTL 5 f v", exArgs{existence: skipOld, keepTTL: true, timed: true, deadline: now + 5000, count: true}, nil)
	f("keepttl fxx 5 f v g w", exArgs{existence: allExist, keepTTL: true, timed: true, deadline: now + 5000, count: true}, nil)
	f("nx fnx 5 f v", exArgs{}, resperr.Syntax)
	f("keepttl keepttl 5 f v", exArgs{}, resperr.Syntax)
	f("5 f", exArgs{}, resperr.WrongArgs("hsetex"))
	f("5", exArgs{}, resperr.WrongArgs("hsetex"))
	f("0 f v", exArgs{}, resperr.InvalidExpire("hsetex"))
	f("-1 f v", exArgs{}, resperr.InvalidExpire("hsetex"))
	f("268435456 f v", exArgs{}, resperr.InvalidExpire("hsetex"))
}

// bothEncodings runs a test with small hashes and with tables.
func bothEncodings(t *testing.T, test func(t *testing.T, d *commandtest.DB)) {
	t.Run("small", func(t *testing.T) { test(t, commandtest.New(t, Commands, setString)) })
	t.Run("table", func(t *testing.T) {
		d := commandtest.New(t, Commands, setString)
		d.Limits.HashMaxListpackEntries = 0
		test(t, d)
	})
}

func TestHgetdel(t *testing.T) {
	bothEncodings(t, func(t *testing.T, d *commandtest.DB) {
		d.Expect("set s x", "+OK")
		d.Expect("hgetdel s fields 1 f", "-"+string(resperr.WrongType))
		d.Expect("hgetdel h fields 2 f g", "*2 $-1 $-1")
		d.Expect("hgetdel h field 1 f", "-"+string(resperr.FieldsMissing))
		d.Expect("hgetdel h fields 0 f", "-"+string(resperr.FieldsPositive))
		d.Expect("hgetdel h fields x f", "-"+string(resperr.FieldsPositive))
		d.Expect("hgetdel h fields 2 f", "-"+string(resperr.FieldsMismatch))
		d.Expect("hset h f 1 g 2 i 3", ":3")
		d.Expect("hgetdel h fields 4 f none f g", "*4 $1 $-1 $-1 $2")
		d.Expect("hgetall h", "*2 $i $3")
		d.ExpectEvents("hgetdel h fields 1 none", "")
		d.ExpectEvents("hgetdel h fields 2 i i", "hdel(h) del(h)")
		if d.Cell("h").Ok() {
			t.Error("an empty hash is left")
		}
		d.Expect("hsetex h px 10 fields 1 f v", ":1")
		d.Expect("hset h g w i x", ":2")
		d.NowMs += 20
		d.ExpectEvents("hgetdel h fields 2 f g", "hexpired(h) hdel(h)")
		d.Expect("hgetdel h fields 2 f i", "*2 $-1 $x")
		d.Expect("hsetex h px 10 fields 1 f v", ":1")
		d.NowMs += 20
		d.ExpectEvents("hgetdel h fields 2 f g", "hexpired(h) del(h)")
	})
}

func TestHgetex(t *testing.T) {
	bothEncodings(t, func(t *testing.T, d *commandtest.DB) {
		d.Expect("set s x", "+OK")
		d.Expect("hgetex s junk 1 f", "-"+string(resperr.WrongType))
		d.Expect("hgetex h fields 2 f g", "*2 $-1 $-1")
		d.Expect("hgetex h persist ex 1 fields 1 f", "-"+string(resperr.HgetexOneExpiry))
		d.Expect("hgetex h keepttl fields 1 f", "-ERR unknown argument: keepttl")
		d.Expect("hgetex h fnx fields 1 f", "-ERR unknown argument: fnx")
		d.Expect("hgetex h fields 1 f fields 1 g", "-"+string(resperr.FieldsTwice))
		d.Expect("hgetex h fields 2 f", "-"+string(resperr.FieldsFew))
		d.Expect("hgetex h ex 9223372036854775807 fields 1 f", "-ERR invalid expire time in 'hgetex' command")
		d.Expect("hset h f 1 g 2 i 3", ":3")
		d.ExpectEvents("hgetex h fields 2 f g", "")
		d.ExpectEvents("hgetex h persist fields 1 f", "")
		d.ExpectEvents("hgetex h ex 100 fields 1 none", "")
		d.ExpectEvents("hgetex h ex 100 fields 2 f none", "hexpire(h)")
		d.Expect("hgetex h fields 3 f g none PX 5500", "*3 $1 $2 $-1")
		d.Expect("httl h fields 3 f g i", "*3 :6 :6 :-1")
		d.ExpectEvents("hgetex h persist fields 2 f i", "hpersist(h)")
		d.Expect("httl h fields 2 f g", "*2 :-1 :6")
		d.Expect("hgetex h pxat 1 fields 1 f", "*1 $1")
		d.Expect("hexists h f", ":0")
		d.NowMs += 6000
		d.ExpectEvents("hgetex h ex 100 fields 2 g i", "hexpired(h) hexpire(h)")
		d.ExpectEvents("hgetex h ex 0 fields 2 i i", "hdel(h) del(h)")
		d.Expect("hsetex h px 10 fields 1 f v", ":1")
		d.NowMs += 20
		d.ExpectEvents("hgetex h fields 1 f", "hexpired(h) del(h)")
	})
}

func TestHsetex(t *testing.T) {
	bothEncodings(t, func(t *testing.T, d *commandtest.DB) {
		d.Expect("set s x", "+OK")
		d.Expect("hsetex s junk x f v", "-ERR unknown argument: junk")
		d.Expect("hsetex s fields 1 f v", "-"+string(resperr.WrongType))
		d.Expect("hsetex h fxx fields 1 f v", ":0")
		if d.Cell("h").Ok() {
			t.Error("a condition that does not hold made the hash")
		}
		d.ExpectEvents("hsetex h fnx fields 2 f 1 g 2", "new(h) hset(h)")
		d.Expect("hsetex h fnx fields 2 g 3 i 4", ":0")
		d.Expect("hsetex h fxx fields 2 g 3 i 4", ":0")
		d.Expect("hmget h f g i", "*3 $1 $2 $-1")
		d.ExpectEvents("hsetex h fxx ex 10 fields 2 f 3 g 4", "hset(h) hexpire(h)")
		d.Expect("hsetex h keepttl fields 2 f 5 i 6", ":1")
		d.Expect("httl h fields 3 f g i", "*3 :10 :10 :-1")
		d.Expect("hsetex h fields 1 f 7", ":1")
		d.Expect("httl h fields 1 f", "*1 :-1")
		d.Expect("hmget h f g i", "*3 $7 $4 $6")
		d.ExpectEvents("hsetex h px 0 fields 1 f x", "hset(h) hdel(h)")
		d.Expect("hexists h f", ":0")
		d.NowMs += 11_000
		d.ExpectEvents("hsetex h fnx fields 1 g x", "hexpired(h) hset(h)")
		d.ExpectEvents("hsetex h exat 0 fields 2 g x i x", "hset(h) hdel(h) del(h)")
		d.ExpectEvents("hsetex h pxat 1 fields 1 f x", "new(h) hset(h) hdel(h) del(h)")
		if d.Cell("h").Ok() {
			t.Error("an empty hash is left")
		}
	})
}

// TestHsetexSeconds is about the grammar of Dragonfly.
func TestHsetexSeconds(t *testing.T) {
	bothEncodings(t, func(t *testing.T, d *commandtest.DB) {
		d.Expect("hsetex h 10 f 1 g 2", ":2")
		d.Expect("hsetex h 20 f 3 i 4", ":1")
		d.Expect("httl h fields 3 f g i", "*3 :20 :10 :20")
		d.ExpectEvents("hsetex h nx 30 f 5", "")
		d.Expect("hsetex h nx 30 f 5 j 6", ":1")
		d.Expect("hmget h f j", "*2 $3 $6")
		d.Expect("hsetex h keepttl 40 f 7 k 8", ":1")
		d.Expect("httl h fields 2 f k", "*2 :20 :40")
		d.Expect("hget h f", "$7")
		d.Expect("hsetex h fnx 50 f 9 l 10", ":0")
		d.Expect("hsetex h fxx 50 f 9 l 10", ":0")
		d.Expect("hsetex h fxx 50 f 9 g 10", ":0")
		d.Expect("httl h fields 2 f g", "*2 :50 :50")
		d.NowMs += 60_000
		d.Expect("hsetex h nx 10 f 1", ":1")
		d.Expect("hsetex h 10 FIELDS 1", ":1")
		d.Expect("hget h FIELDS", "$1")
	})
}
