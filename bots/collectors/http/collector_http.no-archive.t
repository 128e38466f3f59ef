what must be an archive and is none is an error
--- config
http_url: http://feeds.example/list
name: Feed
extract_files: true
error_max_retries: 0
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": "YmFyIHRleHQK"}]
--- events
--- log
ERROR - Bot has found a problem. Failed to uncompress the given file.
