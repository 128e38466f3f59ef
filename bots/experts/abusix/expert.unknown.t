an address without an entry is tried again, as in the reference, and dumped after the retries
--- config
error_max_retries: 0
--- dns
{"TXT 1.2.0.192.abuse-contacts.abusix.org": ["abuse@example.com"]}
--- messages
{"source.ip": "192.0.2.7"}
--- dumps
The contact of 192.0.2.7 is not known
