where the name server is silent, the event is tried again
--- config
error_max_retries: 1
error_retry_delay: 0
--- dns
{"TXT 7.2.0.192.abuse-contacts.abusix.org": "timeout"}
--- messages
{"source.ip": "192.0.2.7"}
--- dumps
The contact of 192.0.2.7 is not known
--- log
INFO - Bot will continue in 0 seconds.
