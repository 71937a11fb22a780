// Package hash is the hash family: HSET and HGET, counters in hashes, and fields that expire.
//
// # Fields that expire
//
// A field that has expired is invisible at once. It is removed by the next command that names it, or by the expiry
// cycle of package store; both report hexpired. As in Redis 7.4, HLEN and HDEL still count it until then, and HSET
// takes it for existing.
//
// # Commands of later versions
//
// HGETDEL, HGETEX and HSETEX are those of Redis 8.4. HSETEX has a second grammar, which is Dragonfly's and older:
//
//	HSETEX key [NX | FNX | FXX] [KEEPTTL] seconds field value [field value ...]
//
// It answers how many fields are new. NX leaves fields alone that exist, and KEEPTTL their deadlines. An integer where
// Redis has the name of an option tells it from the other.
//
// # Differences from Redis
//
// HRANDFIELD with a negative count is refused beyond a bound: Redis would build the reply until memory is gone.
// HEXPIRE and HPERSIST take a field for missing as soon as it has expired; Redis does until it is removed in
// some of them only.
package hash
