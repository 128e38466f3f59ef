an address without an entry is dumped at once, since asking again would not help it
--- dns
{"TXT 1.2.0.192.abuse-contacts.abusix.org": ["abuse@example.com"]}
--- messages
{"source.ip": "192.0.2.7"}
{"source.ip": "192.0.2.1"}
--- events
{"source.ip": "192.0.2.1", "source.abuse_contact": "abuse@example.com"}
--- dumps
The contact of 192.0.2.7 is not known
