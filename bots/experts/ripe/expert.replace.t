contacts and place are replaced; an error of the service is tried again, and what says that there is no contact is none
--- config
mode: replace
query_ripe_stat_asn: false
query_ripe_stat_ip: false
error_max_retries: 0
--- web
[{"method": "GET", "url": "https://rest.db.ripe.net/abuse-contact/192.0.2.1.json", "status": 200, "body": "{\"abuse-contacts\": {\"email\": \"abuse@example.com\"}}"},
 {"method": "GET", "url": "https://rest.db.ripe.net/abuse-contact/192.0.2.2.json", "status": 404, "body": "{\"message\": \"No abuse contact found for 192.0.2.2\"}"},
 {"method": "GET", "url": "https://rest.db.ripe.net/abuse-contact/192.0.2.3.json", "status": 500, "body": "{}"},
 {"method": "GET", "url": "https://stat.ripe.net/data/maxmind-geo-lite/data.json", "status": 200, "body": "{\"data\": {\"located_resources\": [{\"locations\": [{\"country\": \"?\", \"city\": \"Vienna\", \"latitude\": 48.2, \"longitude\": 16.4}]}]}}"}]
--- messages
{"source.ip": "192.0.2.1", "source.abuse_contact": "first@example.org", "source.geolocation.city": "Graz", "source.geolocation.cc": "AT"}
{"source.ip": "192.0.2.2", "source.abuse_contact": "first@example.org"}
{"source.ip": "192.0.2.3"}
--- events
{"source.ip": "192.0.2.1", "source.abuse_contact": "abuse@example.com", "source.geolocation.cc": "AT", "source.geolocation.city": "Vienna", "source.geolocation.latitude": 48.2, "source.geolocation.longitude": 16.4}
{"source.ip": "192.0.2.2", "source.geolocation.city": "Vienna", "source.geolocation.latitude": 48.2, "source.geolocation.longitude": 16.4}
--- dumps
HTTP status code was 500. Possible problem at the connection endpoint or network issue.
