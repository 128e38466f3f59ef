an empty answer is no report
--- config
http_url: http://feeds.example/list
name: Feed
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": ""}]
--- events
--- log
WARNING - Ignoring report without raw field.
