the AS first, as the operator wants it; contacts that are there are kept
--- config
order: asn,domain
overwrite: false
--- web
[{"method": "GET", "url": "https://www.trusted-introducer.org/directory/teams.json", "status": 200, "body": "[{\"emails\": [{\"address\": \"one@example.com\", \"usage\": [\"contact\"]}], \"constituency\": {\"domains\": [\"example.com\"], \"asns\": []}}, {\"emails\": [{\"address\": \"two@example.net\", \"usage\": [\"contact\"]}], \"constituency\": {\"domains\": [], \"asns\": [\"64496\"]}}]"}]
--- messages
{"source.fqdn": "www.example.com", "source.asn": 64496}
{"source.fqdn": "www.example.com", "source.asn": 64497}
{"source.fqdn": "www.example.com", "source.abuse_contact": "known@example.org"}
--- events
{"source.fqdn": "www.example.com", "source.asn": 64496, "source.abuse_contact": "two@example.net"}
{"source.fqdn": "www.example.com", "source.asn": 64497, "source.abuse_contact": "one@example.com"}
{"source.fqdn": "www.example.com", "source.abuse_contact": "known@example.org"}
