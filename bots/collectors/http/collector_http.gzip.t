the content of a gzip file has no name
--- config
http_url: http://feeds.example/list
name: Feed
extract_files: true
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": "H4sIAAAAAAACA0tKLFIoSa0o4QIAp/RIBQkAAAA="}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "http://feeds.example/list", "raw": "bar text\n", "time.observation": "2026-03-01T12:00:00+00:00"}
