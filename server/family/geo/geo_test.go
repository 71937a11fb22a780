package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"dragonfly/server/command"
	"dragonfly/server/command/commandtest"
)

func TestInterleave(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		even, odd := rng.Uint32(), rng.Uint32()
		want := uint64(0)
		for i := range 32 {
			want |= uint64(even>>i&1)<<(2*i) | uint64(odd>>i&1)<<(2*i+1)
		}
		got := interleave(even, odd)
		if e, o := deinterleave(got); got != want || e != even || o != odd {
			t.Fatalf("interleave(%x, %x) = %x, back %x, %x", even, odd, got, e, o)
		}
	}
}

// TestCells checks that the nine cells hold all that is in the shape.
func TestCells(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := shape{center: position{rng.Float64()*300 - 150, rng.Float64()*120 - 60}, unit: 1}
		s.radius = math.Exp(rng.Float64()*12 + 1)
		p := position{s.center.lon + (rng.Float64()-0.5)*s.radius/40_000, s.center.lat + (rng.Float64()-0.5)*s.radius/40_000}
		if !p.valid() {
			continue
		}
		score := scoreOf(p)
		p = positionOf(score)
		if _, ok := s.distanceTo(p); !ok {
			continue
		}
		found := false
		for _, c := range s.cells() {
			if lo, hi := c.scores(); c != (gridCell{}) && lo <= score && score < hi {
				found = true
			}
		}
		if !found {
			t.Fatalf("%v is in %+v but in none of its cells", p, s)
		}
	}
}

// TestEdge checks that what lies on the very edge of the map is found from there.
func TestEdge(t *testing.T) {
	for _, p := range []position{{lonMax, 10}, {-lonMax, 10}, {5, latMax}, {5, -latMax}, {lonMax, latMax}, {-lonMax, -latMax}, {lonMax, -latMax}} {
		for _, radius := range []float64{1, 1000, 1e6, 1e8} {
			s := shape{center: p, radius: radius, unit: 1}
			score := scoreOf(p)
			found := false
			for _, c := range s.cells() {
				lo, hi := c.scores()
				found = found || c != (gridCell{}) && lo <= score && score < hi
			}
			if !found {
				t.Errorf("%v is in none of the cells around it of radius %v", p, radius)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	f := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(appendDistance(nil, 0), "0.0000")
	f(appendDistance(nil, 166274.1516), "166274.1516")
	f(appendDistance(nil, 0.00005), "0.0000")
	f(appendDistance(nil, 0.00025), "0.0002")
	f(appendDistance(nil, 12.00004), "12.0000")
	f(appendCoordinate(nil, 13.361389338970184), "13.36138933897018433")
	f(appendCoordinate(nil, 100), "100")
	f(appendCoordinate(nil, -0.5), "-0.5")
	f(appendCoordinate(nil, -1e-19), "0")
}

const sicily = "geoadd Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"

func TestReplyShapes(t *testing.T) {
	f := func(line, resp2, resp3 string) {
		t.Helper()
		for _, want := range []string{resp2, resp3} {
			d := commandtest.New(t, Commands)
			d.Do(strings.Fields(sicily)...)
			if want == resp3 {
				d.RESP3()
			}
			d.Expect(line, want)
		}
	}
	f("geopos Sicily Palermo none", "*2 *2 $13.36138933897018433 $38.11555639549629859 *-1", "*2 *2 ,13.36138933897018433 ,38.11555639549629859 _")
	f("geopos none x", "*1 *-1", "*1 _")
	f("geodist Sicily Palermo Catania km", "$166.2742", "$166.2742")
	f("geodist Sicily Palermo none", "$-1", "_")
	f("geohash Sicily Palermo none", "*2 $sqc8b49rny0 $-1", "*2 $sqc8b49rny0 _")
	f("georadius Sicily 15 37 200 km withdist withhash withcoord asc",
		"*2 *4 $Catania $56.4413 :3479447370796909 *2 $15.08726745843887329 $37.50266842333162032 "+
			"*4 $Palermo $190.4424 :3479099956230698 *2 $13.36138933897018433 $38.11555639549629859",
		"*2 *4 $Catania $56.4413 :3479447370796909 *2 ,15.08726745843887329 ,37.50266842333162032 "+
			"*4 $Palermo $190.4424 :3479099956230698 *2 ,13.36138933897018433 ,38.11555639549629859")
	f("geosearch none fromlonlat 1 1 byradius 1 m", "*0", "*0")
}

func TestEvents(t *testing.T) {
	d := commandtest.New(t, Commands)
	d.ExpectEvents("geoadd g 1 1 m", "new(g) zadd(g)")
	d.ExpectEvents("geoadd g 1 1 m", "")
	d.ExpectEvents("geosearchstore g2 g frommember m byradius 1 m", "new(g2) geosearchstore(g2)")
	d.ExpectEvents("georadius g 1 1 5 km store g3", "new(g3) georadiusstore(g3)")
	d.ExpectEvents("georadius g 50 50 5 km store g3", "del(g3)")
	d.ExpectEvents("geosearchstore g2 none frommember m byradius 1 m", "keymiss(none) del(g2)")
}

func TestKeys(t *testing.T) {
	reg := command.NewRegistry(Commands)
	f := func(line, want string) {
		t.Helper()
		args := commandtest.Args(strings.Fields(line)...)
		if got := fmt.Sprint(reg.Find(args[0]).Keys.Append(nil, args)); got != want {
			t.Errorf("%s: keys %s, want %s", line, got, want)
		}
	}
	f("georadius g 1 1 5 km", "[1]")
	f("georadius g 1 1 5 km store d asc", "[1 7]")
	f("georadius g 1 1 5 km store d STOREDIST e", "[1 9]")
	f("georadius g 1 1 5 km store", "[1]")
	f("georadiusbymember g store 5 km storedist d", "[1 6]")
	f("georadius_ro g 1 1 5 km store d", "[1]")
	f("geosearchstore d g", "[1 2]")
}

func TestAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	for _, spread := range []float64{180, 20, 0.5, 0.01} {
		d := commandtest.New(t, Commands)
		r.Do("flushall")
		rng := rand.New(rand.NewPCG(math.Float64bits(spread), 1))
		center := position{rng.Float64()*200 - 100, rng.Float64()*100 - 50}
		point := func() string {
			for {
				p := position{center.lon + (rng.Float64()-0.5)*2*spread, center.lat + (rng.Float64()-0.5)*spread}
				if p.valid() {
					return fmt.Sprintf("%.8f %.8f", p.lon, p.lat)
				}
			}
		}
		pick := func(list ...string) string { return list[rng.IntN(len(list))] }
		for i := range 300 {
			d.SameLines(r, fmt.Sprint("geoadd g ", point(), " m", i))
		}
		for i := range 300 {
			m := fmt.Sprint("m", rng.IntN(300))
			size := func() string { return fmt.Sprintf("%.2f", spread*111*math.Exp(rng.Float64()*6-5)) }
			from := "fromlonlat " + point()
			if rng.IntN(3) == 0 {
				from = "frommember " + m
			}
			shape := "byradius " + size() + " km"
			if rng.IntN(2) == 0 {
				shape = "bybox " + size() + " " + size() + pick(" km", " mi")
			}
			more := pick("", " asc", " desc", " count 5", " count 3 any", " count 4 desc", " count 5 any asc") + pick("", " withdist", " withhash withcoord", " withcoord withdist")
			d.SameLines(r, "geosearch g "+from+" "+shape+more)
			switch i % 6 {
			case 0:
				d.SameLines(r, "geosearchstore d g "+from+" "+shape+pick("", " count 7")+pick("", " storedist"))
			case 1:
				d.SameLines(r, "georadius g "+point()+" "+size()+" ft"+more, "georadius g "+point()+" "+size()+" mi store d")
			case 2:
				d.SameLines(r, "georadiusbymember g "+m+" "+size()+" km"+more)
			case 3:
				d.SameLines(r, "geopos g "+m, "geohash g "+m, "geodist g "+m+" m7 "+pick("m", "km", "ft", "mi"))
			}
			if t.Failed() {
				t.Fatalf("spread %v, query %d", spread, i)
			}
		}
	}
}

func TestErrorsAgainstRedis(t *testing.T) {
	r := commandtest.StartRedis(t)
	d := commandtest.New(t, Commands)
	d.SameLines(r,
		sicily, "geoadd g", "geoadd g 1 1", "geoadd g 1 1 m 2", "geoadd g nx xx 1 1 m", "geoadd g nx 1 1", "geoadd g x 1 m", "geoadd g 1 x m",
		"geoadd g 181 1 m", "geoadd g 1 86 m", "geoadd g inf 1 m", "geoadd g 1 nan m", "geoadd g -180 85.05112878 a 180 -85.05112878 b 0 0 c",
		"geoadd g ch 1 1 a", "geoadd g ch xx 2 2 a 3 3 new", "geoadd g nx 9 9 a", "geoadd none2 xx 1 1 a", "geopos g a b c d", "geohash g a b c d", "geohash g", "geopos g",
		"geopos none a b", "geohash none a b", "geodist g a b", "geodist g a b x", "geodist g a b km x", "geodist none a b", "geodist g a d", "geodist g a a",
		"georadius g 1 1", "georadius g x 1 1 m", "georadius g 1 1 x m", "georadius g 1 1 -1 m", "georadius g 1 1 1 x", "georadius g 200 1 1 m",
		"georadius none 1 1 1 x", "georadius none 1 1 1 m", "georadius none 1 1 1 m store d", "georadius g 1 1 1 m foo", "georadius g 1 1 1 m count",
		"georadius g 1 1 1 m count 0", "georadius g 1 1 1 m count a", "georadius g 1 1 1 m any", "georadius g 1 1 1 m store", "georadius g 1 1 1 m store d withdist",
		"georadius g 0 0 1000 km asc", "georadius g 0 0 22000 km asc", "georadius g 0 0 0 m", "georadius g 0 0 10 m store d", "georadius_ro g 0 0 10 m store d",
		"georadius_ro g 0 0 10 m storedist d", "georadius_ro g 0 0 10 m", "georadiusbymember g a 1", "georadiusbymember g none 1 m", "georadiusbymember none x y z",
		"georadiusbymember none x y z foo", "georadiusbymember g a x m", "georadiusbymember_ro g c 1000 km asc withdist", "georadiusbymember g c 1000 km storedist d",
		"geosearch g frommember a", "geosearch g frommember a byradius 1 m", "geosearch g frommember none byradius 1 m", "geosearch none frommember x byradius 1 m",
		"geosearch none frommember x asc asc asc", "GeoSearch none byradius 1 m asc asc", "GeoSearch g byradius 1 m asc asc", "geosearch g frommember a fromlonlat 1 1 byradius 1 m",
		"geosearch g fromlonlat 1 1 frommember a byradius 1 m", "geosearch g fromlonlat 1 1 fromlonlat 0 0 byradius 1 m", "geosearch g frommember a frommember c byradius 1 m",
		"geosearch g fromlonlat 1 1 byradius 1 m bybox 1 1 m", "geosearch g fromlonlat 1 1 bybox 1 1 m byradius 1 m", "geosearch g fromlonlat 1 1 bybox 1 1",
		"geosearch g fromlonlat 1 1 bybox x 1 m", "geosearch g fromlonlat 1 1 bybox 1 y m", "geosearch g fromlonlat 1 1 bybox -1 1 m", "geosearch g fromlonlat 1 1 bybox 1 1 z",
		"geosearch g fromlonlat 0 0 bybox 2000 2000 km asc", "geosearch g fromlonlat 0 0 byradius 1 m store d", "geosearch g fromlonlat 0 0 byradius 1 m storedist",
		"geosearch g fromlonlat 0 0 byradius 1 m any", "geosearch g fromlonlat 0 0 byradius 100 km count 1 any", "geosearch g fromlonlat 500 0 byradius 100 km count 1",
		"geosearchstore d g fromlonlat 0 0 byradius 1 m withdist", "geosearchstore d g fromlonlat 0 0 byradius 1000 km storedist storedist",
		"geosearchstore d g frommember a", "geosearchstore d none frommember a byradius 1 m", "geosearchstore d g fromlonlat 0 0 byradius 1 m store e",
	)
}

// TestDeclarations compares what COMMAND INFO says of arity, flags and keys.
func TestDeclarations(t *testing.T) {
	r := commandtest.StartRedis(t)
	reg := command.NewRegistry(Commands)
	for _, name := range reg.Names() {
		c := reg.Get(name)
		info := commandtest.Compact(r.Do("command", "info", name))
		if !strings.Contains(info, fmt.Sprintf("$%s :%d ", name, c.Arity)) {
			t.Errorf("%s: no arity %d in %s", name, c.Arity, info)
		}
		for flag, word := range map[command.Flags]string{command.Write: "+write ", command.ReadOnly: "+readonly ", command.DenyOOM: "+denyoom ",
			command.Fast: "+fast ", command.MovableKeys: "+movablekeys "} {
			if got, want := c.Flags&flag != 0, strings.Contains(info, word); got != want {
				t.Errorf("%s: %s is %v in %s", name, word, want, info)
			}
		}
	}
}

// TestAnyArguments runs commands with arguments that rarely make sense: each
// answers something, and none panics.
func TestAnyArguments(t *testing.T) {
	words := []string{"g", "g", "d", "none", "m1", "m2", "", "0", "1", "-1", "179.9", "85.05112878", "-180", "inf", "nan", "1e300", "9223372036854775807", "m", "km", "mi", "nx", "xx", "ch", "frommember", "fromlonlat", "byradius", "bybox", "asc", "desc", "count", "any", "withdist", "withhash", "withcoord", "store", "storedist"}
	d := commandtest.New(t, Commands)
	d.Do("geoadd", "g", "0", "0", "m1", "179.9", "85", "m2")
	rng := rand.New(rand.NewPCG(7, 7))
	for range 30_000 {
		line := []string{Commands[rng.IntN(len(Commands))].Name}
		for range rng.IntN(10) {
			line = append(line, words[rng.IntN(len(words))])
		}
		if reply := d.Do(line...); len(reply) < 3 || !strings.ContainsRune("+-:$*", rune(reply[0])) {
			t.Fatalf("%q: reply %q", line, reply)
		}
	}
}
