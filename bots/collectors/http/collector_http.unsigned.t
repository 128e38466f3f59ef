what is not signed by one of the trusted keys is no report
--- config
http_url: http://feeds.example/list
name: Feed
verify_pgp_signatures: true
signature_url: "http://feeds.example/{time[%Y]}.asc"
signature_url_formatting: true
gpg_keyring: "@dir/keyring"
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": "YmFyIHRleHQK"},
 {"method": "GET", "url": "http://feeds.example/2026.asc", "status": 200, "headers": {}, "body_base64": "bm8gc2lnbmF0dXJl"}]
--- events
--- log
INFO - Downloading PGP signature from 'http://feeds.example/2026.asc'.
ERROR - The signature is not valid: gpgv
--- file keyring
