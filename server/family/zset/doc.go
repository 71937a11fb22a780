// Package zset is the family of sorted-set commands.
//
// A range of any kind is turned into ranks once, and everything else (offset,
// count, reply, removal) is done by rank: see store/types/zset.
//
// # Differences from Redis
//
// To a client that has waited, a key of another type counts as missing, and it
// waits on. Redis since 7.2 answers an error if such a key stands before the
// one that a member came to.
//
// ZRANDMEMBER with a count below minus 2^27 is refused as out of range: Redis
// would try to build the reply. Among different random members the order of
// the reply is that of the set.
//
// ZUNION and its kin take the inputs of equal size in the order of the
// request; Redis leaves that order to qsort. It can change the last bit of a
// sum.
package zset
