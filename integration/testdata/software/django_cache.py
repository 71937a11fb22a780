"""Uses django-redis as the cache of Django."""
import sys
import time

import django
from django.conf import settings

port = sys.argv[1]
settings.configure(
    CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"redis://127.0.0.1:{port}/3"}},
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    INSTALLED_APPS=["django.contrib.sessions"],
)
django.setup()

from django.core.cache import cache
from django.contrib.sessions.backends.cache import SessionStore

cache.set("a", {"x": [1, 2, 3]}, timeout=60)
assert cache.get("a") == {"x": [1, 2, 3]} and 50 < cache.ttl("a") <= 60
assert cache.add("a", 1) is False and cache.add("b", 5, timeout=None) and cache.ttl("b") is None
assert cache.incr("b", 3) == 8 and cache.decr("b") == 7
cache.set_many({f"many:{i}": i for i in range(50)})
assert cache.get_many([f"many:{i}" for i in range(50)])["many:49"] == 49
assert len(list(cache.iter_keys("many:*"))) == 50 and len(cache.keys("many:*")) == 50
assert cache.delete_pattern("many:*") == 50
assert cache.touch("a", 100) and cache.ttl("a") > 60 and cache.persist("a") and cache.expire("a", timeout=1)
with cache.lock("lock", timeout=5):
    assert cache.client.get_client().exists(cache.make_key("lock")) == 1
assert cache.get_or_set("computed", lambda: 42) == 42
session = SessionStore()
session["user"] = "u1"
session.save()
assert SessionStore(session_key=session.session_key)["user"] == "u1"
time.sleep(1.1)
assert cache.get("a") is None
cache.clear()
assert cache.get("b") is None
print("django-redis: ok")
