the taxonomy follows the type; what is there stays
--- messages
{"classification.type": "c2-server"}
{"source.ip": "192.0.2.1"}
{"classification.taxonomy": "test"}
{"classification.type": "spam", "classification.taxonomy": "fraud"}
--- events
{"classification.taxonomy": "malicious-code", "classification.type": "c2-server"}
{"classification.taxonomy": "other", "classification.type": "undetermined", "source.ip": "192.0.2.1"}
{"classification.taxonomy": "test", "classification.type": "undetermined"}
{"classification.taxonomy": "fraud", "classification.type": "spam"}
