a document that is no JSON is dumped
--- report
{"source.ip": "192.0.2.1"
--- events
--- dumps
Expecting ',' delimiter
