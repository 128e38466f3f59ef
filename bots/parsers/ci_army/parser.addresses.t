addresses, one a line; comments and empty lines are skipped
--- report {"feed.name": "CI Army"}
# list of bad addresses
192.0.2.1

198.51.100.77
--- events
{"classification.type": "blacklist", "feed.name": "CI Army", "raw": "192.0.2.1", "source.ip": "192.0.2.1"}
{"classification.type": "blacklist", "feed.name": "CI Army", "raw": "198.51.100.77", "source.ip": "198.51.100.77"}
