a line that is no address fails the report; what came before it is sent
--- report
192.0.2.1
nonsense
192.0.2.2
--- events
{"classification.type": "blacklist", "raw": "192.0.2.1", "source.ip": "192.0.2.1"}
--- dumps
invalid value 'nonsense'
