to verify signatures without an address of one is refused: nothing would be verified
--- config
http_url: http://feeds.example/list
verify_pgp_signatures: true
--- refused
signature_url: is needed to verify signatures
