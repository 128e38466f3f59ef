a domain or one above it, then the AS; where no team is in charge, what is there stays
--- web
[{"method": "GET", "url": "https://www.trusted-introducer.org/directory/teams.json", "status": 200, "body": "[{\"emails\": [{\"address\": \"hidden@example.com\", \"usage\": [\"other\"]}, {\"address\": \"team@example.com\", \"usage\": [\"contact\"]}], \"constituency\": {\"domains\": [\"*.example.com\", \"other.*\"], \"asns\": [64496]}}, {\"short_name\": \"no mail\"}]"}]
--- messages
{"source.fqdn": "www.shop.example.com"}
{"source.fqdn": "www.example.net", "source.asn": 64496}
{"source.fqdn": "www.example.net", "source.asn": 64497, "source.abuse_contact": "known@example.org"}
{"source.fqdn": "example.com", "source.abuse_contact": "known@example.org"}
--- events
{"source.fqdn": "www.shop.example.com", "source.abuse_contact": "team@example.com"}
{"source.fqdn": "www.example.net", "source.asn": 64496, "source.abuse_contact": "team@example.com"}
{"source.fqdn": "www.example.net", "source.asn": 64497, "source.abuse_contact": "known@example.org"}
{"source.fqdn": "example.com", "source.abuse_contact": "team@example.com"}
