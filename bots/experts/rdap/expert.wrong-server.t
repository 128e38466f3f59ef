a server without a token for its authorization is refused at the start
--- config
rdap_bootstrapped_servers: {example: {url: "https://rdap.example/", auth: {type: basic}}}
--- web
[{"method": "GET", "url": "https://data.iana.org/rdap/dns.json", "status": 200, "body": "{\"services\": []}"}]
--- refused
'example' needs the type jwt and a token in auth
