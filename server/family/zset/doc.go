// Package zset is the family of sorted-set commands.
//
// A range of any kind is turned into ranks once, and everything else (offset,
// count, reply, removal) is done by rank: see store/types/zset.
//
// # Differences from Redis
//
// ZRANDMEMBER with a count below minus 2^27 is refused as out of range: Redis
// would try to build the reply. Among different random members the order of
// the reply is that of the set.
//
// ZUNION and its kin take the inputs of equal size in the order of the
// request; Redis leaves that order to qsort. It can change the last bit of a
// sum.
package zset
