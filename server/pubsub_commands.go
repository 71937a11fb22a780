package server

import (
	"slices"

	"dragonfly/server/command"
	"dragonfly/server/pubsub"
	"dragonfly/server/reactor"
	"dragonfly/server/reply"
	"dragonfly/server/session"
	"dragonfly/store/resperr"
)

// Publish and subscribe: package pubsub knows who listens to what, and brings messages to the loops of the listeners;
// here is what clients say and are told.
//
// Messages reach a client through the queue of its loop, so they stand behind the reply of the command that runs. What
// a client is told about its subscriptions is a reply. It must come behind the messages that were sent before a
// subscription ended: a RESP2 client that has left its last channel takes what follows for replies. See afterCommand. Only
// where RESP3 keeps replies and messages apart, messages may follow the reply of an EXEC that ends their subscription: those
// of the transaction itself always do.

const (
	subscribing = command.PubSub | command.NoScript | command.WhileLoading | command.WhileSubscribed | command.Session | command.Keyless
	publishing  = command.PubSub | command.WhileLoading | command.Fast | command.Keyless
	asking      = command.PubSub | command.WhileLoading | command.Keyless
)

// pubsubCommands are the commands of publish and subscribe.
var pubsubCommands = []command.Command{
	{
		Name: "publish", Arity: 3, Since: "2.0.0", Complexity: "O(N+M), N = loops with subscribers of the channel, M = patterns",
		Flags: publishing, Channels: command.Channels{First: 1, Last: 1},
		Summary: "Sends a message to those who listen to a channel.", Syntax: "channel message",
		Run: func(c *command.Ctx) { publish(c, pubsub.Channel) },
	},
	{
		Name: "spublish", Arity: 3, Since: "7.0.0", Complexity: "O(N), N = loops with subscribers of the channel",
		Flags: publishing, Channels: command.Channels{First: 1, Last: 1, Shard: true},
		Summary: "Sends a message to those who listen to a shard channel.", Syntax: "shardchannel message",
		Run: func(c *command.Ctx) { publish(c, pubsub.Shard) },
	},
	{
		Name: "subscribe", Arity: -2, Since: "2.0.0", Complexity: "O(N), N = number of channels",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1},
		Summary: "Listens to channels.", Syntax: "channel [channel ...]",
		Run: func(c *command.Ctx) { subscribe(c, pubsub.Channel) },
	},
	{
		Name: "psubscribe", Arity: -2, Since: "2.0.0", Complexity: "O(N), N = number of patterns",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1, Patterns: true},
		Summary: "Listens to all channels that match patterns.", Syntax: "pattern [pattern ...]",
		Run: func(c *command.Ctx) { subscribe(c, pubsub.Pattern) },
	},
	{
		Name: "ssubscribe", Arity: -2, Since: "7.0.0", Complexity: "O(N), N = number of channels",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1, Shard: true},
		Summary: "Listens to shard channels.", Syntax: "shardchannel [shardchannel ...]",
		Run: func(c *command.Ctx) {
			if c.InExec { // as in Redis, which has no reason for it either
				c.Fail(resperr.New("SSUBSCRIBE isn't allowed for a DENY BLOCKING client"))
				return
			}
			subscribe(c, pubsub.Shard)
		},
	},
	{
		Name: "unsubscribe", Arity: -1, Since: "2.0.0", Complexity: "O(N), N = number of channels",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1, Leaves: true},
		Summary: "Listens to channels no more, to none unless told which.", Syntax: "[channel [channel ...]]",
		Run: func(c *command.Ctx) { unsubscribe(c, pubsub.Channel) },
	},
	{
		Name: "punsubscribe", Arity: -1, Since: "2.0.0", Complexity: "O(N), N = number of patterns",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1, Patterns: true, Leaves: true},
		Summary: "Listens to what matches patterns no more, for all patterns unless told which.", Syntax: "[pattern [pattern ...]]",
		Run: func(c *command.Ctx) { unsubscribe(c, pubsub.Pattern) },
	},
	{
		Name: "sunsubscribe", Arity: -1, Since: "7.0.0", Complexity: "O(N), N = number of channels",
		Flags: subscribing, Channels: command.Channels{First: 1, Last: -1, Shard: true, Leaves: true},
		Summary: "Listens to shard channels no more, to none unless told which.", Syntax: "[shardchannel [shardchannel ...]]",
		Run: func(c *command.Ctx) { unsubscribe(c, pubsub.Shard) },
	},
	{
		Name: "pubsub", Arity: -2, Since: "2.8.0", Complexity: "That of the subcommand",
		Flags: command.Container, Group: "pubsub", Summary: "Tells about channels and who listens.",
	},
	{
		Name: "pubsub|channels", Arity: -2, Since: "2.8.0", Complexity: "O(N), N = number of channels", Flags: asking,
		Summary: "Lists the channels that somebody listens to.", Syntax: "[pattern]",
		Run: func(c *command.Ctx) { pubsubChannels(c, pubsub.Channel) },
	},
	{
		Name: "pubsub|numsub", Arity: -2, Since: "2.8.0", Complexity: "O(N), N = number of channels named", Flags: asking,
		Summary: "Answers how many listen to each of some channels, patterns left aside.", Syntax: "[channel [channel ...]]",
		Run: func(c *command.Ctx) { pubsubNumSub(c, pubsub.Channel) },
	},
	{
		Name: "pubsub|numpat", Arity: 2, Since: "2.8.0", Complexity: "O(1)", Flags: asking,
		Summary: "Answers how many patterns somebody listens to.",
		Run:     func(c *command.Ctx) { c.Reply.Int(int64(of(c).s.pubsub.Count(pubsub.Pattern))) },
	},
	{
		Name: "pubsub|shardchannels", Arity: -2, Since: "7.0.0", Complexity: "O(N), N = number of shard channels", Flags: asking,
		Summary: "Lists the shard channels that somebody listens to.", Syntax: "[pattern]",
		Run: func(c *command.Ctx) { pubsubChannels(c, pubsub.Shard) },
	},
	{
		Name: "pubsub|shardnumsub", Arity: -2, Since: "7.0.0", Complexity: "O(N), N = number of shard channels named", Flags: asking,
		Summary: "Answers how many listen to each of some shard channels.", Syntax: "[shardchannel [shardchannel ...]]",
		Run: func(c *command.Ctx) { pubsubNumSub(c, pubsub.Shard) },
	},
	{
		Name: "pubsub|help", Arity: 2, Since: "6.2.0", Complexity: "O(1)", Flags: command.WhileLoading,
		Summary: "Lists the subcommands.", Run: containerHelp,
	},
}

func publish(c *command.Ctx, kind pubsub.Kind) {
	co := of(c)
	n, behind := co.s.pubsub.Publish(kind, c.Args[1], c.Args[2])
	if behind != nil {
		cl := co.client(c)
		if co.x != nil && co.x.caller != nil {
			cl = co.x.caller // a script publishes
		}
		cl.later().behind = behind
	}
	c.Reply.Int(int64(n))
}

// Words of what clients are told about their subscriptions, by kind.
var (
	subscribedWords   = [...]string{pubsub.Channel: "subscribe", pubsub.Pattern: "psubscribe", pubsub.Shard: "ssubscribe"}
	unsubscribedWords = [...]string{pubsub.Channel: "unsubscribe", pubsub.Pattern: "punsubscribe", pubsub.Shard: "sunsubscribe"}
)

func subscribe(c *command.Ctx, kind pubsub.Kind) {
	cl := of(c).client(c)
	cl.tell(c, func(w *reply.Writer) {
		for _, name := range c.Args[1:] {
			cl.sub.Subscribe(kind, name, cl.Proto)
			cl.confirm(w, subscribedWords[kind], name, kind)
		}
	})
	cl.server.limitOutput(cl)
}

func unsubscribe(c *command.Ctx, kind pubsub.Kind) {
	cl := of(c).client(c)
	names := c.Args[1:]
	if len(names) == 0 {
		for _, name := range cl.sub.Names(kind) {
			names = append(names, []byte(name))
		}
	}
	cl.tell(c, func(w *reply.Writer) {
		for _, name := range names {
			if cl.sub.Unsubscribe(kind, name) && (cl.Proto == 2 || !c.InExec) {
				cl.later().inOrder = true
			}
			cl.confirm(w, unsubscribedWords[kind], name, kind)
		}
		if len(names) == 0 {
			cl.confirm(w, unsubscribedWords[kind], nil, kind)
		}
	})
	cl.server.limitOutput(cl)
}

// confirm tells of a subscription that has begun or ended, and how many of the kind there are now: those of channels and
// patterns count together.
func (cl *client) confirm(w *reply.Writer, word string, name []byte, kind pubsub.Kind) {
	w.Push(3)
	w.BulkString(word)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	if kind == pubsub.Shard {
		w.Int(int64(cl.sub.Count(pubsub.Shard)))
		return
	}
	w.Int(int64(cl.sub.Count(pubsub.Channel) + cl.sub.Count(pubsub.Pattern)))
}

// tell has write write a reply that CLIENT REPLY does not silence.
func (cl *client) tell(c *command.Ctx, write func(w *reply.Writer)) {
	if cl.Reply != session.ReplyOff && cl.Reply != session.ReplySkip {
		write(c.Reply)
		return
	}
	a := cl.later()
	w := reply.Writer{Buf: a.loud, Proto: cl.Proto}
	write(&w)
	a.loud = w.Buf
}

// messagesIn makes messages come in another protocol. It is called on the loop of the client.
func (cl *client) messagesIn(proto int) {
	if cl.subscriber() {
		cl.sub.SetProto(proto)
		cl.later().inOrder = true
	}
}

// unsubscribeAll ends all subscriptions, without a word. It is called on the loop of the client.
func (cl *client) unsubscribeAll() {
	if cl.sub.Active() {
		cl.sub.Close()
		cl.later().inOrder = true
		cl.server.limitOutput(cl)
	}
}

// subscriber tells whether the connection takes messages of channels. Any goroutine.
func (cl *client) subscriber() bool { return cl.sub.Active() }

// afterCommand is what a command leaves to be done when its reply is written.
type afterCommand struct {
	loud    []byte        // part of the reply, sent though CLIENT REPLY is off
	inOrder bool          // the reply goes through the queue of the loop, behind the messages that wait there
	behind  *reactor.Loop // does not keep up with what the client publishes, who has to wait
}

// later returns what is to be done after the command of the client that runs.
func (cl *client) later() *afterCommand {
	if cl.after == nil {
		cl.after = &afterCommand{}
	}
	return cl.after
}

// finish does what the command of a client left to be done. Its reply is co.out.Buf[start:].
func (co *coordinator) finish(cl *client, start int) {
	a := cl.after
	cl.after = nil
	co.out.Buf = append(co.out.Buf, a.loud...)
	switch {
	case cl.waiting || cl.closing:
	case a.inOrder && cl.conn.Loop().Queued():
		answer := slices.Clone(co.out.Buf[start:])
		co.out.Buf = co.out.Buf[:start]
		cl.waiting = true
		cl.conn.Park()
		cl.conn.Post(func(conn *reactor.Conn) {
			conn.Out = append(conn.Out, answer...)
			cl.waiting = false
		})
		cl.conn.Resume()
	case a.behind != nil:
		cl.waitFor(a.behind)
	}
}

// waitFor parks the client until a loop has done what is in its queue.
func (cl *client) waitFor(l *reactor.Loop) {
	cl.waiting = true
	cl.conn.Park()
	if !l.Post(cl.wake) {
		cl.wake() // the server ends
	}
}

func pubsubChannels(c *command.Ctx, kind pubsub.Kind) {
	var pattern []byte
	switch len(c.Args) {
	case 2:
	case 3:
		pattern = c.Args[2]
	default:
		c.Fail(wrongSubcommandArgs(string(c.Args[1]), "PUBSUB"))
		return
	}
	names := of(c).s.pubsub.Names(kind, pattern)
	c.Reply.Array(len(names))
	for _, name := range names {
		c.Reply.Bulk(name)
	}
}

func pubsubNumSub(c *command.Ctx, kind pubsub.Kind) {
	c.Reply.Array(2 * len(c.Args[2:]))
	for _, name := range c.Args[2:] {
		c.Reply.Bulk(name)
		c.Reply.Int(int64(of(c).s.pubsub.Audience(kind, name)))
	}
}
