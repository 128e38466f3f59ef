white space stays where it is wanted; line ends of two characters count as one
--- config
http_url: http://feeds.example/stream
name: Stream
strip_lines: false
rate_limit: 0
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/stream", "status": 200, "body": " one \r\n\r\ntwo\r\n"}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Stream", "feed.url": "http://feeds.example/stream", "raw": " one ", "time.observation": "2026-03-01T12:00:00+00:00"}
{"feed.accuracy": 100.0, "feed.name": "Stream", "feed.url": "http://feeds.example/stream", "raw": "two", "time.observation": "2026-03-01T12:00:00+00:00"}
