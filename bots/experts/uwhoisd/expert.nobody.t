nobody there: tried again, then dumped; an event without anything to ask for passes
--- config
server: 127.0.0.1
port: 1
error_max_retries: 0
--- messages
{"comment": "nothing to ask"}
{"source.ip": "192.0.2.1"}
--- events
{"comment": "nothing to ask"}
--- dumps
whois server 127.0.0.1:1: connection refused
