a text that names no character set and is no UTF-8 is in the old default of the web
--- config
http_url: http://feeds.example/list
name: Feed
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {"Content-Type": "text/plain"}, "body_base64": "QvxjaGVyCg=="}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "http://feeds.example/list", "raw": "Bücher\n", "time.observation": "2026-03-01T12:00:00+00:00"}
