// Package pubsub is publish and subscribe: it knows who listens to which channel, and brings messages to the loops of the listeners.
//
// # Terminology
//
// A topic is what can be subscribed to: a channel, a pattern of channels, or a shard channel; see Kind. Its audience are its subscribers: a
// Subscriber is one connection with all its subscriptions.
//
// # How a message travels
//
//	Publish → the topics that match → for each loop and protocol, the connections there → reactor.Loop.PushAll
//
// A topic keeps its audience by loop and protocol, in lists that are never changed in place. So to publish is to encode the message once for
// each protocol and to hand bytes and lists to the loops, whatever the number of subscribers; each loop then gives its connections slices of
// the same bytes. What a connection may have unsent is bounded by its output limits, in the reactor.
//
// # Guarantees
//
//   - Publish may be called on any goroutine, with shards locked: it waits for nothing but the locks below.
//   - Messages that one goroutine publishes arrive in this order at every subscriber.
//   - When Subscribe has returned, every message published afterwards arrives; when Unsubscribe has returned, none does, except those that
//     wait in the queue of the loop already: reactor.Loop.Queued tells, and what is posted then comes after them.
//   - A channel that nobody listens to costs one atomic load where there are no channels at all, else a lookup in one of many small tables.
//
// Messages are delivered at most once, and are kept for nobody.
//
// # Locks
//
//	shard → bucket of topics → queue of a loop
//	Subscriber, patterns → bucket of topics
//
// Nobody takes them the other way.
package pubsub
