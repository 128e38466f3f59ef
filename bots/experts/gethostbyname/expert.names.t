names and hosts of URLs get their address, names that do not exist stay, and what is there is kept
--- dns
{"A www.example.com": ["192.0.2.55", "192.0.2.56"], "A shop.example": ["192.0.2.57"], "AAAA six.example": []}
--- messages
{"source.fqdn": "www.example.com", "destination.fqdn": "gone.example"}
{"source.url": "http://shop.example/cart", "destination.url": "http://192.0.2.1/"}
{"source.fqdn": "www.example.com", "source.ip": "192.0.2.99"}
{"comment": "nothing to look up"}
--- events
{"source.fqdn": "www.example.com", "source.ip": "192.0.2.55", "destination.fqdn": "gone.example"}
{"source.url": "http://shop.example/cart", "source.ip": "192.0.2.57", "destination.url": "http://192.0.2.1/"}
{"source.fqdn": "www.example.com", "source.ip": "192.0.2.99"}
{"comment": "nothing to look up"}
