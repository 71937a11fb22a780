package server

import (
	"strings"
	"testing"
)

func TestCommandInfo(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t,
		"command info get nosuch", "*2 *10 $get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 "+
			"*1 *6 $flags *2 +RO +access $begin_search *4 $type $index $spec *2 $index :1 $find_keys *4 $type $range $spec *6 $lastkey :0 $keystep :1 $limit :0 *0 $-1",
		"command info config|get", "*1 *10 $config|get :-3 *4 +admin +noscript +loading +stale :0 :0 :0 *3 +@admin +@slow +@dangerous *0 *0 *0",
		"command count x", "-ERR wrong number of arguments for 'command|count' command",
		"command foo", "-ERR unknown subcommand 'foo'. Try COMMAND HELP.",
		"command list filterby", "-ERR syntax error",
		"command list filterby foo bar", "-ERR syntax error",
		"command list filterby module json", "*0",
		"command list filterby aclcat nosuch", "*0",
		"command list filterby aclcat transaction", "*5 $discard $exec $multi $unwatch $watch",
		"command list filterby pattern GETR*", "*1 $getrange",
		"acl cat transaction", "*5 $discard $exec $multi $unwatch $watch",
		"acl cat nosuch", "-ERR Unknown category 'nosuch'",
		"acl whoami", "$default",
		"acl nosuch", "-ERR unknown subcommand 'nosuch'. Try ACL HELP.",
		"command docs nosuch", "*0",
	)
	if got := c.do("command info mset"); !strings.Contains(got, "*2 +OW +update $begin_search *4 $type $index $spec *2 $index :1 "+
		"$find_keys *4 $type $range $spec *6 $lastkey :-1 $keystep :2 $limit :0") {
		t.Error(got)
	}
	c.do("hello 3")
	c.expect(t, "command info get nosuch", "*2 *10 $get :2 ~2 +readonly +fast :1 :1 :1 ~3 +@read +@string +@fast ~0 "+
		"~1 %3 $flags ~2 +RO +access $begin_search %2 $type $index $spec %1 $index :1 $find_keys %2 $type $range $spec %3 $lastkey :0 $keystep :1 $limit :0 ~0 _")
}

// TestCommandList: without a filter, too, subcommands are listed.
func TestCommandList(t *testing.T) {
	list := " " + dial(t, newServer(t, nil)).do("command list") + " "
	for _, name := range []string{"get", "config", "config|get"} {
		if !strings.Contains(list, " $"+name+" ") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestCommandGetKeys(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t,
		"command getkeys MSET a 1 b 2", "*2 $a $b",
		"command getkeys zunionstore d 2 a b weights 1 2", "*3 $d $a $b",
		"command getkeys zunion a b", "-ERR Invalid arguments specified for command",
		"command getkeys memory usage k", "*1 $k",
		"command getkeys nosuch a", "-ERR Invalid command specified",
		"command getkeys get a b", "-ERR Invalid number of arguments specified for command",
		"command getkeys config get a", "-ERR The command has no key arguments",
		"command getkeysandflags mset a 1 b 2", "*2 *2 $a *2 +OW +update *2 $b *2 +OW +update",
		"command getkeysandflags set a 1", "*1 *2 $a *2 +OW +update",
		"command getkeysandflags set a 1 GET", "*1 *2 $a *3 +RW +access +update",
		"command getkeysandflags rename a b", "*2 *2 $a *3 +RW +access +delete *2 $b *2 +OW +update",
	)
}

// TestCommandDocs: documentation has the fields that redis-cli looks for, and all of it can be asked for.
func TestCommandDocs(t *testing.T) {
	s := newServer(t, nil)
	c := dial(t, s)
	got := c.do("command docs swapdb slowlog|get")
	for _, want := range []string{
		"*4 $swapdb ", "$since $4.0.0 $group $server ", "$arguments *2 *6 $name $index1 $type $integer $display_text $index1 ",
		"$slowlog|get ", "$name $count $type $integer $display_text $count $flags *1 +optional",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if got := c.do("command docs config"); !strings.Contains(got, "$subcommands *10 $config|get ") {
		t.Error(got)
	}
	for _, cmd := range s.registry.All() {
		if cmd.Summary == "" || cmd.Since == "" || cmd.Group == "" || cmd.Complexity == "" {
			t.Errorf("%s: documentation is missing", cmd.Name)
		}
	}
	if got := c.do("command docs"); !strings.HasPrefix(got, "*") {
		t.Errorf("%.100s", got)
	}
}

func TestKeyspaceCommands(t *testing.T) {
	c := dial(t, newServer(t, nil))
	c.expect(t,
		"set a 1", "+OK", "select 1", "+OK", "set b 1", "+OK", "set c 1", "+OK", "dbsize", ":2",
		"swapdb 0 99", "-ERR DB index is out of range",
		"swapdb a b", "-ERR invalid first DB index",
		"swapdb 0 b", "-ERR invalid second DB index",
		"swapdb 0 1", "+OK", "dbsize", ":1", "get a", "$1",
		"flushdb x", "-ERR syntax error",
		"flushall sync async", "-ERR syntax error",
		"flushdb sync", "+OK", "dbsize", ":0",
		"select 0", "+OK", "dbsize", ":2", "flushall ASYNC", "+OK", "dbsize", ":0",
		"role", "*3 $master :0 *0",
		"wait 0 0", ":0", "wait 1 -1", "-ERR timeout is negative", "wait a 0", "-ERR value is not an integer or out of range",
		"wait 0 a", "-ERR timeout is not an integer or out of range",
		"waitaof 0 0 0", "*2 :0 :0",
		"memory usage none", "$-1",
		"memory usage a samples", "-ERR syntax error",
		"memory usage a samples -1", "-ERR syntax error",
		"memory purge", "+OK",
		"latency reset", ":0", "latency latest", "*0", "latency histogram nosuch", "*0",
		"set x y", "+OK",
	)
	if got := c.do("memory usage x"); !strings.HasPrefix(got, ":") || got == ":0" {
		t.Error(got)
	}
	if got := c.do("latency histogram set"); !strings.HasPrefix(got, "*2 $set *4 $calls :4 $histogram_usec *") {
		t.Error(got)
	}
	if got := c.do("lolwut"); !strings.Contains(got, "Redis ver. "+redisVersion+"\n") {
		t.Error(got)
	}
	if got := c.do("memory stats"); !strings.Contains(got, "$keys.count :1 ") {
		t.Error(got)
	}
}
