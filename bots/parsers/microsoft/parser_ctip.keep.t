without overwrite the name of the feed stays, its accuracy is weighed all the same
--- config
overwrite: false
--- report {"feed.name": "CTIP", "feed.accuracy": 80}
{"DataFeed": "CTIP-Infected", "SourcedFrom": "sinkhole", "ThreatConfidence": "Medium"}
--- events
{"classification.type": "infected-system", "event_description.text": "sinkhole", "feed.accuracy": 40.0, "feed.name": "CTIP", "raw": "{\"DataFeed\": \"CTIP-Infected\", \"SourcedFrom\": \"sinkhole\", \"ThreatConfidence\": \"Medium\"}"}
