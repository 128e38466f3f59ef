country, city and coordinates; a coordinate of 0 counts as unknown, and what is there stays
--- config
database: tests/data/geo.mmdb
--- messages
{"source.ip": "192.0.2.1", "destination.ip": "198.51.100.1"}
{"source.ip": "2001:db8::1", "source.geolocation.cc": "NO"}
{"source.ip": "203.0.113.1"}
--- events
{"destination.geolocation.cc": "FR", "destination.geolocation.longitude": 2.5, "destination.ip": "198.51.100.1", "source.geolocation.cc": "AT", "source.geolocation.city": "Wien", "source.geolocation.latitude": 48.25, "source.geolocation.longitude": 16.5, "source.ip": "192.0.2.1"}
{"source.geolocation.cc": "NO", "source.ip": "2001:db8::1"}
{"source.ip": "203.0.113.1"}
