comments and the header are skipped, alternatives are tried in order, a bad time fails its row only
--- config
columns: "time.source,source.ip|source.fqdn,source.url,__IGNORE__,extra.tag"
skip_header: true
time_format: "from_format|%Y-%m-%d %H:%M"
type: c2-server
--- report
# comment
first seen,host,url,unused,tag
2023-02-15 14:19,192.0.2.1,example.com/a,x,"two, words"
2023-02-16 00:00,c2.example.net,,,
yesterday,192.0.2.2,,,
--- events
{"classification.type": "c2-server", "extra.tag": "two, words", "raw": "first seen,host,url,unused,tag\n2023-02-15 14:19,192.0.2.1,example.com/a,x,\"two, words\"\n", "source.ip": "192.0.2.1", "source.url": "http://example.com/a", "time.source": "2023-02-15T14:19:00+00:00"}
{"classification.type": "c2-server", "raw": "first seen,host,url,unused,tag\n2023-02-16 00:00,c2.example.net,,,\n", "source.fqdn": "c2.example.net", "time.source": "2023-02-16T00:00:00+00:00"}
--- dumps
yesterday
