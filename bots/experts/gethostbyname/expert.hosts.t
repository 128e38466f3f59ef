the host of a URL is looked up without its port and user; where the port cannot be one, nothing is
--- dns
{"A www.example.com": ["192.0.2.55"], "A xn--bcher-kva.example": ["192.0.2.56"]}
--- messages
{"source.url": "http://www.example.com:8080/a", "destination.url": "ftp://user:pw@www.example.com/b"}
{"source.url": "http://bücher.example/", "destination.url": "https://[2001:db8::1]/x"}
{"source.url": "http://www.example.com:99999/", "destination.url": "http://192.0.2.1:81/"}
{"source.url": "http://www.example.com/", "source.fqdn": "gone.example"}
--- events
{"source.url": "http://www.example.com:8080/a", "destination.url": "ftp://user:pw@www.example.com/b", "source.ip": "192.0.2.55", "destination.ip": "192.0.2.55"}
{"source.url": "http://bücher.example/", "destination.url": "https://[2001:db8::1]/x", "source.ip": "192.0.2.56"}
{"source.url": "http://www.example.com:99999/", "destination.url": "http://192.0.2.1:81/"}
{"source.url": "http://www.example.com/", "source.fqdn": "gone.example"}
