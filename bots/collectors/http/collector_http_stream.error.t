an error of the server is no stream
--- config
http_url: http://feeds.example/stream
error_max_retries: 0
--- web
[{"method": "GET", "url": "http://feeds.example/stream", "status": 503, "body": "sorry"}]
--- events
--- log
ERROR - Bot has found a problem. HTTP response status code was 503.
