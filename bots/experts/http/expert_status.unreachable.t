what cannot be asked is offline, with the reason; a reason from before is replaced
--- config
http_timeout_max_tries: 1
--- web
[]
--- messages
{"source.url": "ftp://www.example.com/file", "extra.reason": "said before"}
--- events
{"source.url": "ftp://www.example.com/file", "status": "offline", "extra.reason": "'ftp://www.example.com/file' is no address of a web server"}
