fields in skip_fields are never written; a port that is none fails the message
--- config
skip_fields: [source.port, source.urlpath]
--- messages
{"source.url": "http://example.com/x"}
{"source.url": "http://example.com:99999/"}
--- events
{"protocol.application": "http", "protocol.transport": "tcp", "source.fqdn": "example.com", "source.url": "http://example.com/x"}
--- dumps
65535
