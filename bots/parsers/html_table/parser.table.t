cells of the second table, an ignored cell and a URL without protocol
--- config
columns: [source.ip, source.url, malware.name]
ignore_values: ["", "", "none"]
table_index: 1
type: malware-distribution
--- report
<table><tr><td>other</td></tr></table>
<table><tr><th>ip</th></tr><tr><td> 192.0.2.1 </td><td>example.com/x</td><td>none</td></tr><tr><td></td></tr></table>
--- events
{"classification.type": "malware-distribution", "raw": "<tr><td> 192.0.2.1 </td><td>example.com/x</td><td>none</td></tr>", "source.ip": "192.0.2.1", "source.url": "http://example.com/x"}
