behind the last dot of a contact there must be something
--- dns
{"TXT 1.2.0.192.abuse-contacts.abusix.org": ["a@b.@c"], "TXT 2.2.0.192.abuse-contacts.abusix.org": ["a@b.c@d"]}
--- messages
{"source.ip": "192.0.2.1"}
{"source.ip": "192.0.2.2"}
--- events
{"source.ip": "192.0.2.1"}
{"source.ip": "192.0.2.2", "source.abuse_contact": "a@b.c@d"}
