host, port, path, account and protocol; what is there stays
--- messages
{"source.url": "https://user@www.example.com/a?b=c"}
{"source.url": "http://192.0.2.1:8080/", "source.port": 1}
{"destination.url": "ftp://ftp.example.org"}
--- events
{"protocol.application": "http", "source.account": "user", "source.fqdn": "www.example.com", "source.port": 443, "source.url": "https://user@www.example.com/a?b=c", "source.urlpath": "/a"}
{"protocol.application": "http", "protocol.transport": "tcp", "source.ip": "192.0.2.1", "source.port": 1, "source.url": "http://192.0.2.1:8080/", "source.urlpath": "/"}
{"destination.fqdn": "ftp.example.org", "destination.port": 21, "destination.url": "ftp://ftp.example.org", "protocol.application": "ftp", "protocol.transport": "tcp"}
