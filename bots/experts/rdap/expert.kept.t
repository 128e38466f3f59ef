without overwrite nobody is asked for what is there; a base address may lack its final slash, entities that are none are passed over
--- config
overwrite: false
rdap_order: [registrar, abuse]
rdap_bootstrapped_servers: {test: "https://rdap.example/v1"}
--- web
[{"method": "GET", "url": "https://data.iana.org/rdap/dns.json", "status": 200, "body": "{\"services\": []}"},
 {"method": "GET", "url": "https://rdap.example/v1/domain/shop.test", "status": 200, "body": "{\"entities\": [null, 5, {\"roles\": [\"abuse\"], \"vcardArray\": [\"vcard\", [[\"email\", {}, \"text\", \"abuse@example.com\"]]]}, {\"roles\": [\"registrar\"], \"vcardArray\": [\"vcard\", [[\"fn\", {}, \"text\", \"x\"]]]}]}"}]
--- messages
{"source.fqdn": "www.known.test", "source.abuse_contact": "known@example.org"}
{"source.fqdn": "www.shop.test"}
--- events
{"source.fqdn": "www.known.test", "source.abuse_contact": "known@example.org"}
{"source.fqdn": "www.shop.test", "source.abuse_contact": "abuse@example.com"}
