where the signature cannot be fetched there is no report
--- config
http_url: http://feeds.example/list
name: Feed
verify_pgp_signatures: true
signature_url: "http://feeds.example/list.asc"
gpg_keyring: "@dir/keyring"
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": "YmFyIHRleHQK"}]
--- events
--- log
ERROR - The signature cannot be fetched: HTTP response status code was 404.
