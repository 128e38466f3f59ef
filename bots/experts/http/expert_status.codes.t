below 400 is online, and so is what the operator says; everything else is offline with the reason
--- config
success_status_codes: [404]
--- web
[{"method": "GET", "url": "http://www.example.com/here", "status": 200, "body": "hello"},
 {"method": "GET", "url": "https://www.example.com/gone", "status": 404, "body": "nothing"},
 {"method": "GET", "url": "http://www.example.com/broken", "status": 500, "body": "sorry"}]
--- messages
{"source.url": "http://www.example.com/here", "status": "unknown"}
{"source.url": "https://www.example.com/gone"}
{"source.url": "http://www.example.com/broken"}
{"comment": "no address"}
--- events
{"source.url": "http://www.example.com/here", "status": "online"}
{"source.url": "https://www.example.com/gone", "status": "online"}
{"source.url": "http://www.example.com/broken", "status": "offline"}
{"comment": "no address"}
