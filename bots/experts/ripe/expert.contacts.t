contacts of address and AS are put together, the place is added where none is
--- config
query_ripe_db_asn: false
--- web
[{"method": "GET", "url": "https://rest.db.ripe.net/abuse-contact/192.0.2.1.json", "status": 200, "body": "{\"abuse-contacts\": {\"email\": \"abuse@example.com\"}}"},
 {"method": "GET", "url": "https://rest.db.ripe.net/abuse-contact/192.0.2.2.json", "status": 404, "body": "{\"message\": \"No abuse contact found for 192.0.2.2\"}"},
 {"method": "GET", "url": "https://stat.ripe.net/data/abuse-contact-finder/data.json", "status": 200, "body": "{\"data\": {\"anti_abuse_contacts\": {\"abuse_c\": [{\"email\": \"noc@example.net,,abuse@example.com\"}]}}}"},
 {"method": "GET", "url": "https://stat.ripe.net/data/maxmind-geo-lite/data.json", "status": 200, "body": "{\"data\": {\"located_resources\": [{\"locations\": [{\"country\": \"AT\", \"city\": \"Vienna\", \"latitude\": 48.2, \"longitude\": 0}]}]}}"}]
--- messages
{"source.ip": "192.0.2.1", "source.asn": 64496, "source.abuse_contact": "first@example.org", "source.geolocation.cc": "DE"}
{"destination.ip": "192.0.2.2"}
--- events
{"source.ip": "192.0.2.1", "source.asn": 64496, "source.abuse_contact": "first@example.org,noc@example.net,abuse@example.com", "source.geolocation.cc": "DE", "source.geolocation.city": "Vienna", "source.geolocation.latitude": 48.2}
{"destination.ip": "192.0.2.2", "destination.abuse_contact": "noc@example.net,abuse@example.com", "destination.geolocation.cc": "AT", "destination.geolocation.city": "Vienna", "destination.geolocation.latitude": 48.2}
