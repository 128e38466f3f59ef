one line of sorted JSON an event, without raw
--- config
file: "@dir/events.txt"
--- messages
{"source.ip": "192.0.2.1", "classification.type": "spam", "raw": "x"}
{"source.fqdn": "example.com", "comment": "ä"}
--- written events.txt
{"classification.type": "spam", "source.ip": "192.0.2.1"}
{"comment": "ä", "source.fqdn": "example.com"}
