a question that nobody answers is ignored where gaierrors_to_ignore has its number
--- config
gaierrors_to_ignore: "-3, 7"
overwrite: true
--- dns
{"A slow.example": "timeout", "A www.example.com": ["192.0.2.55"]}
--- messages
{"source.fqdn": "slow.example"}
{"source.fqdn": "www.example.com", "source.ip": "192.0.2.99"}
--- events
{"source.fqdn": "slow.example"}
{"source.fqdn": "www.example.com", "source.ip": "192.0.2.55"}
