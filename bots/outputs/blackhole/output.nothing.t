everything is taken, nothing comes out
--- messages
{"source.ip": "192.0.2.1"}
--- events
