an error of the server is no report
--- config
http_url: http://feeds.example/list
error_max_retries: 0
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 500, "body": "sorry"}]
--- events
--- log
ERROR - Bot has found a problem. HTTP response status code was 500.
