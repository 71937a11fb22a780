package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// eventListener is a connection that gets all keyspace events of a server.
type eventListener struct {
	*conn
	marker *conn // publishes what ends the events of a command
}

func listenToEvents(t testing.TB, s *server) eventListener {
	t.Helper()
	l := eventListener{s.client(), s.client()}
	l.marker.ok(t, "CONFIG", "SET", "notify-keyspace-events", "AKEmn")
	for _, pattern := range []string{"__keyspace@*", "__keyevent@*", "end"} {
		l.must(t, "PSUBSCRIBE", pattern)
	}
	return l
}

// events returns the events of the commands whose replies have been read, as database:event(key). Both channels of each
// event must agree.
func (l eventListener) events(t testing.TB) []string {
	t.Helper()
	l.marker.must(t, "PUBLISH", "end", "")
	var list []string
	space := ""
	for {
		raw, err := l.reply()
		if err != nil {
			t.Fatal(err)
		}
		v := parseValue(raw)
		channel, message := v.items[2].text, v.items[3].text
		if channel == "end" {
			return list
		}
		kind, rest, _ := strings.Cut(channel, "@")
		db, name, _ := strings.Cut(rest, "__:")
		if kind == "__keyspace" {
			space = fmt.Sprintf("%s:%s(%q)", db, message, name)
			continue
		}
		event := fmt.Sprintf("%s:%s(%q)", db, name, message)
		if space != event {
			t.Errorf("%s on one channel, %s on the other", space, event)
		}
		list = append(list, event)
	}
}

// leveled returns the events of a command without those on which servers differ for good reasons: keys expire at different moments, and since
// Redis 7.2 XCLAIM makes a consumer even if it claims nothing. Keys that are missing are left out, too, for commands that failed, since Redis
// sometimes looks at a key before it refuses an argument, for SORT, which looks for keys in the order of a set, and for SCAN with a TYPE, for
// which 7.0 looks up keys that have expired.
func leveled(args []string, reply string, events []string) []string {
	name := strings.ToUpper(args[0])
	misses := reply[0] != '-' && !strings.HasPrefix(name, "SORT") && name != "EXEC" && name != "SCAN"
	return slices.DeleteFunc(slices.Clone(events), func(e string) bool {
		switch eventName(e) {
		case "expired", "xgroup-createconsumer", "xgroup-delconsumer":
			return true
		case "keymiss":
			return !misses
		}
		return false
	})
}

// eventName returns the name in what events returned.
func eventName(event string) string {
	_, name, _ := strings.Cut(event, ":")
	name, _, _ = strings.Cut(name, "(")
	return name
}

// TestEventsDifferential plays random commands to us and to redis-server 7.0.15, and compares the keyspace events that each causes.
// COMMANDS sets ten times how many.
func TestEventsDifferential(t *testing.T) {
	redis := startRedis(t, t.TempDir(), "--loglevel", "warning")
	ours := startOurs(t, t.TempDir(), "--dbfilename=")
	rng := newRand(t)
	unknown := unknownCommands(t, ours.client())
	g := newGenerator(rng, func(name string) bool { return slices.Contains(unknown, name) })
	a, b := ours.client(), redis.client()
	listenA, listenB := listenToEvents(t, ours), listenToEvents(t, redis)
	found, seen := map[string]bool{}, map[string]int{}
	for range countFrom("COMMANDS", 50_000) / 10 {
		args := g.next()
		replyA, replyB := a.must(t, args...), b.must(t, args...)
		eventsA, eventsB := listenA.events(t), listenB.events(t)
		for _, e := range eventsA {
			seen[eventName(e)]++
		}
		name := strings.ToUpper(args[0])
		if replyA[0] == '-' && replyB[0] != '-' || found[name] {
			continue // TestDifferential compares replies
		}
		if slices.Equal(leveled(args, replyA, eventsA), leveled(args, replyB, eventsB)) {
			continue
		}
		found[name] = true
		t.Errorf("%s: %.500q\nours  %s\nredis %s", commandText(args), replyA, strings.Join(eventsA, " "), strings.Join(eventsB, " "))
	}
	if len(seen) < 30 {
		t.Errorf("only %d kinds of events were seen: %v", len(seen), seen)
	}
}
