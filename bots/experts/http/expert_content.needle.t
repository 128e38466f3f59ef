the text must stand in the answer
--- config
needle: needle
--- web
[{"method": "GET", "url": "http://www.example.com/hay", "status": 200, "body": "a needle in it"},
 {"method": "GET", "url": "http://www.example.com/straw", "status": 200, "body": "nothing in it"}]
--- messages
{"source.url": "http://www.example.com/hay"}
{"source.url": "http://www.example.com/straw"}
--- events
{"source.url": "http://www.example.com/hay", "status": "online"}
{"source.url": "http://www.example.com/straw", "status": "offline", "extra.reason": "Text needle not found in response from http://www.example.com/straw"}
