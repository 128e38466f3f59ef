the registered country, replacing what is there
--- config
database: tests/data/geo.mmdb
use_registered: true
overwrite: true
--- messages
{"source.ip": "192.0.2.1", "source.geolocation.cc": "NO"}
--- events
{"source.geolocation.cc": "DE", "source.geolocation.city": "Wien", "source.geolocation.latitude": 48.25, "source.geolocation.longitude": 16.5, "source.ip": "192.0.2.1"}
