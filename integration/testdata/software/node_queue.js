// Runs a queue of bullmq, which is made of Lua scripts, streams and blocking commands.
const { Queue, Worker, QueueEvents, FlowProducer } = require("bullmq");

const connection = { host: "127.0.0.1", port: Number(process.argv[2]), maxRetriesPerRequest: null };

async function main() {
  const queue = new Queue("work", { connection });
  const events = new QueueEvents("work", { connection });
  await events.waitUntilReady();
  let attempts = 0;
  const worker = new Worker("work", async (job) => {
    if (job.name === "flaky" && ++attempts < 3) throw new Error("on purpose");
    return job.data.n * 2;
  }, { connection, concurrency: 4 });
  const jobs = await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: "double", data: { n } })));
  const flaky = await queue.add("flaky", { n: 21 }, { attempts: 5, backoff: { type: "fixed", delay: 10 } });
  const late = await queue.add("late", { n: 4 }, { delay: 200, priority: 2 });
  const results = await Promise.all(jobs.map((j) => j.waitUntilFinished(events, 20000)));
  if (results.some((r, n) => r !== 2 * n)) throw new Error("results " + results);
  if ((await flaky.waitUntilFinished(events, 20000)) !== 42) throw new Error("flaky");
  if ((await late.waitUntilFinished(events, 20000)) !== 8) throw new Error("late");
  const flow = new FlowProducer({ connection });
  const tree = await flow.add({ name: "parent", queueName: "work", data: { n: 1 }, children: [{ name: "child", queueName: "work", data: { n: 2 } }] });
  await tree.job.waitUntilFinished(events, 20000);
  const counts = await queue.getJobCounts("completed", "failed", "waiting", "active");
  if (counts.completed !== 54 || counts.failed !== 0) throw new Error(JSON.stringify(counts));
  await queue.obliterate({ force: true });
  await Promise.all([worker.close(), events.close(), flow.close()]);
  await queue.close();
  console.log("bullmq: ok");
}

main().then(() => process.exit(0), (err) => { console.error(err); process.exit(1); });
