autonomous systems with and without a country
--- report {"feed.url": "https://www.spamhaus.org/drop/asndrop.txt"}
AS64496 ; US | Example Carrier Ltd
AS64497 ; | Example Hosting
--- events
{"classification.type": "spam", "feed.url": "https://www.spamhaus.org/drop/asndrop.txt", "raw": "AS64496 ; US | Example Carrier Ltd", "source.as_name": "Example Carrier Ltd", "source.asn": 64496, "source.geolocation.cc": "US"}
{"classification.type": "spam", "feed.url": "https://www.spamhaus.org/drop/asndrop.txt", "raw": "AS64497 ; | Example Hosting", "source.as_name": "Example Hosting", "source.asn": 64497}
