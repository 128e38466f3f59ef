the text is looked for as the page is written; a text that is not there leaves the reason, and what was there stays without overwrite
--- config
needle: Bücher
overwrite: false
--- web
[{"method": "GET", "url": "http://www.example.com/latin1", "status": 200, "headers": {"Content-Type": "text/html; charset=iso-8859-1"}, "body_base64": "QvxjaGVy"},
 {"method": "GET", "url": "http://www.example.com/utf8", "status": 200, "headers": {"Content-Type": "text/html"}, "body": "Bücher"},
 {"method": "GET", "url": "http://www.example.com/none", "status": 200, "headers": {"Content-Type": "text/html; charset=\"koi8-r\""}, "body": "nothing"}]
--- messages
{"source.url": "http://www.example.com/latin1"}
{"source.url": "http://www.example.com/utf8"}
{"source.url": "http://www.example.com/none"}
{"source.url": "http://www.example.com/none", "status": "online", "extra.reason": "said before"}
--- events
{"source.url": "http://www.example.com/latin1", "status": "online"}
{"source.url": "http://www.example.com/utf8", "status": "online"}
{"source.url": "http://www.example.com/none", "status": "offline", "extra.reason": "Text Bücher not found in response from http://www.example.com/none"}
{"source.url": "http://www.example.com/none", "status": "online", "extra.reason": "said before"}
