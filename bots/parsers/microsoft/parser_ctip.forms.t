the form of Azure; a key that is not known fails its line
--- report {"feed.name": "CTIP"}
{"DataFeed": "CTIP-Infected", "SourceIp": "192.0.2.1", "ThreatConfidence": "Low", "SourceIpInfo": {"SourceIpAsnNumber": "64496"}}
{"Unheard": 1}
--- events
{"classification.type": "infected-system", "feed.accuracy": 20.0, "feed.name": "CTIP-Infected", "raw": "{\"DataFeed\": \"CTIP-Infected\", \"SourceIp\": \"192.0.2.1\", \"ThreatConfidence\": \"Low\", \"SourceIpInfo\": {\"SourceIpAsnNumber\": \"64496\"}}", "source.asn": 64496, "source.ip": "192.0.2.1"}
--- dumps
'Unheard' is not known
