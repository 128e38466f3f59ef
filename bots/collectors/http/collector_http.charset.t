a text in another character set becomes UTF-8
--- config
http_url: http://feeds.example/list
name: Feed
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {"Content-Type": "text/plain; charset=iso-8859-1"}, "body_base64": "QvxjaGVyCg=="}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "http://feeds.example/list", "raw": "Bücher\n", "time.observation": "2026-03-01T12:00:00+00:00"}
