"""Puts jobs into a queue of rq, lets a worker run them, and checks what came of them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job

import rq_tasks

port = int(sys.argv[1])
r = Redis(port=port)
q = Queue("work", connection=r)
jobs = [q.enqueue(rq_tasks.add, i, 1) for i in range(20)]
bad = q.enqueue(rq_tasks.fail)
late = q.enqueue(rq_tasks.add, 100, 5, depends_on=jobs[0])
assert q.count == 21, q.count
SimpleWorker([q], connection=r).work(burst=True)
assert [j.result for j in jobs] == [i + 1 for i in range(20)], [j.result for j in jobs]
assert Job.fetch(bad.id, connection=r).get_status() == "failed"
assert late.result == 105, late.result
assert q.count == 0 and len(q.failed_job_registry) == 1 and len(q.finished_job_registry) == 21
print("rq: ok")
