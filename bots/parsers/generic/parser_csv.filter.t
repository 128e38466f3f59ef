the whitelist keeps rows with a text, and texts are composed of cells
--- config
columns: [source.ip, source.port]
delimiter: ";"
filter_text: ";443"
filter_type: whitelist
compose_fields: {comment: "{0} on {1}"}
--- report
192.0.2.1;443
192.0.2.2;80
--- events
{"comment": "192.0.2.1 on 443", "raw": "192.0.2.1,443\n", "source.ip": "192.0.2.1", "source.port": 443}
