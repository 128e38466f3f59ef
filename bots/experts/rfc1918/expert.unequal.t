fields and policy must have the same length
--- config
fields: source.ip,source.asn
policy: drop
--- refused
one entry for each
