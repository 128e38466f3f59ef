an IPv4 address in IPv6 form belongs to the network of the IPv4 address; bytes that are no text are left out
--- config
overwrite: true
--- dns
{"TXT 1.2.0.192.origin.asn.cymru.com": ["64496 | 192.0.2.0/24 | AT | ripencc | 2001-02-03"],
 "TXT AS64496.asn.cymru.com": ["64496 | AT | ripencc | 2001-02-03 | EXAMPLE-AS Bücher, AT"]}
--- messages
{"source.ip": "::ffff:c000:201", "source.asn": 5}
--- events
{"source.ip": "::ffff:c000:201", "source.asn": 64496, "source.network": "192.0.2.0/24", "source.geolocation.cc": "AT", "source.registry": "RIPE", "source.allocated": "2001-02-03T00:00:00+00:00", "source.as_name": "EXAMPLE-AS Bücher, AT"}
