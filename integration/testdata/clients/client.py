"""Drives a server through redis-py: client.py HOST PORT. Any difference ends it with an error."""
import sys

import redis


def check(got, want):
    if got != want:
        raise SystemExit("got %r, want %r" % (got, want))


r = redis.Redis(sys.argv[1], int(sys.argv[2]), decode_responses=True)
check(r.ping(), True)
check(r.flushall(), True)
check(r.set("s", "v", ex=100), True)
check(r.get("s"), "v")
check(99 <= r.ttl("s") <= 100, True)
check(r.set("s", "w", nx=True), None)
check(r.set("s", "w", get=True), "v")
check(r.incrby("n", 5), 5)
check(r.incrbyfloat("f", 0.1), 0.1)
check(r.mset({"a": "1", "b": "2"}), True)
check(r.mget("a", "b", "none"), ["1", "2", None])
check(r.hset("h", mapping={"x": "1", "y": "2"}), 2)
check(r.hgetall("h"), {"x": "1", "y": "2"})
check(r.hincrbyfloat("h", "x", 1.5), 2.5)
check(r.rpush("l", *range(10)), 10)
check(r.lrange("l", 0, 2), ["0", "1", "2"])
check(r.lpop("l", 2), ["0", "1"])
check(r.sadd("t", "a", "b"), 2)
check(r.smembers("t"), {"a", "b"})
check(r.sinter("t", "t"), {"a", "b"})
check(r.zadd("z", {"one": 1, "two": 2.5}), 2)
check(r.zrange("z", 0, -1, withscores=True), [("one", 1.0), ("two", 2.5)])
check(r.zpopmax("z"), [("two", 2.5)])
check(r.xadd("x", {"f": "v"}, id="5-1"), "5-1")
check(r.xgroup_create("x", "g", "0"), True)
check(r.xreadgroup("g", "c", {"x": ">"}), [["x", [("5-1", {"f": "v"})]]])
check(r.xpending("x", "g")["pending"], 1)
check(r.xack("x", "g", "5-1"), 1)
check(r.xinfo_stream("x")["length"], 1)
check(r.xinfo_groups("x")[0]["name"], "g")
check(r.geoadd("geo", (13.361389, 38.115556, "Palermo")), 1)
check(r.pfadd("p", "a", "b"), 1)
check(r.pfcount("p"), 2)
check(sorted(r.scan_iter(match="[hlt]", count=2)), ["h", "l", "t"])
check(dict(r.hscan_iter("h")), {"x": "2.5", "y": "2"})

with r.pipeline() as p:
    p.watch("n")
    p.multi()
    p.incr("n")
    p.get("n")
    check(p.execute(), [6, "6"])
with r.pipeline() as p:
    p.watch("n")
    r.set("n", "changed")
    p.multi()
    p.incr("n")
    try:
        p.execute()
        raise SystemExit("a transaction on a changed key ran")
    except redis.WatchError:
        pass
try:
    r.lpush("s", "x")
    raise SystemExit("a string took an element")
except redis.ResponseError as e:
    check(str(e), "WRONGTYPE Operation against a key holding the wrong kind of value")

check(r.info()["redis_version"].startswith("7."), True)
check("maxmemory" in r.config_get("maxmemory"), True)
check(r.client_setname("driver"), True)
check(r.client_getname(), "driver")
check([c["name"] for c in r.client_list()].count("driver"), 1)
check(len(r.command_getkeys("MSET", "a", "1", "b", "2")), 2)
check("get" in r.command(), True)
check(r.memory_usage("s") > 0, True)
check(r.object("encoding", "n"), "embstr")
check(r.rename("a", "c"), True)
raw = redis.Redis(sys.argv[1], int(sys.argv[2]))
check(raw.restore("h2", 0, raw.dump("h")), b"OK")
check(raw.hgetall("h2"), {b"x": b"2.5", b"y": b"2"})
check(raw.set(b"\x00\xff", b"\r\n"), True)
check(raw.get(b"\x00\xff"), b"\r\n")
check(r.dbsize() > 10, True)
print("ok")
