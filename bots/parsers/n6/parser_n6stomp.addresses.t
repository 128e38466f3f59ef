one event for each address, and one without; test messages are passed over
--- report
{"category": "bots", "name": "sality", "proto": "tcp", "address": [{"ip": "192.0.2.1", "asn": 64496, "cc": "AT"}], "type": "event", "time": "2015-11-17T12:17:27Z"}
--- report
n6 TEST MESSAGE
--- events
{"classification.identifier": "sality", "classification.taxonomy": "malicious-code", "classification.type": "infected-system", "malware.name": "sality", "protocol.transport": "tcp", "raw": "{\"category\": \"bots\", \"name\": \"sality\", \"proto\": \"tcp\", \"address\": [{\"ip\": \"192.0.2.1\", \"asn\": 64496, \"cc\": \"AT\"}], \"type\": \"event\", \"time\": \"2015-11-17T12:17:27Z\"}\n", "source.asn": 64496, "source.geolocation.cc": "AT", "source.ip": "192.0.2.1", "time.source": "2015-11-17T12:17:27+00:00"}
{"classification.identifier": "sality", "classification.taxonomy": "malicious-code", "classification.type": "infected-system", "malware.name": "sality", "protocol.transport": "tcp", "raw": "{\"category\": \"bots\", \"name\": \"sality\", \"proto\": \"tcp\", \"address\": [{\"ip\": \"192.0.2.1\", \"asn\": 64496, \"cc\": \"AT\"}], \"type\": \"event\", \"time\": \"2015-11-17T12:17:27Z\"}\n", "time.source": "2015-11-17T12:17:27+00:00"}
