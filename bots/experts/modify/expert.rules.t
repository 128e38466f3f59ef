patterns, groups, absence and typed values
--- config
configuration_path: "@dir/rules.conf"
--- file rules.conf
[{"rulename": "name", "if": {"malware.name": "^zeus_(?P<kind>.*)$"}, "then": {"comment": "{msg[malware.name]} is {matches[malware.name][kind]}", "malware.name": "zeus"}},
 {"rulename": "absent", "if": {"source.port": ""}, "then": {"extra.no_port": true}},
 {"rulename": "number", "if": {"source.port": 80}, "then": {"protocol.application": "http"}}]
--- messages
{"malware.name": "zeus_p2p", "source.port": 80}
{"malware.name": "other"}
--- events
{"comment": "zeus_p2p is p2p", "malware.name": "zeus", "protocol.application": "http", "source.port": 80}
{"extra.no_port": true, "malware.name": "other"}
