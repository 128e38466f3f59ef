an infected host, a brute-forcer, a scan for telnet, and a row that is too short
--- report
; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol
192.0.2.2, AS64496, AT, 1441008970, asprox, , 198.51.100.3, 25, -, tcp
192.0.2.19, AS64497, AT, 1441008351, sshauth, host.example, 198.51.100.19, 80, 1036, tcp
192.0.2.20, ?, AT, 1441008351, iotscan, , , 23, -, tcp
192.0.2.4, AS1
--- events
{"classification.type": "infected-system", "destination.ip": "198.51.100.3", "destination.port": 25, "malware.name": "asprox", "protocol.transport": "tcp", "raw": "; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol\n192.0.2.2, AS64496, AT, 1441008970, asprox, , 198.51.100.3, 25, -, tcp", "source.asn": 64496, "source.geolocation.cc": "AT", "source.ip": "192.0.2.2", "time.source": "2015-08-31T08:16:10+00:00"}
{"classification.identifier": "ssh", "classification.type": "brute-force", "destination.fqdn": "host.example", "destination.ip": "198.51.100.19", "destination.port": 80, "extra.source.local_port": 1036, "protocol.application": "ssh", "protocol.transport": "tcp", "raw": "; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol\n192.0.2.19, AS64497, AT, 1441008351, sshauth, host.example, 198.51.100.19, 80, 1036, tcp", "source.asn": 64497, "source.geolocation.cc": "AT", "source.ip": "192.0.2.19", "time.source": "2015-08-31T08:05:51+00:00"}
{"classification.identifier": "telnet", "classification.type": "scanner", "destination.port": 23, "event_description.text": "The possibly infected IoT device scanned for other vulnerable IoT devices.", "protocol.application": "telnet", "protocol.transport": "tcp", "raw": "; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol\n192.0.2.20, ?, AT, 1441008351, iotscan, , , 23, -, tcp", "source.geolocation.cc": "AT", "source.ip": "192.0.2.20", "time.source": "2015-08-31T08:05:51+00:00"}
--- dumps
column
