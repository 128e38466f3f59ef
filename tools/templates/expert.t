write here what this test shows
--- messages
{"source.ip": "192.0.2.1"}
--- events
{"expected": "the message above as the expert leaves it, one JSON object a line"}
