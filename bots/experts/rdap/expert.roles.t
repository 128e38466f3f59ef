the registry of the longest suffix is asked for the domain, and the preferred role counts; removed entities do not
--- config
rdap_bootstrapped_servers: {co.example: {url: "https://own.example/rdap/", auth: {type: jwt, token: secret}}}
--- web
[{"method": "GET", "url": "https://data.iana.org/rdap/dns.json", "status": 200, "body": "{\"services\": [[[\"example\", \"test\"], [\"https://rdap.example/\"]]]}"},
 {"method": "GET", "url": "https://rdap.example/domain/shop.example", "status": 200, "body": "{\"entities\": [{\"roles\": [\"registrar\"], \"vcardArray\": [\"vcard\", [[\"email\", {}, \"text\", \"registrar@example.com\"]]], \"entities\": [{\"roles\": [\"abuse\"], \"vcardArray\": [\"vcard\", [[\"fn\", {}, \"text\", \"x\"], [\"email\", {}, \"text\", \"abuse@example.com\"]]]}]}, {\"roles\": [\"abuse\", \"removed\"], \"vcardArray\": [\"vcard\", [[\"email\", {}, \"text\", \"old@example.com\"]]]}]}"},
 {"method": "GET", "url": "https://own.example/rdap/domain/a.co.example", "status": 200, "body": "{\"entities\": [{\"roles\": [\"technical\"], \"vcardArray\": [\"vcard\", [[\"email\", {}, \"text\", \"tech@example.com\"]]]}]}"}]
--- messages
{"source.fqdn": "www.shop.example", "source.abuse_contact": "before@example.org"}
{"source.fqdn": "www.a.co.example"}
{"source.fqdn": "gone.test"}
{"source.fqdn": "host.invalid"}
--- events
{"source.fqdn": "www.shop.example", "source.abuse_contact": "abuse@example.com"}
{"source.fqdn": "www.a.co.example", "source.abuse_contact": "tech@example.com"}
{"source.fqdn": "gone.test"}
{"source.fqdn": "host.invalid"}
