a name or an address from the URL
--- messages
{"source.url": "http://WWW.Example.com/a", "destination.url": "http://192.0.2.1/"}
{"source.url": "http://example.net/", "source.fqdn": "kept.example"}
--- events
{"destination.ip": "192.0.2.1", "destination.url": "http://192.0.2.1/", "source.fqdn": "www.example.com", "source.url": "http://WWW.Example.com/a"}
{"source.fqdn": "kept.example", "source.url": "http://example.net/"}
--- log
deprecated
