a private destination is removed, a documentation source drops the event
--- messages
{"source.ip": "8.8.8.8", "destination.ip": "10.0.0.1"}
{"source.ip": "192.0.2.1"}
{"source.ip": "8.8.8.8", "source.url": "http://www.example.com/"}
{"source.ip": "8.8.4.4"}
--- events
{"source.ip": "8.8.8.8"}
{"source.ip": "8.8.4.4"}
