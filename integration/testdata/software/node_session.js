// Keeps sessions of express in the server by connect-redis.
const { createClient } = require("redis");
const { RedisStore } = require("connect-redis");

async function main() {
  const client = createClient({ url: "redis://127.0.0.1:" + process.argv[2] });
  await client.connect();
  const store = new RedisStore({ client, prefix: "sess:", ttl: 60 });
  const call = (name, ...args) => new Promise((resolve, reject) => store[name](...args, (err, v) => (err ? reject(err) : resolve(v))));
  const session = { cookie: { originalMaxAge: 60000 }, user: "u1" };
  for (let i = 0; i < 20; i++) await call("set", "s" + i, { ...session, n: i });
  const got = await call("get", "s7");
  if (got.n !== 7 || got.user !== "u1") throw new Error(JSON.stringify(got));
  await call("touch", "s7", session);
  if ((await call("length")) !== 20 || (await call("ids")).length !== 20) throw new Error("length");
  await call("destroy", "s7");
  if (await call("get", "s7")) throw new Error("still there");
  await call("clear");
  if ((await call("length")) !== 0) throw new Error("not cleared");
  await client.quit();
  console.log("connect-redis: ok");
}

main().then(() => process.exit(0), (err) => { console.error(err); process.exit(1); });
