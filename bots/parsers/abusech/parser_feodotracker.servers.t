servers with and without the time of their first sighting, and one without a usable address
--- report
[{"ip_address": "192.0.2.9", "port": 443, "status": "offline", "hostname": null, "as_number": 64496, "as_name": "EXAMPLE-AS", "country": "DE", "first_seen": "2021-01-17 07:44:46", "last_online": "2023-02-16", "malware": "Dridex"},
 {"ip_address": "198.51.100.4", "port": 8080, "status": "online", "hostname": "c2.example.net", "as_number": 0, "as_name": "", "country": "Germany", "first_seen": null, "last_online": "2023-02-16", "malware": "Emotet"},
 {"ip_address": "unknown", "port": 1}]
--- events
{"classification.type": "c2-server", "extra.last_online": "2023-02-16", "malware.name": "dridex", "raw": "[{\"ip_address\": \"192.0.2.9\", \"port\": 443, \"status\": \"offline\", \"hostname\": null, \"as_number\": 64496, \"as_name\": \"EXAMPLE-AS\", \"country\": \"DE\", \"first_seen\": \"2021-01-17 07:44:46\", \"last_online\": \"2023-02-16\", \"malware\": \"Dridex\"}]", "source.as_name": "EXAMPLE-AS", "source.asn": 64496, "source.geolocation.cc": "DE", "source.ip": "192.0.2.9", "source.port": 443, "status": "offline", "time.source": "2021-01-17T07:44:46+00:00"}
{"classification.type": "c2-server", "extra.last_online": "2023-02-16", "malware.name": "emotet", "raw": "[{\"ip_address\": \"198.51.100.4\", \"port\": 8080, \"status\": \"online\", \"hostname\": \"c2.example.net\", \"as_number\": 0, \"as_name\": \"\", \"country\": \"Germany\", \"first_seen\": null, \"last_online\": \"2023-02-16\", \"malware\": \"Emotet\"}]", "source.ip": "198.51.100.4", "source.port": 8080, "source.reverse_dns": "c2.example.net", "status": "online", "time.source": "2023-02-16T00:00:00+00:00"}
--- dumps
invalid value 'unknown'
