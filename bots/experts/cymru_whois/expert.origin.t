network, AS and its name are added; of several networks the smallest counts; NA is nothing, and what is there stays
--- dns
{"TXT 1.2.0.192.origin.asn.cymru.com": ["64496 | 192.0.2.0/24 | AT | ripencc | 2001-02-03"],
 "TXT AS64496.asn.cymru.com": ["64496 | AT | ripencc | 2001-02-03 | EXAMPLE-AS Example, AT"],
 "TXT 5.113.0.203.origin.asn.cymru.com": ["64497 64498 | 203.0.113.0/24 | NA | other | ", "64499 | 203.0.112.0/20 | DE | ripencc | 2002-01-01"],
 "TXT AS64497.asn.cymru.com": ["64497 | | | | "]}
--- messages
{"source.ip": "192.0.2.1"}
{"destination.ip": "203.0.113.5", "destination.as_name": "known before"}
{"source.ip": "198.51.100.1"}
--- events
{"source.ip": "192.0.2.1", "source.asn": 64496, "source.network": "192.0.2.0/24", "source.geolocation.cc": "AT", "source.registry": "RIPE", "source.allocated": "2001-02-03T00:00:00+00:00", "source.as_name": "EXAMPLE-AS Example, AT"}
{"destination.ip": "203.0.113.5", "destination.asn": 64497, "destination.network": "203.0.113.0/24", "destination.as_name": "known before"}
{"source.ip": "198.51.100.1"}
--- log
INFO - Got no result from Cymru for IP address '198.51.100.1'.
