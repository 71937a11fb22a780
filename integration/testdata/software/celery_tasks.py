"""A celery application with the server as broker and result backend; with arguments, the client of it."""
import os
import sys

from celery import Celery, chord, group

url = "redis://127.0.0.1:" + os.environ["PORT"]
app = Celery("celery_tasks", broker=url + "/1", backend=url + "/2")
app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


@app.task(name="add")
def add(a, b):
    return a + b


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="again", bind=True, max_retries=2)
def again(self):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    return "second try"


if __name__ == "__main__":
    assert add.delay(2, 3).get(timeout=20) == 5
    assert group(add.s(i, i) for i in range(10))().get(timeout=20) == [2 * i for i in range(10)]
    assert chord((add.s(i, 1) for i in range(10)), total.s())().get(timeout=20) == 55
    assert again.delay().get(timeout=20) == "second try"
    assert app.control.ping(timeout=2), "no worker answered"
    print("celery: ok")
