one event a line; fields of the line win over those of the report
--- config
splitlines: true
--- report {"feed.name": "from the report", "feed.code": "x"}
{"source.ip": "192.0.2.1", "feed.name": "from the line"}
{"source.fqdn": "example.com", "raw": "Zm9v"}
--- events
{"feed.code": "x", "feed.name": "from the line", "raw": "{\"source.ip\": \"192.0.2.1\", \"feed.name\": \"from the line\"}", "source.ip": "192.0.2.1"}
{"feed.code": "x", "feed.name": "from the report", "raw": "foo", "source.fqdn": "example.com"}
